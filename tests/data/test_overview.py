"""Counts, quality and thumbnails of a data set."""

import json

import cv2
import numpy as np
import pytest
from support.command import run
from support.small_dataset import small_clip, small_info

from fusbench import open_dataset
from fusbench.data.gaze import GazePoints
from fusbench.data.overview import longest_gap, quality, repeated
from fusbench.data.writer import NewClip, write_dataset
from fusbench.drawing.thumbnails import pick


def made(root, frame, x, *, frames=None, observers=None, n_frames=10):
    """A data set of one clip with these gaze points, 60 a second, at half height."""
    rng = np.random.default_rng(0)
    gaze = GazePoints(
        frame=np.array(frame, np.int32),
        time_s=np.array(frame) / 30 if observers else np.arange(len(frame)) / 60 + frame[0] / 30,
        x_px=np.array(x, float),
        y_px=np.full(len(x), 11.5),
        observer_id=np.array(observers) if observers else None,
    )
    if frames is None:
        frames = rng.integers(0, 255, (n_frames, 24, 32), np.uint8)
    clip = NewClip(
        clip_id="c", scan_id="s", split="test", n_frames=n_frames, frames=frames, gaze=gaze
    )
    return open_dataset(write_dataset(root / "made", small_info(), [clip]))


def test_quality_by_hand(tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (10, 24, 32), np.uint8)
    frames[4] = frames[3]
    frames[7] = frames[6]
    frames[7, 0, 0] ^= 1  # the same in the middle only
    data = made(tmp_path, [1, 1, 2, 6], [0.2, 16, 16, 31], frames=frames)
    ((split, found),) = quality(data).items()
    assert split == "test"
    assert found.with_gaze == 0.3
    assert found.gaze_rate_hz == pytest.approx(60)
    assert found.longest_gap_s == pytest.approx(3 / 30)  # frames 3 to 5, and 7 to 9
    assert found.at_border == 0.5
    assert found.spread == (pytest.approx(np.std([0.2, 16, 16, 31]) / 32), 0)
    assert found.still == pytest.approx(1 / 9)


def test_the_rate_is_that_of_each_observer(tmp_path):
    observers = ["a", "b"] * 3
    data = made(tmp_path, [0, 0, 1, 1, 2, 2], [5.0] * 6, observers=observers)
    assert quality(data)["test"].gaze_rate_hz == pytest.approx(30)


def test_gaps_and_frozen_frames():
    assert longest_gap(np.arange(5), 5) == 0
    assert longest_gap(np.array([4]), 5) == 4
    frames = np.zeros((1, 24, 32), np.uint8)
    assert repeated(frames).shape == (0,)
    assert repeated(np.zeros((3, 2, 2, 3), np.uint8)).tolist() == [True, True]


def test_show_as_table_and_json(folder, tmp_path):
    sheet = tmp_path / "sheet.png"
    done = run("dataset", "show", folder, "--thumbnails", sheet, "--json")
    found = json.loads(done.stdout)
    assert found["thumbnails"] == str(sheet)
    assert found["quality"]["train"]["with_gaze"] == 0.9
    assert found["quality"]["train"]["gaze_rate_hz"] == pytest.approx(60, rel=1e-3)
    assert cv2.imread(str(sheet)).std() > 10
    done = run("dataset", "show", folder)
    for words in ("90.0%", "60.0 Hz", "still frames", "frame_rate_hz: 30"):
        assert words in done.stdout


def test_thumbnails_spread_over_the_scans(tmp_path):
    clips = [small_clip(scan, "train") for scan in range(1, 8)]
    clips += [small_clip(1, "train", clip=2), small_clip(8, "test")]
    root = write_dataset(tmp_path / "d", small_info(name="$x_1$ {"), clips)
    data = open_dataset(root)
    shown = pick(data, 3)
    assert [clip.clip_id for clip, _ in shown] == ["s1-c1", "s5-c1", "s8-c1"]
    assert all(len(clip.gaze.at(frame)[0]) for clip, frame in shown)
    run("dataset", "show", root, "--thumbnails", tmp_path / "x.png")  # no formula is read
    assert (tmp_path / "x.png").exists()
