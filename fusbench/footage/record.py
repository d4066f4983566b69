"""Frames with their own times, whatever they come from: a video file, DICOM, or pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from fusbench.errors import FusbenchError
from fusbench.footage.box import Box

Frames = Iterator[tuple[int, np.ndarray]]
Remark = tuple[str, str]


EXTRAS = {"pyarrow": "parquet"}
"""Extras of ``pyproject.toml`` that bring a package, where "import" does not."""


class Missing(FusbenchError):
    """A library that an import needs is not installed."""


@dataclass(frozen=True, kw_only=True)
class Footage:
    """A recording of frames, read one at a time.

    Parameters
    ----------
    kind : {"file", "dicom", "sequence", "pictures"}
    shape : (int, int)
        Rows and columns of a frame.
    read : callable
        Called without arguments; yields (time in nanoseconds since the first frame, frame), the
        frame as uint8 (H, W) or (H, W, 3) in red, green, blue.
    regions : tuple of Box
        The two-dimensional images that a DICOM file declares.
    declared_ns : int, optional
        How long the file says it is.
    step_ns : int, optional
        Time between frames, where it is the same for all.
    nominal_hz : float, optional
        Frames a second by the first frames' times.
    average_hz : float, optional
        Frames a second as the file declares them.
    held_ns : list of int
        How long the last frame is shown, once it has been read and where the file says so.
    pixel_aspect : Fraction
        Width of a pixel as a player shows it, for a height of 1.
    facts : dict
        What else is kept of the source: numbers only, never a text.
    remarks : list of (str, str)
        Things to know, each "note" or "warn" and a text; reading the frames adds to them.
    """

    kind: str
    shape: tuple[int, int]
    read: Callable[[], Frames]
    regions: tuple[Box, ...] = ()
    declared_ns: int | None = None
    step_ns: int | None = None
    nominal_hz: float | None = None
    average_hz: float | None = None
    held_ns: list[int] = field(default_factory=list)
    pixel_aspect: Fraction = Fraction(1)
    facts: dict[str, Any] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)


def as_facts(footage: Footage) -> dict[str, Any]:
    """What JSON can hold of footage: everything but its frames."""
    facts = {**vars(footage), "regions": [vars(box) for box in footage.regions]}
    facts["pixel_aspect"] = str(footage.pixel_aspect)
    del facts["read"]
    return facts


def as_footage(facts: dict[str, Any], read: Callable[[], Frames]) -> Footage:
    """Footage of which `as_facts` told, with what reads its frames.

    Examples
    --------
    >>> footage = Footage(kind="file", shape=(2, 3), read=lambda: iter(()))
    >>> as_footage(as_facts(footage), footage.read) == footage
    True
    """
    exact = {
        "shape": tuple(facts["shape"]),
        "regions": tuple(Box(**box) for box in facts["regions"]),
        "pixel_aspect": Fraction(facts["pixel_aspect"]),
        "remarks": [(level, text) for level, text in facts["remarks"]],
    }
    return Footage(**{**facts, **exact, "read": read})


def missing(package: str, what: str) -> Missing:
    """The error for a library that `what` needs."""
    fix = f"From a clone of fusbench: pip install '.[{EXTRAS.get(package, 'import')}]'."
    return Missing(f"the package '{package}' is not installed, and {what} needs it", fix=fix)
