"""Predictions that another program has made: a folder with a file of densities for each clip."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from fusbench.arrays import open_array, open_arrays
from fusbench.data.dataset import Dataset
from fusbench.data.frames import fit_density
from fusbench.data.scan import Clip
from fusbench.errors import PredictionError, counted
from fusbench.files import file_sha256, text_sha256
from fusbench.metrics import check_density
from fusbench.models.card import INTEGERS, ModelCard
from fusbench.models.entrant import Entrant

LARGEST = 1 << 34  # bytes of a clip, unpacked
SUFFIXES = (".npy", ".npz", "")
SHIFT = "their rounding shifts KLD, so compare them with no scores of float maps"


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """A folder that holds, for each clip, one density for every frame.

    A clip is ``<clip_id>.npy`` or ``<clip_id>.npz``, floating-point (T, h, w), each map of sum 1;
    or, where `integers` allows it, unsigned integers there, or a folder ``<clip_id>/`` of grey PNG
    pictures in the order of the numbers in their names. Maps of another size are resized.

    Parameters
    ----------
    folder : Path
    integers : bool
        Take maps of 8-bit (or 16-bit) integers, each divided by its sum.
    """

    folder: Path
    integers: bool = False

    def path(self, clip_id: str) -> Path | None:
        """The file or folder of a clip, or None.

        Raises
        ------
        PredictionError
            If there are two.
        """
        paths = (self.folder / f"{clip_id}{suffix}" for suffix in SUFFIXES)
        found = [path for path in paths if path.exists()]
        if len(found) > 1:
            what = f"{found[0].name} and {found[1].name} predict one clip"
            raise PredictionError(what, str(self.folder), "Keep one of them.")
        return found[0] if found else None

    def maps(self, clip: Clip) -> tuple[np.ndarray, Path]:
        """All maps of a clip (T, h, w), and where they are.

        Raises
        ------
        PredictionError
            If they are no array of one map a frame, or integers that are not taken.
        """
        path = self.path(clip.clip_id)
        assert path is not None  # `predictions` has looked
        maps = _read(path, path.stat().st_mtime_ns)
        _check_maps(maps, clip, path)
        if maps.dtype.kind == "u" and not self.integers:
            what = f"holds {maps.dtype} maps, whose rounding shifts KLD by more than models differ"
            fix = "Write float32 densities instead, or take the shift with --allow-8-bit."
            raise PredictionError(what, str(path), fix)
        return maps, path

    def predict_gaze(self, clip: Clip, frames: np.ndarray) -> np.ndarray:
        """Densities (B, H, W), at the clip's own size, of target frames (B,).

        Raises
        ------
        PredictionError
            If a map is no density, naming file and frame.
        """
        maps, path = self.maps(clip)
        densities = []
        for frame in frames:
            density, where = maps[frame], f"{path}, frame {frame}"
            if maps.dtype.kind == "u":
                if not density.any():
                    raise PredictionError("the map is black", where, "Predict something there.")
                density = density / density.sum(dtype=np.float64)
            checked = check_density(density, maps.shape[1:], where)
            densities.append(fit_density(checked, clip.info.image_shape))
        return np.stack(densities)

    def source(self, clips: tuple[Clip, ...]) -> str:
        """SHA-256 over the predictions of these clips and the way they are read."""
        hashes = []
        for clip in clips:
            path = self.path(clip.clip_id)
            files = sorted(path.glob("*.png")) if path and path.is_dir() else [path]
            hashes += [clip.digest, *(file_sha256(file) for file in files if file)]
        return text_sha256("8-bit" if self.integers else "", *hashes)


def predictions(
    folder: Path, data: Dataset, split: str, *, name: str = "", integers: bool = False
) -> Entrant:
    """The predictions in a folder as an entrant, named like the folder unless it is told a name.

    Raises
    ------
    PredictionError
        If the folder, or the file of a clip, is missing or unfit.
    """
    if not folder.is_dir():
        fix = "Name the folder that holds a file of predictions for each clip."
        raise PredictionError("no folder is here", str(folder), fix)
    made = Predictions(folder=folder, integers=integers)
    clips = data.split(split)
    missing = [clip.clip_id for clip in clips if made.path(clip.clip_id) is None]
    if missing:
        some = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        what = f"holds no predictions for {len(missing)} of {counted(len(clips), 'clip')} ({some})"
        fix = f"Write {missing[0]}.npy, a density for each frame of the clip."
        raise PredictionError(what, str(folder), fix)
    name = name or re.sub(r"[^a-z0-9.]+", "-", folder.resolve().name.lower()).strip("-")
    whole = [clip.clip_id for clip in clips if made.maps(clip)[0].dtype.kind == "u"]
    warning = f"{folder}: integer maps; {SHIFT}." if whole else ""
    card = ModelCard(
        name=name,
        title=f"Predictions in {folder.name}" + (", of integer maps" if whole else ""),
        loader="fusbench.models.predictions:Predictions",
        backend=INTEGERS if whole else "predictions",
        sees="nothing",
    )
    return Entrant(
        card=card,
        owner="predictions",
        source=made.source(clips),
        load=lambda _: made,
        warning=warning,
    )


@lru_cache(maxsize=1)
def _read(path: Path, _changed_ns: int) -> np.ndarray:
    fix = "Write one array (frames, rows, columns) with numpy.save, or as the how-to shows."
    try:
        if path.is_dir():
            from fusbench.footage.apart import grey_maps  # arrays need no reader of footage

            return np.stack(list(grey_maps(path)))
        if path.suffix != ".npz":
            return open_array(path)
        found = open_arrays(path, LARGEST)
        if len(found) != 1:
            what = f"holds {len(found)} arrays, not one"
            raise PredictionError(what, str(path), fix)
        (array,) = found.values()
    except (ValueError, OSError, EOFError) as error:
        what = f"is truncated or no array of numbers ({' '.join(str(error).split())})"
        raise PredictionError(what, str(path), fix) from None
    return array


def _check_maps(maps: np.ndarray, clip: Clip, path: Path) -> None:
    if maps.dtype.kind not in "fu":
        fix = "Write float32 densities."
        raise PredictionError(f"holds {maps.dtype}", str(path), fix)
    if maps.dtype == np.float16:
        what = "holds float16 maps, whose small values are lost and shift KLD"
        raise PredictionError(what, str(path), "Write float32 densities.")
    if maps.ndim != 3 or len(maps) != clip.n_frames:
        have = " x ".join(map(str, maps.shape))
        want = f"{clip.n_frames} x rows x columns"
        fix = "Write a density for every frame of the clip, those without gaze too."
        raise PredictionError(f"holds {have} numbers, not {want}", str(path), fix)
    (rows, columns), (height, width) = maps.shape[1:], clip.info.image_shape
    if abs(rows * width - columns * height) > max(height, width, rows, columns):
        what = f"holds maps of {rows} x {columns}, whose sides are not those of {height} x {width}"
        fix = "Write (frames, rows, columns); were rows and columns exchanged?"
        raise PredictionError(what, str(path), fix)
