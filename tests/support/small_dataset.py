"""A small data set folder, correct to begin with."""

import numpy as np

from fusbench.data.gaze import GazePoints
from fusbench.data.scan import DatasetInfo
from fusbench.data.writer import NewClip

SHAPE = (24, 32)


def small_info(**changes):
    facts = {
        "name": "small",
        "version": "1",
        "licence": "CC0-1.0",
        "citation": "none",
        "frame_rate_hz": 30.0,
        "frame_shape": SHAPE,
        "gaze_rate_hz": 60.0,
        "sigma_px": 2.0,
        "synthetic": True,
    }
    return DatasetInfo(**facts | changes)


def small_clip(scan, split, n_frames=10, clip=1):
    rng = np.random.default_rng([scan, clip])
    frame = np.repeat(np.arange(n_frames, dtype=np.int32), 2)[3:]  # frame 0 has no gaze
    return NewClip(
        clip_id=f"s{scan}-c{clip}",
        scan_id=f"s{scan}",
        split=split,
        n_frames=n_frames,
        frames=rng.integers(0, 255, (n_frames, *SHAPE), dtype=np.uint8),
        gaze=GazePoints(
            frame=frame,
            time_s=np.round(np.sort(frame / 30 + np.arange(len(frame)) % 2 / 60), 6),
            x_px=np.round(rng.uniform(0, SHAPE[1] - 1, len(frame)), 2),
            y_px=np.round(rng.uniform(0, SHAPE[0] - 1, len(frame)), 2),
        ),
        segments=((0, 4, "dwell"), (5, n_frames - 1, "sweep")),
    )


def small_clips():
    return [
        small_clip(1, "train"),
        small_clip(1, "train", clip=2),
        small_clip(2, "val"),
        small_clip(3, "test"),
        small_clip(4, "test", n_frames=8),
    ]
