"""All pairs of a board's rows in one family: a step-down over sign flips of whole scans.

The statistic of a pair is the difference of its means over frames, which is what ranks: each scan
gives its part of that difference, so scans with more frames count for more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fusbench.statistics.tests_of_scans import LEVEL, NEGLIGIBLE, beyond, drawn_signs

FLIPS = 9_999  # with the board itself 10,000 sign vectors
FEWEST_FLIPS = 499
WORK = 25_000_000  # pairs times flips: beyond, fewer flips are drawn
BLOCK = 2_000_000  # numbers in memory at once
RUNS = 1_024  # runs of neighbours that many pairs are cut into
SLACK = 1e-5  # a sum this close to the observed one, relatively, counts as equal to it


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Which rows are told apart.

    Parameters
    ----------
    adjusted : ndarray, shape (rows, rows)
        Each pair's p-value, adjusted for all pairs; 1 on the diagonal.
    critical : float
        What a pair's statistic must exceed to be told apart, beside those that are; infinite where
        there are too few scans for any.
    """

    adjusted: np.ndarray
    critical: float

    @property
    def apart(self) -> np.ndarray:
        """Bool (rows, rows)."""
        return self.adjusted <= LEVEL


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
    rows = sums.shape[1]
    adjusted, critical = np.ones((rows, rows)), np.inf
    first, second = np.triu_indices(rows, 1)
    gaps = sums[:, second] - sums[:, first]
    real = (np.abs(gaps) > negligible * count[:, None]).any(axis=0)
    if real.any():
        parts, total = beyond(gaps[:, real], count, negligible)
        statistic = np.abs(total) / np.sqrt((parts**2).sum(axis=0))
        order = np.argsort(statistic, kind="stable")
        columns = (parts / np.sqrt((parts**2).sum(axis=0)))[:, order].T.astype(np.float32)
        signs = sign_vectors(len(sums), _flips(len(order)))
        p = _step_down(columns, statistic[order], signs)
        a, b = first[real][order], second[real][order]
        adjusted[a, b] = adjusted[b, a] = p
        left = columns[p > LEVEL]
        critical = _critical(left if len(left) else columns[:1], signs)
    return Pairs(adjusted=adjusted, critical=critical)


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
    run = -(-len(columns) // RUNS)
    lacking = -len(columns) % run
    columns = np.pad(columns, ((lacking, 0), (0, 0)))
    least = np.pad(statistic * (1 - SLACK), (lacking, 0)).reshape(-1, run, 1).astype(np.float32)
    hits = np.zeros(least.shape[:2])
    for flipped in _flipped(columns, signs):
        largest = flipped.reshape(*hits.shape, -1).max(axis=1)
        np.maximum.accumulate(largest, axis=0, out=largest)
        hits += np.count_nonzero(largest[:, None] >= least, axis=2)
    p = hits.ravel()[lacking:] / signs.shape[1]
    return np.maximum.accumulate(p[::-1])[::-1]


def _critical(columns: np.ndarray, signs: np.ndarray) -> float:
    """What the largest statistic of these pairs exceeds under 5 % of the sign vectors."""
    allowed = int(LEVEL * signs.shape[1])
    if not allowed:
        return np.inf
    largest = np.concatenate([flipped.max(axis=0) for flipped in _flipped(columns, signs)])
    return float(np.partition(largest, -allowed)[-allowed])


def _flipped(columns: np.ndarray, signs: np.ndarray) -> Iterator[np.ndarray]:
    """Statistics of pairs (K, block) under a block of sign vectors after the other."""
    step = max(1, BLOCK // len(columns))
    for start in range(0, signs.shape[1], step):
        flipped = columns @ signs[:, start : start + step]
        yield np.abs(flipped, out=flipped)
