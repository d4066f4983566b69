"""Tests of paired differences between models scored on the same scans.

Everything here works on the difference of means over frames, the number that ranks. A scan's part
of it is the sum of its frames' differences: frames of a scan are alike, and a test over frames
finds differences where there are none.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

EXACT_SCANS = 24
FLIPS = 100_000
SEED = 0
LEVEL = 0.05
NEGLIGIBLE = 0.001
"""No practical difference, in the metric's unit: the last digit that tables print."""
SLACK = 1e-9  # a sum this close to the observed one, relatively, counts as equal to it


def beyond(
    sums: np.ndarray, count: np.ndarray, negligible: float = NEGLIGIBLE
) -> tuple[np.ndarray, np.ndarray]:
    """What is left of differences when every frame gives up what is negligible.

    Parameters
    ----------
    sums : ndarray, shape (scans, columns)
        Sums over each scan's frames of paired differences.
    count : ndarray, shape (scans,)
        Frames of each scan.
    negligible : float
        The null hypothesis is that the true difference is no larger.

    Returns
    -------
    parts : ndarray, shape (scans, columns)
        Each scan's part of the mean, moved towards 0 by its share of `negligible`.
    total : ndarray, shape (columns,)
        Their sums: the mean differences less `negligible`, or 0.

    Examples
    --------
    >>> beyond(np.array([[2.0], [4.0]]), np.array([1, 1]), 1.0)[1].tolist()
    [2.0]
    """
    frames = count.sum()
    parts, total = sums / frames, sums.sum(axis=0) / frames
    shift = np.clip(total, -negligible, negligible)
    return parts - (count / frames)[:, None] * shift, total - shift


def sign_flip_p(
    sums: np.ndarray, count: np.ndarray, *, negligible: float = NEGLIGIBLE
) -> np.ndarray:
    """Two-sided p-values of the paired sign-flip test, one for each column.

    Parameters
    ----------
    sums, count, negligible
        As for `beyond`.

    Returns
    -------
    ndarray, shape (columns,)
        Share of all sign vectors whose sum is at least as far from 0 as the observed one. Up to 24
        scans it is exact; beyond, ``(1 + hits) / (1 + 100,000)``.

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

    >>> sign_flip_p(np.array([[1.0], [1.0], [1.0]]), np.array([1, 1, 1])).item()
    0.25
    """
    parts, total = beyond(sums, count, negligible)
    if len(parts) <= EXACT_SCANS:
        return np.array([_exact_p(*column) for column in zip(parts.T, total, strict=True)])
    least = np.abs(total) * (1 - SLACK)
    hits = np.zeros(len(total), dtype=np.int64)
    for signs in _drawn_signs(len(parts)):
        hits += (np.abs(signs @ parts) >= least).sum(axis=0)
    return (1 + hits) / (1 + FLIPS)


def _exact_p(values: np.ndarray, total: float) -> float:
    least = abs(total) * (1 - SLACK)
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


def _drawn_signs(scans: int, block: int = 4096) -> Iterator[np.ndarray]:
    """Sign vectors, float64 (<= block, scans), `FLIPS` of them in all."""
    for start in range(0, FLIPS, block):
        yield drawn_signs(scans, min(block, FLIPS - start), start)


def drawn_signs(scans: int, vectors: int, start: int = 0) -> np.ndarray:
    """Sign vectors by a fixed seed, float64 (vectors, scans), from number `start` on."""
    words = -(-scans // 64)
    raw = np.random.PCG64(SEED).advance(start * words).random_raw(vectors * words).astype("<u8")
    bits = np.unpackbits(raw.view(np.uint8), bitorder="little").reshape(vectors, -1)
    return 1.0 - 2.0 * bits[:, :scans]


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


def effect_size(sums: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Mean difference in units of the deviation between scans (Cohen's d for pairs).

    Parameters
    ----------
    sums : ndarray, shape (scans, columns)
        Sums over each scan's frames of paired differences.
    count : ndarray, shape (scans,)
        Frames of each scan.

    Returns
    -------
    ndarray, shape (columns,)
        Of the sign of the mean over frames; 0 where that is 0, NaN for a single scan or a
        deviation of 0.

    Notes
    -----
    A scan deviates by the sum of its frames' differences from the mean, in scans of average length.

    Examples
    --------
    >>> effect_size(np.array([[1.0], [2.0], [3.0]]), np.array([1, 1, 1])).tolist()
    [2.0]
    """
    mean = sums.sum(axis=0) / count.sum()
    if len(sums) < 2:
        return np.full_like(mean, np.nan)
    apart = (sums - mean * count[:, None]) / count.mean()
    deviation = np.sqrt((apart**2).sum(axis=0) / (len(sums) - 1))
    flat = deviation <= 1e-12 * np.abs(mean)
    return np.where(mean == 0, 0.0, np.where(flat, np.nan, mean / np.where(flat, 1, deviation)))
