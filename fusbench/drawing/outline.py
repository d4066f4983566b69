"""The outline of a density: the smallest region that holds a share of its mass."""

from __future__ import annotations

import cv2
import numpy as np

MASS = 0.5


def mass_level(density: np.ndarray, mass: float = MASS) -> float:
    """The value v such that the pixels of at least v hold `mass` of a density.

    Parameters
    ----------
    density : ndarray, shape (H, W)
    mass : float
        Share of the density's sum, between 0 and 1.

    Notes
    -----
    The pixels above this level are the highest-density region, the smallest region of that mass
    (Hyndman, The American Statistician 1996).

    Examples
    --------
    >>> mass_level(np.array([[0.1, 0.2], [0.3, 0.4]]), mass=0.7)
    0.3
    """
    values = np.sort(density, axis=None)[::-1]
    held = np.cumsum(values, dtype=np.float64)
    at = np.searchsorted(held, mass * held[-1] * (1 - 1e-9))
    return float(values[min(at, len(values) - 1)])


def outlines(density: np.ndarray, mass: float = MASS) -> list[np.ndarray]:
    """Closed outlines of the region holding `mass`, each int32 (N, 2) of x, y in pixels."""
    region = (density >= mass_level(density, mass)).astype(np.uint8)
    found, _ = cv2.findContours(region, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return [outline[:, 0] for outline in found]
