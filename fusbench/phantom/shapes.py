"""Signed distances of ellipses and segments, and the soft pictures made of them."""

from __future__ import annotations

import math
from functools import reduce
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

from fusbench.phantom.exact import WHITE_SD, binomial, coarse, exp, unit, white_noise

Points = tuple[np.ndarray, np.ndarray]
"""Coordinates of the pixels of a raster, float32: x as a row (1, W), y as a column (H, 1)."""

CUBIC = -0.75
"""Slope parameter of the cubic convolution that clouds are drawn with."""


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
        cos, sin = unit(self.angle)
        return self.x + share * self.a * cos, self.y + share * self.a * sin


def ellipse_distance(points: Points, ellipse: Ellipse) -> np.ndarray:
    """Approximate distance to an ellipse, negative inside; exact for a circle.

    Examples
    --------
    >>> ellipse_distance((np.float32([3.0]), np.float32([4.0])), Ellipse(0, 0, 2, 2)).tolist()
    [3.0]
    """
    x, y = points
    cos, sin = unit(ellipse.angle)
    dx, dy = x - ellipse.x, y - ellipse.y
    u = cos / ellipse.a * dx + sin / ellipse.a * dy
    v = cos / ellipse.b * dy - sin / ellipse.b * dx
    u *= u
    v *= v
    u += v
    np.sqrt(u, out=u)
    u -= 1
    u *= min(ellipse.a, ellipse.b)
    return u


def line_distance(points: Points, *corners: tuple[float, float]) -> np.ndarray:
    """Distance to the line through these corners.

    Examples
    --------
    >>> points = np.float32([0.0, 2.0]), np.float32([1.0, 0.0])
    >>> line_distance(points, (-1, 0), (1, 0)).tolist()
    [1.0, 1.0]
    """
    x, y = points
    nearest: np.ndarray | None = None
    for (x0, y0), (x1, y1) in pairwise(corners):
        along_x, along_y = float(x1 - x0), float(y1 - y0)
        squared = along_x * along_x + along_y * along_y
        dx, dy = x - float(x0), y - float(y0)
        share = along_x / squared * dx + along_y / squared * dy
        np.clip(share, 0, 1, out=share)
        away_x, away_y = dx - along_x * share, dy - along_y * share
        away_x *= away_x
        away_y *= away_y
        away_x += away_y
        nearest = away_x if nearest is None else np.minimum(nearest, away_x, out=nearest)
    assert nearest is not None
    distance: np.ndarray = np.sqrt(nearest, out=nearest)
    return distance


def smooth_union(first: np.ndarray, second: np.ndarray, blend: float) -> np.ndarray:
    """Distance to both shapes at once, the crease between them filled over `blend` (Quilez)."""
    share = np.clip(0.5 + 0.5 / blend * (second - first), 0, 1)
    smooth: np.ndarray = second * (1 - share) + first * share - blend * share * (1 - share)
    return smooth


def inside(distance: np.ndarray, width: float) -> np.ndarray:
    """1 inside a shape, 0 outside, with an edge of this width."""
    far = exp(np.minimum(4 / width * distance, 16))
    far += 1
    share: np.ndarray = np.divide(1, far, out=far)
    return share


def ridge(distance: np.ndarray, width: float) -> np.ndarray:
    """1 on a line, falling off as a Gaussian of this deviation."""
    return exp(-0.5 / width**2 * np.square(distance))


def speckle_noise(
    rng: np.random.Generator, shape: tuple[int, int], grain: int, channels: int
) -> np.ndarray:
    """Independent Gaussian noise of variance 1, smooth over `grain` pixels, float32 (H, W, C).

    Parameters
    ----------
    grain : int
        Order of the binomial kernel; half its root is the kernel's deviation in pixels.
    """
    kernel = binomial(grain)
    white = white_noise(rng, (*shape, channels))
    smooth = cv2.sepFilter2D(white, -1, kernel, kernel).reshape(white.shape)
    smooth *= 4**grain / math.comb(2 * grain, grain) / WHITE_SD
    return smooth


def cloud_noise(
    rng: np.random.Generator, shape: tuple[int, int], size: tuple[int, int]
) -> np.ndarray:
    """Slowly varying noise of variance 1 with lumps of `size` (rows, columns), float32 (H, W)."""
    weights = [_cubic(n) for n in size]
    cells = [-(-length // n) for length, n in zip(shape, size, strict=True)]
    white = white_noise(rng, (cells[0] + 3, cells[1] + 3))
    tall = _stretched(white.T, weights[0]).T[: shape[0]]
    smooth = _stretched(tall, weights[1])[:, : shape[1]]
    variance = [float(np.square(w).sum()) / n for w, n in zip(weights, size, strict=True)]
    return smooth * coarse(1 / (WHITE_SD * math.sqrt(variance[0] * variance[1])), 32)


def texture_noise(
    rng: np.random.Generator,
    shape: tuple[int, int],
    layers: tuple[tuple[float, tuple[int, int]], ...],
) -> np.ndarray:
    """Sum of clouds, each of its own deviation and lumps, float32 (H, W)."""
    return reduce(np.add, (sd * cloud_noise(rng, shape, size) for sd, size in layers))


def _cubic(size: int) -> np.ndarray:
    """Weights of four neighbours at `size` places between the middle two, float64 (4, size)."""
    after = (np.arange(size) + 0.5) / size
    before = 1 - after
    outer = [CUBIC * (t * t * t - 2 * t * t + t) for t in (after, before)]
    inner = [(CUBIC + 2) * t * t * t - (CUBIC + 3) * t * t + 1 for t in (after, before)]
    return np.stack([outer[0], inner[0], inner[1], outer[1]])


def _stretched(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Rows of n + 3 samples as rows of n cells of interpolated values, float32."""
    cells = values.shape[1] - weights.shape[0] + 1
    parts = (
        values[:, k : k + cells, None] * weight
        for k, weight in enumerate(weights.astype(np.float32))
    )
    noise: np.ndarray = reduce(np.add, parts).reshape(len(values), -1)
    return noise
