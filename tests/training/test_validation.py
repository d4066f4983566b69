"""Use of history: what a density owes to the frames that are not the current one."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import entr, log_softmax
from support.small_dataset import small_clip, small_info

from fusbench.data.dataset import open_dataset
from fusbench.data.samples import Samples
from fusbench.data.window import Window
from fusbench.data.writer import write_dataset
from fusbench.training.validation import validated


class Weighing:
    """The softmax of the window's frames, each times a weight."""

    def __init__(self, *weights):
        self.weights = np.array(weights)

    def log_densities(self, frames):
        score = np.einsum("blhw,l->bhw", frames / 255.0, self.weights)
        return log_softmax(score, axis=(1, 2))


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    halves = ((0, 9, "dwell"), (10, 19, "sweep"))
    clips = [replace(small_clip(n, "val", n_frames=20), segments=halves) for n in (1, 2)]
    clips += [small_clip(3, "train", n_frames=20), small_clip(4, "test", n_frames=20)]
    root = write_dataset(tmp_path_factory.mktemp("data") / "small", small_info(), clips)
    return Samples(open_dataset(root), "val", Window(length=3))


def test_a_network_of_the_current_frame_makes_no_use_of_history(samples):
    found = validated(Weighing(0, 0, 3), samples)
    assert found["history"] == found["history_dwell"] == found["history_sweep"] == 0


def test_the_use_of_history_by_hand(samples):
    """Window by window, with the sums written out."""
    learner = Weighing(-4, 0, 3)
    uses, kinds, losses = [], [], []
    for number in range(len(samples)):
        clip, frame = samples.clip_of(number)
        first, _, last = (clip.frames[t] / 255.0 for t in (frame - 2, frame - 1, frame))
        p = np.exp(3 * last - 4 * first) / np.exp(3 * last - 4 * first).sum()
        q = np.exp(-last) / np.exp(-last).sum()  # all frames are the last one
        uses.append(sum(a * np.log(a / b) for a, b in zip(p.ravel(), q.ravel(), strict=True)))
        kinds.append("dwell" if frame < 10 else "sweep")
        g = samples[number].density.astype(float)
        losses.append(-(entr(g) + g * np.log(p)).sum())
    uses, kinds = np.array(uses), np.array(kinds)
    assert uses.min() > 0.01
    found = validated(learner, samples)
    assert found["history"] == pytest.approx(uses.mean(), rel=1e-6)
    assert found["history_dwell"] == pytest.approx(uses[kinds == "dwell"].mean(), rel=1e-6)
    assert found["history_sweep"] == pytest.approx(uses[kinds == "sweep"].mean(), rel=1e-6)
    assert found["val_loss"] == pytest.approx(np.mean(losses), rel=1e-6)
    assert list(found) == ["val_loss", "history", "history_dwell", "history_sweep"]


def test_one_frame_has_no_history(samples, tmp_path):
    clips = [small_clip(1, "val", n_frames=20), small_clip(2, "train", n_frames=20)]
    data = open_dataset(write_dataset(tmp_path / "one", small_info(), clips))
    assert set(validated(Weighing(1), Samples(data, "val", Window()))) == {"val_loss"}
