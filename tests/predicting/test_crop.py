"""A part of a video's picture is predicted, and what is odd about it is told before."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

import fusbench
from fusbench.data.window import Window
from fusbench.errors import ConfigError, DatasetError
from fusbench.verbs import predict as verb


def pictures(folder, shape):
    folder.mkdir()
    rng = np.random.default_rng(1)
    kept = rng.integers(1, 255, (3, *shape), np.uint8)
    for number, picture in enumerate(kept):
        cv2.imwrite(str(folder / f"{number}.png"), picture)
    return kept


class Bright:
    """The frame itself, as a density."""

    card = fusbench.ModelCard(name="bright", title="Bright", loader="none:none")

    def predict(self, frames):
        picture = frames[:, -1].astype(float)
        return picture / picture.sum((1, 2), keepdims=True)


@pytest.mark.parametrize("live", [False, True])
def test_the_crop_alone_is_predicted(tmp_path, live):
    kept = pictures(tmp_path / "scan", (48, 64))[:, 8:32, 16:48].astype(float)
    said = []
    done = fusbench.predict(
        Bright(), tmp_path / "out", video=tmp_path / "scan", crop="16,8,32,24", live=live,
        overlay=False, tell=said.append,
    )  # fmt: skip
    expected = kept / kept.sum((1, 2), keepdims=True)
    np.testing.assert_allclose(done.densities["scan"], expected, rtol=1e-5)
    place = tmp_path / "out" / "scan.npy"
    assert said == [f"{place}: 3 densities of 32 x 24 take 0.0 MB"]
    assert place.stat().st_size == pytest.approx(4 * 3 * 32 * 24, abs=200)


def test_a_recording_of_a_screen_is_not_taken_whole_in_silence(tmp_path, monkeypatch):
    pictures(tmp_path / "scan", (48, 64))
    how = {"video": tmp_path / "scan", "overlay": False}
    words = []
    monkeypatch.setattr(verb, "SCREEN_PIXELS", 48 * 64)
    fusbench.predict("uniform", tmp_path / "a", **how, warn=words.append)
    assert "scan is 64 x 48 pixels, as a recording of a screen is" in words[0]
    assert "--crop X,Y,W,H takes it alone." in words[0]
    fusbench.predict("uniform", tmp_path / "b", **how, crop="0,0,64,48", warn=words.append)
    monkeypatch.setattr(verb, "SCREEN_PIXELS", 48 * 64 + 1)
    fusbench.predict("uniform", tmp_path / "c", **how, warn=words.append)
    assert len(words) == 1


@pytest.mark.parametrize(
    ("crop", "words"),
    [
        ("40,0,32,24", "the crop 40,0,32,24 leaves the 64 x 48 picture"),
        ("region", "the video declares no ultrasound region that is whole"),
        ("1,2,3", "region or rectangle '1,2,3' is not X,Y,W,H"),
    ],
)
def test_a_crop_that_cannot_be(tmp_path, crop, words):
    pictures(tmp_path / "scan", (48, 64))
    with pytest.raises(ConfigError, match=words):
        fusbench.predict("uniform", tmp_path / "out", video=tmp_path / "scan", crop=crop)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("live", [False, True])
def test_a_crop_that_changes_begins_another_clip(tmp_path, live):
    """Pictures 30 a second: the second and third are cut by the second row, from 33 ms on."""
    kept = pictures(tmp_path / "scan", (48, 64))
    (tmp_path / "crops.csv").write_text("time,rectangle\n0s,16,8,32,24\n33ms,0,0,64,48\n")
    asked = []

    class Back(Bright):
        card = replace(Bright.card, window=Window(length=2))

        def predict(self, frames):
            asked.extend(frames.astype(int))
            return Bright.predict(self, frames)

    done = fusbench.predict(
        Back(), tmp_path / "out", video=tmp_path / "scan", crop_file=tmp_path / "crops.csv",
        live=live, overlay=False,
    )  # fmt: skip
    near = [kept[0, 8:32, 16:48], *kept[1:].reshape(2, 24, 2, 32, 2).mean((2, 4))]
    found = done.densities["scan"]
    for density, picture in zip(found, near, strict=True):
        np.testing.assert_allclose(density, picture / picture.sum(), rtol=0.05, atol=1e-5)
    windows = np.array(asked).reshape(3, 2, 24, 32)
    assert np.array_equal(windows[1, 0], windows[1, 1])  # nothing of the first crop is remembered
    assert np.array_equal(windows[2, 0], windows[1, 1])


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("1s,0,0,32,24\n", "the first crop begins at 1.000 s"),
        ("0s,0,0,32,24\n0.05s,0,0,24,32\n", "differ in shape"),
        ("0s,0,0,32,24\n0.05s,40,0,32,24\n", "leaves the 64 x 48 picture"),
    ],
)
def test_a_file_of_crops_that_cannot_be(tmp_path, rows, words):
    pictures(tmp_path / "scan", (48, 64))
    (tmp_path / "crops.csv").write_text(rows)
    how = {"video": tmp_path / "scan", "crop_file": tmp_path / "crops.csv"}
    with pytest.raises((ConfigError, DatasetError), match=words):
        fusbench.predict("uniform", tmp_path / "out", **how)
    with pytest.raises(ConfigError, match="given twice"):
        fusbench.predict("uniform", tmp_path / "out", **how, crop="0,0,32,24")
