"""Comparing models on the same scans: paired tests, effect sizes, detectable differences.

Everything here works on differences of scan means, one number a scan: frames of a scan are alike,
and a test over frames finds differences where there are none.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import optimize, stats

EXACT_SCANS = 24
FLIPS = 100_000
SEED = 0
LEVEL = 0.05
POWER = 0.8
DECIMALS = 4
SLACK = 1e-9  # a sum this close to the observed one, relatively, counts as equal to it


def paired_differences(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Scan means of the first minus the second's, to 4 decimals: what every test starts from.

    The same weights in two frameworks differ by 1e-7 or so, and perhaps in the same direction on
    every scan: a test would find a difference that nobody asked for.
    """
    return np.round(first - second, DECIMALS)


def sign_flip_p(differences: np.ndarray, *, flips: int = FLIPS, seed: int = SEED) -> np.ndarray:
    """Two-sided p-values of the paired sign-flip test, one for each column.

    Parameters
    ----------
    differences : ndarray, shape (scans, columns)
        Differences of two models' scan means.
    flips, seed : int
        Sign vectors drawn where there are more than 24 scans, and the seed they are drawn from.

    Returns
    -------
    ndarray, shape (columns,)
        Share of all sign vectors whose sum is at least as far from 0 as the observed one. Up to 24
        scans it is exact; beyond, ``(1 + hits) / (1 + flips)``.

    Notes
    -----
    If two models are alike, a scan's difference is as likely to be positive as negative (Fisher
    1935). The exact count needs no 2^n sums: those of one half of the scans are sorted, and for
    each sum of the other half a binary search counts the partners that reach the observed value
    (Horowitz and Sahni 1974). Drawn signs are raw bits of PCG64, which NumPy guarantees to be the
    same in every version.

    Examples
    --------
    Of the 8 sign vectors only +++ and --- reach the sum of three equal differences:

    >>> sign_flip_p(np.array([[1.0], [1.0], [1.0]])).item()
    0.25
    """
    values = np.asarray(differences, dtype=np.float64)
    if len(values) <= EXACT_SCANS:
        return np.array([_exact_p(column) for column in values.T])
    least = np.abs(values.sum(0)) * (1 - SLACK)
    hits = np.zeros(values.shape[1], dtype=np.int64)
    for signs in _drawn_signs(len(values), flips, seed):
        hits += (np.abs(signs @ values) >= least).sum(0)
    return (1 + hits) / (1 + flips)


def smallest_p(scans: int, flips: int = FLIPS) -> float:
    """The smallest p-value that `sign_flip_p` can give for so many scans."""
    return 2.0 ** (1 - scans) if scans <= EXACT_SCANS else 1 / (1 + flips)


def _exact_p(values: np.ndarray) -> float:
    least = abs(values.sum()) * (1 - SLACK)
    if not least:
        return 1.0
    half = (len(values) + 1) // 2
    # a sign vector and its negative reach the same distance, so the first sign stays positive
    left = np.sort(values[0] + _signed_sums(values[1:half]))
    right = np.sort(_signed_sums(values[half:]))
    above = len(right) - np.searchsorted(right, least - left, side="left")
    below = np.searchsorted(right, -least - left, side="right")
    both = 2.0 ** (len(values) - 1)
    return min(1.0, float((above.sum() + below.sum()) / both))


def _signed_sums(values: np.ndarray) -> np.ndarray:
    """Sums of `values` under all 2^n sign vectors."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums - value, sums + value])
    return sums


def _drawn_signs(scans: int, flips: int, seed: int, block: int = 4096):
    """Sign vectors, float64 (<= block, scans), `flips` of them in all."""
    bits = np.random.PCG64(seed)
    for start in range(0, flips, block):
        rows = min(block, flips - start)
        raw = bits.random_raw(rows * -(-scans // 64)).astype("<u8")
        each = np.unpackbits(raw.view(np.uint8), bitorder="little").reshape(rows, -1)
        yield 1.0 - 2.0 * each[:, :scans]


def holm(p: np.ndarray) -> np.ndarray:
    """P-values adjusted for being one family (Holm 1979).

    Rejecting those of at most 0.05 keeps the chance of any false rejection at 5 %, whatever the
    tests have to do with one another.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def effect_size(differences: np.ndarray) -> np.ndarray:
    """Mean over scans in units of the deviation between scans (Cohen's d for pairs).

    Parameters
    ----------
    differences : ndarray, shape (scans, columns)

    Returns
    -------
    ndarray, shape (columns,)
        0 where all differences are 0; NaN for a single scan or a deviation of 0.

    Examples
    --------
    >>> effect_size(np.array([[1.0], [2.0], [3.0]])).tolist()
    [2.0]
    """
    mean = differences.mean(0)
    if len(differences) < 2:
        return np.full_like(mean, np.nan)
    deviation = differences.std(0, ddof=1)
    flat = deviation <= 1e-12 * np.abs(mean)
    return np.where(mean == 0, 0.0, np.where(flat, np.nan, mean / np.where(flat, 1, deviation)))


def smallest_difference(differences: np.ndarray) -> np.ndarray:
    """The true difference that these scans would find four times in five, at 5 %, two-sided.

    Parameters
    ----------
    differences : ndarray, shape (scans, columns)
        Differences of two models' scan means; only their deviation counts.

    Returns
    -------
    ndarray, shape (columns,)
        In the metric's unit; NaN for a single scan.

    Notes
    -----
    Where the paired t-test, whose power the sign-flip test shares closely, has a power of 80 %:
    solved from the noncentral t distribution. It speaks of one comparison, chosen beforehand.
    """
    scans = len(differences)
    if scans < 2:
        return np.full(differences.shape[1], np.nan)
    return differences.std(0, ddof=1) * _noncentrality(scans - 1) / np.sqrt(scans)


@cache
def _noncentrality(freedom: int) -> float:
    """Mean difference in standard errors at which a two-sided 5 % t-test has 80 % power."""
    reach = stats.t.ppf(1 - LEVEL / 2, freedom)

    def lack(shift: float) -> float:  # the far tail holds less than 1e-5 here
        return float(stats.nct.sf(reach, freedom, shift) - POWER)

    return float(optimize.brentq(lack, 1.0, 2 * reach))
