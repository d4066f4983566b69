"""Places: shared by rows that are not told apart, and how far they reach when scans change."""

from __future__ import annotations

import numpy as np

from fusbench.statistics.intervals import FEWEST_SCANS, LEVEL, times_drawn

DRAWS = 2_000


def places(apart: np.ndarray) -> list[int]:
    """One more than the number of rows told apart from it as better, for each row.

    Parameters
    ----------
    apart : ndarray of bool, shape (rows, rows)
        Symmetric; rows from best to worst.

    Examples
    --------
    The first two are not told apart, and both are better than the third:

    >>> places(np.array([[0, 0, 1], [0, 0, 1], [1, 1, 0]], dtype=bool))
    [1, 1, 3]
    """
    better: list[int] = np.triu(apart).sum(axis=0).tolist()
    return [1 + number for number in better]


def place_ranges(sums: np.ndarray, count: np.ndarray) -> list[tuple[int, int] | None]:
    """Between which ranks each row falls in 95 % of boards whose scans are drawn anew.

    Parameters
    ----------
    sums : ndarray, shape (scans, rows)
        Sums over each scan's frames; larger is worse.
    count : ndarray, shape (scans,)
        Frames of each scan.

    Returns
    -------
    list of tuple of int, or None below 5 scans

    Notes
    -----
    A bootstrap of whole scans; the rank within a draw is by the mean over its frames.
    """
    if len(count) < FEWEST_SCANS:
        return [None] * sums.shape[1]
    times = times_drawn(len(count), DRAWS)
    means = (times @ sums) / (times @ count)[:, None]
    ranks = 1 + np.argsort(np.argsort(means, axis=1, kind="stable"), axis=1)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(ranks, (tail, 1 - tail), axis=0, method="inverted_cdf")
    return [(int(a), int(b)) for a, b in zip(low, high, strict=True)]
