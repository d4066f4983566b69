"""A folder of pictures as frames, in the order that a person would number them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from fusbench.errors import ConfigError, DatasetError
from fusbench.files import silence
from fusbench.footage.clock import whole_nanoseconds
from fusbench.footage.kinds import PICTURES, natural
from fusbench.footage.record import Footage, Frames

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
    )


def picture_files(folder: Path) -> list[Path]:
    """Pictures of a folder in natural order: 2 before 10."""
    files = [p for p in folder.iterdir() if p.suffix.lower() in PICTURES]
    return sorted(files, key=natural)


def read_picture(path: Path) -> np.ndarray:
    """A picture as uint8 (H, W), or (H, W, 3) in red, green, blue."""
    try:
        picture = cv2.imread(str(path), cv2.IMREAD_ANYCOLOR)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from None
        picture = None
    if picture is None:
        raise DatasetError("is no picture that can be read", str(path), "Remove or convert it.")
    return picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def _frames(files: list[Path], step: Fraction) -> Frames:
    for number, file in enumerate(files):
        yield whole_nanoseconds(number * step), read_picture(file)
