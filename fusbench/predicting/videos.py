"""Predicting for users' own pictures: densities as float32 arrays, and overlays to look at."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.arrays import npy_header
from fusbench.data.frames import fit_frames
from fusbench.data.scan import Clip
from fusbench.drawing.overlay import overlay, write_video
from fusbench.errors import OutputError
from fusbench.files import claimed, replacing
from fusbench.footage.crops import Crops
from fusbench.footage.open import timed_video
from fusbench.models.card import ModelCard
from fusbench.models.densities import densities, frame_densities
from fusbench.predicting.stream import Stream
from fusbench.progress import Report, silently


def predict_clip(
    model: Any, card: ModelCard, clip: Clip, out: Path, *, with_overlay: bool = True
) -> list[Path]:
    """Write a clip's densities, and an overlay video, for every frame.

    Returns
    -------
    list of Path
        ``<clip_id>.npy``, float32 (T, H, W), each frame of sum 1, and ``<clip_id>.mp4``.
    """
    frames = np.arange(clip.n_frames)
    shape = (clip.n_frames, *clip.info.image_shape)

    def pictures(predicted: np.ndarray) -> Iterator[np.ndarray]:
        for frame in frames:
            yield overlay(clip.frames[frame], predicted[frame], *_target(clip, int(frame)))

    rate = clip.info.frame_rate_hz if with_overlay else None
    rows = densities(model, card, clip, frames)
    return _write(out / f"{clip.clip_id}.npy", shape, rows, pictures, rate)


def _target(clip: Clip, frame: int) -> tuple[np.ndarray | None, np.ndarray]:
    """Empirical map and gaze points (N, 2) of a frame; None where the gaze was lost."""
    points = np.stack(clip.gaze.at(frame), axis=1)
    return (clip.saliency_map(frame) if len(points) else None), points


def predict_video(
    model: Any,
    card: ModelCard,
    source: Path,
    out: Path,
    *,
    frame_rate_hz: float,
    crops: Crops | None = None,
    with_overlay: bool = True,
    report: Report | None = None,
    tell: Callable[[str], object] = silently,
) -> list[Path]:
    """Write densities, and an overlay video, for every frame of a video or folder of pictures.

    The source is read twice and never held whole: once at the model's input size, once for the
    overlay. Densities are written at the size of the frames, or of the `crops` that are taken
    of them; `tell` is given their size on disk before any is made.

    Returns
    -------
    list of Path
        ``<name>.npy``, float32 (T, H, W), each frame of sum 1, and ``<name>.mp4``.
    """
    small, parts, image_shape = _read_small(_frames(source, crops), card)
    begins = [0, *(np.flatnonzero(np.diff(parts)) + 1), len(parts)]
    fitted = (
        density
        for first, end in pairwise(begins)  # where the crop changes, another clip begins
        for density in frame_densities(model, card, small[first:end], image_shape, source.name)
    )
    rate = frame_rate_hz if with_overlay else None
    shape = (len(small), *image_shape)
    return _write_video(source, out, shape, fitted, rate, crops, report, tell)


def predict_live(
    stream: Stream,
    source: Path,
    out: Path,
    *,
    frame_rate_hz: float,
    crops: Crops | None = None,
    with_overlay: bool = True,
    report: Report | None = None,
    tell: Callable[[str], object] = silently,
) -> tuple[list[Path], float]:
    """Write what `predict_video` writes, from a stream that gets one frame after the other.

    Returns
    -------
    list of Path, float
        The files, and the frames a second that the stream was able to follow.
    """
    shape: tuple[int, ...] = ()
    total = 0
    for _, frame in _frames(source, crops):
        shape, total = frame.shape[:2], total + 1
    seconds: list[float] = []

    def timed() -> Iterator[np.ndarray]:
        shown = 0
        for part, frame in _frames(source, crops):
            if part != shown:  # another clip begins
                stream.reset()
                shown = part
            start = time.perf_counter()
            density = stream.predict(frame)
            seconds.append(time.perf_counter() - start)
            yield density

    rate = frame_rate_hz if with_overlay else None
    written = _write_video(source, out, (total, *shape), timed(), rate, crops, report, tell)
    return written, float(1 / np.median(seconds))


def _write_video(
    source: Path,
    out: Path,
    shape: tuple[int, ...],
    rows: Iterator[np.ndarray],
    frame_rate_hz: float | None,
    crops: Crops | None,
    report: Report | None,
    tell: Callable[[str], object],
) -> list[Path]:
    """Write the densities of a video and, at a frame rate, its overlay."""
    array, (count, height, width) = out / f"{source.stem}.npy", shape
    size = f"{count:,} densities of {width} x {height} take {4e-6 * math.prod(shape):,.1f} MB"
    tell(f"{array}: {size}{'' if frame_rate_hz is None else ', beside the overlay'}")

    def reported() -> Iterator[np.ndarray]:
        for done, density in enumerate(rows, start=1):
            if report:
                report(done, shape[0])
            yield density

    def pictures(predicted: np.ndarray) -> Iterator[np.ndarray]:
        for (_, frame), density in zip(_frames(source, crops), predicted, strict=True):
            yield overlay(frame, density)

    return _write(array, shape, reported(), pictures, frame_rate_hz)


def _frames(source: Path, crops: Crops | None) -> Iterator[tuple[int, np.ndarray]]:
    """Frames with the number of their crop, all as large as the first one."""
    for time_ns, frame in timed_video(source):
        if crops is None:
            yield 0, frame
            continue
        part = int(crops.part(np.array(time_ns)))
        cut, first = crops.boxes[part].cut(frame), crops.boxes[0]
        yield part, fit_frames(cut[None], (int(first.height), int(first.width)), 3)[0]


def _write(
    array: Path,
    shape: tuple[int, ...],
    rows: Iterator[np.ndarray],
    pictures: Callable[[np.ndarray], Iterator[np.ndarray]],
    frame_rate_hz: float | None,
) -> list[Path]:
    """Write densities and, at a frame rate, the pictures that are made of them."""
    with claimed(array):
        _write_array(array, shape, rows)
        if frame_rate_hz is None:
            return [array]
        predicted = np.load(array, mmap_mode="r", allow_pickle=False)
        video = array.with_suffix(".mp4")
        with replacing(video) as part:
            write_video(part, pictures(predicted), frame_rate_hz)
        return [array, video]


def _read_small(
    frames: Iterator[tuple[int, np.ndarray]], card: ModelCard
) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """All frames at the model's input size, their crops' numbers, and the size of the originals."""
    shape = (0, 0)
    small, parts = [], []
    for part, frame in frames:
        shape = (frame.shape[0], frame.shape[1])
        small.append(fit_frames(frame[None], card.input_shape, card.channels)[0])
        parts.append(part)
    return np.stack(small), np.array(parts), shape


def _write_array(path: Path, shape: tuple[int, ...], rows: Iterator[np.ndarray]) -> None:
    """Write float32 rows to a ``.npy`` file as they come, a whole file or nothing."""
    with replacing(path) as part:
        need = 4 * int(np.prod(shape))
        if need > (free := shutil.disk_usage(path.parent).free):
            what = f"needs {need:,} bytes, and {free:,} are free"
            raise OutputError(what, str(path), "Free some space or choose another disk.")
        with part.open("wb") as stream:
            stream.write(npy_header(shape, np.dtype("<f4")))
            for row in rows:
                stream.write(np.ascontiguousarray(row, "<f4").data)
