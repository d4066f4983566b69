"""Paired differences between rows: scans are resampled, and seeds counted.

Two models are compared on the same frames. Their difference varies far less from scan to scan than
either score does, so the interval is that of the difference, never the overlap of two intervals.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from fusbench.statistics.intervals import scan_interval, scan_sums
from fusbench.statistics.tests_of_scans import sign_flip_p

LEVEL = 0.95
SCANS, SEEDS, POOLED = "scans", "scans and seeds", "scans and other rows' seeds"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A mean difference with its interval.

    Parameters
    ----------
    mean, low, high : float
        The ends are NaN where there are too few scans.
    p : float
        Two-sided, of the sign-flip test on scans; NaN where nothing is tested.
    covers : {SCANS, SEEDS, POOLED}
        What the interval would vary with: scans; scans and seeds; or these, where a side has one
        seed and the spread over seeds is that of other rows.
    scans : int
    """

    mean: float
    low: float
    high: float
    p: float
    covers: str
    scans: int


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How far trainings lie apart that differ in their seed alone.

    Parameters
    ----------
    variance : float
        Of one training's mean score.
    freedom : int
        The degrees of freedom that it was estimated with.
    """

    variance: float
    freedom: int


def pooled_spread(means: Iterable[Sequence[float]]) -> Spread | None:
    """The spread within rows, pooled over rows; None if no row has several seeds.

    Parameters
    ----------
    means : iterable of sequence of float
        For each row, the mean score of each seed.

    Notes
    -----
    The mean square within groups, as in an analysis of variance. It takes rows to be alike in how
    much their trainings vary, which is less wrong than to take a row of one training for certain.

    Examples
    --------
    >>> pooled_spread([[1.0, 3.0], [5.0, 5.0, 8.0], [7.0]])
    Spread(variance=2.6666666666666665, freedom=3)
    """
    several = [np.asarray(row, float) for row in means if len(row) > 1]
    freedom = sum(len(row) - 1 for row in several)
    if not freedom:
        return None
    squares = sum(float(((row - row.mean()) ** 2).sum()) for row in several)
    return Spread(variance=squares / freedom, freedom=freedom)


def paired_difference(
    first: Sequence[np.ndarray],
    second: Sequence[np.ndarray],
    scan_index: np.ndarray,
    *,
    same_weights: bool = False,
    spread: Spread | None = None,
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
    spread : Spread, optional
        Of a side with one seed, as other rows tell it.

    Notes
    -----
    The variance of the means over seeds is added to that over scans, and the interval is a t
    interval with Satterthwaite's degrees of freedom (Biometrics Bulletin 1946): it covers another
    draw of scans and of seeds. Where a side has one seed and no `spread` is given, the interval
    resamples scans only, see `fusbench.statistics.intervals.scan_interval`.

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
    return _difference(difference, scan_index, sides, p, spread)


def mean_score(
    scores: Sequence[np.ndarray], scan_index: np.ndarray, *, spread: Spread | None = None
) -> Difference:
    """Mean over frames and seeds of one row's scores, with an interval as of a difference.

    Parameters and notes are those of `paired_difference`; there is nothing to test, so p is NaN.
    """
    return _difference(np.mean(scores, axis=0), scan_index, (scores,), float("nan"), spread)


def _difference(
    values: np.ndarray,
    scan_index: np.ndarray,
    sides: Sequence[Sequence[np.ndarray]],
    p: float,
    spread: Spread | None,
) -> Difference:
    scans = len(np.unique(scan_index))
    covers, seeds = _seeds([[float(np.mean(one)) for one in side] for side in sides], spread)
    if scans > 1 and seeds:
        mean = float(values.mean())
        reach = _reach(
            [Spread(variance=_scan_variance(values, scan_index), freedom=scans - 1), *seeds]
        )
        low, high = mean - reach, mean + reach
    else:
        covers = SCANS
        mean, low, high = (float(v[0]) for v in scan_interval(values[:, None], scan_index))
    return Difference(mean=mean, low=low, high=high, p=p, covers=covers, scans=scans)


def _seeds(sides: Sequence[Sequence[float]], spread: Spread | None) -> tuple[str, list[Spread]]:
    """What an interval covers, and what the seeds add to it side by side: nothing if unknown."""
    own = [(side, pooled_spread([side])) for side in sides]
    lone = [side for side, known in own if known is None]
    if not sides or (lone and spread is None):
        return SCANS, []
    parts = [
        Spread(variance=known.variance / len(side), freedom=known.freedom)
        for side, known in own
        if known is not None
    ]
    if lone and spread is not None:  # one estimate, so its degrees of freedom count once
        parts.append(Spread(variance=spread.variance * len(lone), freedom=spread.freedom))
    return (POOLED if lone else SEEDS), parts


def _reach(parts: Sequence[Spread]) -> float:
    """Half of the t interval of a mean whose variance is the sum of these."""
    variance = sum(one.variance for one in parts)
    if not variance:
        return 0.0
    freedom = variance**2 / sum(one.variance**2 / one.freedom for one in parts)
    return float(stats.t.ppf((1 + LEVEL) / 2, freedom) * np.sqrt(variance))


def _scan_variance(values: np.ndarray, scan_index: np.ndarray) -> float:
    """Variance of the mean over frames when whole scans are drawn: that of a ratio, linearised."""
    count = np.bincount(scan_index).astype(float)
    residual = np.bincount(scan_index, weights=values) - values.mean() * count
    scans = len(count)
    return float((residual**2).sum() * scans / (scans - 1) / count.sum() ** 2)


def contrast(
    gain: np.ndarray,
    fast: np.ndarray,
    slow: np.ndarray,
    scan_index: np.ndarray,
    *,
    seeds: Sequence[Sequence[float]] = (),
    spread: Spread | None = None,
) -> Difference:
    """Mean of `gain` over fast frames minus that over slow frames.

    Parameters
    ----------
    gain : ndarray, shape (frames,)
        A paired difference, averaged over seeds.
    fast, slow : ndarray of bool, shape (frames,)
    scan_index : ndarray of int, shape (frames,)
    seeds : sequence of sequence of float
        For each of the rows that the gain is of, the contrast of its own scores, seed by seed.
    spread : Spread, optional
        Of such a contrast between seeds, for a row with one.

    Returns
    -------
    Difference
        The interval resamples scans, and seeds where they are known: the variance over scans is
        that of a difference of two ratios, linearised, with one degree of freedom fewer than
        scans, and what the seeds add is as of `paired_difference`. The sign-flip test
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
        return Difference(mean=mean, low=nan, high=nan, p=p, covers=SCANS, scans=n)
    covers, added = _seeds(seeds, spread)
    variance = float((influence**2).sum() * n / (n - 1))
    reach = _reach([Spread(variance=variance, freedom=n - 1), *added])
    return Difference(
        mean=float(mean), low=float(mean - reach), high=float(mean + reach),
        p=p, covers=covers, scans=int(both.sum()),
    )  # fmt: skip
