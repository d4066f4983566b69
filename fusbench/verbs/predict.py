"""Densities for pictures, as ``fusbench predict`` writes them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from fusbench.data.dataset import Dataset
from fusbench.doors.door import Source, label, opened
from fusbench.doors.options import ModelOptions, Options
from fusbench.errors import ConfigError, unknown
from fusbench.footage.box import Box
from fusbench.footage.crop import crop_box, listed_regions, parse_crop
from fusbench.footage.crops import Crops, constant, read_crops
from fusbench.footage.open import DEFAULT_RATE_HZ, frame_rate_hz, open_footage, read_video
from fusbench.predicting.stream import Stream
from fusbench.predicting.videos import predict_clip, predict_live, predict_video
from fusbench.progress import Progress, silent, silently
from fusbench.verbs.at_hand import at_hand

SCREEN_PIXELS = 1024 * 768  # from here on a picture may be a whole screen


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """What `predict` wrote.

    Parameters
    ----------
    files : tuple of Path
        Of each clip or video ``<name>.npy`` and, with an overlay, ``<name>.mp4``.
    frames_per_second : float or None
        How fast a live stream was followed; the others take their time.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> done = predict("uniform", folder.name, dataset="phantom-tiny", overlay=False)
    >>> done.densities["s093-c1"].shape
    (30, 224, 288)
    """

    files: tuple[Path, ...]
    frames_per_second: float | None = None

    @property
    def densities(self) -> Mapping[str, np.ndarray]:
        """Float32 (T, H, W) of each clip or video by name, memory-mapped; each map sums to 1."""
        arrays = [file for file in self.files if file.suffix == ".npy"]
        return {file.stem: np.load(file, mmap_mode="r", allow_pickle=False) for file in arrays}


def predict(
    model: Source,
    out: str | Path,
    *,
    dataset: str | Path | Dataset | None = None,
    video: str | Path | None = None,
    split: str = "test",
    clips: Iterable[str] = (),
    live: bool = False,
    overlay: bool = True,
    crop: Box | str | None = None,
    crop_file: str | Path | None = None,
    progress: Progress = silent,
    warn: Callable[[str], object] = warnings.warn,
    tell: Callable[[str], object] = silently,
    **options: Unpack[ModelOptions],
) -> Predicted:
    """Write a density for every frame, and an overlay video to look at.

    Parameters
    ----------
    model : str, Path, ModelCard or model
        What `fusbench.evaluate` takes, except a folder of predictions.
    out : str or Path
        Folder to write to.
    dataset : str, Path or Dataset, optional
        A data set, of whose `split` all clips, or those named in `clips`, are predicted; or
    video : str or Path, optional
        a video file, a DICOM file, or a folder of pictures.
    live : bool
        Follow the video frame by frame, as a `Stream` does.
    overlay : bool
        Write the overlay video too.
    crop : Box or str, optional
        What of the video's picture is predicted: a rectangle "X,Y,W,H", or "region" as a DICOM file
        declares it.
    crop_file : str or Path, optional
        A table of times of the video and rectangles, where that changes: a frame is cut by the one
        that holds when it begins, brought to the first one's size, and each begins another clip.
    progress : callable, optional
        Shows how far it is; see `fusbench.progress`.
    warn, tell : callable, optional
        Given what is odd about the video, and how much disk the densities will take.
    **options
        checkpoint, device, python, timeout_s, memory_gb, allow_prints: see `Options`.

    Returns
    -------
    Predicted

    Raises
    ------
    ConfigError
        Unless there is one source, and the model can do with it.
    PredictionError
        If the model gives no density.
    UnknownName, PluginError, CheckpointError, DatasetError
        If a name, the model or the pictures cannot be had.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> done = predict("centre-bias", folder.name, dataset="phantom-tiny", overlay=False)
    >>> [round(float(maps[0].sum()), 4) for maps in done.densities.values()][:1]
    [1.0]
    """
    if (dataset is None) == (video is None):
        raise ConfigError("there is no one source", fix="Give either a dataset or a video.")
    if live and video is None:
        raise ConfigError("only a video can be followed live", fix="Give a video.")
    if (crop or crop_file) and video is None:
        raise ConfigError("only a video can be cropped", fix="Give a video.")
    if crop and crop_file:
        raise ConfigError("the crop is given twice", fix="Give the rectangle or the file.")
    chosen, folder = Options(**options), Path(out)
    if video is None:
        assert dataset is not None
        return _of_dataset(model, folder, dataset, split, tuple(clips), overlay, progress, chosen)
    source = Path(video)
    next(read_video(source))  # a fault of the video comes before the model is loaded
    how: dict[str, Any] = {
        "frame_rate_hz": frame_rate_hz(source), "with_overlay": overlay, "tell": tell,
        "crops": _crops(source, crop, None if crop_file is None else Path(crop_file), warn),
    }  # fmt: skip
    if live:
        with Stream(model, **options) as stream, progress(label(model)) as update:
            files, speed = predict_live(stream, source, folder, report=update, **how)
        return Predicted(files=tuple(files), frames_per_second=speed)
    with opened(model, chosen) as (loaded, card), progress(label(model)) as update:
        files = predict_video(loaded, card, source, folder, report=update, **how)
    return Predicted(files=tuple(files))


def _crops(
    source: Path, crop: Box | str | None, file: Path | None, warn: Callable[[str], object]
) -> Crops | None:
    """What of a video is predicted; one as large as a screen is not taken whole in silence."""
    footage = open_footage(source, DEFAULT_RATE_HZ)
    if crop:
        asked = parse_crop(crop) if isinstance(crop, str) else crop
        return constant(crop_box(asked, footage, str(source)))
    if file is not None:
        crops = read_crops(file, footage, str(source))
        first = crops.boxes[0]
        crops.require_shape((int(first.height), int(first.width)), str(source))
        if footage.declared_ns:
            crops.require_begun(footage.declared_ns + 1, str(source))
        return crops
    height, width = footage.shape
    if height * width >= SCREEN_PIXELS:
        what = f"{source} is {width} x {height} pixels, as a recording of a screen is, and is"
        warn(f"{what} predicted with all around the ultrasound; --crop X,Y,W,H takes it alone.")
    elif footage.regions:
        what = f"{source} declares {listed_regions(footage.regions)}, and is predicted whole"
        warn(f"{what}; --crop region-1 takes the image alone.")
    return None


def _of_dataset(
    model: Source,
    out: Path,
    dataset: str | Path | Dataset,
    split: str,
    named: tuple[str, ...],
    overlay: bool,
    progress: Progress,
    options: Options,
) -> Predicted:
    data = at_hand(dataset, (split,), progress)
    clips = data.split(split)
    for clip_id in named:
        if clip_id not in (clip.clip_id for clip in clips):
            raise unknown("clip", clip_id, [clip.clip_id for clip in clips])
    clips = tuple(clip for clip in clips if not named or clip.clip_id in named)
    written: list[Path] = []
    with opened(model, options, data) as (loaded, card), progress(label(model)) as update:
        for done, clip in enumerate(clips, start=1):
            written += predict_clip(loaded, card, clip, out, with_overlay=overlay)
            update(done, len(clips))
    return Predicted(files=tuple(written))
