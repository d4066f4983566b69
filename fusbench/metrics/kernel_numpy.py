"""The passes over pixels in NumPy."""

from __future__ import annotations

import numpy as np

from fusbench.metrics.profile import EPS


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
    # `scaled` stands to p as g / total_g stands to p / total, which saves a pass over p
    scaled = g * (total / total_g)
    work = p + EPS * total
    np.divide(scaled, work, out=work)
    np.add(work, EPS, out=work)
    np.log(work, out=work)
    divergence = scaled @ work / total
    np.minimum(p, scaled, out=work)
    square = total * total
    return (
        total,
        divergence,
        work.sum() / total,
        p @ p / square,
        scaled @ scaled / square,
        p @ scaled / square,
    )


def below(p: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each value (K,), how many of `p` (N,) are less, and less or equal."""
    mask = np.empty(p.shape, dtype=bool)
    counts = [
        [np.count_nonzero(compare(p, value, out=mask)) for value in values]
        for compare in (np.less, np.less_equal)
    ]
    return np.array(counts[0]), np.array(counts[1])


def fixated(fixations: np.ndarray) -> np.ndarray:
    """Indices of the pixels with gaze of a map (N,); the comparison first makes it much faster."""
    return np.flatnonzero(fixations != 0)
