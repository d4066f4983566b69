"""Scan sums and means, and intervals: scans are resampled, never the frames, which are alike."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

LEVEL = 0.95
FEWEST_SCANS = 5
RESAMPLES = 4_000
SEED = 0
CHUNK = 1000  # resamples drawn at once: small enough to stay in the cache
ROUNDING = 1e-12  # a scan this close to the mean, relatively, is at the mean
ALIKE = 1e-6  # an error of a sample this small beside the board's is none
COLUMNS = 40  # columns at once: what stays in the cache


def scan_sums(values: np.ndarray, scan_index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums over the frames of each scan, and how many frames these are.

    Parameters
    ----------
    values : ndarray, shape (frames, columns)
        Scores.
    scan_index : ndarray of int, shape (frames,)
        Scan of each frame, counted from 0; every scan has a frame.

    Returns
    -------
    sums : ndarray, shape (scans, columns)
    count : ndarray of int, shape (scans,)

    Examples
    --------
    >>> sums, count = scan_sums(np.array([[1.0], [3.0], [5.0]]), np.array([0, 0, 1]))
    >>> sums.ravel().tolist(), count.tolist()
    ([4.0, 5.0], [2, 1])
    """
    sums = np.stack([np.bincount(scan_index, weights=column) for column in values.T], axis=1)
    return sums, np.bincount(scan_index)


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
    sums, count = scan_sums(values.reshape(len(values), -1), scan_index)
    means: np.ndarray = (sums / count[:, None]).reshape(-1, *values.shape[1:])
    return means


def scan_interval(
    values: np.ndarray, scan_index: np.ndarray, *, level: float = LEVEL, resamples: int = RESAMPLES
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
    resamples : int
        Bootstrap samples.

    Returns
    -------
    mean, low, high : ndarray, shape (columns,)
        `low` and `high` are NaN below 5 scans: no method covers what it says with so few.

    Examples
    --------
    >>> values = np.arange(12.0)[:, None]
    >>> [float(end.round(2).item()) for end in scan_interval(values, np.arange(12) // 2)]
    [5.5, 1.27, 9.77]
    """
    sums, count = scan_sums(values, scan_index)
    return sum_interval(sums, count, level=level, resamples=resamples)


def sum_interval(
    sums: np.ndarray, count: np.ndarray, *, level: float = LEVEL, resamples: int = RESAMPLES
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`scan_interval` from the sums over each scan's frames, (scans, columns), and their counts.

    Notes
    -----
    A percentile-t interval (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, 12.5). A
    bootstrap sample draws as many scans as there are, with replacement; its mean over frames is a
    ratio of sums, and its standard error that of a ratio, linearised. How far these means lie from
    the mean, in standard errors of their own, stands for how far the mean lies from the truth.
    A sample of scans that are all alike has no error of its own and takes that of all scans: with
    many distinct scans none is drawn. Everything follows from sums of scans, so all samples are
    three matrix products.
    """
    mean = sums.sum(axis=0) / count.sum()
    low, high = np.full((2, len(mean)), np.nan)
    if len(count) >= FEWEST_SCANS:
        times = times_drawn(len(count), resamples)
        for start in range(0, len(mean), COLUMNS):
            part = slice(start, start + COLUMNS)
            scatter = sums[:, part] - mean[part] * count[:, None]
            scatter[np.abs(scatter) <= ROUNDING * np.abs(sums[:, part])] = 0
            low[part], high[part] = mean[part] + _ends(scatter, count, times, level)
    return mean, low, high


def _ends(scatter: np.ndarray, count: np.ndarray, times: np.ndarray, level: float) -> np.ndarray:
    """Low and high end about a mean of 0, (2, columns), from sums (scans, columns) about it."""
    drawn = times @ count
    shift = (scatter.T @ times.T) / drawn
    square = (scatter**2).T @ times.T - 2 * shift * ((scatter * count[:, None]).T @ times.T)
    square += shift**2 * (times @ count**2)
    own = np.sqrt((scatter**2).sum(axis=0)) / count.sum()
    error = np.sqrt(np.maximum(square, 0, out=square), out=square)
    error /= drawn
    np.copyto(error, own[:, None], where=error <= ALIKE * own[:, None])
    error[own == 0] = 1
    reach = np.divide(shift, error, out=shift)
    last = reach.shape[1] - 1
    first, second = round((1 - level) / 2 * last), round((1 + level) / 2 * last)
    reach.partition(first, axis=1)  # one at a time: two at once take NumPy twice as long
    reach[:, first + 1 :].partition(second - first - 1, axis=1)
    influence: np.ndarray = -reach[:, [second, first]].T * own
    return influence


@lru_cache(maxsize=8)
def times_drawn(scans: int, resamples: int) -> np.ndarray:
    """How often each bootstrap sample draws each scan, float64 (resamples, scans).

    The same for every model and metric with as many scans, so that their differences are paired.
    """
    rng = np.random.default_rng(SEED)
    times = np.empty((resamples, scans))
    row = np.arange(CHUNK)[:, None] * scans
    for start in range(0, resamples, CHUNK):
        n = min(CHUNK, resamples - start)
        drawn = rng.integers(0, scans, (n, scans))
        drawn += row[:n]
        count = np.bincount(drawn.ravel(), minlength=n * scans)
        times[start : start + n] = count.reshape(n, scans)
    return times
