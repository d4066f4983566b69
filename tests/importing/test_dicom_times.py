"""When the frames of a DICOM file were shown."""

from fractions import Fraction

import numpy as np
import pytest
from support.dicom import STEPS, frames_of, written

from fusbench.errors import ConfigError, DatasetError
from fusbench.footage.open import open_footage


def test_frame_time_vector_is_summed_up_exactly(tmp_path):
    pixels = np.zeros((4, 8, 8), np.uint8)
    vector = ["0", "33.3", "33.4", "100"]
    tags = {"FrameTimeVector": vector, "FrameIncrementPointer": 0x00181065}
    times, _ = frames_of(written(tmp_path, pixels, "MONOCHROME2", **tags))
    assert times == [0, 33_300_000, 66_700_000, 166_700_000]
    short = written(tmp_path, pixels, "MONOCHROME2", **{**tags, "FrameTimeVector": vector[:3]})
    with pytest.raises(DatasetError, match="FrameTimeVector has 3 entries for 4 frames"):
        open_footage(short)


def test_rates_that_are_hints_only_are_not_believed(tmp_path):
    file = written(tmp_path, np.zeros((3, 8, 8), np.uint8), "MONOCHROME2", CineRate="25")
    with pytest.raises(ConfigError, match=r"neither FrameTime nor .*a hint only, says 25"):
        open_footage(file)
    assert frames_of(file, Fraction(25))[0] == [0, 40_000_000, 80_000_000]


def test_times_that_stand_still_are_none(tmp_path):
    pixels = np.zeros((3, 8, 8), np.uint8)
    still = written(tmp_path, pixels, "MONOCHROME2", FrameTimeVector=[0, 0, 0])
    with pytest.raises(DatasetError, match="FrameTimeVector is no time. Give --frame-rate"):
        open_footage(still)
    assert frames_of(still, Fraction(25))[0] == [0, 40_000_000, 80_000_000]


@pytest.mark.parametrize(
    ("rate", "tags", "word"),
    [
        (None, {}, ""),
        (25, {"CineRate": 25, "RecommendedDisplayFrameRate": 25, "EffectiveDuration": 0.4}, ""),
        (10, {}, "25 frames a second, and were taken: --frame-rate 10 was passed over"),
        (None, {"CineRate": 10}, "25 frames a second, CineRate says 10"),
        (None, {"RecommendedDisplayFrameRate": 50}, "RecommendedDisplayFrameRate says 50"),
        (None, {"EffectiveDuration": 4}, "the frames last 0.400 s, EffectiveDuration says 4 s"),
    ],
)
def test_what_contradicts_the_frames_times_is_told(rate, tags, word, tmp_path):
    video = written(tmp_path, np.zeros((10, 2, 2), np.uint8), "MONOCHROME2", **STEPS, **tags)
    footage = open_footage(video, rate and Fraction(rate))
    assert footage.step_ns == 40_000_000
    assert [level for level, _ in footage.remarks] == ["warn"] * bool(word)
    assert word in " ".join(text for _, text in footage.remarks)


def test_a_vector_of_times_is_no_vector_of_steps(tmp_path):
    tags = {"FrameTimeVector": [40 * n for n in range(10)], "FrameIncrementPointer": 0x00181065}
    video = written(tmp_path, np.zeros((10, 2, 2), np.uint8), "MONOCHROME2", **tags)
    times, _ = frames_of(video)
    assert times == [40_000_000 * n for n in range(10)]
    assert "taken for times since the start" in open_footage(video).remarks[0][1]


def test_steps_that_happen_to_grow_are_steps(tmp_path):
    steps = [0, 40, 41, 42, 43, 44]
    tags = {"FrameTimeVector": steps, "FrameIncrementPointer": 0x00181065}
    video = written(tmp_path, np.zeros((6, 2, 2), np.uint8), "MONOCHROME2", **tags)
    assert frames_of(video)[0] == [0, 40_000_000, 81_000_000, 123_000_000, 166_000_000, 210_000_000]
    assert open_footage(video).remarks == []


def test_of_a_vector_that_does_not_count_nothing_is_said(tmp_path):
    tags = {**STEPS, "FrameTimeVector": [33 * n for n in range(10)]}
    video = written(tmp_path, np.zeros((10, 2, 2), np.uint8), "MONOCHROME2", **tags)
    assert frames_of(video)[0] == [40_000_000 * n for n in range(10)]
    assert open_footage(video).remarks == []


@pytest.mark.parametrize(("held", "told"), [(3, False), (4, True)])
def test_frames_beyond_their_declared_number_are_told(held, told, tmp_path):
    pixels = np.zeros((held, 8, 8), np.uint8)
    file = written(tmp_path, pixels, "MONOCHROME2", FrameTime="40", NumberOfFrames="3")
    text = "NumberOfFrames says 3, the pixels are of 4 frames: the first 3 were taken"
    assert [("warn", text)] * told == list(open_footage(file).remarks)
    assert len(frames_of(file)[0]) == 3
