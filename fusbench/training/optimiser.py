"""Adam in NumPy: one update for every backend, whose whole state is three arrays and a number.

Beside it the learning rate as a function of step and history, and running averages of statistics.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fusbench.training.recipe import Recipe
from fusbench.zoo.normalise import KEPT


@dataclass(frozen=True, kw_only=True)
class Adam:
    """Weights and Adam's two moments after `step` updates, each a flat float32 vector.

    Notes
    -----
    Kingma and Ba, ICLR 2015, with both moments corrected for their start at zero and epsilon added
    to the corrected root. Frameworks disagree on that last detail, which is why the step is here.
    """

    step: int
    weights: np.ndarray
    mean: np.ndarray
    square: np.ndarray

    def updated(self, gradient: np.ndarray, recipe: Recipe, falls: int = 0) -> Adam:
        """The state after one more step along a flat gradient; `falls` as in `learning_rate`."""
        norm = float(np.sqrt(gradient @ gradient))
        if recipe.clip_norm and norm > recipe.clip_norm:
            gradient = gradient * np.float32(recipe.clip_norm / norm)
        step = self.step + 1
        beta1, beta2 = np.float32(recipe.beta1), np.float32(recipe.beta2)
        mean = beta1 * self.mean + (1 - beta1) * gradient
        square = beta2 * self.square + (1 - beta2) * gradient * gradient
        root = np.sqrt(square / np.float32(1 - recipe.beta2**step)) + np.float32(recipe.epsilon)
        rate = np.float32(learning_rate(recipe, self.step, falls) / (1 - recipe.beta1**step))
        weights = self.weights - rate * mean / root
        return Adam(step=step, weights=weights, mean=mean, square=square)


@dataclass(frozen=True, kw_only=True)
class Averages:
    """Running averages of flat float32 vectors, corrected for their start at zero.

    Each new vector leaves the share `kept` of what is there.
    """

    step: int
    sums: np.ndarray
    kept: float = KEPT

    def updated(self, vector: np.ndarray) -> Averages:
        """The averages with one more vector in them."""
        sums = np.float32(self.kept) * self.sums + np.float32(1 - self.kept) * vector
        return replace(self, step=self.step + 1, sums=sums)

    @property
    def values(self) -> np.ndarray:
        """The averages; of nothing before the first vector."""
        return self.sums / np.float32(1 - self.kept**self.step) if self.step else self.sums


def fallen(history: Sequence[Mapping[str, float]], recipe: Recipe) -> int:
    """How often the patience of a recipe has run out over these validations.

    Examples
    --------
    >>> from fusbench.training.recipe import recipe
    >>> losses = (3.0, 2.5, *[2.5] * recipe("patient").patience, 2.4)
    >>> fallen([{"val_loss": loss} for loss in losses], recipe("patient"))
    1
    """
    best, waited, falls = math.inf, 0, 0
    for row in history:
        if row["val_loss"] < best - recipe.least_gain:
            best, waited = row["val_loss"], 0
        else:
            waited += 1
        if recipe.patience and waited == recipe.patience:
            falls, waited = falls + 1, 0
    return falls


def learning_rate(recipe: Recipe, step: int, falls: int = 0) -> float:
    """The learning rate of a step, counted from 0, after the patience has run out `falls` times.

    Examples
    --------
    >>> from fusbench.training.recipe import recipe
    >>> [learning_rate(recipe("fast"), step) for step in (224, 450, 1725, 3000)]
    [0.0005, 0.001, 0.0005, 0.0]
    """
    warm_up = recipe.warm_up * recipe.max_steps
    rate = recipe.learning_rate * recipe.fall**falls
    rate *= min((step + 1) / warm_up, 1.0) if warm_up else 1.0
    if recipe.schedule == "constant":
        return rate
    share = max(step - warm_up, 0) / (recipe.max_steps - warm_up)
    return rate * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))


def flat(arrays: Mapping[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray:
    """Arrays in the order of `names` as one float32 vector."""
    parts = [np.asarray(arrays[name], np.float32).ravel() for name in names]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def shaped(vector: np.ndarray, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """The inverse of `flat`: arrays by name, as views into the vector."""
    arrays, start = {}, 0
    for name, shape in shapes.items():
        size = math.prod(shape)
        arrays[name] = vector[start : start + size].reshape(shape)
        start += size
    return arrays
