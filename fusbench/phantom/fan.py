"""The fan of a curved probe: polar samples (range x beam) and the image that shows them."""

from __future__ import annotations

from functools import cache

import numpy as np

from fusbench.phantom.exact import coarse

IMAGE_SHAPE = (224, 288)
APEX_PX = (143.5, -58.0)
RANGE_PX = (66.0, 278.0)
HALF_ANGLE_RAD = float(np.deg2rad(31.5))
N_RANGES, N_BEAMS = 224, 192
EDGE_PX, EDGE_WIDTH_PX = 4.0, 3.0
INDEX_BITS = 5


def _polar(x_px: np.ndarray, y_px: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    dx, dy = x_px - APEX_PX[0], y_px - APEX_PX[1]
    return np.hypot(dx, dy), np.arctan2(dx, dy)


def inside_fan(x_px: np.ndarray, y_px: np.ndarray) -> np.ndarray:
    """How far a point is inside the fan and the image: 0 outside, 1 some pixels within.

    Examples
    --------
    >>> inside_fan(np.array([143.5, 0.0, 143.5]), np.array([120.0, 0.0, 219.0])).round(2).tolist()
    [1.0, 0.0, 0.27]
    """
    height, width = IMAGE_SHAPE
    r, angle = _polar(x_px, y_px)
    distances = (
        r - RANGE_PX[0],
        RANGE_PX[1] - r,
        (HALF_ANGLE_RAD - np.abs(angle)) * r,
        x_px,
        width - 1 - x_px,
        y_px,
        height - 1 - y_px,
    )
    share: np.ndarray = 1 / (1 + np.exp((EDGE_PX - np.minimum.reduce(distances)) / EDGE_WIDTH_PX))
    return share


@cache
def sample_positions() -> tuple[np.ndarray, np.ndarray]:
    """Image positions x_px, y_px of the polar samples, float32 (N_RANGES, N_BEAMS) each."""
    r = np.linspace(*RANGE_PX, N_RANGES)[:, None]
    angle = np.linspace(-HALF_ANGLE_RAD, HALF_ANGLE_RAD, N_BEAMS)
    x, y = APEX_PX[0] + r * coarse(np.sin(angle)), APEX_PX[1] + r * coarse(np.cos(angle))
    return x.astype(np.float32), y.astype(np.float32)


@cache
def scan_conversion() -> tuple[np.ndarray, np.ndarray]:
    """Beam and range index of every pixel to 1/32, float32 (H, W) each; -2 outside the fan."""
    y, x = np.indices(IMAGE_SHAPE, dtype=np.float64)
    r, angle = _polar(x, y)
    row = (r - RANGE_PX[0]) / (RANGE_PX[1] - RANGE_PX[0]) * (N_RANGES - 1)
    column = (angle + HALF_ANGLE_RAD) / (2 * HALF_ANGLE_RAD) * (N_BEAMS - 1)
    row, column = coarse(row, INDEX_BITS), coarse(column, INDEX_BITS)
    inside = (row >= 0) & (row <= N_RANGES - 1) & (column >= 0) & (column <= N_BEAMS - 1)
    return _where(inside, column), _where(inside, row)


def _where(inside: np.ndarray, index: np.ndarray) -> np.ndarray:
    return np.where(inside, index, -2).astype(np.float32)
