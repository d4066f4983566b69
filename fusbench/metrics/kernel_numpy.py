"""The passes over pixels in NumPy, and one in OpenCV."""

from __future__ import annotations

import cv2
import numpy as np

from fusbench.metrics.profile import EPS

EIGHT = 8  # pixels whose comparisons are looked at as one number
ALL_LESS = 0x0101010101010101  # eight bytes of True


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
    # `scaled` stands to p as g / total_g to p / total: one pass, and none where both are densities
    scaled = g if abs(total - total_g) <= 1e-14 * total else g * (total / total_g)
    work = p + EPS * total
    np.divide(scaled, work, out=work)
    np.add(work, EPS, out=work)
    np.log(work, out=work)
    divergence = scaled @ work / total
    distance = cv2.norm(p, scaled, cv2.NORM_L1)  # the sum of minima is what this leaves of both
    square = total * total
    return (
        total,
        divergence,
        max(1 - distance / (2 * total), 0.0),
        p @ p / square,
        scaled @ scaled / square,
        p @ scaled / square,
    )


def below(p: np.ndarray, values: np.ndarray) -> np.ndarray:
    """For each value (K,), how many of `p` (N,) are less, int (K,).

    Most pixels of most predictions lie below all values at the gaze: eight at a glance are left
    out, and then few are left to compare.
    """
    levels, whole = values.tolist(), len(p) // EIGHT * EIGHT
    reaches = np.less(p[:whole], min(levels)).view(np.uint64) != ALL_LESS  # NaN is not less
    left = p
    if np.count_nonzero(reaches) * EIGHT * 4 < len(p):
        some = p[:whole].reshape(-1, EIGHT).take(reaches.nonzero()[0], axis=0)
        left = np.concatenate([some.ravel(), p[whole:]])
    less, sure = np.empty(len(left), dtype=bool), len(p) - len(left)
    return np.array([sure + np.count_nonzero(np.less(left, v, out=less)) for v in levels])


def fixated(fixations: np.ndarray) -> np.ndarray:
    """Indices of the pixels with gaze of a map (N,); the comparison first makes it much faster."""
    return np.flatnonzero(fixations != 0)
