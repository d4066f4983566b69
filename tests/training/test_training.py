"""The training loop, with a learner in NumPy whose gradients are written out by hand."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import entr

from fusbench.augment.policy import policy
from fusbench.data.dataset import open_dataset
from fusbench.data.samples import Batch, Samples
from fusbench.data.window import Window
from fusbench.errors import CheckpointError, ConfigError, DatasetError, TrainingError
from fusbench.training.job import Training
from fusbench.training.loop import train
from fusbench.training.optimiser import learning_rate, update_of
from fusbench.training.recipe import RECIPES, Recipe, changed, recipe
from fusbench.training.state import is_finished
from fusbench.training.steps import HostSteps
from fusbench.zoo.checkpoint import read_checkpoint
from fusbench.zoo.network import Layer, Network

SHAPE = (24, 32)
LINEAR = Network(
    name="linear",
    layers=(Layer(name="head", op="conv2d", inputs=("frames",), in_channels=1, channels=1),),
    length=1,
    input_shape=SHAPE,
    base=1,
    levels=0,
)


class LinearLearner:
    """Softmax of the current frame's correlation with a 3 x 3 kernel."""

    def __init__(self, stop_at=None, spoil_at=None):
        self.stop_at, self.spoil_at, self.steps = stop_at, spoil_at, 0

    def load(self, weights):
        self.weights = {name: np.array(value, float) for name, value in weights.items()}

    def _log_density(self, frames):
        x = np.pad(frames[:, -1] / 255, ((0, 0), (1, 1), (1, 1)))
        self.patches = np.stack(
            [x[:, i : i + SHAPE[0], j : j + SHAPE[1]] for i in range(3) for j in range(3)], axis=-1
        )
        score = self.patches @ self.weights["head.weight"].ravel()
        score = score - score.max((1, 2), keepdims=True)
        return score - np.log(np.exp(score).sum((1, 2), keepdims=True))

    def log_densities(self, frames):
        return self._log_density(frames)

    def loss(self, frames, densities):
        log_density = self._log_density(frames)
        return float(-(entr(densities) + densities * log_density).sum() / len(frames))

    def gradients(self, frames, densities):
        self.steps += 1
        if self.steps == self.stop_at:
            raise KeyboardInterrupt
        loss = self.loss(frames, densities)
        error = (np.exp(self._log_density(frames)) - densities) / len(frames)
        kernel = np.tensordot(error, self.patches, axes=3).reshape(1, 1, 3, 3)
        if self.steps == self.spoil_at:
            loss = float("nan")
        return loss, {"head.weight": kernel, "head.bias": np.zeros(1)}, {}


class Sloped(LinearLearner):
    """Has a batch's gradient told by its densities."""

    def gradients(self, frames, densities):
        return 1.0, {"x": densities}, {}


def after_steps(recipe, start, slopes):
    """The weight x after each of the steps along these gradients, by the NumPy reference."""
    steps, found = HostSteps(Sloped()), []
    steps.start(recipe, {"weights": {"x": start.astype(np.float32)}, "averages": {}})
    for number, slope in enumerate(slopes):
        batch = Batch(frames=np.zeros(1), densities=slope)
        steps.step(batch, update_of(recipe, number, 0, 0.99))
        found.append(steps.state()["weights"]["x"])
    return found


FAST = Recipe(
    name="test", learning_rate=0.05, max_steps=24, validate_every=6, patience=0,
    batch_size=4, schedule="cosine", validation_stride=1,
)  # fmt: skip


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


def test_the_learning_rate_warms_up_and_falls():
    """Up in 4 steps, then half a wave down in the other 4."""
    warm = replace(FAST, learning_rate=1.0, schedule="cosine", warm_up=0.5, max_steps=8)
    rates = [learning_rate(warm, step) for step in range(9)]
    np.testing.assert_allclose(rates, [0.25, 0.5, 0.75, 1, 1, 0.8536, 0.5, 0.1464, 0], atol=1e-4)
    constant = replace(warm, schedule="constant")
    assert [learning_rate(constant, step) for step in (0, 3, 7)] == [0.25, 1, 1]


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


