"""Scan means, and intervals over scans: scans are resampled, never the frames, which are alike."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import special

RESAMPLES = 10_000
SEED = 0
CHUNK = 1000  # resamples drawn at once: small enough to stay in the cache


def scan_means(values: np.ndarray, scan_index: np.ndarray) -> np.ndarray:
    """Mean over the frames of each scan.

    Parameters
    ----------
    values : ndarray, shape (frames,) or (frames, columns)
        Scores.
    scan_index : ndarray of int, shape (frames,)
        Scan of each frame, counted from 0; every scan has a frame.

    Returns
    -------
    ndarray, shape (scans,) or (scans, columns)

    Examples
    --------
    >>> scan_means(np.array([1.0, 3.0, 5.0]), np.array([0, 0, 1])).tolist()
    [2.0, 5.0]
    """
    columns = values.reshape(len(values), -1).T
    sums = np.stack([np.bincount(scan_index, weights=column) for column in columns], axis=1)
    return (sums / np.bincount(scan_index)[:, None]).reshape(-1, *values.shape[1:])


def scan_interval(
    values: np.ndarray,
    scan_index: np.ndarray,
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over frames, with an interval that resamples whole scans.

    Parameters
    ----------
    values : ndarray, shape (frames, columns)
        Scores; each column gets an interval of its own.
    scan_index : ndarray of int, shape (frames,)
        Scan of each frame, counted from 0.
    level : float
        Coverage.
    resamples, seed : int
        Bootstrap samples and the seed that they are drawn from.

    Returns
    -------
    mean, low, high : ndarray, shape (columns,)
        `low` and `high` are NaN where there is one scan only.

    Notes
    -----
    A bootstrap sample draws as many scans as there are, with replacement, and averages over all of
    their frames. As that needs each scan's sum and count only, all samples are one matrix product.
    Plain percentiles are too narrow for few scans; these are the expanded percentiles of Hesterberg
    (The American Statistician 2015, section 4), which widen them as Student's t does.

    Examples
    --------
    >>> values = np.array([[1.0], [1.0], [3.0], [3.0]])
    >>> mean, low, high = scan_interval(values, np.array([0, 0, 1, 1]))
    >>> mean.item(), low.item(), high.item()
    (2.0, 1.0, 3.0)
    """
    count = np.bincount(scan_index)
    scans = len(count)
    sums = np.stack([np.bincount(scan_index, weights=column) for column in values.T], axis=1)
    mean = values.mean(0)
    if scans < 2:
        return mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan)
    totals = _times_drawn(scans, resamples, seed) @ np.column_stack([sums, count])
    means = np.divide(totals[:, :-1].T, totals[:, -1], order="C")
    reach = np.sqrt(scans / (scans - 1)) * special.stdtrit(scans - 1, (1 - level) / 2)
    tail = special.ndtr(reach)
    low, high = _quantiles(means, (tail, 1 - tail))
    return mean, low, high


def _quantiles(values: np.ndarray, shares: tuple[float, ...]) -> list[np.ndarray]:
    """Quantiles of each row, linear between order statistics, by one sort."""
    ranked = np.sort(values, axis=1)
    found = []
    for share in shares:
        position = share * (values.shape[1] - 1)
        below = int(position)
        above = min(below + 1, values.shape[1] - 1)
        step = ranked[:, above] - ranked[:, below]
        found.append(ranked[:, below] + (position - below) * step)
    return found


@lru_cache(maxsize=4)
def _times_drawn(scans: int, resamples: int, seed: int) -> np.ndarray:
    """How often each bootstrap sample draws each scan, float64 (resamples, scans).

    The same for every model and metric with as many scans, so that their differences are paired.
    """
    rng = np.random.default_rng(seed)
    times = np.empty((resamples, scans))
    row = np.arange(CHUNK)[:, None] * scans
    for start in range(0, resamples, CHUNK):
        n = min(CHUNK, resamples - start)
        drawn = rng.integers(0, scans, (n, scans))
        drawn += row[:n]
        count = np.bincount(drawn.ravel(), minlength=n * scans)
        times[start : start + n] = count.reshape(n, scans)
    return times
