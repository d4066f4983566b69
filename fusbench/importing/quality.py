"""What an import found out about a recording: numbers, and findings drawn from them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fusbench.errors import DatasetError
from fusbench.importing.clock import frame_of
from fusbench.importing.gaze_file import GazeRecording

BLINK_S = (0.05, 0.5)
GAP_STEPS = 3
NOTE, WARN, REFUSE = "note", "warn", "refuse"


@dataclass(frozen=True)
class Finding:
    """Something to know, by how much it matters: "note", "warn" or "refuse"."""

    level: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Quality report of one recording. Shares are from 0 to 1, times in seconds.

    Parameters
    ----------
    scan : str
    frames, clips, clip_frames : int
        Frames of the video; clips made, and the frames in them.
    frame_rate_hz, longest_step_s : float
        Of the frames' usual step; the longest step between frames.
    samples : int
    gaze_rate_hz : float
        Of the samples' usual step.
    claimed_rate_hz : float or None
    valid : float
        Share of the samples during the video that have a position.
    in_video : float
        Share of all samples that fall into the video's time.
    covered : float
        Share of the frames that have a sample, with a position or without.
    in_image : float
        Share of the valid samples during the video that lie within what is stored.
    points_per_frame, frames_without_gaze
        Mean over frames with gaze; count.
    gaps, longest_gap_s
        Steps of more than three sampling intervals during the video.
    blinks : int
    lost_to_fillers, duplicates : int
        Samples at exactly 0,0 or -1,-1; samples dropped for a repeated time.
    drift_ppm : float or None
        Of the tracker's clock against the computer's.
    unchanged, longest_freeze_s
        Share of frames that show what the frame before showed; the longest such run.
    findings : tuple of Finding
    """

    scan: str
    frames: int
    clips: int
    clip_frames: int
    frame_rate_hz: float
    longest_step_s: float
    samples: int
    gaze_rate_hz: float
    claimed_rate_hz: float | None
    valid: float
    in_video: float
    covered: float
    in_image: float
    points_per_frame: float
    frames_without_gaze: int
    gaps: int
    longest_gap_s: float
    blinks: int
    lost_to_fillers: int
    duplicates: int
    drift_ppm: float | None
    unchanged: float
    longest_freeze_s: float
    findings: tuple[Finding, ...] = ()

    @property
    def refused(self) -> tuple[str, ...]:
        """Why the recording is not to be used as it is; empty where nothing forbids it."""
        return tuple(finding.text for finding in self.findings if finding.level == REFUSE)

    def facts(self) -> dict[str, Any]:
        """The report as plain values."""
        return asdict(self)


class LowQuality(DatasetError):
    """A recording whose quality report forbids its use; `quality` is the report."""

    def __init__(self, quality: Quality) -> None:
        what = "the recording is not to be trusted: " + "; ".join(quality.refused)
        fix = "Correct the options, or pass --accept-low-quality to take it as it is."
        super().__init__(what, f"scan '{quality.scan}'", fix)
        self.quality = quality


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a report is drawn from.

    `time_ns` is the samples' time since the first frame, `x_px` and `y_px` their place in the
    stored frame, `unchanged` tells of each frame whether it repeats the one before, `mean_frame` is
    the mean of all frames, and `remarks` are findings of the reading itself.
    """

    scan: str
    gaze: GazeRecording
    time_ns: np.ndarray
    x_px: np.ndarray
    y_px: np.ndarray
    frame_ns: np.ndarray
    end_ns: int
    clips: int
    clip_frames: int
    unchanged: np.ndarray
    mean_frame: np.ndarray
    declared_ns: int | None
    remarks: tuple[Finding, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the stored frame."""
        return self.mean_frame.shape[0], self.mean_frame.shape[1]


