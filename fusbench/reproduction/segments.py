"""Fast and slow frames: by the data set's segments, or by how fast the picture moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fusbench.data.dataset import Dataset
from fusbench.data.pace import fast_frames

FAST, SLOW = "sweep", "dwell"


@dataclass(frozen=True, kw_only=True)
class Segments:
    """Which frames are fast and which are slow, bool (N,) each, their names, and who told."""

    fast: np.ndarray
    slow: np.ndarray
    names: tuple[str, str]
    how: str


def segments(dataset: Dataset, frames: pd.DataFrame) -> Segments:
    """Fast and slow frames of a table with the columns `clip_id` and `frame`.

    Where the data set's segments are of the kinds "sweep" and "dwell", they say; else
    `fusbench.data.pace.fast_frames` does.
    """
    clips = {clip.clip_id: clip for clip in dataset.clips}
    keys = list(zip(frames["clip_id"], frames["frame"], strict=True))
    kind = np.array([clips[clip].segment(frame) for clip, frame in keys], dtype=object)
    fast, slow = kind == FAST, kind == SLOW
    if fast.any() and slow.any():
        how = f"The data set's segments say which frames are fast ({FAST}) and slow ({SLOW})."
        return Segments(fast=fast, slow=slow, names=(FAST, SLOW), how=how)
    fast, middle = fast_frames(clips, frames)
    how = (
        "The data set names no sweeps and dwells, so speed was derived from optical flow:"
        f" a frame is fast if its picture moves by more than {middle:.1f} px/s, the median."
    )
    return Segments(fast=fast, slow=~fast, names=("fast", "slow"), how=how)
