"""How much of a density lies on each landmark that a data set knows."""

from __future__ import annotations

import math

import numpy as np

REACH = 2.0
"""Radius of a landmark's surroundings in sigmas of the saliency map: 86 % of a fixation there."""


def landmark_mass(density: np.ndarray, places: np.ndarray, radius_px: float) -> np.ndarray:
    """Mass of a density within a circle around each landmark.

    Parameters
    ----------
    density : ndarray, shape (H, W)
    places : ndarray, shape (N, 2 or more)
        x_px and y_px of each landmark; it may lie outside the picture.
    radius_px : float

    Returns
    -------
    ndarray of float64, shape (N,)

    Examples
    --------
    Of a uniform density on 4 x 5 pixels, five of twenty lie within 1 px of the pixel (1, 2):

    >>> landmark_mass(np.full((4, 5), 1 / 20), np.array([[2, 1], [-9, 0]]), 1.0).tolist()
    [0.25, 0.0]
    """
    found = np.zeros(len(places))
    pixels = np.arange(max(density.shape))
    for number, (x, y) in enumerate(np.asarray(places, float)[:, :2].tolist()):
        left, top = (max(math.ceil(at - radius_px), 0) for at in (x, y))
        right, bottom = (max(math.floor(at + radius_px) + 1, 0) for at in (x, y))
        near = density[top:bottom, left:right]
        down = (pixels[top : top + near.shape[0]] - y) ** 2
        along = (pixels[left : left + near.shape[1]] - x) ** 2
        inside = along + down[:, None] <= radius_px**2
        found[number] = near[inside].sum(dtype=np.float64)
    return found
