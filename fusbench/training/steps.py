"""Who makes the steps of a training: a backend on its device, or NumPy for one that only derives.

Everything that training changes is named arrays of four kinds: "weights", the moments "mean" and
"square" of those that are trained, and the sums of running "averages".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol, cast

import numpy as np

from fusbench.data.samples import Batch
from fusbench.models.card import Learner
from fusbench.training.optimiser import RULES, Update, norm_of
from fusbench.training.recipe import Recipe

Arrays = Mapping[str, np.ndarray]
Kinds = Mapping[str, Arrays]


class Steps(Protocol):
    """What a learner adds that makes its steps itself, where its weights are."""

    def start(self, recipe: Recipe, state: Kinds) -> None:
        """Begin, or go on, from this state; moments that it lacks are 0."""
        ...

    def step(self, batch: Batch, update: Update) -> float:
        """Make one step and return the batch's mean loss.

        Not a number where loss or gradient are none; then, and where it raises, nothing has
        changed.
        """
        ...

    def state(self) -> Kinds:
        """Copies of all that training changes, float32."""
        ...


def steps_of(learner: Learner) -> Steps:
    """The learner itself if it makes its steps, else NumPy's around its gradients."""
    return cast(Steps, learner) if hasattr(learner, "step") else HostSteps(learner)


class HostSteps:
    """Steps in NumPy, for a learner that gives its gradients as arrays."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner

    def start(self, recipe: Recipe, state: Kinds) -> None:
        """Begin, or go on, from this state."""
        self.rule = RULES[recipe.optimiser]
        zeros = {name: np.zeros_like(value) for name, value in state["weights"].items()}
        self.kinds: dict[str, dict[str, np.ndarray]] = {
            kind: {**(zeros if kind in ("mean", "square") else {}), **state.get(kind, {})}
            for kind in ("weights", "mean", "square", "averages")
        }

    def step(self, batch: Batch, update: Update) -> float:
        """Make one step and return the batch's mean loss."""
        weights, mean, square, averages = self.kinds.values()
        self.learner.load(weights)
        given: list[Any] = [batch.frames, batch.densities]
        given += [] if batch.fixations is None else [batch.fixations]
        loss, found, statistics = self.learner.gradients(*given)
        gradients = {name: np.asarray(g, np.float32) for name, g in found.items()}
        norm = norm_of(gradients)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            return math.nan
        scale = update.scale(norm)
        for name, gradient in gradients.items():
            scaled = gradient if scale == 1 else gradient * np.float32(scale)
            weights[name], mean[name], square[name] = self.rule(
                update, weights[name], mean[name], square[name], scaled
            )
        kept, new = np.float32(update.kept), np.float32(1 - update.kept)
        for name, total in averages.items():
            value = statistics[name] if name in statistics else weights[name]
            averages[name] = kept * total + new * np.asarray(value, np.float32)
        return loss

    def state(self) -> Kinds:
        """All that training changes; a step puts new arrays in the place of these."""
        return {kind: dict(arrays) for kind, arrays in self.kinds.items()}
