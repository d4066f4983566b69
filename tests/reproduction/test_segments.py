"""Fast and slow frames, from segments where there are any and from the picture's motion else."""

from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest
from support.small_dataset import small_clip, small_info

from fusbench.data.dataset import open_dataset
from fusbench.data.pace import clip_speed
from fusbench.data.writer import write_dataset
from fusbench.phantom.clip import make_clip
from fusbench.phantom.presets import PRESETS
from fusbench.reproduction.segments import segments

SHAPE = (64, 80)


def moving(speed_px, n_frames=12):
    """A texture that moves to the right by so many pixels a frame."""
    rng = np.random.default_rng(0)
    wide = cv2.GaussianBlur(rng.uniform(0, 255, (SHAPE[0], 400)), (0, 0), 3)
    wide = np.clip((wide - 127) * 6 + 127, 1, 255)
    frames = []
    for t in range(n_frames):
        shift = np.float32([[1, 0, speed_px * t - 200], [0, 1, 0]])
        frames.append(cv2.warpAffine(wide.astype(np.float32), shift, SHAPE[::-1]))
    return np.stack(frames).round().astype(np.uint8)


def clip_of(tmp_path, frames, name="d"):
    clip = small_clip(1, "test", n_frames=len(frames))
    clip = replace(clip, frames=frames, segments=())
    info = small_info(frame_shape=frames.shape[1:])
    return open_dataset(write_dataset(tmp_path / name, info, [clip]))


@pytest.mark.parametrize("speed_px", [0.0, 0.5, 2.0])
def test_speed_of_a_texture_that_moves_at_a_known_speed(tmp_path, speed_px):
    data = clip_of(tmp_path, moving(speed_px))
    speed = clip_speed(data.clips[0])
    assert speed.shape == (12,)
    assert np.median(speed) == pytest.approx(speed_px * data.info.frame_rate_hz, abs=3, rel=0.15)


def test_frames_are_split_at_the_median_speed(tmp_path):
    slow, fast = moving(0.2, 15), moving(2.0, 15)
    data = clip_of(tmp_path, np.concatenate([slow, fast]))
    frames = pd.DataFrame({"clip_id": "s1-c1", "frame": np.arange(30)})
    found = segments(data, frames)
    assert found.names == ("fast", "slow")
    assert not found.fast[:10].any()
    assert found.fast[22:].all()
    assert (found.fast ^ found.slow).all()
    assert "optical flow" in found.how


def test_segments_of_the_data_set_come_first(scans):
    frames = pd.DataFrame({"clip_id": "s1-c1", "frame": [3, 14, 15, 20]})
    found = segments(scans, frames)
    assert found.names == ("sweep", "dwell")
    assert found.fast.tolist() == [False, False, True, True]
    assert found.slow.tolist() == [True, True, False, False]


def test_flow_tells_the_phantom_s_sweeps_from_its_dwells():
    """On the phantom the truth is known: flow ranks sweeps above dwells."""
    phantom = PRESETS["phantom"]
    fast, slow = [], []
    for plan in phantom.plans[:2]:
        made = make_clip(phantom, plan)

        class Stored:
            frames, n_frames = made.frames, len(made.frames)

            class info:
                image_shape, frame_rate_hz = (224, 288), 30.0

        speed = clip_speed(Stored)
        assert np.corrcoef(speed, made.speed_px_s)[0, 1] > 0.7
        fast += speed[made.sweep].tolist()
        slow += speed[~made.sweep].tolist()
    ranked = np.mean(np.array(fast)[:, None] > np.array(slow)[None])
    assert ranked > 0.85
