"""The K = 16 transforms: a table of operations, each with a strength from magnitude 0 to 10.

Magnitude 0 leaves a window as it is, and a larger one changes it more. `value` is what an
operation was drawn to do (an angle, a factor), so a drawn `Step` can be printed, stored and
replayed. Geometry becomes one 3 x 3 matrix, grey values one 256-entry table, and what varies over
the picture one field; see `fusbench.augment.draw` for their order. Black, the surroundings of the
fan, stays black.

Elastic and grid distortion are absent, as in Savochkina et al., ISBI 2022: they are random warps
with magnitudes of their own, which bend the picture and the saliency map differently.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

MAX_MAGNITUDE = 10
Shape = tuple[int, int]


@dataclass(frozen=True)
class Step:
    """One drawn operation: its name, its value, and the seed of its noise where it has any."""

    name: str
    value: float
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A transform: what kind of thing it is, how far it goes, and how it is carried out.

    Parameters
    ----------
    kind : {"geometry", "grey", "histogram", "field", "filter"}
        Which of the five ways of `apply` is meant.
    limit : float
        The value at magnitude 10, as a difference from no change.
    signed : bool
        Whether the direction is drawn too.
    apply : callable
        geometry: (value, shape) -> matrix (3, 3); grey: (value, table) -> table; histogram: (value,
        table, counts) -> table; field: (value, shape, rng) -> field (H, W); filter: (value, frames)
        -> frames.
    """

    kind: str
    limit: float
    signed: bool
    apply: Callable[..., np.ndarray]

    def draw(self, name: str, magnitude: float, rng: np.random.Generator) -> Step:
        """Draw this operation at a magnitude."""
        value = self.limit * magnitude / MAX_MAGNITUDE
        if self.signed and rng.random() < 0.5:
            value = -value
        return Step(name, float(value), int(rng.integers(2**31)))


def _about_centre(matrix: np.ndarray, shape: Shape) -> np.ndarray:
    """A 2 x 2 map about the image centre, as a 3 x 3 matrix on pixel coordinates (x, y, 1)."""
    centre = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2])
    full = np.eye(3)
    full[:2, :2] = matrix
    full[:2, 2] = centre - matrix @ centre
    return full


def _rotate(angle_deg: float, shape: Shape) -> np.ndarray:
    c, s = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    return _about_centre(np.array([[c, -s], [s, c]]), shape)


def _shear_x(slope: float, shape: Shape) -> np.ndarray:
    return _about_centre(np.array([[1.0, slope], [0.0, 1.0]]), shape)


def _shear_y(slope: float, shape: Shape) -> np.ndarray:
    return _about_centre(np.array([[1.0, 0.0], [slope, 1.0]]), shape)


def _translate_x(share: float, shape: Shape) -> np.ndarray:
    return np.array([[1.0, 0.0, share * shape[1]], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def _translate_y(share: float, shape: Shape) -> np.ndarray:
    return np.array([[1.0, 0.0, 0.0], [0.0, 1.0, share * shape[0]], [0.0, 0.0, 1.0]])


def _brightness(change: float, table: np.ndarray) -> np.ndarray:
    return table * (1 + change)


def _contrast(change: float, table: np.ndarray) -> np.ndarray:
    middle = 96.0  # about the mean of tissue within the fan
    return middle + (table - middle) * (1 + change)


def _gamma(exponent: float, table: np.ndarray) -> np.ndarray:
    levels: np.ndarray = 255 * (np.clip(table, 0, 255) / 255) ** np.exp(exponent)
    return levels


def _posterize(bits: float, table: np.ndarray) -> np.ndarray:
    step = 2.0**bits
    levels: np.ndarray = np.floor(table / step) * step
    return levels


def _solarize(share: float, table: np.ndarray) -> np.ndarray:
    return np.where(table > 255 * (1 - share), 255 - table, table)


def _auto_contrast(share: float, table: np.ndarray, counts: np.ndarray) -> np.ndarray:
    seen = np.clip(table[counts > 0], 0, 255)
    low, high = seen.min(), seen.max()
    if high <= low:
        return table
    levels: np.ndarray = table + share * ((table - low) * 255 / (high - low) - table)
    return levels


def _equalize(share: float, table: np.ndarray, counts: np.ndarray) -> np.ndarray:
    level = np.clip(np.rint(table), 0, 255).astype(int)
    held = np.bincount(level, weights=counts, minlength=256)
    held[0] = 0  # the black around the fan is no part of the picture
    if not held.sum():
        return table
    rank = 255 * np.cumsum(held) / held.sum()
    levels: np.ndarray = table + share * (rank[level] - table)
    return levels


def _speckle(deviation: float, shape: Shape, rng: np.random.Generator) -> np.ndarray:
    noise = rng.standard_normal(shape).astype(np.float32)
    grain = cv2.GaussianBlur(noise, (0, 0), max(shape) / 288)
    gain: np.ndarray = 1 + deviation * grain / grain.std()
    return gain


def _depth_attenuation(rate: float, shape: Shape, _rng: np.random.Generator) -> np.ndarray:
    depth = np.linspace(0, 1, shape[0], dtype=np.float32)[:, None]
    return np.broadcast_to(np.exp(-rate * depth), shape)


def _shadow(strength: float, shape: Shape, rng: np.random.Generator) -> np.ndarray:
    x = np.linspace(0, 1, shape[1], dtype=np.float32)[None]
    y = np.linspace(0, 1, shape[0], dtype=np.float32)[:, None]
    centre, lean, width = rng.uniform(0.15, 0.85), rng.uniform(-0.3, 0.3), rng.uniform(0.03, 0.1)
    stripe = np.exp(-0.5 * ((x - centre - lean * y) / width) ** 2)
    return 1 - strength * stripe


def _sharpness(change: float, frames: np.ndarray) -> np.ndarray:
    blend = [
        cv2.addWeighted(frame, 1 + change, cv2.GaussianBlur(frame, (3, 3), 0), -change, 0)
        for frame in frames
    ]
    return np.stack(blend)


def _operation(
    kind: str, limit: float, signed: bool, apply: Callable[..., np.ndarray]
) -> Operation:
    return Operation(kind=kind, limit=limit, signed=signed, apply=apply)


OPERATIONS = {
    "rotate": _operation("geometry", 15.0, True, _rotate),
    "shear-x": _operation("geometry", 0.1, True, _shear_x),
    "shear-y": _operation("geometry", 0.1, True, _shear_y),
    "translate-x": _operation("geometry", 0.06, True, _translate_x),
    "translate-y": _operation("geometry", 0.06, True, _translate_y),
    "brightness": _operation("grey", 0.3, True, _brightness),
    "contrast": _operation("grey", 0.3, True, _contrast),
    "gamma": _operation("grey", 0.3, True, _gamma),
    "posterize": _operation("grey", 3.0, False, _posterize),
    "solarize": _operation("grey", 0.15, False, _solarize),
    "auto-contrast": _operation("histogram", 0.7, False, _auto_contrast),
    "equalize": _operation("histogram", 0.5, False, _equalize),
    "speckle": _operation("field", 0.25, False, _speckle),
    "depth-attenuation": _operation("field", 0.7, False, _depth_attenuation),
    "shadow": _operation("field", 0.6, False, _shadow),
    "sharpness": _operation("filter", 0.7, True, _sharpness),
}
