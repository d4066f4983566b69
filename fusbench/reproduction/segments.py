"""Fast and slow frames: by the data set's segments, or by how fast the picture moves."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd

from fusbench.data.dataset import Dataset
from fusbench.data.frames import fit_frames
from fusbench.data.scan import Clip

FAST, SLOW = "sweep", "dwell"
FLOW_ROWS = 64
SMOOTH_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Segments:
    """Which frames are fast and which are slow, bool (N,) each, their names, and who told."""

    fast: np.ndarray
    slow: np.ndarray
    names: tuple[str, str]
    how: str


def segments(dataset: Dataset, frames: pd.DataFrame) -> Segments:
    """Fast and slow frames of a table with the columns `clip_id` and `frame`.

    Where the data set's segments are of the kinds "sweep" and "dwell", they say; else a frame is
    fast if its picture moves faster than the median frame's.
    """
    clips = {clip.clip_id: clip for clip in dataset.clips}
    keys = list(zip(frames["clip_id"], frames["frame"], strict=True))
    kind = np.array([clips[clip].segment(frame) for clip, frame in keys], dtype=object)
    fast, slow = kind == FAST, kind == SLOW
    if fast.any() and slow.any():
        how = f"The data set's segments say which frames are fast ({FAST}) and slow ({SLOW})."
        return Segments(fast=fast, slow=slow, names=(FAST, SLOW), how=how)
    speeds = {name: clip_speed(clips[name]) for name in dict.fromkeys(frames["clip_id"])}
    speed = np.array([speeds[clip][frame] for clip, frame in keys])
    middle = float(np.median(speed))
    how = (
        "The data set names no sweeps and dwells, so speed was derived from optical flow:"
        f" a frame is fast if its picture moves by more than {middle:.1f} px/s, the median."
    )
    return Segments(fast=speed > middle, slow=speed <= middle, names=("fast", "slow"), how=how)


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
