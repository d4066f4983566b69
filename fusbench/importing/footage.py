"""Frames with their own times, whatever they come from: a video file, DICOM, or pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.errors import DatasetError, FusbenchError
from fusbench.importing.geometry import Box
from fusbench.video import is_dicom

Frames = Iterator[tuple[int, np.ndarray]]


class Missing(FusbenchError):
    """A library that an import needs is not installed."""


@dataclass(frozen=True, kw_only=True)
class Footage:
    """A recording of frames, read one at a time.

    Parameters
    ----------
    kind : {"file", "dicom", "pictures"}
    shape : (int, int)
        Rows and columns of a frame.
    read : callable
        Called without arguments; yields (time in nanoseconds since the first frame, frame), the
        frame as uint8 (H, W) or (H, W, 3) in red, green, blue.
    region : Box, optional
        The two-dimensional image that a DICOM file declares.
    declared_ns : int, optional
        How long the file says it is.
    step_ns : int, optional
        Time between frames, where it is the same for all.
    pixel_aspect : Fraction
        Width of a pixel as a player shows it, for a height of 1.
    facts : dict
        What else is kept of the source: numbers only, never a text.
    """

    kind: str
    shape: tuple[int, int]
    read: Callable[[], Frames]
    region: Box | None = None
    declared_ns: int | None = None
    step_ns: int | None = None
    pixel_aspect: Fraction = Fraction(1)
    facts: dict[str, Any] = field(default_factory=dict)


def open_footage(path: Path, frame_rate_hz: Fraction | None = None) -> Footage:
    """Open a video file, a DICOM file or a folder of pictures.

    Parameters
    ----------
    path : Path
    frame_rate_hz : Fraction, optional
        Of sources that hold no times: pictures, and DICOM without FrameTime.

    Raises
    ------
    DatasetError
        If there is no frame to be read.
    Missing
        If the library for this kind is not installed.
    """
    if path.is_dir():
        from fusbench.importing.pictures import open_pictures

        return open_pictures(path, frame_rate_hz)
    if not path.is_file():
        raise DatasetError("no video is here", str(path), "Check the path.")
    if not path.stat().st_size:
        raise DatasetError("the video file is empty", str(path), "Copy it again from its source.")
    if is_dicom(path):
        from fusbench.importing.dicom import open_dicom

        return open_dicom(path, frame_rate_hz)
    from fusbench.importing.videofile import open_video

    return open_video(path)


def missing(package: str, what: str) -> Missing:
    """The error for a library that `what` needs."""
    fix = 'Install it with: pip install "fusbench[import]"'
    return Missing(f"the package '{package}' is not installed, and {what} needs it", fix=fix)
