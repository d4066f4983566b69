"""All pairs of a board's rows in one family: a step-down over sign flips of whole scans.

The statistic of a pair is the difference of its means over frames, which is what ranks: each scan
gives its part of that difference, so scans with more frames count for more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from fusbench.statistics.tests_of_scans import LEVEL, NEGLIGIBLE, beyond, drawn_signs

FLIPS = 9_999  # with the board itself 10,000 sign vectors
FEWEST_FLIPS = 499
WORK = 25_000_000  # pairs times flips: beyond, fewer flips are drawn
BLOCK = 1 << 18  # numbers at once: what stays in a processor's cache
ALONE = 1 << 18  # multiplications of a product that a library leaves to one thread
AT_ONCE, NARROWEST = 16, 64  # pairs and, at the least, sign vectors of a product
RUNS = 1_024  # runs of neighbours that many pairs are cut into
FEW = 8  # bounds: for more, values are sorted first
SLACK = 1e-5  # a sum this close to the observed one, relatively, counts as equal to it


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Which rows are told apart.

    Parameters
    ----------
    adjusted : ndarray, shape (rows, rows)
        Each pair's p-value, adjusted for all pairs; 1 on the diagonal.
    left : ndarray of float32, shape (K, scans)
        Columns of the pairs that are not told apart, or of the last one where all are.
    signs : ndarray of float32, shape (scans, n)
        The sign vectors of the test.
    """

    adjusted: np.ndarray
    left: np.ndarray = field(repr=False)
    signs: np.ndarray = field(repr=False)

    @property
    def apart(self) -> np.ndarray:
        """Bool (rows, rows)."""
        return self.adjusted <= LEVEL

    @cached_property
    def critical(self) -> float:
        """What a pair's statistic must exceed to be told apart, beside those that are.

        Infinite where there are too few scans for any.
        """
        scans, vectors = self.signs.shape
        allowed = int(LEVEL * vectors)
        if not len(self.left) or not allowed:
            return np.inf
        largest = _largest(self.left, self.signs, 1 + BLOCK // vectors).max(axis=0)
        return float(np.partition(largest, -allowed)[-allowed]) / _steps(scans)


def all_pairs(sums: np.ndarray, count: np.ndarray, *, negligible: float = NEGLIGIBLE) -> Pairs:
    """Test every pair of rows.

    Parameters
    ----------
    sums : ndarray, shape (scans, rows)
        Sum of each row's scores over each scan's frames.
    count : ndarray, shape (scans,)
        Frames of each scan.
    negligible : float
        Differences up to this are no practical difference: the null hypothesis of a pair is that
        its true difference is not larger. A pair that differs by no more on any scan is no
        hypothesis at all.

    Notes
    -----
    Westfall and Young's step-down with sign flips: a flip changes the sign of a scan for all pairs
    at once, which keeps their dependence, and a pair's statistic is its sum over scans divided by
    the root of the sum of squares, a monotone function of Student's t. The chance of telling any
    two apart that are alike is at most 5 %, however many rows there are and however they depend on
    one another; near copies of a row hardly widen the family.
    """
    real, statistic, columns = _standardised(sums, count, negligible)
    order = np.argsort(statistic, kind="stable")
    columns, signs = columns[order], sign_vectors(len(sums), _flips(len(order)))
    p = _step_down(columns, statistic[order], signs)
    a, b = real[order].T
    adjusted = np.ones((sums.shape[1], sums.shape[1]))
    adjusted[a, b] = adjusted[b, a] = p
    left = columns[: max(1, np.count_nonzero(p > LEVEL))]
    return Pairs(adjusted=adjusted, left=left, signs=signs)


def _standardised(
    sums: np.ndarray, count: np.ndarray, negligible: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pairs that are a hypothesis.

    Returns
    -------
    real : ndarray of int, shape (K, 2)
    statistic : ndarray, shape (K,)
        In the same steps.
    columns : ndarray of float32, shape (K, scans)
        Each scan's part of the statistic, in whole steps of 1 / `_steps`.

    Notes
    -----
    Sums of whole numbers below 2^24 are exact in float32 in whatever order they are added, so that
    every processor counts the same sign vectors.
    """
    steps = _steps(len(sums))
    pairs = np.stack(np.triu_indices(sums.shape[1], 1), axis=1)
    found = []
    step = max(1, BLOCK // len(sums))
    for start in range(0, max(1, len(pairs)), step):
        some = pairs[start : start + step]
        gaps = sums[:, some[:, 1]] - sums[:, some[:, 0]]
        kept = (np.abs(gaps) > negligible * count[:, None]).any(axis=0)
        parts, _ = beyond(gaps[:, kept], count, negligible)
        size = np.sqrt((parts**2).sum(axis=0))
        whole = np.rint(parts / size * steps)
        columns = np.ascontiguousarray(whole.T, dtype=np.float32)
        found.append((some[kept], np.abs(whole.sum(axis=0)), columns))
    real, statistic, every = map(np.concatenate, zip(*found, strict=True))
    return real, statistic, every


def _steps(scans: int) -> int:
    """Into how many steps a statistic of 1 is cut: no sum of the scans' parts reaches 2^24.

    The parts' squares sum to 1, so their sizes to the root of their number at most.
    """
    return int(2**24 / (np.sqrt(scans) + 1))


def _flips(pairs: int) -> int:
    return int(np.clip(WORK // max(pairs, 1), FEWEST_FLIPS, FLIPS))


@lru_cache(maxsize=4)
def sign_vectors(scans: int, flips: int) -> np.ndarray:
    """Sign vectors, float32 (scans, n); the first is that of the board itself, all +1.

    All 2^(scans - 1) of them up to direction where they are no more than ``1 + flips``, else so
    many drawn with a fixed seed. Raw bits of PCG64 are the same in every version of NumPy.
    """
    if scans <= 30 and 2 ** (scans - 1) <= 1 + flips:
        bits = (np.arange(2 ** (scans - 1))[:, None] >> np.arange(scans)) & 1
        signs = 1.0 - 2.0 * bits
    else:
        signs = np.vstack([np.ones(scans), drawn_signs(scans, flips)])
    return np.ascontiguousarray(signs.T, dtype=np.float32)


def _step_down(columns: np.ndarray, statistic: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Adjusted p-values of pairs (K, scans) sorted by rising statistic (K,).

    Of many pairs, each is compared with the largest of all up to the end of its run of neighbours.
    """
    if not len(columns):
        return statistic
    run = -(-len(columns) // RUNS)
    lacking = -len(columns) % run
    least = np.pad(statistic * (1 - SLACK), (lacking, 0)).astype(np.float32).reshape(-1, run)
    largest = _largest(columns, signs, run)
    np.maximum.accumulate(largest, axis=0, out=largest)
    hits = [_reached(*both) for both in zip(least, largest, strict=True)]
    p = np.array(hits, dtype=np.float64).ravel()[lacking:] / signs.shape[1]
    return np.maximum.accumulate(p[::-1])[::-1]


def _reached(least: np.ndarray, values: np.ndarray) -> np.ndarray:
    """How many values reach each of some rising bounds."""
    if len(least) <= FEW:
        return np.array([np.count_nonzero(values >= bound) for bound in least])
    return len(values) - np.searchsorted(np.sort(values), least)


def _largest(columns: np.ndarray, signs: np.ndarray, run: int) -> np.ndarray:
    """The largest statistic of each run of pairs (K, scans) under each sign vector, (runs, n).

    The first run is the one that may be short.
    """
    scans, vectors = signs.shape
    columns = np.pad(columns, ((-len(columns) % run, 0), (0, 0)))
    width = max(NARROWEST, ALONE // (AT_ONCE * scans))
    several = run * max(1, BLOCK // (run * min(width, vectors)))
    largest = np.empty((len(columns) // run, vectors), dtype=np.float32)
    for at in range(0, vectors, width):
        some = np.ascontiguousarray(signs[:, at : at + width])
        for start in range(0, len(columns), several):
            part = columns[start : start + several]
            few = np.pad(part, ((0, -len(part) % AT_ONCE), (0, 0))).reshape(-1, AT_ONCE, scans)
            flipped = (few @ some).reshape(-1, some.shape[1])[: len(part)]
            np.abs(flipped, out=flipped)
            first = start // run
            flipped.reshape(-1, run, some.shape[1]).max(
                axis=1, out=largest[first : first + len(part) // run, at : at + width]
            )
    return largest
