"""Frames and densities fitted to a size and a number of channels: the only resizer."""

from __future__ import annotations

import cv2
import numpy as np


def fit_frames(frames: np.ndarray, shape: tuple[int, int] | None, channels: int = 1) -> np.ndarray:
    """Frames as a model wants them.

    Parameters
    ----------
    frames : ndarray of uint8, shape (T, H, W) or (T, H, W, 3)
        Frames as stored; colour is in the order red, green, blue.
    shape : (int, int) or None
        Rows and columns wanted; None keeps them.
    channels : {1, 3}
        Grey (weights 0.299, 0.587, 0.114) or colour.

    Returns
    -------
    ndarray of uint8, shape (T, h, w) or (T, h, w, 3)

    Notes
    -----
    Smaller frames are area averages, larger ones bilinear.

    Examples
    --------
    >>> fit_frames(np.full((2, 8, 12), 7, np.uint8), (4, 6)).shape
    (2, 4, 6)
    """
    has_colour = frames.ndim == 4
    if shape in (None, frames.shape[1:3]) and has_colour == (channels == 3):
        return frames
    return np.stack([_fit(frame, shape, channels) for frame in frames])


def _fit(frame: np.ndarray, shape: tuple[int, int] | None, channels: int) -> np.ndarray:
    if channels == 1 and frame.ndim == 3:
        frame = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY)
    elif channels == 3 and frame.ndim == 2:
        frame = np.repeat(frame[..., None], 3, axis=-1)
    if shape is None or shape == frame.shape[:2]:
        return frame
    smaller = shape[0] <= frame.shape[0] and shape[1] <= frame.shape[1]
    way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return cv2.resize(np.ascontiguousarray(frame), shape[::-1], interpolation=way)


def fit_density(density: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A density (h, w) brought to `shape` (H, W) and to sum 1, float64.

    Larger grids are interpolated bilinearly between pixel centres, smaller ones are area averages;
    neither makes a value negative.

    Examples
    --------
    >>> float(fit_density(np.full((2, 3), 1 / 6), (4, 6)).sum())
    1.0
    """
    density = np.asarray(density, dtype=np.float64)
    if density.shape != shape and density.min() == density.max():
        return np.full(shape, 1 / (shape[0] * shape[1]))  # rounding would have made a pattern
    if density.shape != shape:
        smaller = shape[0] <= density.shape[0] and shape[1] <= density.shape[1]
        way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        density = cv2.resize(density, shape[::-1], interpolation=way)
    share: np.ndarray = density / density.sum()
    return share


def fit_points(
    x_px: np.ndarray, y_px: np.ndarray, old: tuple[int, int], new: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Gaze points moved from an image of shape `old` to its resized copy of shape `new`.

    Pixel centres are integers, so the image's left edge is at -0.5 in both.

    Examples
    --------
    >>> fit_points(np.array([-0.5, 1.5]), np.array([0.5, 0.5]), (4, 4), (8, 8))[0].tolist()
    [-0.5, 3.5]
    """
    scale_y, scale_x = new[0] / old[0], new[1] / old[1]
    return (x_px + 0.5) * scale_x - 0.5, (y_px + 0.5) * scale_y - 0.5
