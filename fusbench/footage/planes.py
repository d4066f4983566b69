"""Pixels of decoded frames: their luma where there is no colour, else red, green and blue."""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np

PLANAR = {f"yuv{j}{layout}p" for j in ("", "j") for layout in ("420", "422", "444")}
NO_COLOUR = 128


def pixels(frame: Any) -> np.ndarray:
    """A decoded frame of a video as a player shows it.

    Parameters
    ----------
    frame : av.VideoFrame

    Returns
    -------
    ndarray of uint8
        (H, W) where the frame holds no colour, else (H, W, 3) in red, green, blue. A grey frame
        has the value that FFmpeg gives each of the three, without a conversion of the whole.
    """
    if frame.format.name in ("gray", "gray8"):
        return np.asarray(frame.to_ndarray(format="gray"))
    if _is_grey(frame):
        greys = _greys(frame.format.name, int(frame.colorspace), int(frame.color_range))
        if greys is not None:
            return cv2.LUT(_plane(frame, 0), greys)
    return np.asarray(frame.to_ndarray(format="rgb24"))


def _is_grey(frame: Any) -> bool:
    """Whether luma alone says it; FFmpeg rounds the pictures of odd sizes in another way."""
    if frame.format.name not in PLANAR or frame.height % 2 or frame.width % 2:
        return False
    if any(plane.line_size < 0 for plane in frame.planes):
        return False  # rows from the bottom up
    return all(bool((_plane(frame, number) == NO_COLOUR).all()) for number in (1, 2))


def _plane(frame: Any, number: int) -> np.ndarray:
    plane = frame.planes[number]
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


@cache
def _greys(layout: str, colorspace: int, color_range: int) -> np.ndarray | None:
    """The grey of every luma without colour, as FFmpeg converts it to RGB; None where it is not."""
    import av

    ramp = av.VideoFrame(256, 2, layout)
    ramp.colorspace, ramp.color_range = colorspace, color_range
    for number, plane in enumerate(ramp.planes):
        rows = np.full((plane.height, plane.line_size), NO_COLOUR, np.uint8)
        if number == 0:
            rows[:, :256] = np.arange(256)
        plane.update(rows.tobytes())
    rgb = ramp.to_ndarray(format="rgb24")
    return np.ascontiguousarray(rgb[0, :, 0]) if (rgb == rgb[:1, :, :1]).all() else None