def test_adam_by_hand():
    """Two steps worked out with the formulas of Kingma and Ba, algorithm 1."""
    recipe = replace(FAST, schedule="constant", learning_rate=0.1, epsilon=1e-8)
    start, g1, g2 = np.array([1.0, -1.0]), np.array([0.5, -2.0]), np.array([1.0, 1.0])
    first, second = after_steps(recipe, start, [g1, g2])
    np.testing.assert_allclose(first, [0.9, -0.9], rtol=1e-5)  # the first step is the rate
    mean = (0.9 * 0.1 * g1 + 0.1 * g2) / (1 - 0.9**2)
    square = (0.999 * 0.001 * g1**2 + 0.001 * g2**2) / (1 - 0.999**2)
    want = np.array([0.9, -0.9]) - 0.1 * mean / (np.sqrt(square) + 1e-8)
    np.testing.assert_allclose(second, want, rtol=1e-5)


def test_decay_is_apart_from_the_gradient():
    """AdamW: the kernel shrinks by rate times decay, then moves as Adam moves it."""
    plain = replace(FAST, schedule="constant", learning_rate=0.1)
    decayed = replace(plain, optimiser="adamw", weight_decay=0.5)
    kernel, slope = np.array([[1.0, -1.0]]), np.array([[0.5, -2.0]])
    (without,), (found,) = (after_steps(one, kernel, [slope]) for one in (plain, decayed))
    np.testing.assert_allclose(found, without - 0.05 * kernel, rtol=1e-5)
    (bias,) = after_steps(decayed, kernel[0], [slope[0]])
    np.testing.assert_array_equal(bias, without[0])  # it has no decay


def test_momentum_by_hand():
    recipe = replace(
        FAST, schedule="constant", learning_rate=0.1, optimiser="sgd", clip_norm=1.0, beta1=0.5
    )
    large, small = np.array([30.0, 40.0]), np.array([0.3, 0.4])
    first, second = after_steps(recipe, np.zeros(2), [large, small])
    np.testing.assert_allclose(first, [-0.06, -0.08], rtol=1e-5)  # clipped to a norm of 1
    np.testing.assert_allclose(second, [-0.06 - 0.06, -0.08 - 0.08], rtol=1e-5)


def test_recipes_are_read_from_files(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('like = "patient"\noptimiser = "adamw"\nweight_decay = 0.01\n')
    mine = recipe(str(path))
    assert mine == replace(RECIPES["patient"], name="mine", optimiser="adamw", weight_decay=0.01)
    for text, words in (
        ('like = "fats"', "like = 'fats' is no recipe. Use fast"),
        ('like = "fast"\nlearning_rat = 1', "Did you mean 'learning_rate'"),
        ('like = "fast"\nbatch_size = 0', "batch_size = 0 is outside 1 to"),
        ('like = "fast"\noptimiser = "adan"', "optimiser = 'adan' is unknown. Did you mean 'adam'"),
        ('like = "fast"\nweight_decay = 0.1', 'Use optimiser = "adamw"'),
        ("max_steps = 3", "the key 'learning_rate' is missing. Add it, or begin with like"),
    ):  # fmt: skip
        path.write_text(text)
        with pytest.raises(ConfigError, match=re.escape(words)):
            recipe(str(path))


def test_a_short_budget_has_a_curve_and_the_same_patience():
    short = changed(RECIPES["patient"], {"max_steps": 600})
    assert (short.validate_every, short.patience) == (60, 10)  # 600 steps of waiting, as before
    assert changed(RECIPES["patient"], {"max_steps": 20_000}).validate_every == 300
    told = changed(RECIPES["patient"], {"max_steps": 600, "validate_every": 200})
    assert (told.validate_every, told.patience) == (200, 2)


def test_what_checkpoints_told_before_is_told_as_before():
    """Seeds of one recipe are known by it, whichever version trained them."""
    told = RECIPES["patient"].told()
    assert not {"optimiser", "weight_decay", "loss"} & set(told)
    assert replace(RECIPES["fast"], optimiser="sgd").told()["optimiser"] == "sgd"


def test_recipes_and_the_paper():
    paper = RECIPES["paper"]
    assert (paper.learning_rate, paper.batch_size, paper.beta1) == (1e-4, 16, 0.01)
    assert RECIPES["paper-norm-momentum"].beta1 == 0.9
    fast = RECIPES["fast"]
    assert learning_rate(fast, int(fast.warm_up * fast.max_steps)) == pytest.approx(1e-3)
    assert learning_rate(fast, fast.max_steps) == pytest.approx(0, abs=1e-12)
