"""Adam in NumPy: one update for every backend, whose whole state is three arrays and a number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fusbench.training.recipe import Recipe


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

    def updated(self, gradient: np.ndarray, recipe: Recipe) -> Adam:
        """The state after one more step along a flat gradient."""
        norm = float(np.sqrt(gradient @ gradient))
        if recipe.clip_norm and norm > recipe.clip_norm:
            gradient = gradient * np.float32(recipe.clip_norm / norm)
        step = self.step + 1
        beta1, beta2 = np.float32(recipe.beta1), np.float32(recipe.beta2)
        mean = beta1 * self.mean + (1 - beta1) * gradient
        square = beta2 * self.square + (1 - beta2) * gradient * gradient
        root = np.sqrt(square / np.float32(1 - recipe.beta2**step)) + np.float32(recipe.epsilon)
        rate = np.float32(learning_rate(recipe, self.step) / (1 - recipe.beta1**step))
        weights = self.weights - rate * mean / root
        return Adam(step=step, weights=weights, mean=mean, square=square)


def learning_rate(recipe: Recipe, step: int) -> float:
    """The learning rate of a step, counted from 0.

    Examples
    --------
    >>> from fusbench.training.recipe import recipe
    >>> [learning_rate(recipe("fast"), step) for step in (224, 450, 1725, 3000)]
    [0.0005, 0.001, 0.0005, 0.0]
    """
    warm_up = recipe.warm_up * recipe.max_steps
    rate = recipe.learning_rate * (min((step + 1) / warm_up, 1.0) if warm_up else 1.0)
    if recipe.schedule == "constant":
        return rate
    share = max(step - warm_up, 0) / (recipe.max_steps - warm_up)
    return rate * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))


def flat(arrays: Mapping[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray:
    """Arrays in the order of `names` as one float32 vector."""
    return np.concatenate([np.asarray(arrays[name], np.float32).ravel() for name in names])


def shaped(vector: np.ndarray, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """The inverse of `flat`: arrays by name, as views into the vector."""
    arrays, start = {}, 0
    for name, shape in shapes.items():
        size = math.prod(shape)
        arrays[name] = vector[start : start + size].reshape(shape)
        start += size
    return arrays
