"""Two clocks: which moment of the video each moment of the gaze file is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from fusbench.errors import DatasetError

SLOWEST, FASTEST = 0.5, 2.0


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Moments known in both clocks; between them time runs evenly, beyond them as it did last.

    Parameters
    ----------
    gaze_ns, video_ns : tuple of int
        The same moments in the gaze file's clock and since the video's first frame, both rising.
        A single one says that both clocks run alike.
    """

    gaze_ns: tuple[int, ...]
    video_ns: tuple[int, ...]

    def to_video(self, time_ns: np.ndarray) -> np.ndarray:
        """Times of the gaze file as int64 nanoseconds since the video's first frame.

        Examples
        --------
        >>> slow = Timeline(gaze_ns=(1000, 1200), video_ns=(0, 100))
        >>> slow.to_video(np.array([900, 1000, 1100, 1400])).tolist()
        [-50, 0, 50, 200]
        """
        if len(self.gaze_ns) == 1:
            return time_ns - (self.gaze_ns[0] - self.video_ns[0])
        gaze, video = np.array(self.gaze_ns, np.int64), np.array(self.video_ns, np.int64)
        part = np.clip(np.searchsorted(gaze, time_ns, side="right") - 1, 0, len(gaze) - 2)
        speed = np.diff(video) / np.diff(gaze)
        since = (time_ns - gaze[part]).astype(np.float64)
        moved: np.ndarray = video[part] + np.rint(since * speed[part]).astype(np.int64)
        return moved

    @property
    def drift_ppm(self) -> float | None:
        """How much faster the video's clock runs than the gaze file's; None of one anchor."""
        if len(self.gaze_ns) == 1:
            return None
        return round((self._line()[0] - 1) * 1e6, 1)

    @property
    def residual_s(self) -> float:
        """The largest distance of an anchor from the straight line through all of them."""
        if len(self.gaze_ns) < 3:
            return 0.0
        speed, offset = self._line()
        gaze, video = self._centred()
        return round(float(np.abs(video - (speed * gaze + offset)).max()) / 1e9, 6)

    def _centred(self) -> tuple[np.ndarray, np.ndarray]:
        gaze = np.array([time - self.gaze_ns[0] for time in self.gaze_ns], np.float64)
        video = np.array([time - self.video_ns[0] for time in self.video_ns], np.float64)
        return gaze, video

    def _line(self) -> tuple[float, float]:
        gaze, video = self._centred()
        speed, offset = np.polyfit(gaze, video, 1)
        return float(speed), float(offset)


def timeline(anchors: list[tuple[int, int]], where: str) -> Timeline:
    """A timeline of (gaze time, video time) in nanoseconds, in any order.

    Raises
    ------
    DatasetError
        If two anchors contradict one another, or the video would have run at less than half or
        more than double its speed.
    """
    pairs = sorted(set(anchors))
    fix = "Check the anchors: each is one moment in both clocks."
    for (gaze, video), (later_gaze, later_video) in pairwise(pairs):
        if later_gaze == gaze or later_video <= video:
            what = (
                f"two anchors contradict each other: {gaze / 1e9:.3f} s and"
                f" {later_gaze / 1e9:.3f} s of the gaze are {video / 1e9:.3f} s and"
                f" {later_video / 1e9:.3f} s of the video"
            )
            raise DatasetError(what, where, fix)
    found = Timeline(gaze_ns=tuple(g for g, _ in pairs), video_ns=tuple(v for _, v in pairs))
    if len(pairs) > 1:
        speed = (pairs[-1][1] - pairs[0][1]) / (pairs[-1][0] - pairs[0][0])
        if not SLOWEST <= speed <= FASTEST:
            raise DatasetError(f"the video would have run at {speed:.3g} times", where, fix)
    return found
