"""The step of `fusbench.training.optimiser` in the graph: variables are moved where they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import fusbench_keras.backend  # noqa: F401  (chooses Keras's backend first, and quietly)

# isort: split

import tensorflow as tf

from fusbench.training.optimiser import Update

Variable = Any
Tensor = Any
Numbers = Mapping[str, Tensor]


def numbers(update: Update) -> Numbers:
    """What the formulas below need of a step, as tensors: one graph serves all steps."""
    values = {
        "rate": update.rate,
        "corrected_rate": update.rate / (1 - update.beta1**update.number),
        "corrected": 1 - update.beta2**update.number,
        "decay": update.decay,
        "beta1": update.beta1,
        "beta2": update.beta2,
        "new1": 1 - update.beta1,
        "new2": 1 - update.beta2,
        "epsilon": update.epsilon,
        "kept": update.kept,
        "new": 1 - update.kept,
    }
    return {name: tf.constant(value, tf.float32) for name, value in values.items()}


def adam(n: Numbers, weight: Variable, mean: Variable, square: Variable, gradient: Tensor) -> None:
    """A step of Adam, or AdamW."""
    mean.assign(n["beta1"] * mean + n["new1"] * gradient)
    square.assign(n["beta2"] * square + n["new2"] * gradient * gradient)
    root = tf.sqrt(square / n["corrected"]) + n["epsilon"]
    weight.assign(_decayed(n, weight) - n["corrected_rate"] * mean / root)


def sgd(n: Numbers, weight: Variable, mean: Variable, square: Variable, gradient: Tensor) -> None:
    """A step of stochastic gradient descent with momentum."""
    mean.assign(n["beta1"] * mean + gradient)
    weight.assign(_decayed(n, weight) - n["rate"] * mean)


def _decayed(n: Numbers, weight: Variable) -> Tensor:
    """A kernel as its decay leaves it; biases, gains and single numbers have none."""
    return n["decay"] * weight if len(weight.shape) > 1 else weight


RULES = {"adam": adam, "adamw": adam, "sgd": sgd}
