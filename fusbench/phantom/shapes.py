"""Signed distances of ellipses and segments, and the soft pictures made of them."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

Points = tuple[np.ndarray, np.ndarray]
"""Coordinates x and y of the pixels of a raster."""


class Ellipse(NamedTuple):
    """Centre, half axes and rotation (in rad)."""

    x: float
    y: float
    a: float
    b: float
    angle: float = 0.0

    def moved(self, shift: np.ndarray | tuple[float, float], turn: float = 0.0) -> Ellipse:
        """The same ellipse, shifted and turned about its centre."""
        x, y = self.x + float(shift[0]), self.y + float(shift[1])
        return self._replace(x=x, y=y, angle=self.angle + float(turn))

    def along(self, share: float) -> tuple[float, float]:
        """Point of the first axis; -1 and 1 are its ends."""
        reach = share * self.a
        return self.x + reach * float(np.cos(self.angle)), self.y + reach * float(
            np.sin(self.angle)
        )


def ellipse_distance(points: Points, ellipse: Ellipse) -> np.ndarray:
    """Approximate distance to an ellipse, negative inside; exact for a circle.

    Examples
    --------
    >>> ellipse_distance((np.array([3.0]), np.array([4.0])), Ellipse(0, 0, 2, 2)).tolist()
    [3.0]
    """
    x, y = points
    cos, sin = float(np.cos(ellipse.angle)), float(np.sin(ellipse.angle))
    dx, dy = x - ellipse.x, y - ellipse.y
    u, v = (cos * dx + sin * dy) / ellipse.a, (cos * dy - sin * dx) / ellipse.b
    return (np.sqrt(u * u + v * v) - 1) * min(ellipse.a, ellipse.b)


def line_distance(points: Points, *corners: tuple[float, float]) -> np.ndarray:
    """Distance to the line through these corners.

    Examples
    --------
    >>> line_distance((np.array([0.0, 2.0]), np.array([1.0, 0.0])), (-1, 0), (1, 0)).tolist()
    [1.0, 1.0]
    """
    x, y = points
    nearest = np.full(x.shape, np.inf, dtype=x.dtype)
    for (x0, y0), (x1, y1) in pairwise(corners):
        dx, dy = float(x1 - x0), float(y1 - y0)
        share = np.clip(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0, 1)
        nearest = np.minimum(nearest, np.hypot(x - x0 - share * dx, y - y0 - share * dy))
    return nearest


def smooth_union(first: np.ndarray, second: np.ndarray, blend: float) -> np.ndarray:
    """Distance to both shapes at once, the crease between them filled over `blend` (Quilez)."""
    share = np.clip(0.5 + 0.5 * (second - first) / blend, 0, 1)
    return second * (1 - share) + first * share - blend * share * (1 - share)


def inside(distance: np.ndarray, width: float) -> np.ndarray:
    """1 inside a shape, 0 outside, with an edge of this width."""
    return 1 / (1 + np.exp(np.clip(4 / width * distance, -30, 30)))


def ridge(distance: np.ndarray, width: float) -> np.ndarray:
    """1 on a line, falling off as a Gaussian of this deviation."""
    return np.exp(-0.5 * np.square(distance / width))


def speckle_noise(
    rng: np.random.Generator, shape: tuple[int, int], grain: float, channels: int
) -> np.ndarray:
    """Independent Gaussian noise of variance 1, smooth over `grain` pixels, float32 (H, W, C)."""
    white = rng.standard_normal((*shape, channels), dtype=np.float32)
    smooth = cv2.GaussianBlur(white, (0, 0), grain).reshape(white.shape)
    return (smooth / smooth.std(dtype=np.float64)).astype(np.float32)


def cloud_noise(
    rng: np.random.Generator, shape: tuple[int, int], size: tuple[int, int]
) -> np.ndarray:
    """Slowly varying noise of variance 1 with lumps of `size` (rows, columns), float32 (H, W)."""
    coarse = (shape[0] // size[0] + 4, shape[1] // size[1] + 4)
    white = rng.standard_normal(coarse, dtype=np.float32)
    fine = (coarse[1] * size[1], coarse[0] * size[0])
    smooth = cv2.resize(white, fine, interpolation=cv2.INTER_CUBIC)[: shape[0], : shape[1]]
    return (smooth / smooth.std(dtype=np.float64)).astype(np.float32)
