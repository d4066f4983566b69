"""One step in Keras: weights, moments and averages stay on the device from step to step."""

from __future__ import annotations

import fusbench_keras.backend  # noqa: F401  (chooses Keras's backend first, and quietly)

# isort: split

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from fusbench.data.samples import Batch
from fusbench.errors import ConfigError, unknown
from fusbench.training.optimiser import Update
from fusbench.training.recipe import Recipe
from fusbench.training.steps import Kinds
from fusbench_keras.losses import LOSSES
from fusbench_keras.model import checked_device
from fusbench_keras.optimiser import RULES, numbers

Tensor = Any
Named = dict[str, Any]


class KerasLearner(ABC):
    """What learners in Keras share; see `fusbench.training.steps.Steps`.

    A learner says which variables it trains, what a batch's log-densities are while it trains, and
    what they are where others' weights are looked at.
    """

    inward: Callable[[np.ndarray], np.ndarray] = staticmethod(lambda value: value)
    outward: Callable[[np.ndarray], np.ndarray] = staticmethod(lambda value: value.copy())

    def __init__(
        self,
        *,
        device: str = "",
        precision: str = "float32",
        loss: str = "kld",
        compile: bool = False,
    ) -> None:
        if precision != "float32":
            what = f"precision '{precision}' is not supported by the Keras backend"
            raise ConfigError(what, fix="Use --precision float32, or the Torch backend.")
        if loss not in LOSSES:
            fix = unknown("loss", loss, list(LOSSES)).fix
            raise ConfigError(f"loss '{loss}' is unknown", fix=fix)
        self.device, self.loss = checked_device(device), LOSSES[loss]
        self.gazed = loss != "kld"
        self.function = partial(tf.function, jit_compile=compile)
        self.trained: Named = {}

    @abstractmethod
    def training(self, frames: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Log-densities of windows under the weights in training, and a batch's statistics."""

    def others(self) -> Named:
        """Variables that training changes beside the trained ones."""
        return {}

    @abstractmethod
    def take(self, weights: Mapping[str, np.ndarray]) -> None:
        """Train these weights from now on."""

    def start(self, recipe: Recipe, state: Kinds) -> None:
        """Begin, or go on, from this state."""
        with tf.device(self.device):
            self.take(state["weights"])
            zeros = {n: np.zeros(w.shape, np.float32) for n, w in self.trained.items()}
            self.mean, self.square = (
                self._variables(zeros | {n: self.inward(a) for n, a in state.get(kind, {}).items()})
                for kind in ("mean", "square")
            )
            sums = {n: self.inward(a) for n, a in state["averages"].items()}
            self.averages = self._variables(sums)
        self._rule = RULES[recipe.optimiser]
        self._slopes_of = self.function(self._slopes)
        self._moved = self.function(self._move)

    def step(self, batch: Batch, update: Update) -> float:
        """Make one step and return the batch's mean loss."""
        with tf.device(self.device):
            loss, norm, gradients, left = self._slopes_of(*self._given(batch))
            told, size = float(loss), float(norm)
            if not (math.isfinite(told) and math.isfinite(size)):
                return math.nan
            scale = tf.constant(update.scale(size), tf.float32)
            self._moved(gradients, left, scale, numbers(update))
        return told

    def _given(self, batch: Batch) -> list[Tensor]:
        arrays = [batch.frames, batch.densities, *([batch.fixations] if self.gazed else [])]
        return [tf.constant(np.ascontiguousarray(array)) for array in arrays]

    def _slopes(
        self, frames: Tensor, densities: Tensor, fixations: Tensor | None = None
    ) -> tuple[Tensor, Tensor, list[Tensor], dict[str, Tensor]]:
        with tf.GradientTape() as tape:
            log_density, left = self.training(frames)
            loss = self.loss(log_density, densities, fixations)
        gradients = tape.gradient(loss, list(self.trained.values()))
        return loss, tf.linalg.global_norm(gradients), gradients, left

    def _move(
        self, gradients: list[Tensor], left: dict[str, Tensor], scale: Tensor, told: Any
    ) -> None:
        for (name, weight), gradient in zip(self.trained.items(), gradients, strict=True):
            self._rule(told, weight, self.mean[name], self.square[name], gradient * scale)
        values = {**self.trained, **self.others(), **left}
        for name, total in self.averages.items():
            total.assign(told["kept"] * total + told["new"] * values[name])

    def state(self) -> Kinds:
        """Copies of all that training changes."""
        kinds = {
            "weights": {**self.trained, **self.others()},
            "mean": self.mean,
            "square": self.square,
            "averages": self.averages,
        }
        return {
            kind: {name: self.outward(value.numpy()) for name, value in named.items()}
            for kind, named in kinds.items()
        }

    def _variables(self, arrays: Mapping[str, np.ndarray]) -> Named:
        return {n: tf.Variable(np.asarray(a), dtype=tf.float32) for n, a in arrays.items()}
