"""One step in Keras: weights, moments and averages stay on the device from step to step."""

from __future__ import annotations

import fusbench_keras.backend  # noqa: F401  (chooses Keras's backend first, and quietly)

# isort: split

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from fusbench.data.samples import Batch
from fusbench.errors import ConfigError, unknown
from fusbench.training.optimiser import Update
from fusbench.training.recipe import Recipe
from fusbench.training.scaling import checked_precision, first_scaling, lowered, raised
from fusbench.training.steps import Kinds
from fusbench_keras.losses import LOSSES
from fusbench_keras.model import checked_device
from fusbench_keras.optimiser import RULES, numbers

if TYPE_CHECKING:
    from fusbench_keras.group import KerasGroup

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
        if loss not in LOSSES:
            fix = unknown("loss", loss, list(LOSSES)).fix
            raise ConfigError(f"loss '{loss}' is unknown", fix=fix)
        self.device, self.loss = checked_device(device), LOSSES[loss]
        self.gazed = loss != "kld"
        self.dtype = checked_precision(precision)
        self.scaling = self.first = first_scaling(precision)
        self.function = partial(tf.function, jit_compile=compile)
        self.trained: Named = {}
        self.compiles = compile
        self.group: KerasGroup | None = None

    def join(self, group: KerasGroup) -> None:
        """Take the means of a group's gradients from now on.

        Raises
        ------
        ConfigError
            If this learner cannot.
        """
        if self.compiles:
            raise ConfigError("--compile is for one process", fix="Leave it out.")
        self.group = group

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
        told = state.get("scaling", {}).get("scaling")
        self.scaling = (self.first if told is None else told).copy()
        self._rule = RULES[recipe.optimiser]
        graph = self.function if self.group is None else self.group.within
        self._slopes_of = graph(self._slopes)
        self._moved, self._averaged = self.function(self._move), self.function(self._average)

    def step(self, batch: Batch, update: Update) -> float:
        """Make one step and return the batch's mean loss."""
        with tf.device(self.device):
            factor = tf.constant(self.scaling[0])
            loss, norm, gradients, left = self._slopes_of(factor, *self._given(batch))
            told, size = float(loss), float(norm)
            if not math.isfinite(told) or (not math.isfinite(size) and not self._lowered()):
                return math.nan
            if math.isfinite(size):
                scale = tf.constant(update.scale(size), tf.float32)
                self._moved(gradients, left, scale, numbers(update))
                if self.dtype == "float16":
                    self.scaling = raised(self.scaling)
            else:
                self._averaged(left, numbers(update))
        return told

    def _lowered(self) -> bool:
        """Halve the scale of float16 losses, whose gradient was too large; False at its end."""
        half = lowered(self.scaling) if self.dtype == "float16" else None
        self.scaling = self.scaling if half is None else half
        return half is not None

    def _given(self, batch: Batch) -> list[Tensor]:
        arrays = [batch.frames, batch.densities, *([batch.fixations] if self.gazed else [])]
        return [tf.constant(np.ascontiguousarray(array)) for array in arrays]

    def _slopes(
        self, factor: Tensor, frames: Tensor, densities: Tensor, fixations: Tensor | None = None
    ) -> tuple[Tensor, Tensor, list[Tensor], dict[str, Tensor]]:
        """Mean loss of a batch, norm and values of its gradient, and the batch's statistics.

        The loss is multiplied with `factor` on its way back, and the gradient divided by it.
        """
        with tf.GradientTape() as tape:
            log_density, left = self.training(frames)
            loss = self.loss(tf.cast(log_density, tf.float32), densities, fixations)
            target = loss * factor
        found = tape.gradient(
            target,
            list(self.trained.values()),
            unconnected_gradients="zero",  # where a window leaves a weight without use
        )
        gradients = [gradient / factor for gradient in found]
        if self.group is not None:
            loss, *gradients = self.group.mean([loss, *gradients])
        return loss, tf.linalg.global_norm(gradients), gradients, left

    def _move(
        self, gradients: list[Tensor], left: dict[str, Tensor], scale: Tensor, told: Any
    ) -> None:
        for (name, weight), gradient in zip(self.trained.items(), gradients, strict=True):
            self._rule(told, weight, self.mean[name], self.square[name], gradient * scale)
        self._average(left, told)

    def _average(self, left: dict[str, Tensor], told: Any) -> None:
        """Count this step in the running averages, as all are, also one that moved nothing."""
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
        copied = {
            kind: {name: self.outward(value.numpy()) for name, value in named.items()}
            for kind, named in kinds.items()
        }
        return {**copied, "scaling": {"scaling": self.scaling} if self.dtype == "float16" else {}}

    def _variables(self, arrays: Mapping[str, np.ndarray]) -> Named:
        return {n: tf.Variable(np.asarray(a), dtype=tf.float32) for n, a in arrays.items()}
