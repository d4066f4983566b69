"""Batches made ahead, what is kept whole, and what is told beside a training."""

import signal
import struct
from dataclasses import replace

import numpy as np
import pytest

from fusbench.augment.policy import policy
from fusbench.data.dataset import open_dataset
from fusbench.data.samples import Samples
from fusbench.data.window import Window
from fusbench.errors import ConfigError, PluginError, TrainingError
from fusbench.training.ahead import ahead
from fusbench.training.job import Training
from fusbench.training.log import logging
from fusbench.training.recipe import RECIPES
from fusbench.training.stopping import learner_errors, whole
from fusbench.zoo.entries import build


@pytest.fixture
def job(folder):
    data, window = open_dataset(folder), Window(length=2)
    return Training(
        network=build("unet", input_shape=(12, 16), base=2, levels=2),
        recipe=replace(RECIPES["fast"], batch_size=3, max_steps=7),
        policy=policy("mixra-2-5"),
        seed=3,
        train=Samples(data, "train", window, shape=(12, 16)),
        val=Samples(data, "val", window, shape=(12, 16)),
        metadata={},
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_who_makes_a_batch_changes_no_byte(job, workers):
    with ahead(job, 2, workers) as batches:
        for step in range(2, 7):
            batch, want = next(batches), job.batch(step)
            np.testing.assert_array_equal(batch.frames, want.frames)
            np.testing.assert_array_equal(batch.densities, want.densities)
        assert 0 <= batches.waiting < 1


@pytest.mark.parametrize("name", ["none", "ra-4-6", "mixra-4-6"])
def test_fixations_lie_where_the_density_does(job, name):
    """Points have the mean place of their densities: Gaussians around them, cut by edges."""
    wide = replace(
        job, policy=policy(name), recipe=replace(job.recipe, loss="kld-nss-cc", batch_size=99)
    )
    batch = wide.batch(0)
    assert replace(wide, recipe=job.recipe).batch(0).fixations is None
    rows, columns = np.mgrid[:12, :16]
    points, density = batch.fixations / batch.fixations.sum((1, 2), keepdims=True), batch.densities
    for axis in (rows, columns):
        one, other = ((each * axis).sum((1, 2)) for each in (points, density))
        assert np.abs(one - other).max() < 3
        assert np.corrcoef(one, other)[0, 1] > 0.9
    if name == "none":
        gazed = [len(wide.train.points_of(n)[0]) for n in range(len(wide.train))]
        assert batch.fixations.sum() == sum(gazed)


def test_what_is_whole_is_not_interrupted():
    done = []
    with pytest.raises(KeyboardInterrupt), whole():
        signal.raise_signal(signal.SIGINT)
        done.append("the rest")
    assert done == ["the rest"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_want_of_memory_says_what_to_lower():
    class OutOfMemoryError(RuntimeError):
        """As Torch's is called."""

    class ResourceExhaustedError(Exception):
        """As TensorFlow's is called."""

    found = OutOfMemoryError("CUDA\n"), ResourceExhaustedError("OOM"), MemoryError()
    for error in (*found, RuntimeError("can't allocate memory: 9 GB")):
        with pytest.raises(TrainingError) as told, learner_errors("a step", "model 'x'"):
            raise error
        assert str(told.value) == (
            "model 'x': the device's memory does not suffice for a step. Lower --batch-size, --base"
            " or --input-size, or use --precision bfloat16 or a smaller network."
        )


def test_what_a_learner_raises_is_told_in_a_line():
    with pytest.raises(PluginError) as told, learner_errors("a step", "model 'x'"):
        raise ValueError("shapes\ndiffer")
    assert str(told.value) == (
        "model 'x': its learner raised ValueError in a step: shapes differ."
        " See its traceback with --debug."
    )
    with pytest.raises(ConfigError, match="no such loss"), learner_errors("its making"):
        raise ConfigError("no such loss")


def test_tensorboard_reads_the_curves(tmp_path):
    with logging("tensorboard", tmp_path / "w.safetensors") as tell:
        tell({"step": 300, "train_loss": 2.5, "val_loss": 2.25, "seconds": 1.0})
        tell({"step": 600, "train_loss": 2.0, "val_loss": 2.125, "seconds": 2.0})
    (path,) = (tmp_path / "w.safetensors.log").iterdir()
    tf = pytest.importorskip("tensorflow")
    first, *events = tf.compat.v1.train.summary_iterator(str(path))  # it holds the checksums too
    assert first.file_version == "brain.Event:2"
    found = [(e.step, {v.tag: v.simple_value for v in e.summary.value}) for e in events]
    assert found == [
        (300, {"train_loss": 2.5, "val_loss": 2.25}),
        (600, {"train_loss": 2.0, "val_loss": 2.125}),
    ]
    assert struct.unpack("<Q", path.read_bytes()[:8])[0] < 64
    with (
        pytest.raises(ConfigError, match="Did you mean 'tensorboard'"),
        logging("tensorbord", path),
    ):
        pass
