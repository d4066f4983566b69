"""Fast and slow frames where a data set does not name them: by how fast the picture moves."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import pandas as pd

from fusbench.data.frames import fit_frames
from fusbench.data.scan import Clip

FLOW_ROWS = 64
SMOOTH_S = 0.2


def fast_frames(clips: Mapping[str, Clip], frames: pd.DataFrame) -> tuple[np.ndarray, float]:
    """Which frames are fast: those whose picture moves faster than the median frame's.

    Parameters
    ----------
    clips : mapping of str to Clip
    frames : DataFrame
        With the columns `clip_id` and `frame`.

    Returns
    -------
    ndarray of bool, shape (frames,); float
        The frames, and the median speed in pixels of the stored frame a second.
    """
    speeds = {name: clip_speed(clips[name]) for name in dict.fromkeys(frames["clip_id"])}
    keys = zip(frames["clip_id"], frames["frame"], strict=True)
    speed = np.array([speeds[clip][frame] for clip, frame in keys])
    middle = float(np.median(speed))
    return speed > middle, middle


def clip_speed(clip: Clip) -> np.ndarray:
    """Speed of the picture in every frame, float64 (T,), in pixels of the stored frame a second.

    Notes
    -----
    The median length of the dense optical flow since the frame before (Farneback, SCIA 2003),
    within the lit part of the picture, averaged over the last 200 ms.
    """
    rows, columns = clip.info.image_shape
    scale = min(1.0, FLOW_ROWS / rows)
    shape = max(8, round(rows * scale)), max(8, round(columns * scale))
    small = fit_frames(clip.frames, shape)
    speed = np.zeros(clip.n_frames)
    for t in range(1, clip.n_frames):
        start = np.zeros((*shape, 2), np.float32)
        flow = cv2.calcOpticalFlowFarneback(small[t - 1], small[t], start, 0.5, 3, 15, 3, 5, 1.2, 0)
        length = np.hypot(flow[..., 0], flow[..., 1])
        lit = small[t] > 0
        speed[t] = np.median(length[lit]) if lit.any() else 0.0
    if clip.n_frames > 1:
        speed[0] = speed[1]
    span = max(1, round(SMOOTH_S * clip.info.frame_rate_hz))
    past = np.concatenate([np.full(span - 1, speed[0]), speed])
    smooth = np.convolve(past, np.full(span, 1 / span), mode="valid")
    return smooth * clip.info.frame_rate_hz * rows / shape[0]
