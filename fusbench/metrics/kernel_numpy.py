"""The passes over pixels in NumPy."""

from __future__ import annotations

import numpy as np

from fusbench.metrics.profile import EPS

EIGHT = 8  # pixels whose comparisons are looked at as one number
ALL = 0x0101010101010101  # eight bytes of True
FAINT = 1e-15  # of a density, spread over all pixels: less than that changes no score's 13th digit
BLOCK = 32_768  # pixels whose passes follow one another while they are in the cache
SAMPLE = 61  # every such pixel tells whether much of a map is faint: no divisor of a row's length
NEAR = 1e-13  # a sum is 1


def four_sums(p: np.ndarray, g: np.ndarray) -> tuple[float, ...]:
    """What KLD, SIM, NSS and CC of two densities need of their pixels.

    Parameters
    ----------
    p, g : ndarray of float64, shape (N,)
        Predicted and empirical map, each with a positive sum.

    Returns
    -------
    total, divergence, shared, pp, gg, pg : float
        The sum of `p`; then, of both maps divided by their sums, KLD, SIM and the sums of squares
        and products.
    """
    total, total_g, *sums = _sums(p, g, 1.0, 1.0)
    if abs(total - 1.0) > NEAR or abs(total_g - 1.0) > NEAR:
        _, _, *sums = _sums(p, g, total, total_g)
    return total, *sums


def _sums(p: np.ndarray, g: np.ndarray, total: float, total_g: float) -> tuple[float, ...]:
    """The sums of `four_sums`, given the totals, behind the totals that were found."""
    scale, eps, faint = total / total_g, EPS * total, FAINT / len(g) * total_g
    found = found_g = divergence = shared = pp = gg = pg = 0.0
    memory = _aligned(min(BLOCK, len(p)))
    for start in range(0, len(p), BLOCK):
        part, other = p[start : start + BLOCK], g[start : start + BLOCK]
        found += _sum(part)
        found_g += _sum(other)
        pp += part @ part
        if np.count_nonzero(other[::SAMPLE] > faint) * SAMPLE * 2 < len(other):
            some = (other[: _whole(other)] > faint).view(np.uint64) != 0
            part, other = _at(some, part), _at(some, other)
        if scale != 1.0:
            other = other * scale
        work = np.add(part, eps, out=memory[: len(part)])
        np.divide(other, work, out=work)
        np.add(work, EPS, out=work)
        np.log(work, out=work)
        divergence += other @ work
        shared += _sum(np.minimum(part, other, out=work))
        gg += other @ other
        pg += part @ other
    square = total * total
    return (
        found, found_g, divergence / total, shared / total, pp / square, gg / square, pg / square
    )  # fmt: skip


def _aligned(n: int) -> np.ndarray:
    """Memory for n numbers that begins with a line of the cache: no vector then lies on two."""
    memory = np.empty(n + EIGHT)
    begin = -memory.__array_interface__["data"][0] % (8 * EIGHT) // 8
    return memory[begin : begin + n]


def _sum(m: np.ndarray) -> float:
    """The sum of (N,): one after another in several lanes, which is quicker than in pairs."""
    return float(np.einsum("i->", m))


def below(p: np.ndarray, values: np.ndarray) -> np.ndarray:
    """For each value (K,), how many of `p` (N,) are less, int (K,).

    Most pixels of most predictions lie below all values at the gaze: eight at a glance are left
    out, and then few are left to compare.
    """
    levels, left = values.tolist(), p
    less = np.less(p[: _whole(p)], min(levels))  # NaN is not
    reaches = less.view(np.uint64) != ALL
    if np.count_nonzero(reaches) * EIGHT * 4 < len(p):
        left = _at(reaches, p)
    less, sure = np.empty(len(left), dtype=bool), len(p) - len(left)
    return np.array([sure + np.count_nonzero(np.less(left, v, out=less)) for v in levels])


def reaching(p: np.ndarray, least: float, *maps: np.ndarray) -> tuple[np.ndarray, ...]:
    """A map (N,), and others beside it, at the eights of pixels of which one is so high."""
    some = ((p[: _whole(p)] >= least).view(np.uint64) != 0).nonzero()[0]
    return tuple(_eights(some, m) for m in (p, *maps))


def _whole(m: np.ndarray) -> int:
    return len(m) // EIGHT * EIGHT


def _at(some: np.ndarray, m: np.ndarray) -> np.ndarray:
    """As `_eights`, where `some` says of each eight whether it is one."""
    return _eights(some.nonzero()[0], m)


def _eights(some: np.ndarray, m: np.ndarray) -> np.ndarray:
    """A map (N,) at some eights of its pixels, and behind them the rest that makes no eight."""
    eights = m[: _whole(m)].reshape(-1, EIGHT).take(some, axis=0)
    return np.concatenate([eights.ravel(), m[_whole(m) :]])


def fixated(fixations: np.ndarray) -> np.ndarray:
    """Indices of the pixels with gaze of a map (N,); the comparison first makes it much faster."""
    some: np.ndarray = (fixations != 0).nonzero()[0]
    return some


def total(p: np.ndarray) -> tuple[float, bool]:
    """The sum of a map (N,), and whether any of it is negative."""
    return _sum(p), bool(p.min() < 0)


def shares(m: np.ndarray, tolerance: float) -> np.ndarray | None:
    """A map divided by its sum, float64; None where that is no density's, as near to 1 as told."""
    lowest = m.min() if m.size else np.nan
    share = m.astype(np.float64)
    found = share.sum()
    if lowest >= 0 and abs(found - 1) <= tolerance:  # false for what is not finite
        share /= found
        return share
    return None
