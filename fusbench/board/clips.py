"""The clips that a board's rows are scored on, and their frames with gaze: ``clips.csv``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fusbench.data.dataset import Dataset
from fusbench.errors import ConfigError
from fusbench.numerals import whole
from fusbench.reading import read_text

LARGEST_BYTES = 1 << 27
MOST_FRAMES = 20_000_000  # of a board: some 185 hours
COLUMNS = "scan_id,clip_id,n_frames,with_gaze"
RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


@dataclass(frozen=True, kw_only=True)
class TargetClip:
    """A clip of the board's split, and which of its frames have gaze."""

    scan_id: str
    clip_id: str
    n_frames: int
    with_gaze: np.ndarray


def target_clips(dataset: Dataset, split: str) -> tuple[TargetClip, ...]:
    """The clips of a split with their frames with gaze."""
    return tuple(
        TargetClip(
            scan_id=clip.scan_id,
            clip_id=clip.clip_id,
            n_frames=clip.n_frames,
            with_gaze=clip.gaze.frames().astype(np.int64),
        )
        for clip in dataset.split(split)
    )


def clips_csv(clips: tuple[TargetClip, ...]) -> str:
    """The text of ``clips.csv``."""
    rows = [f"{c.scan_id},{c.clip_id},{c.n_frames},{_ranges(c.with_gaze)}" for c in clips]
    return "\n".join([COLUMNS, *rows]) + "\n"


def read_clips(path: Path) -> tuple[TargetClip, ...]:
    """Read ``clips.csv``; `ConfigError` where it is damaged."""
    fix = "Restore it, or make the board anew with 'fusbench leaderboard new'."
    header, *lines = read_text(path, LARGEST_BYTES, ConfigError, missing=fix).splitlines() or [""]
    clips: list[TargetClip] = []
    left = MOST_FRAMES
    for number, line in enumerate(lines, start=2):
        try:
            scan_id, clip_id, n_frames, with_gaze = line.split(",")
            count = whole(n_frames)
            left -= count
            if not scan_id or not clip_id or count == 0 or left < 0:
                raise ValueError
            frames = _frames(with_gaze, count)
        except ValueError:
            raise ConfigError("is no clip of a board", f"{path}, row {number}", fix) from None
        clips.append(TargetClip(scan_id=scan_id, clip_id=clip_id, n_frames=count, with_gaze=frames))
    if header != COLUMNS or not clips:
        raise ConfigError("is no table of a board's clips", str(path), fix)
    return tuple(clips)


def _ranges(frames: np.ndarray) -> str:
    """Frame numbers as ranges.

    >>> _ranges(np.array([0, 1, 2, 5, 7, 8]))
    '0-2 5 7-8'
    """
    runs = np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1) if len(frames) else []
    return " ".join(f"{r[0]}-{r[-1]}" if len(r) > 1 else f"{r[0]}" for r in runs)


def _frames(ranges: str, n_frames: int) -> np.ndarray:
    """The frame numbers of `_ranges`; ValueError where they do not rise or leave the clip."""
    frames: list[int] = []
    for part in ranges.split():
        match = RANGE.fullmatch(part)
        if match is None:
            raise ValueError(part)
        first = int(match[1])
        last = int(match[2] or first)
        if last >= n_frames or last < first or (frames and first <= frames[-1]):
            raise ValueError(part)
        frames += range(first, last + 1)
    return np.array(frames, dtype=np.int64)
