"""What a data set holds, and how good its gaze and its frames look, split by split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fusbench.data.dataset import Dataset
from fusbench.data.scan import SPLITS, Clip

EDGE = 0.01  # share of a side that counts as the border
ROWS = 4  # of a frame's middle, compared first: most frames differ there


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How much a split holds."""

    scans: int
    clips: int
    frames: int
    without_gaze: int
    points: int
    points_per_frame: float


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Signs of good and bad recordings in a split.

    Parameters
    ----------
    with_gaze : float
        Share of the frames that have gaze.
    gaze_rate_hz : float or None
        Of the median time between a clip's neighbouring points; to be compared with what
        ``dataset.toml`` declares. None where no clip has two points.
    longest_gap_s : float
        Longest run of frames without gaze.
    at_border : float
        Share of the points within 1 % of an edge, where clipped gaze gathers.
    spread : (float, float)
        Standard deviation of x and y as a share of width and height; gaze that was read in the
        wrong unit hardly moves.
    still : float
        Share of the frames that equal the one before: a frozen picture. None where the frames are
        not here.
    """

    with_gaze: float
    gaze_rate_hz: float | None
    longest_gap_s: float
    at_border: float
    spread: tuple[float, float]
    still: float | None


def counts(dataset: Dataset) -> dict[str, Counts]:
    """Counts of each split."""
    return {split: _counts([c for c in dataset.clips if c.split == split]) for split in SPLITS}


def _counts(clips: list[Clip]) -> Counts:
    n_frames = sum(clip.n_frames for clip in clips)
    with_gaze = sum(len(clip.gaze.frames()) for clip in clips)
    points = sum(len(clip.gaze) for clip in clips)
    return Counts(
        scans=len({clip.scan_id for clip in clips}),
        clips=len(clips),
        frames=n_frames,
        without_gaze=n_frames - with_gaze,
        points=points,
        points_per_frame=round(points / with_gaze, 2) if with_gaze else 0.0,
    )


def quality(
    dataset: Dataset, report: Callable[[int, int], None] | None = None
) -> dict[str, Quality]:
    """Quality of each split that holds clips; every frame is looked at.

    Parameters
    ----------
    dataset : Dataset
    report : callable, optional
        Told (clips done, clips in all).
    """
    found, done = {}, 0
    for split in SPLITS:
        clips = [clip for clip in dataset.clips if clip.split == split]
        still: list[np.ndarray] = []
        for clip in clips:
            if clip.file:
                still.append(repeated(clip.frames))
            done += 1
            if report:
                report(done, len(dataset.clips))
        if clips:
            found[split] = _quality(clips, still)
    return found


def _quality(clips: list[Clip], still: list[np.ndarray]) -> Quality:
    height, width = clips[0].info.image_shape
    x, y = (np.concatenate([getattr(c.gaze, name) for c in clips]) for name in ("x_px", "y_px"))
    steps = np.concatenate([_steps_s(clip) for clip in clips])
    steps = steps[steps > 0]
    edge_x, edge_y = EDGE * width, EDGE * height
    border = (x < edge_x) | (x > width - 1 - edge_x) | (y < edge_y) | (y > height - 1 - edge_y)
    n_frames = sum(clip.n_frames for clip in clips)
    with_gaze = sum(len(clip.gaze.frames()) for clip in clips)
    gaps = [longest_gap(clip.gaze.frames(), clip.n_frames) for clip in clips]
    frozen = np.concatenate(still) if still else None
    return Quality(
        with_gaze=with_gaze / n_frames,
        gaze_rate_hz=float(1 / np.median(steps)) if len(steps) else None,
        longest_gap_s=max(gaps) / clips[0].info.frame_rate_hz,
        at_border=float(border.mean()) if len(x) else 0.0,
        spread=(float(x.std() / width), float(y.std() / height)) if len(x) else (0.0, 0.0),
        still=float(frozen.mean()) if frozen is not None and len(frozen) else None,
    )


def _steps_s(clip: Clip) -> np.ndarray:
    """Time between neighbouring points of the same observer."""
    gaze = clip.gaze
    if gaze.observer_id is None:
        return np.diff(gaze.time_s)
    each = (gaze.time_s[gaze.observer_id == who] for who in np.unique(gaze.observer_id))
    return np.concatenate([np.diff(times) for times in each])


def longest_gap(with_gaze: np.ndarray, n_frames: int) -> int:
    """Longest run of frames without gaze, given the frames with gaze in order.

    Examples
    --------
    >>> longest_gap(np.array([0, 1, 5]), n_frames=8)
    3
    >>> longest_gap(np.array([], dtype=int), n_frames=8)
    8
    """
    edges = np.concatenate(([-1], with_gaze, [n_frames]))
    return int(np.diff(edges).max()) - 1


def repeated(frames: np.ndarray) -> np.ndarray:
    """Whether each frame but the first equals the one before it, bool (T - 1,).

    Examples
    --------
    >>> repeated(np.array([[[1]], [[1]], [[2]]], dtype=np.uint8)).tolist()
    [True, False]
    """
    middle = frames.shape[1] // 2
    strip = frames[:, max(0, middle - ROWS // 2) : middle + ROWS // 2 + 1]
    same: np.ndarray = (strip[1:] == strip[:-1]).all(axis=tuple(range(1, frames.ndim)))
    for number in np.flatnonzero(same):
        same[number] = np.array_equal(frames[number], frames[number + 1])
    return same
