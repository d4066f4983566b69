"""A folder of pictures as frames, in the order that a person would number them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from fusbench.errors import ConfigError, DatasetError, PredictionError, counted
from fusbench.files import silence
from fusbench.footage.clock import whole_nanoseconds
from fusbench.footage.kinds import PICTURES, natural
from fusbench.footage.record import Footage, Frames, Remark

silence(cv2)  # a fault is told once


def open_pictures(folder: Path, frame_rate_hz: Fraction | None) -> Footage:
    """Open a folder of pictures, which needs a frame rate, as pictures hold no times."""
    files = picture_files(folder)
    if not files:
        fix = f"Put pictures there: {', '.join(PICTURES)}."
        raise DatasetError("holds no picture", str(folder), fix)
    if frame_rate_hz is None:
        raise ConfigError("pictures hold no times", str(folder), "Give --frame-rate R.")
    step = 1 / frame_rate_hz
    return Footage(
        kind="pictures",
        shape=read_picture(files[0]).shape[:2],
        read=lambda: _frames(files, step),
        declared_ns=whole_nanoseconds((len(files) - 1) * step),
        step_ns=whole_nanoseconds(step),
        facts={"declared_frames": len(files)},
        remarks=list(_holes(files)),
    )


def _holes(files: list[Path]) -> Iterator[Remark]:
    """Whether numbers are missing in the files' names: what follows a hole would come too early."""
    found = [re.fullmatch(r"(.*?)([0-9]+)", file.stem) for file in files]
    if len({name and name[1] for name in found}) != 1 or found[0] is None:
        return
    steps = np.diff([int(name[2]) for name in found if name])
    usual = int(steps.min()) if len(steps) else 0
    at = np.flatnonzero(steps > usual)
    if usual and len(at):
        many = int((steps // usual - 1).sum())
        text = counted(many, "number", "is missing", "are missing")
        text = f"{text} in the pictures' names, the first after"
        yield "warn", f"{text} '{files[at[0]].name[-40:]}': the others are timed without a gap"


def picture_files(folder: Path) -> list[Path]:
    """Pictures of a folder in natural order: 2 before 10."""
    files = [p for p in folder.iterdir() if p.suffix.lower() in PICTURES]
    return sorted(files, key=natural)


def read_picture(path: Path) -> np.ndarray:
    """A picture as uint8 (H, W), or (H, W, 3) in red, green, blue."""
    picture = _decoded(path, cv2.IMREAD_ANYCOLOR)
    if picture is None:
        raise DatasetError("is no picture that can be read", str(path), "Remove or convert it.")
    return picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def grey_maps(folder: Path) -> Iterator[np.ndarray]:
    """Maps in PNG files, by the numbers in their names; see `fusbench.footage.apart.grey_maps`."""
    files = sorted(
        folder.glob("*.png"), key=lambda p: [int(n) for n in re.findall(r"[0-9]+", p.name)]
    )
    if not files:
        raise PredictionError("holds no .png file", str(folder), "Write one for each frame.")
    first: np.ndarray | None = None
    for file in files:
        picture = _decoded(file, cv2.IMREAD_UNCHANGED)
        if picture is None or picture.ndim != 2 or not _alike(picture, first):
            fix = "Write grey pictures of one size."
            raise PredictionError("is no grey picture like the first", str(file), fix)
        yield picture
        first = picture


def _alike(picture: np.ndarray, first: np.ndarray | None) -> bool:
    return first is None or (picture.shape, picture.dtype) == (first.shape, first.dtype)


def _decoded(path: Path, how: int) -> np.ndarray | None:
    """A picture as OpenCV reads it; None where it cannot."""
    try:
        return cv2.imread(str(path), how)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from None
        return None


def _frames(files: list[Path], step: Fraction) -> Frames:
    for number, file in enumerate(files):
        yield whole_nanoseconds(number * step), read_picture(file)
