"""What a board can show: the difference that its own procedure finds four times in five."""

from __future__ import annotations

import numpy as np

from fusbench.statistics.intervals import times_drawn
from fusbench.statistics.pairs import all_pairs
from fusbench.statistics.tests_of_scans import NEGLIGIBLE

POWER = 0.8
BOARDS = 2_000


def detectable(
    sums: np.ndarray, count: np.ndarray, critical: float, *, negligible: float = NEGLIGIBLE
) -> np.ndarray:
    """The true difference that boards like this one show four times in five.

    Parameters
    ----------
    sums : ndarray, shape (scans, columns)
        Sums over each scan's frames of paired differences; only how they scatter counts.
    count : ndarray, shape (scans,)
    critical : float
        What a pair's statistic must exceed, from `all_pairs`.

    Returns
    -------
    ndarray, shape (columns,)
        In the metric's unit; NaN where no difference would show.

    Notes
    -----
    Boards are simulated from this one's scans: as many are drawn with replacement, their scatter
    about the mean is kept, widened by n / (n - 1), and every frame is moved by d. With the drawn
    scans' parts r and weights v the pair is told apart where sum(r + d v) > c |r + d v|: a
    quadratic inequality, whose root is the smallest d of that board. The answer is the value that
    four boards in five do not exceed.
    """
    scans = len(count)
    if scans < 2 or not np.isfinite(critical):
        return np.full(sums.shape[1], np.nan)
    scatter = (sums - sums.sum(0) / count.sum() * count[:, None]) * np.sqrt(scans / (scans - 1))
    times = times_drawn(scans, BOARDS)
    frames = (times @ count)[:, None]
    r = times @ scatter / frames
    rr = times @ scatter**2 / frames**2
    rv = times @ (scatter * count[:, None]) / frames**2
    vv = times @ count[:, None] ** 2.0 / frames**2
    square = critical**2
    a, b, c = 1 - square * vv, r - square * rv, r**2 - square * rr
    with np.errstate(invalid="ignore", divide="ignore"):
        least = (-b + np.sqrt(np.maximum(b**2 - a * c, 0))) / a
    least = np.where(a > 0, np.maximum(least, -r), np.inf) + negligible
    found = np.quantile(least, POWER, axis=0, method="higher")
    return np.where(np.isfinite(found), found, np.nan)


def detectable_alone(sums: np.ndarray, count: np.ndarray) -> np.ndarray:
    """`detectable` where each column is tested by itself, as one comparison chosen beforehand."""
    found = [
        detectable(column, count, all_pairs(np.hstack([0 * column, column]), count).critical)
        for column in np.moveaxis(sums[:, None], 2, 0)
    ]
    return np.concatenate(found)
