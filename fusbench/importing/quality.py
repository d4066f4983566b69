"""What an import found out about a recording: the records of its report."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fusbench.errors import DatasetError
from fusbench.importing.finding import REFUSE, Finding
from fusbench.importing.recording import GazeRecording


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Quality report of one recording. Shares are from 0 to 1, times in seconds.

    Parameters
    ----------
    scan, observer : str
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
    clock_ppm : float or None
        How much faster the video's clock runs than the gaze file's, of several anchors.
    anchors, residual_s
        Moments known in both clocks; their largest distance from even running.
    unchanged, longest_freeze_s
        Share of frames that show what the frame before showed; the longest such run.
    findings : tuple of Finding

    Examples
    --------
    >>> report = Quality(
    ...     scan="s1", frames=90, clips=1, clip_frames=90, frame_rate_hz=30.0,
    ...     longest_step_s=0.033, samples=270, gaze_rate_hz=90.0, claimed_rate_hz=90.0,
    ...     valid=0.98, in_video=1.0, covered=1.0, in_image=0.99, points_per_frame=2.9,
    ...     frames_without_gaze=1, gaps=0, longest_gap_s=0.02, blinks=0, lost_to_fillers=0,
    ...     duplicates=0, drift_ppm=None, unchanged=0.0, longest_freeze_s=0.0)
    >>> report.valid > 0.9
    True
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
    observer: str = ""
    clock_ppm: float | None = None
    anchors: int = 1
    residual_s: float = 0.0
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
        kinds = dict.fromkeys(f.kind for f in quality.findings if f.level == REFUSE and f.kind)
        accept = " ".join(f"--accept {kind}" for kind in kinds)
        fix = f"Correct the options, or take it as it is with {accept}."
        super().__init__(what, f"scan '{quality.scan}'", fix)
        self.quality = quality


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a report is drawn from.

    `time_ns` is the samples' time since the first frame, `x_px` and `y_px` their place in the
    stored frame, `unchanged` tells of each frame whether it repeats the one before, `most_frame` is
    each pixel's brightest value, `accepted` are kinds of findings that do not refuse, `remarks` are
    findings of the reading itself, and `screen` has the width and height that gaze was laid on.
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
    most_frame: np.ndarray
    declared_ns: int | None
    observer: str = ""
    clock_ppm: float | None = None
    anchors: int = 1
    residual_s: float = 0.0
    accepted: tuple[str, ...] = ()
    remarks: tuple[Finding, ...] = ()
    screen: tuple[float, float] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the stored frame."""
        return self.most_frame.shape[0], self.most_frame.shape[1]


def inside(x_px: np.ndarray, y_px: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Which points lie within an image of `shape` (H, W); NaN does not."""
    return (x_px >= -0.5) & (x_px < shape[1] - 0.5) & (y_px >= -0.5) & (y_px < shape[0] - 0.5)
