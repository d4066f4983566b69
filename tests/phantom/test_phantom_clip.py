from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context

import cv2
import numpy as np
import pytest

from fusbench.phantom.anatomy import LANDMARK_NAMES
from fusbench.phantom.clip import make_clip
from fusbench.phantom.presets import PRESETS, ClipPlan

TINY = PRESETS["phantom-tiny"]
SHORT = [replace(plan, n_frames=4) for plan in TINY.plans[:3]]


def arrays(clip):
    """Every array of a clip, by name."""
    gaze = {f"gaze.{k}": v for k, v in vars(clip.gaze).items() if v is not None}
    rest = ("frames", "density", "landmarks", "sweep", "speed_px_s")
    return gaze | {k: getattr(clip, k) for k in rest if getattr(clip, k) is not None}


def assert_same(one, other):
    one, other = arrays(one), arrays(other)
    assert one.keys() == other.keys()
    for name, values in one.items():
        assert values.dtype == other[name].dtype, name
        assert values.tobytes() == other[name].tobytes(), name


@pytest.fixture(scope="module")
def short_clips():
    return [make_clip(TINY, plan) for plan in SHORT]


def test_shapes_types_and_ranges(short_clips):
    clip = short_clips[0]
    assert clip.frames.shape == (4, 224, 288)
    assert clip.frames.dtype == np.uint8
    assert clip.density.shape == (4, 21, 4)
    assert clip.density.dtype == np.float32
    assert clip.landmark_names == LANDMARK_NAMES
    assert clip.landmarks.shape == (4, 5, 3)
    assert ((clip.landmarks[..., 2] >= 0) & (clip.landmarks[..., 2] <= 1)).all()
    assert clip.sweep.dtype == bool
    assert clip.sweep.shape == clip.speed_px_s.shape == (4,)
    assert (clip.density[..., 3] > 5).all()


def test_same_in_another_order(short_clips):
    for plan, clip in list(zip(SHORT, short_clips, strict=True))[::-1]:
        assert_same(make_clip(TINY, plan), clip)


def test_same_in_other_processes(short_clips):
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for made, clip in zip(pool.map(partial(make_clip, TINY), SHORT), short_clips, strict=True):
            assert_same(made, clip)


def test_same_in_every_preset_and_split(short_clips):
    other = replace(PRESETS["phantom-full"], name="another name")
    assert_same(make_clip(other, replace(SHORT[0], split="test")), short_clips[0])


def test_same_without_frames(short_clips):
    for plan, clip in zip(SHORT, short_clips, strict=True):
        bare = make_clip(TINY, plan, frames=False)
        assert bare.frames is None
        assert_same(bare, replace(clip, frames=None))


def test_a_short_clip_begins_a_long_one(short_clips):
    long, short = make_clip(TINY, replace(SHORT[0], n_frames=9)), short_clips[0]
    np.testing.assert_array_equal(long.frames[:4], short.frames)
    np.testing.assert_array_equal(long.density[:4], short.density)
    n = len(short.gaze)
    assert long.gaze.frame[n] == 4
    np.testing.assert_array_equal(long.gaze.x_px[:n], short.gaze.x_px)


def test_does_not_depend_on_opencvs_threads_and_leaves_them(short_clips):
    before = cv2.getNumThreads()
    cv2.setNumThreads(4)
    try:
        assert_same(make_clip(TINY, SHORT[0]), short_clips[0])
        assert cv2.getNumThreads() == 4
    finally:
        cv2.setNumThreads(before)


@pytest.mark.parametrize(
    ("settings", "numbers"), [({"seed": 5}, {}), ({}, {"scan": 7}), ({}, {"clip": 1})]
)
def test_seed_scan_and_clip_each_matter(short_clips, settings, numbers):
    other = make_clip(replace(TINY, **settings), replace(SHORT[0], **numbers))
    assert not np.array_equal(other.frames, short_clips[0].frames)
    assert not np.array_equal(other.landmarks, short_clips[0].landmarks)


def test_lag_moves_gaze_alone(short_clips):
    other = make_clip(replace(TINY, lag_s=0.0), SHORT[0])
    np.testing.assert_array_equal(other.frames, short_clips[0].frames)
    np.testing.assert_array_equal(other.landmarks, short_clips[0].landmarks)
    assert not np.array_equal(other.density, short_clips[0].density)


def test_scans_differ_in_lie():
    """Heads to the left and to the right, faces up and down: no split knows one lie only."""
    plans = [ClipPlan(scan=scan, clip=0, n_frames=1, split="test") for scan in range(92, 115)]
    marks = np.stack([make_clip(TINY, plan, frames=False).landmarks[0, :, :2] for plan in plans])
    head_right = marks[:, 4, 0] > marks[:, 3, 0]
    assert 5 <= head_right.sum() <= 18
    face_up = marks[:, 0, 1] < marks[:, 2, 1]
    assert 0.6 < face_up.mean() < 1
