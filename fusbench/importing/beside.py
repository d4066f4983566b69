"""Gaze that lies where a frame shows nothing: mirrored, or shifted."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from fusbench.importing.finding import REFUSE, WARN, Finding
from fusbench.importing.quality import inside

LIT = 12.0
SPECK = 0.002  # of the image
NEAR = 0.04  # of the diagonal: what a calibration may be off
FEWEST_POINTS = 30
LOW, DOUBTFUL = 0.5, 0.8
MIRROR_GAIN, MIRROR_SHARE = 0.1, 0.95


def beside(most: np.ndarray, x: np.ndarray, y: np.ndarray) -> Iterator[Finding]:
    """Whether gaze falls beside the picture within the frame, and mirrored it would not.

    Parameters
    ----------
    most : ndarray, shape (H, W)
        Each pixel's brightest value over all frames.
    x, y : ndarray, shape (N,)
        Gaze in pixels of the frame.

    Examples
    --------
    >>> most = np.zeros((100, 100), np.uint8)
    >>> most[60:90, 20:80] = 90
    >>> list(beside(most, np.full(40, 50.0), np.full(40, 75.0)))
    []
    >>> print(*(found.text for found in beside(most, np.full(40, 50.0), np.full(40, 24.0))))
    y looks mirrored: 0% of the gaze is on the image, mirrored 100%
    """
    if len(x) < FEWEST_POINTS:
        return
    (height, width), picture = most.shape, _picture(most)

    def on_picture(x: np.ndarray, y: np.ndarray) -> float:
        there = inside(x, y, (height, width))
        rows, columns = np.rint(y[there]).astype(int), np.rint(x[there]).astype(int)
        rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
        return float(picture[rows, columns].sum() / len(x))

    now = on_picture(x, y)
    for name, share in (("y", on_picture(x, height - 1 - y)), ("x", on_picture(width - 1 - x, y))):
        if share > now + MIRROR_GAIN and share > MIRROR_SHARE:
            on = f"{now:.0%} of the gaze is on the image, mirrored {share:.0%}"
            yield Finding(REFUSE, f"{name} looks mirrored: {on}", "mirrored")
            return
    within = float(inside(x, y, (height, width)).mean())
    if within >= LOW and now < DOUBTFUL * within:
        text = f"{within - now:.0%} of the gaze lies on parts of the frame that are always black"
        low = now < LOW * within
        yield Finding(REFUSE if low else WARN, f"{text}: is it shifted?", "beside" if low else "")


def _picture(most: np.ndarray) -> np.ndarray:
    """Where gaze on a picture may lie, bool (H, W): near what is lit in any frame, and within it.

    Fluid is black as well, and people look at it: the convex hull of the lit parts that are no
    specks is within. What a calibration may be off is near.
    """
    lit = (most > LIT).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(lit, connectivity=8)
    large = [n for n in range(1, count) if stats[n, cv2.CC_STAT_AREA] >= SPECK * lit.size]
    points = np.argwhere(np.isin(labels, large))[:, ::-1].astype(np.int32)
    if len(points):
        cv2.fillConvexPoly(lit, cv2.convexHull(points), 1)
    reach = 2 * round(NEAR * float(np.hypot(*lit.shape))) + 1
    near: np.ndarray = cv2.dilate(lit, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    return near.astype(bool)
