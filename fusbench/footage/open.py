"""Open what holds frames, whatever it is: a video file, DICOM, or a folder of pictures."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from fusbench.errors import DatasetError
from fusbench.footage.apart import answered, streamed
from fusbench.footage.record import Footage, as_footage

DEFAULT_RATE_HZ = Fraction(30)


def timed_video(path: Path) -> Iterator[tuple[int, np.ndarray]]:
    """Frames as of `read_video`, each after its time in nanoseconds since the first."""
    shape = None
    for number, (time_ns, stored) in enumerate(open_footage(path, DEFAULT_RATE_HZ).read()):
        frame = stored if stored.ndim == 3 else np.repeat(stored[..., None], 3, axis=-1)
        shape = shape or frame.shape
        if frame.shape != shape:
            what = f"frame {number} has {frame.shape[0]} x {frame.shape[1]} pixels"
            what += f", the first {shape[0]} x {shape[1]}"
            raise DatasetError(what, str(path), "Give frames of one size.")
        yield time_ns, frame


def read_video(path: Path) -> Iterator[np.ndarray]:
    """Frames of a video file, a DICOM file, or a folder of pictures (2 before 10), one at a time.

    They are those of `open_footage`, as a player shows them, in colour.

    Yields
    ------
    ndarray of uint8, shape (H, W, 3)
        Red, green, blue.

    Raises
    ------
    DatasetError
        If nothing can be read, or a picture's size differs from the first one's.
    """
    return (frame for _, frame in timed_video(path))


def frame_rate_hz(path: Path) -> float:
    """Nominal frame rate of footage; 30 for a folder of pictures or where none is told."""
    footage = open_footage(path, DEFAULT_RATE_HZ)
    if footage.step_ns:
        return 1e9 / footage.step_ns
    rate = footage.average_hz
    return rate if rate and 1 <= rate <= 1000 else float(DEFAULT_RATE_HZ)


def open_footage(path: Path, frame_rate_hz: Fraction | None = None) -> Footage:
    """Open a video file, a DICOM file or a folder of pictures.

    A file may come from a stranger and be damaged, so it is decoded in a process of its own: one
    that hangs or fills the memory is an error of one line.

    Parameters
    ----------
    path : Path
    frame_rate_hz : Fraction, optional
        Of sources that hold no times: pictures, and DICOM without FrameTime.

    Raises
    ------
    DatasetError
        If there is no frame to be read, or reading takes more time or memory than is allowed.
    Missing
        If the library for this kind is not installed.
    """
    rate = None if frame_rate_hz is None else str(frame_rate_hz)
    told = answered("open", path, frame_rate=rate)
    footage = as_footage(told, lambda: streamed(footage, path, rate))
    return footage
