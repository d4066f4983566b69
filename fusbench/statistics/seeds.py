"""Paired differences between rows: scans are resampled, and seeds counted where there are several.

Two models are compared on the same frames. Their difference varies far less from scan to scan than
either score does, so the interval is that of the difference, never the overlap of two intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from fusbench.statistics.intervals import scan_interval, scan_sums
from fusbench.statistics.tests_of_scans import sign_flip_p

LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A mean difference with its interval.

    Parameters
    ----------
    mean, low, high : float
        The ends are NaN where there are too few scans.
    p : float
        Two-sided, of the sign-flip test on scans; NaN where nothing is tested.
    covers : {"scans", "scans and seeds"}
        What the interval would vary with.
    scans : int
    """

    mean: float
    low: float
    high: float
    p: float
    covers: str
    scans: int


def paired_difference(
    first: Sequence[np.ndarray],
    second: Sequence[np.ndarray],
    scan_index: np.ndarray,
    *,
    same_weights: bool = False,
) -> Difference:
    """Mean over frames of `first` minus `second`.

    Parameters
    ----------
    first, second : sequence of ndarray, each of shape (frames,)
        Scores on the same frames, one array for each training seed.
    scan_index : ndarray of int, shape (frames,)
        Scan of each frame, counted from 0.
    same_weights : bool
        Whether both were scored with the same weights, seed by seed, as a control is: then each
        seed gives one difference.

    Notes
    -----
    With one seed on either side the interval resamples scans only, see
    `fusbench.statistics.intervals.scan_interval`. With several on both, the variance of the means
    over seeds is added to that over scans, and the interval is a t interval with Satterthwaite's
    degrees of freedom (Biometrics Bulletin 1946): it covers another draw of scans and of seeds.

    Examples
    --------
    >>> scans = np.array([0, 0, 1, 1, 2, 2])
    >>> found = paired_difference([np.full(6, 2.0)], [np.arange(6.0)], scans)
    >>> found.mean, found.covers
    (-0.5, 'scans')
    """
    difference = np.mean(first, axis=0) - np.mean(second, axis=0)
    p = sign_flip_p(*scan_sums(difference[:, None], scan_index)).item()
    sides: tuple[Sequence[np.ndarray], ...] = (first, second)
    if same_weights:
        sides = ([one - other for one, other in zip(first, second, strict=True)],)
    return _difference(difference, scan_index, sides, p)


def mean_score(scores: Sequence[np.ndarray], scan_index: np.ndarray) -> Difference:
    """Mean over frames and seeds of one row's scores, with an interval as of a difference.

    Parameters and notes are those of `paired_difference`; there is nothing to test, so p is NaN.
    """
    return _difference(np.mean(scores, axis=0), scan_index, (scores,), float("nan"))


def _difference(
    values: np.ndarray, scan_index: np.ndarray, sides: Sequence[Sequence[np.ndarray]], p: float
) -> Difference:
    scans = len(np.unique(scan_index))
    if scans > 1 and all(len(side) > 1 for side in sides):
        covers = "scans and seeds"
        mean, low, high = _with_seeds(values, scan_index, sides)
    else:
        covers = "scans"
        mean, low, high = (float(v[0]) for v in scan_interval(values[:, None], scan_index))
    return Difference(mean=mean, low=low, high=high, p=p, covers=covers, scans=scans)


def _with_seeds(
    values: np.ndarray, scan_index: np.ndarray, sides: Sequence[Sequence[np.ndarray]]
) -> tuple[float, float, float]:
    """Mean of `values` and its interval; `sides` are the scores by seed they were made from."""
    mean = float(values.mean())
    parts = [(_scan_variance(values, scan_index), len(np.unique(scan_index)) - 1)]
    for side in sides:
        means = [float(np.mean(scores)) for scores in side]
        parts.append((float(np.var(means, ddof=1)) / len(means), len(means) - 1))
    variance = sum(part for part, _ in parts)
    if not variance:
        return mean, mean, mean
    freedom = variance**2 / sum(part**2 / count for part, count in parts)
    reach = float(stats.t.ppf((1 + LEVEL) / 2, freedom)) * variance**0.5
    return mean, mean - reach, mean + reach


def _scan_variance(values: np.ndarray, scan_index: np.ndarray) -> float:
    """Variance of the mean over frames when whole scans are drawn: that of a ratio, linearised."""
    count = np.bincount(scan_index).astype(float)
    residual = np.bincount(scan_index, weights=values) - values.mean() * count
    scans = len(count)
    return float((residual**2).sum() * scans / (scans - 1) / count.sum() ** 2)


def contrast(
    gain: np.ndarray, fast: np.ndarray, slow: np.ndarray, scan_index: np.ndarray
) -> Difference:
    """Mean of `gain` over fast frames minus that over slow frames.

    Parameters
    ----------
    gain : ndarray, shape (frames,)
        A paired difference, averaged over seeds.
    fast, slow : ndarray of bool, shape (frames,)
    scan_index : ndarray of int, shape (frames,)

    Returns
    -------
    Difference
        The interval resamples scans: the variance is that of a difference of two ratios,
        linearised, with Student's t of one degree of freedom fewer than scans. The sign-flip test
        is of the same difference: a scan's part is what its frames give to it, less the mean gain.
    """
    scans = int(scan_index.max()) + 1
    mean, influence, both = 0.0, np.zeros(scans), np.ones(scans, bool)
    parts, weight = np.zeros(scans), np.zeros(scans)
    for sign, kind in ((1, fast), (-1, slow)):
        count = np.bincount(scan_index, weights=kind, minlength=scans)
        total = np.bincount(scan_index, weights=gain * kind, minlength=scans)
        ratio = total.sum() / count.sum()
        mean += sign * ratio
        influence += sign * (total - ratio * count) / count.sum()
        both &= count > 0
        parts += sign * (total - gain.mean() * count) / count.sum()
        weight += count / count.sum()
    p = sign_flip_p(parts[:, None] * weight.sum(), weight).item()
    n = len(np.unique(scan_index))
    if n < 2:
        nan = float("nan")
        return Difference(mean=mean, low=nan, high=nan, p=p, covers="scans", scans=n)
    spread = float(np.sqrt((influence**2).sum() * n / (n - 1)))
    reach = float(stats.t.ppf((1 + LEVEL) / 2, n - 1)) * spread
    return Difference(
        mean=float(mean), low=float(mean - reach), high=float(mean + reach),
        p=p, covers="scans", scans=int(both.sum()),
    )  # fmt: skip
