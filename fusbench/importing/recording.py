"""What an eye tracker recorded, in the file's own clock and space, and how to read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fusbench.errors import ConfigError, counted, unknown
from fusbench.importing.finding import Finding
from fusbench.importing.geometry import ORIGINS, SPACES

EYES = ("average", "left", "right")
USUAL_FILLERS = (0.0, -1.0)
FILLERS = (*USUAL_FILLERS, -999.0, -9999.0, -32768.0, 1e8)
"""What programs write as both x and y of an eye that they lost."""


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How to read a gaze file where its format leaves it open.

    Parameters
    ----------
    time_unit : {"", "s", "ms", "us", "ns"}
        Unit of a clock that the file does not label.
    space, origin : str
        What coordinates to take; "" takes what the format says.
    eye : {"average", "left", "right"}
    encoding : str
        Of a text file that is neither UTF-8 nor UTF-16.
    recording, participant : str
        Which one, where a file holds several.
    sort_time : bool
        Put samples whose time steps back in order.
    mapping : dict
        Keys of `fusbench.importing.table.Mapping`, laid over the format's own.

    Examples
    --------
    >>> ReadOptions(time_unit="ms", eye="left").space
    ''
    """

    time_unit: str = ""
    space: str = ""
    origin: str = ""
    eye: str = "average"
    encoding: str = ""
    recording: str = ""
    participant: str = ""
    sort_time: bool = False
    mapping: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind, value, known in (
            ("time unit", self.time_unit, ("s", "ms", "us", "ns")),
            ("coordinate space", self.space, tuple(SPACES)),
            ("origin", self.origin, ORIGINS),
            ("eye", self.eye, EYES),
        ):
            if value and value not in known:
                raise unknown(kind, value, known)


@dataclass(frozen=True, kw_only=True)
class GazeRecording:
    """Samples of one eye tracker.

    Parameters
    ----------
    time_ns : ndarray of int64, shape (N,)
        In the file's own clock.
    x, y : ndarray of float64, shape (N,)
        In the coordinates that `space` and `origin` name; NaN where the gaze was lost.
    space, origin : str
    eyes : str
        Which eyes a sample stands for, in words.
    events : tuple of (int, str)
        Messages of the file with their times in nanoseconds.
    screen : (float, float) or None
        Width and height of the screen, where the file tells it.
    rate_hz : float or None
        Rate that the file claims.
    blinks : tuple of (int, int), or None
        First and last nanosecond of each blink, where the file marks them.
    drift_ppm : float or None
        How much faster the tracker's clock runs than the computer's, where the file holds both.
    duplicates, fillers : int
        Samples dropped for a repeated time; samples lost because they lie at exactly 0,0 or -1,-1.
    zero_ns : int
        Where the clock stands at time 0 of a file of events.
    frame : ndarray of int64, shape (N,), or None
        Number of the frame on screen, in place of a time; `time_ns` then counts the samples.
    remarks : tuple of Finding
        What was decided and found in reading.
    """

    time_ns: np.ndarray
    x: np.ndarray
    y: np.ndarray
    space: str
    origin: str = "top-left"
    eyes: str = ""
    events: tuple[tuple[int, str], ...] = ()
    screen: tuple[float, float] | None = None
    rate_hz: float | None = None
    blinks: tuple[tuple[int, int], ...] | None = None
    drift_ppm: float | None = None
    duplicates: int = 0
    fillers: int = 0
    zero_ns: int = 0
    frame: np.ndarray | None = None
    remarks: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.time_ns)

    def __repr__(self) -> str:
        valid = f"{self.valid.mean():.0%} valid" if len(self) else "none valid"
        return f"<GazeRecording: {counted(len(self), 'sample')}, {valid}, in {self.space}>"

    @property
    def valid(self) -> np.ndarray:
        """Whether each sample has a position, bool (N,)."""
        finite: np.ndarray = np.isfinite(self.x) & np.isfinite(self.y)
        return finite


def without_fillers(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Positions with NaN where x and y are the same of `FILLERS`, and how many those were.

    Examples
    --------
    >>> x, y, count = without_fillers(np.array([0.0, 0.0, -1.0]), np.array([0.0, 5.0, -1.0]))
    >>> x.tolist(), count
    ([nan, 0.0, nan], 2)
    """
    filler = (x == y) & np.isin(x, FILLERS)
    return np.where(filler, np.nan, x), np.where(filler, np.nan, y), int(filler.sum())


def combined(
    left: tuple[np.ndarray, np.ndarray], right: tuple[np.ndarray, np.ndarray], eye: str
) -> tuple[np.ndarray, np.ndarray, str]:
    """One gaze of two eyes, and in words what was done.

    "average" is the mean where both eyes are valid and the valid one where one is lost; an eye that
    is at a filler is lost, or the mean would lie half-way to it.

    Examples
    --------
    >>> nan = np.nan
    >>> x, y, words = combined(
    ...     (np.array([1.0, nan]), np.array([1.0, nan])),
    ...     (np.array([3.0, 5.0]), np.array([1.0, 5.0])), "average")
    >>> x.tolist(), words
    ([2.0, 5.0], 'mean of both eyes in 1 sample, left eye alone in 0, right eye alone in 1')
    """
    if eye != "average":
        x, y = left if eye == "left" else right
        return x, y, f"{eye} eye alone"
    (left_x, left_y, left_fillers), (right_x, right_y, right_fillers) = (
        without_fillers(*eye_gaze) for eye_gaze in (left, right)
    )
    left, right = (left_x, left_y), (right_x, right_y)
    has_left = np.isfinite(left[0]) & np.isfinite(left[1])
    has_right = np.isfinite(right[0]) & np.isfinite(right[1])
    both = has_left & has_right
    x, y = (
        np.where(both, (a + b) / 2, np.where(has_left, a, np.where(has_right, b, np.nan)))
        for a, b in zip(left, right, strict=True)
    )
    words = (
        f"mean of both eyes in {counted(int(both.sum()), 'sample')}, left eye alone in"
        f" {(has_left & ~both).sum()}, right eye alone in {(has_right & ~both).sum()}"
    )
    if left_fillers or right_fillers:
        words += f"; of the left {left_fillers}, of the right {right_fillers} lie at a filler"
    return x, y, words


def require_unit(label: str, options: ReadOptions, where: str, declared: str = "") -> str:
    """Unit of a clock: what the column's name says, what the format says, or what was given.

    Raises
    ------
    ConfigError
        If none tells it, or the name contradicts the option.
    """
    if label and options.time_unit and label != options.time_unit:
        what = f"the column's name says {label}, --time-unit says {options.time_unit}"
        raise ConfigError(what, where, "Leave out --time-unit, or correct it.")
    unit = label or options.time_unit or declared
    if not unit:
        fix = "Say it with --time-unit s, ms, us or ns: versions of this export differ."
        raise ConfigError("the clock has no unit", where, fix)
    return unit
