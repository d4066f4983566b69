"""Frames cut to what is kept of them where they are decoded, so that no more has to travel."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.data.frames import fit_frames
from fusbench.errors import DatasetError
from fusbench.footage.apart import streamed
from fusbench.footage.box import Box
from fusbench.footage.record import Footage, Frames
from fusbench.footage.source import open_source

TASK = "fusbench.importing.cutting:decoded"


def cut_frames(
    footage: Footage, path: Path, rate_hz: Fraction | None, box: Box, channels: int
) -> Frames:
    """Frames of opened footage, decoded and cut in a process of their own, as of `cut`."""
    rate = None if rate_hz is None else str(rate_hz)
    return streamed(footage, path, rate, do=TASK, box=vars(box), channels=channels)


def decoded(
    path: Path, frame_rate: str | None, box: dict[str, float], channels: int
) -> Iterator[tuple[dict[str, Any], np.ndarray | None]]:
    """What `cut_frames` asks the decoder for."""
    footage = open_source(path, None if frame_rate is None else Fraction(frame_rate))
    for time_ns, frame in cut(footage, path, Box(**box), channels):
        yield {"time_ns": time_ns}, frame
    yield {"held_ns": footage.held_ns, "remarks": footage.remarks}, None


def cut(footage: Footage, path: Path, box: Box, channels: int) -> Frames:
    """Times in nanoseconds and frames, uint8 (h, w) or (h, w, 3), cut to a box.

    Raises
    ------
    DatasetError
        If a frame is of another size than the first.
    """
    for number, (time_ns, picture) in enumerate(footage.read()):
        if picture.shape[:2] != footage.shape:
            what = f"frame {number} has {picture.shape[1]} x {picture.shape[0]} pixels, the first"
            what += f" {footage.shape[1]} x {footage.shape[0]}"
            raise DatasetError(what, str(path), "Give frames of one size.")
        part = np.ascontiguousarray(box.cut(picture))
        yield time_ns, fit_frames(part[None], None, channels)[0]
