"""The passes over pixels in NumPy."""

from __future__ import annotations

import numpy as np

from fusbench.metrics.profile import EPS

EIGHT = 8  # pixels whose comparisons are looked at as one number
ALL = 0x0101010101010101  # eight bytes of True
FAINT = 1e-15  # of a density, spread over all pixels: less than that changes no score's 13th digit


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
    total, total_g = p.sum(), g.sum()
    square = total * total
    squares = p @ p / square
    faint = FAINT / len(g) * total_g
    if np.count_nonzero(g[::EIGHT] > faint) * EIGHT * 2 < len(g):
        some = (g[: _whole(g)] > faint).view(np.uint64) != 0
        p, g = _at(some, p), _at(some, g)
    # `scaled` stands to p as g / total_g to p / total: one pass, and none where both are densities
    scaled = g if abs(total - total_g) <= 1e-14 * total else g * (total / total_g)
    work = p + EPS * total
    np.divide(scaled, work, out=work)
    np.add(work, EPS, out=work)
    np.log(work, out=work)
    divergence = scaled @ work / total
    shared = np.minimum(p, scaled, out=work).sum() / total
    return total, divergence, shared, squares, scaled @ scaled / square, p @ scaled / square


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


def _whole(m: np.ndarray) -> int:
    return len(m) // EIGHT * EIGHT


def _at(some: np.ndarray, m: np.ndarray) -> np.ndarray:
    """A map (N,) at some eights of its pixels, and behind them the rest that makes no eight."""
    eights = m[: _whole(m)].reshape(-1, EIGHT).take(some.nonzero()[0], axis=0)
    return np.concatenate([eights.ravel(), m[_whole(m) :]])


def fixated(fixations: np.ndarray) -> np.ndarray:
    """Indices of the pixels with gaze of a map (N,); the comparison first makes it much faster."""
    return np.flatnonzero(fixations != 0)
