"""The training loop, with a learner in NumPy whose gradients are written out by hand."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.linear import FAST, LINEAR, LinearLearner

from fusbench.augment.policy import policy
from fusbench.data.dataset import open_dataset
from fusbench.data.samples import Samples
from fusbench.data.window import Window
from fusbench.errors import CheckpointError, ConfigError, DatasetError, PluginError, TrainingError
from fusbench.training.job import Training
from fusbench.training.loop import train
from fusbench.training.state import is_finished
from fusbench.zoo.checkpoint import read_checkpoint


@pytest.fixture
def job(folder):
    data = open_dataset(folder)
    return Training(
        network=LINEAR,
        recipe=FAST,
        policy=policy("ra-2-5"),
        seed=3,
        train=Samples(data, "train", Window()),
        val=Samples(data, "val", Window()),
        metadata={"model": "linear", "dataset": "small"},
    )


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_a_stopped_training_continues_to_the_same_bytes(job, tmp_path, average):
    job = replace(job, recipe=replace(FAST, average=average))
    whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    train(job, LinearLearner(), whole)
    with pytest.raises(KeyboardInterrupt):
        train(job, LinearLearner(stop_at=9), parts)  # between two validations
    assert not parts.exists()
    with pytest.raises(KeyboardInterrupt):
        train(job, LinearLearner(stop_at=8), parts, resume=True)
    state, _ = train(job, LinearLearner(), parts, resume=True)
    assert state.step == 24
    assert whole.read_bytes() == parts.read_bytes()
    assert {path.name for path in tmp_path.iterdir() if path.stem == "parts"} == {
        "parts.safetensors", "parts.csv", "parts.png",
    }  # fmt: skip
    for suffix in (".csv", ".png"):
        assert whole.with_suffix(suffix).read_bytes() == parts.with_suffix(suffix).read_bytes()


def test_averaged_weights_are_what_is_kept(job, tmp_path):
    """Each step halves the weight of all before it: the sum over 6 steps is written out."""

    class Watched(LinearLearner):
        seen = ()

        def gradients(self, frames, densities):
            self.seen = (*self.seen, self.weights["head.weight"])
            return super().gradients(frames, densities)

    plain, learner = replace(FAST, schedule="constant", max_steps=7, validate_every=6), Watched()
    train(replace(job, recipe=plain), learner, tmp_path / "plain.safetensors")
    after = learner.seen[1:]  # what step 7 begins with is what step 6 left
    averaged = replace(plain, max_steps=6, average=0.5)
    state, _ = train(replace(job, recipe=averaged), LinearLearner(), tmp_path / "mean.safetensors")
    expected = sum(0.5 ** (6 - k) * w for k, w in enumerate(after)) / (1 - 0.5**6)
    found = read_checkpoint(tmp_path / "mean.safetensors").weights["head.weight"]
    assert len(after) == 6
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_allclose(state.arrays["weights"]["head.weight"], after[-1], rtol=1e-6)


def test_training_learns_and_keeps_the_best(job, tmp_path):
    """The target is made to follow the picture, so that there is something to learn."""
    out = tmp_path / "out.safetensors"
    state, _ = train(replace(job, recipe=replace(FAST, max_steps=60)), LinearLearner(), out)
    history = pd.DataFrame(state.history)
    assert history["val_loss"].min() == state.best_loss
    assert history.set_index("step")["val_loss"][state.best_step] == state.best_loss
    learner = LinearLearner()
    stored = read_checkpoint(out)
    learner.load(stored.weights)
    batch = job.val.batch(range(len(job.val)))
    assert learner.loss(batch.frames, batch.densities) == pytest.approx(state.best_loss, rel=1e-6)
    assert stored.metadata["best_step"] == str(state.best_step)
    assert json.loads(stored.metadata["recipe"])["name"] == "test"


def test_patience_ends_a_training(job, tmp_path):
    recipe = replace(FAST, patience=2, learning_rate=0.0, schedule="constant", max_steps=1000)
    state, _ = train(replace(job, recipe=recipe), LinearLearner(), tmp_path / "out.safetensors")
    assert [row["step"] for row in state.history] == [6, 12, 18]  # the first is the best


def test_batches_depend_on_seed_and_step_alone(job):
    first = [job.batch(step).frames for step in range(8)]
    again = [job.batch(step).frames for step in reversed(range(8))][::-1]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (job.batch(0).frames != replace(job, seed=4).batch(0).frames).any()


def test_an_epoch_shows_every_window_once(job):
    plain = replace(job, policy=None)
    steps = len(job.train) // 4
    seen = np.concatenate([plain.batch(step).densities for step in range(steps)])
    assert len(np.unique(seen.reshape(len(seen), -1), axis=0)) == steps * 4


def test_a_loss_that_is_no_number_stops_and_keeps_the_best(job, tmp_path):
    out = tmp_path / "out.safetensors"
    with pytest.raises(TrainingError) as error:
        train(job, LinearLearner(spoil_at=15), out)
    assert str(error.value) == (
        "the loss stopped being finite at step 15. "
        "Lower the learning rate, or choose another --seed."
    )
    assert np.isfinite(read_checkpoint(out).weights["head.weight"]).all()


@pytest.mark.parametrize("at", ["start", "step", "gradients", "load", "log_densities"])
@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (MemoryError(), TrainingError, "model 'linear': the device's memory does not suffice for"),
        (ValueError("odd"), PluginError, "model 'linear': its learner raised ValueError in"),
    ],
)
def test_what_a_learner_raises_is_told_wherever_it_does(job, tmp_path, at, error, kind, words):
    learner = LinearLearner()

    def fails(*given):
        raise error

    learner.step, learner.start = fails, lambda *given: None
    if at in ("gradients", "load", "log_densities"):
        del learner.step, learner.start
    setattr(learner, at, fails)
    with pytest.raises(kind, match=words):
        train(job, learner, tmp_path / "w.safetensors")
    assert not (tmp_path / "w.safetensors").exists()


@pytest.mark.parametrize("error", [MemoryError(), ValueError("odd")])
def test_what_is_best_is_kept_when_a_learner_fails(job, tmp_path, error):
    learner, path = LinearLearner(), tmp_path / "w.safetensors"
    gradients = learner.gradients

    def later(*given):
        if learner.steps == 8:
            raise error
        return gradients(*given)

    learner.gradients = later
    with pytest.raises((TrainingError, PluginError)):
        train(job, learner, path)
    told = read_checkpoint(path).metadata
    assert (told["steps"], told["best_step"]) == ("8", "6")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 4}, "was begun with another seed"),
        ({"recipe": replace(FAST, beta1=0.5)}, "was begun with another recipe"),
        ({"metadata": {"model": "linear", "dataset": "other"}}, "was begun with another dataset"),
    ],
)
def test_another_training_is_not_resumed(job, tmp_path, change, words):
    out = tmp_path / "out.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train(job, LinearLearner(stop_at=9), out)
    with pytest.raises(ConfigError, match=words):
        train(replace(job, **change), LinearLearner(), out, resume=True)


def test_what_is_finished_is_known(job, tmp_path):
    out = tmp_path / "out.safetensors"
    assert not is_finished(out, job)
    train(job, LinearLearner(), out, resume=True)  # begins: there was nothing to go on with
    assert is_finished(out, job)
    with pytest.raises(ConfigError, match="out.safetensors: was begun with another seed"):
        is_finished(out, replace(job, seed=4))
    with pytest.raises(ConfigError, match="was begun with another recipe"):
        is_finished(out, replace(job, recipe=replace(FAST, beta1=0.5)))
    other = tmp_path / "other.safetensors"
    train(replace(job, metadata={**job.metadata, "init": "w.safetensors"}), LinearLearner(), other)
    with pytest.raises(ConfigError, match="was begun with another init"):
        is_finished(other, job)
    (tmp_path / "out.safetensors.state").touch()
    assert not is_finished(out, job)


def test_a_damaged_state_is_told(job, tmp_path):
    out = tmp_path / "out.safetensors"
    (tmp_path / "out.safetensors.state").write_bytes(b"rubbish")
    with pytest.raises(CheckpointError, match="is damaged"):
        train(job, LinearLearner(), out, resume=True)


def test_a_split_without_windows(job, folder, tmp_path):
    path = folder / "gaze.csv"
    kept = [line for line in path.read_text().splitlines() if not line.startswith("s2")]
    path.write_text("\n".join(kept) + "\n")
    empty = Samples(open_dataset(folder), "val", Window())
    with pytest.raises(DatasetError, match="the val split has no window to use"):
        train(replace(job, val=empty), LinearLearner(), tmp_path / "out.safetensors")
