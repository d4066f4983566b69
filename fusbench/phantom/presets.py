"""The named phantoms: which scans and clips they hold, and in which split. Cheap to import."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fusbench.errors import ConfigError

GENERATOR_VERSION = 2
"""Raised whenever the same phantom would come out differently."""

VERSION = f"1.{GENERATOR_VERSION}"
"""Version of the embedded data sets."""

SEED = 2024
"""Of the seeds tried, one with typical splits: the floors' and the ceiling's scores lie within one
standard error of their mean over seeds."""
FRAME_RATE_HZ = 30
FULL_CLIP_FRAMES = 90
MAX_LAG_S = 1.0

TRAIN_SCANS, VAL_SCANS, TEST_SCANS = range(69), range(69, 92), range(92, 115)
POWER_SCANS = range(115, 315)


@dataclass(frozen=True, kw_only=True)
class ClipPlan:
    """One clip to be made.

    Parameters
    ----------
    scan : int
        Number of the examination, from 0.
    clip : int
        Number of the clip within its scan, from 0.
    n_frames : int
        Frames, 1..90. A shorter clip is the beginning of the full one.
    split : {"train", "val", "test"}
        Part of the data set; a scan lies in one.

    Examples
    --------
    >>> plan = ClipPlan(scan=0, clip=1, n_frames=90, split="train")
    >>> plan.scan_id, plan.clip_id
    ('s001', 's001-c2')
    """

    scan: int
    clip: int
    n_frames: int
    split: str

    def __post_init__(self) -> None:
        if not 1 <= self.n_frames <= FULL_CLIP_FRAMES or self.scan < 0 or self.clip < 0:
            numbers = f"scan {self.scan}, clip {self.clip}, {self.n_frames} frames"
            fix = f"Count scans and clips from 0, and ask for 1 to {FULL_CLIP_FRAMES} frames."
            raise ConfigError(f"these numbers make no phantom clip: {numbers}", fix=fix)

    @property
    def scan_id(self) -> str:
        """Name of the scan, counted from 1."""
        return f"s{self.scan + 1:03d}"

    @property
    def clip_id(self) -> str:
        """Name of the clip, counted from 1 within its scan."""
        return f"{self.scan_id}-c{self.clip + 1}"


@dataclass(frozen=True, kw_only=True)
class Phantom:
    """A synthetic data set, described.

    Parameters
    ----------
    name : str
        Name of the data set.
    plans : tuple of ClipPlan
        Its clips.
    seed : int
        Another seed makes other scans; not negative.
    lag_s : float
        How far gaze trails the picture, in seconds, 0..1; kept to the nearest gaze sample (1/90 s).
        A modelling choice: the worth of past frames is about proportional to it.

    Raises
    ------
    ConfigError
        If the seed or the lag is out of range.

    Examples
    --------
    >>> [len(PRESETS[name].plans) for name in ("phantom-tiny", "phantom", "phantom-full")]
    [6, 115, 508]
    """

    name: str
    plans: tuple[ClipPlan, ...]
    seed: int = SEED
    lag_s: float = 0.2

    def __post_init__(self) -> None:
        where = f"phantom '{self.name}'"
        if self.seed < 0:
            raise ConfigError(f"seed {self.seed} is negative", where, "Use a seed >= 0.")
        if not 0 <= self.lag_s <= MAX_LAG_S:
            fix = f"Use a lag of 0 to {MAX_LAG_S:g} s."
            raise ConfigError(f"lag_s {self.lag_s} is out of range", where, fix)


def _first_clips(scans: range, split: str, n_frames: int) -> Iterator[ClipPlan]:
    for scan in scans:
        yield ClipPlan(scan=scan, clip=0, n_frames=n_frames, split=split)


def _shared_out(scans: range, split: str, n_full: int, rest: int = 0) -> Iterator[ClipPlan]:
    """`n_full` full clips, shared evenly among the scans, and one of `rest` frames at the end."""
    for position, scan in enumerate(scans):
        count = n_full // len(scans) + (position < n_full % len(scans))
        for clip in range(count):
            yield ClipPlan(scan=scan, clip=clip, n_frames=FULL_CLIP_FRAMES, split=split)
    if rest:
        yield ClipPlan(scan=scans[-1], clip=count, n_frames=rest, split=split)


FULL = (
    *_shared_out(TRAIN_SCANS, "train", 325),
    *_shared_out(VAL_SCANS, "val", 81),
    *_shared_out(TEST_SCANS, "test", 101, rest=36),
)

PRESETS: dict[str, Phantom] = {
    phantom.name: phantom
    for phantom in (
        Phantom(
            name="phantom-tiny",
            plans=(
                *_first_clips(TRAIN_SCANS[:4], "train", 30),
                *_first_clips(VAL_SCANS[:1], "val", 30),
                *_first_clips(TEST_SCANS[:1], "test", 30),
            ),
        ),
        Phantom(
            name="phantom",
            plans=(
                *_first_clips(TRAIN_SCANS, "train", FULL_CLIP_FRAMES),
                *_first_clips(VAL_SCANS, "val", FULL_CLIP_FRAMES),
                *_first_clips(TEST_SCANS, "test", FULL_CLIP_FRAMES),
            ),
        ),
        Phantom(name="phantom-full", plans=FULL),
        Phantom(
            name="phantom-power",
            plans=(
                *_first_clips(TRAIN_SCANS, "train", FULL_CLIP_FRAMES),
                *_first_clips(VAL_SCANS, "val", FULL_CLIP_FRAMES),
                *_first_clips(POWER_SCANS, "test", FULL_CLIP_FRAMES),
            ),
        ),
        Phantom(name="phantom-full-lag-0", plans=FULL, lag_s=0.0),
        Phantom(name="phantom-full-lag-100", plans=FULL, lag_s=0.1),
    )
}
"""The embedded phantoms by name. The first clip of each scan is the same in all of them, except for
the gaze of those that are named after a lag of their own."""
