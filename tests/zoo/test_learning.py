"""Every network learns: a few steps on the smallest phantom lower its loss."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import entr

from fusbench.data.dataset import open_dataset
from fusbench.data.samples import Samples
from fusbench.discovery import load_target
from fusbench.models.registry import model_card
from fusbench.optimiser import Adam, flat, shaped
from fusbench.zoo.checkpoint import initial_weights
from fusbench.zoo.entries import ENTRIES, build
from fusbench.zoo.recipe import Recipe

NAMES = ("unet", "unet-stacked", "clstmunet", "ema", "rsis", "mmunet", "salsac", "tsen")
SHAPE, STEPS = (24, 32), 30
RECIPE = Recipe(
    name="test",
    learning_rate=0.01,
    clip_norm=1.0,
    max_steps=STEPS,
    validate_every=STEPS,
    patience=0,
)


@pytest.mark.parametrize("name", NAMES)
def test_thirty_steps_lower_the_loss(name):
    pytest.importorskip("fusbench_torch")
    card = replace(model_card(f"{name}-torch"), input_shape=SHAPE)
    network = build(name, base=4, levels=2, input_shape=SHAPE)
    samples = Samples(open_dataset("phantom-tiny"), "train", ENTRIES[name].window, shape=SHAPE)
    rng = np.random.default_rng(0)
    learner = load_target(card.learner, "test", "torch")(card, network)
    weights = initial_weights(network, rng)
    learner.load(weights)
    held_out = samples.batch(rng.integers(0, len(samples), 32))
    before = learner.loss(held_out.frames, held_out.densities)
    names = tuple(network.parameters)
    zero = np.zeros(network.n_parameters, np.float32)
    adam = Adam(step=0, weights=flat(weights, names), mean=zero, square=zero)
    for _ in range(STEPS):
        batch = samples.batch(rng.integers(0, len(samples), 8))
        _, gradients = learner.gradients(batch.frames, batch.densities)
        adam = adam.updated(flat(gradients, names), RECIPE)
        learner.load(shaped(adam.weights, network.parameters))
    after = learner.loss(held_out.frames, held_out.densities)
    uniform = np.log(np.prod(SHAPE)) - entr(held_out.densities).sum() / len(held_out.densities)
    assert after < 0.9 * min(before, uniform)  # more is learnt than to be flat
