"""The optimiser's steps and rate, against formulas written out by hand."""

from dataclasses import replace

import numpy as np
from support.linear import FAST, LinearLearner

from fusbench.data.samples import Batch
from fusbench.training.optimiser import fallen, learning_rate, update_of
from fusbench.training.steps import HostSteps


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


def test_the_learning_rate_warms_up_and_falls():
    """Up in 4 steps, then half a wave down in the other 4."""
    warm = replace(FAST, learning_rate=1.0, schedule="cosine", warm_up=0.5, max_steps=8)
    rates = [learning_rate(warm, step) for step in range(9)]
    np.testing.assert_allclose(rates, [0.25, 0.5, 0.75, 1, 1, 0.8536, 0.5, 0.1464, 0], atol=1e-4)
    constant = replace(warm, schedule="constant")
    assert [learning_rate(constant, step) for step in (0, 3, 7)] == [0.25, 1, 1]


def test_a_network_that_hardly_uses_its_frames_yet_is_waited_for():
    """Validations below `least_use` are counted apart, and each count ends a training."""
    recipe = replace(FAST, patience=2, least_use=0.1, slow_patience=3)

    def waits(*uses, recipe=recipe):
        """Times that patience ran out while a loss stood still and frames were used like this."""
        rows = [{"val_loss": 2.0}, *({"val_loss": 2.0, "history_sweep": use} for use in uses)]
        return fallen(rows, recipe)

    assert (waits(0.2), waits(0.2, 0.1)) == (0, 1)
    assert (waits(0.0, 0.05), waits(0.0, 0.05, 0.09)) == (0, 1)
    assert (waits(0.0, 0.05, 0.2), waits(0.0, 0.05, 0.2, 0.2)) == (0, 1)
    assert waits(0.0, 0.05, recipe=replace(recipe, slow_patience=0)) == 1
    assert fallen([{"val_loss": 2.0}] * 3, recipe) == 1  # a network of single frames


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
