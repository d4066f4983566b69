"""A long clip at its own size is never resident as a whole, however it is given to a model."""

import sys
from pathlib import Path

import numpy as np
import pytest
from support.small_dataset import small_info

from fusbench.arrays import let_go, open_array
from fusbench.data.dataset import open_dataset
from fusbench.data.fitted import FittedFrames
from fusbench.data.frames import fit_frames
from fusbench.data.gaze import GazePoints
from fusbench.data.window import Window
from fusbench.data.writer import NewClip, write_dataset
from fusbench.models import densities as module
from fusbench.models.card import ModelCard

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells what is resident")
SHAPE, FRAMES, STRETCH = (256, 512), 256, 16  # 32 MiB, of which 2 at a time


def noise():
    return np.random.default_rng(0).integers(0, 256, (FRAMES, *SHAPE), np.uint8)


def mapped_mb():
    """Memory of files that is resident in this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssFile"))


def test_pages_are_given_back_and_read_again(tmp_path):
    values = noise()
    np.save(tmp_path / "a.npy", values)
    array, before = open_array(tmp_path / "a.npy"), mapped_mb()
    total = int(array.sum())
    assert mapped_mb() - before > 30
    let_go(array)
    assert mapped_mb() - before < 4
    assert int(array.sum()) == total == int(values.sum())
    let_go(values)  # no map


class Mean:
    """A density of a window's grey, by windows."""

    def predict(self, windows):
        grey = windows.reshape(len(windows), -1, *SHAPE).mean(axis=1) + 1
        return grey / grey.sum(axis=(1, 2), keepdims=True)


class MeanOfClip(Mean):
    """The same, over a clip."""

    def predict_clip(self, frames):
        return self.predict(frames[:, None])


@pytest.fixture
def clip(tmp_path):
    """A long clip of noise, memory-mapped, of which nothing is resident yet."""
    none = np.empty(0)
    gaze = GazePoints(frame=none.astype(np.int32), time_s=none, x_px=none, y_px=none)
    clip = NewClip(
        clip_id="c1", scan_id="s1", split="test", n_frames=FRAMES, frames=noise(), gaze=gaze
    )
    root = write_dataset(tmp_path / "long", small_info(frame_shape=SHAPE), [clip])
    (clip,) = open_dataset(root).clips
    assert isinstance(clip.frames, np.memmap)
    let_go(clip.frames)
    return clip


@pytest.mark.parametrize("cache", ["memory", "disk"])
def test_a_clip_that_is_kept_at_another_size_is_not_resident_at_its_own(
    clip, cache, tmp_path, monkeypatch
):
    monkeypatch.setenv("FUSBENCH_CACHE", str(tmp_path / "cache"))
    half = (SHAPE[0] // 2, SHAPE[1] // 2)
    fitted, before = FittedFrames([clip], half, 1, cache), mapped_mb()
    found = fitted(0, slice(0, 6))
    assert mapped_mb() - before < 4
    np.testing.assert_array_equal(found, fit_frames(noise()[:6], half, 1))


@pytest.mark.parametrize("kind", [Mean, MeanOfClip])
def test_a_long_clip_is_resident_in_parts(clip, monkeypatch, kind):
    monkeypatch.setattr(module, "STRETCH", STRETCH)
    card = ModelCard(name="mean", title="Mean", loader="none:none", window=Window(length=1))
    before, most = mapped_mb(), 0.0
    targets = np.arange(FRAMES)
    found = module.densities(kind(), card, clip, targets)
    for picture, density in zip(noise(), found, strict=True):
        most = max(most, mapped_mb() - before)
        assert density[3, 5] == pytest.approx((picture[3, 5] + 1.0) / (picture + 1.0).sum())
    assert most < 8
