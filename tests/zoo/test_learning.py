"""Every network learns: a few steps on the smallest phantom lower its loss."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import entr

from fusbench.data.dataset import open_dataset
from fusbench.data.samples import Batch, Samples
from fusbench.data.window import Window
from fusbench.discovery import load_target
from fusbench.doors.registry import model_card
from fusbench.training.optimiser import update_of
from fusbench.training.recipe import Recipe
from fusbench.zoo.checkpoint import initial_weights
from fusbench.zoo.entries import build
from fusbench.zoo.normalise import folded, with_gains

NAMES = ("unet-stacked", "clstmunet", "ema", "rsis", "mmunet", "salsac", "tsen")
SHAPE, STEPS = (24, 32), 30
RECIPE = Recipe(
    name="test",
    learning_rate=0.01,
    clip_norm=1.0,
    max_steps=STEPS,
    validate_every=STEPS,
    patience=0,
)


@pytest.fixture(scope="module")
def windows():
    """The windows of the train split, and apart from them, each sixth one."""
    samples = Samples(open_dataset("phantom-tiny"), "train", Window(length=6), shape=SHAPE)
    others = range(0, len(samples), 6)
    return samples.batch(sorted({*range(len(samples))} - {*others})), samples.batch(others)


@pytest.fixture
def one_thread():
    """Networks this small only wait for each other's threads."""
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _loss(learner, batch):
    seen = learner.log_densities(batch.frames)
    return -(entr(batch.densities) + batch.densities * seen).sum() / len(seen)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", NAMES)
def test_thirty_steps_lower_the_loss(windows, name):
    pytest.importorskip("fusbench_torch")
    seen, held_out = windows
    card = replace(model_card(f"{name}-torch"), input_shape=SHAPE)
    network = build(name, base=4, levels=2, input_shape=SHAPE)
    rng = np.random.default_rng(0)
    learner = load_target(card.learner, "test", "torch")(card, network)
    drawn = initial_weights(network, rng)
    learner.load(drawn)
    before = _loss(learner, held_out)
    sums = {name: np.zeros(shape, np.float32) for name, shape in network.statistics.items()}
    learner.start(RECIPE, {"weights": with_gains(network, drawn), "averages": sums})
    for number in range(STEPS):
        at = rng.integers(0, len(seen.frames), 8)
        batch = Batch(frames=seen.frames[at], densities=seen.densities[at])
        # averages keep nothing of themselves: those of 0.99 lag behind by 100 steps
        learner.step(batch, update_of(RECIPE, number, 0, kept=0))
    state = learner.state()
    learner.load(folded(network, state["weights"], state["averages"]))
    after = _loss(learner, held_out)
    uniform = np.log(np.prod(SHAPE)) - entr(held_out.densities).sum() / len(held_out.densities)
    assert after < 0.9 * min(before, uniform)  # more is learnt than to be flat