def inside(x_px: np.ndarray, y_px: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Which points lie within an image of `shape` (H, W); NaN does not."""
    return (x_px >= -0.5) & (x_px < shape[1] - 0.5) & (y_px >= -0.5) & (y_px < shape[0] - 0.5)


def usual_step(steps: np.ndarray) -> float:
    """Mean of the steps that are within a half of their median.

    Pauses do not count; what a clock of whole milliseconds takes from one step it gives to another.

    Examples
    --------
    >>> round(usual_step(np.array([33, 33, 34, 33, 33, 34, 170])), 2)
    33.33
    """
    median = np.median(steps)
    return float(np.mean(steps[np.abs(steps - median) <= median / 2]))


def judge(seen: Evidence) -> Quality:
    """The quality report of a recording."""
    from fusbench.importing.findings import findings

    frame = frame_of(seen.time_ns, seen.frame_ns, seen.end_ns)
    during = frame >= 0
    valid = during & np.isfinite(seen.x_px) & np.isfinite(seen.y_px)
    kept = valid & inside(seen.x_px, seen.y_px, seen.shape)
    count = np.bincount(frame[kept], minlength=len(seen.frame_ns))
    step_s = usual_step(np.diff(seen.time_ns) / 1e9) if len(seen.time_ns) > 1 else np.inf
    steps_s = np.diff(seen.time_ns[during]) / 1e9
    gaps = steps_s[steps_s > GAP_STEPS * step_s]
    frame_steps_s = np.diff(np.append(seen.frame_ns, seen.end_ns)) / 1e9
    freezes = _runs(seen.unchanged)
    quality = Quality(
        scan=seen.scan,
        frames=len(seen.frame_ns),
        clips=seen.clips,
        clip_frames=seen.clip_frames,
        frame_rate_hz=round(1 / usual_step(frame_steps_s), 3),
        longest_step_s=round(float(frame_steps_s.max()), 6),
        samples=len(seen.time_ns),
        gaze_rate_hz=round(1 / step_s, 2),
        claimed_rate_hz=seen.gaze.rate_hz,
        valid=_share(valid.sum(), during.sum()),
        in_video=_share(during.sum(), len(during)),
        covered=_share(len(np.unique(frame[during])), len(seen.frame_ns)),
        in_image=_share(kept.sum(), valid.sum()),
        points_per_frame=round(_share(kept.sum(), (count > 0).sum()), 2),
        frames_without_gaze=int((count == 0).sum()),
        gaps=len(gaps),
        longest_gap_s=round(float(gaps.max()), 3) if len(gaps) else 0.0,
        blinks=_blinks(seen, ~valid[during], seen.time_ns[during]),
        lost_to_fillers=seen.gaze.fillers,
        duplicates=seen.gaze.duplicates,
        drift_ppm=seen.gaze.drift_ppm,
        unchanged=_share(seen.unchanged.sum(), len(seen.unchanged)),
        longest_freeze_s=round(
            max((float(frame_steps_s[a:b].sum()) for a, b in freezes), default=0.0), 3
        ),
    )
    found = (*seen.remarks, *findings(quality, seen, valid))
    return Quality(**{**vars(quality), "findings": found})


def _share(part: Any, whole: Any) -> float:
    return round(float(part) / float(whole), 4) if whole else 0.0


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Runs of True as (first, one past the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _blinks(seen: Evidence, lost: np.ndarray, time_ns: np.ndarray) -> int:
    """Blinks that the file marks, else losses as long as a blink."""
    if seen.gaze.blinks is not None:
        if not len(time_ns):
            return 0
        shift = int(seen.gaze.time_ns[0]) - int(seen.time_ns[0])
        first, last = int(time_ns[0]) + shift, int(time_ns[-1]) + shift
        return sum(first <= a <= last for a, _ in seen.gaze.blinks)
    lengths = [(time_ns[b - 1] - time_ns[a]) / 1e9 for a, b in _runs(lost)]
    return sum(bool(BLINK_S[0] <= length <= BLINK_S[1]) for length in lengths)
