"""What can be wrong with a video or with pictures."""

import re
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from support import recordings
from support.imported import imported, line

from fusbench.errors import ConfigError, DatasetError
from fusbench.footage.open import open_footage
from fusbench.footage.record import Missing, missing
from fusbench.footage.source import open_source
from fusbench.importing.quality import LowQuality

ROOT = Path(__file__).parents[2]


def test_a_truncated_video(video, tmp_path):
    gaze = recordings.tobii_pro(tmp_path)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    with pytest.raises(DatasetError) as error:
        imported(tmp_path, cut, gaze)
    assert "is no video that can be read, or is cut off" in line(error)
    whole = recordings.write_video(tmp_path / "whole.mkv", "ffv1", "gray")
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    with pytest.raises(LowQuality) as error:
        imported(tmp_path, cut, gaze)
    assert "the video ends after" in line(error)
    assert "it is cut off" in line(error)
    assert imported(tmp_path, cut, gaze, accept="cut-off").frames < 60


def test_videos_without_frames(tmp_path):
    empty = tmp_path / "empty.mp4"
    empty.write_bytes(b"")
    with pytest.raises(DatasetError, match="the video file is empty"):
        open_footage(empty)
    empty.write_bytes(b"no video at all" * 100)
    with pytest.raises(DatasetError, match="is no video that can be read"):
        open_footage(empty)
    none = tmp_path / "pictures"
    none.mkdir()
    with pytest.raises(DatasetError, match="holds no picture"):
        open_footage(none)


def test_pictures_are_read_in_natural_order(tmp_path):
    import cv2

    for number in range(12):
        cv2.imwrite(str(tmp_path / f"f{number}.png"), np.full((8, 8), number, np.uint8))
    with pytest.raises(ConfigError, match=r"pictures hold no times. Give --frame-rate"):
        open_footage(tmp_path)
    from fractions import Fraction

    read = list(open_footage(tmp_path, Fraction(30)).read())
    assert [int(frame[0, 0]) for _, frame in read] == list(range(12))
    assert read[3][0] == 100_000_000


def test_frozen_frames_gaps_and_blinks_are_told(tmp_path):
    def frozen(number):
        return recordings.picture(min(number, 30) if number < 50 else number)

    film = recordings.write_video(tmp_path / "f.mkv", "ffv1", "gray", make=frozen)
    gaze = recordings.eyelink(tmp_path)
    quality = imported(
        tmp_path, film, gaze, gaze_format="eyelink-asc", video_start_event="VIDEO_START"
    )
    assert quality.unchanged == round(19 / 60, 4)
    assert quality.longest_freeze_s == pytest.approx(
        (recordings.FRAME_MS[50] - 1023) / 1e3, abs=1e-3
    )
    assert quality.blinks == 1
    assert quality.claimed_rate_hz == 90
    time_us, x, _ = recordings.samples()
    seen = {recordings.frame_at(t / 1e6) for t, a in zip(time_us, x, strict=True) if a == a}
    assert quality.frames_without_gaze == len(set(range(60)) - seen) == 1
    assert any("a step of" not in f.text and "stands still for" in f.text for f in quality.findings)


@pytest.mark.parametrize(("package", "name"), [("av", "a.mp4"), ("pydicom", "a.dcm")])
def test_missing_libraries_say_what_to_install(package, name, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / name).write_bytes(b"something" * 50)
    with pytest.raises(Missing) as error:
        open_source(tmp_path / name)
    assert f"the package '{package}' is not installed" in line(error)
    assert "From a clone of fusbench: pip install '.[import]'." in str(error.value)


@pytest.mark.parametrize("package", ["av", "pydicom", "h5py", "pyxdf", "pyarrow"])
def test_the_extra_that_is_told_brings_the_package(package):
    (extra,) = re.findall(r"pip install '\.\[(\w+)\]'", str(missing(package, "this")))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    brought = [*project["dependencies"], *project["optional-dependencies"][extra]]
    assert package in {re.match(r"[\w-]+", one)[0] for one in brought}
