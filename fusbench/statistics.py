"""Intervals over scans: frames of a scan are alike, so scans are resampled, never frames."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import stats

RESAMPLES = 10_000
SEED = 0


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
    times = _times_drawn(scans, resamples, seed)
    means = (sums.T @ times) / (count @ times)
    reach = np.sqrt(scans / (scans - 1)) * stats.t.ppf((1 - level) / 2, scans - 1)
    tail = stats.norm.cdf(reach)
    low, high = np.quantile(means, [tail, 1 - tail], axis=1)
    return mean, low, high


@lru_cache(maxsize=4)
def _times_drawn(scans: int, resamples: int, seed: int) -> np.ndarray:
    """How often each bootstrap sample draws each scan, float64 (scans, resamples).

    The same for every model and metric with as many scans, so that their differences are paired.
    """
    drawn = np.random.default_rng(seed).integers(0, scans, (resamples, scans))
    drawn += np.arange(resamples)[:, None] * scans
    times = np.bincount(drawn.ravel(), minlength=resamples * scans)
    return np.ascontiguousarray(times.reshape(resamples, scans).T, dtype=np.float64)
