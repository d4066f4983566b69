"""The step of a training as formulas: the NumPy reference that every backend's own is held to.

Frameworks disagree on details of Adam, so what is meant is written here once more than needed. A
backend that keeps weights and moments on its device has the same formula in its own operations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fusbench.training.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Update:
    """The numbers of one step, the `number`-th: all that a backend is told beside the batch.

    Parameters
    ----------
    number : int
        Counted from 1.
    rate : float
        The learning rate of this step.
    decay : float
        What the step leaves of a kernel before the gradient moves it; 1 without weight decay.
    beta1, beta2, epsilon, clip_norm : float
        The recipe's.
    kept : float
        What running averages keep of themselves.
    """

    number: int
    rate: float
    decay: float
    beta1: float
    beta2: float
    epsilon: float
    clip_norm: float
    kept: float

    def scale(self, norm: float) -> float:
        """What a gradient of this global norm is multiplied with."""
        return self.clip_norm / norm if 0 < self.clip_norm < norm else 1.0


def update_of(recipe: Recipe, step: int, falls: int, kept: float) -> Update:
    """The numbers of the step after `step` others; `falls` as in `learning_rate`."""
    rate = learning_rate(recipe, step, falls)
    return Update(
        number=step + 1,
        rate=rate,
        decay=1 - rate * recipe.weight_decay,
        beta1=recipe.beta1,
        beta2=recipe.beta2,
        epsilon=recipe.epsilon,
        clip_norm=recipe.clip_norm,
        kept=kept,
    )


Moments = tuple[np.ndarray, np.ndarray, np.ndarray]


def adam(
    update: Update, weight: np.ndarray, mean: np.ndarray, square: np.ndarray, gradient: np.ndarray
) -> Moments:
    """Weight, mean and square after a step of Adam, all float32.

    Notes
    -----
    Kingma and Ba, ICLR 2015, with both moments corrected for their start at zero and epsilon added
    to the corrected root; a decay of the weight apart from the gradient makes it AdamW (Loshchilov
    and Hutter, ICLR 2019).
    """
    new1, new2 = np.float32(1 - update.beta1), np.float32(1 - update.beta2)
    mean = np.float32(update.beta1) * mean + new1 * gradient
    square = np.float32(update.beta2) * square + new2 * gradient * gradient
    corrected = np.float32(1 - update.beta2**update.number)
    root = np.sqrt(square / corrected) + np.float32(update.epsilon)
    rate = np.float32(update.rate / (1 - update.beta1**update.number))
    return _decayed(update, weight) - rate * mean / root, mean, square


def sgd(
    update: Update, weight: np.ndarray, mean: np.ndarray, square: np.ndarray, gradient: np.ndarray
) -> Moments:
    """The same with the gradient and the share `beta1` of the step before."""
    mean = np.float32(update.beta1) * mean + gradient
    return _decayed(update, weight) - np.float32(update.rate) * mean, mean, square


def _decayed(update: Update, weight: np.ndarray) -> np.ndarray:
    """A kernel as its decay leaves it; biases, gains and single numbers have none."""
    kernel = weight.ndim > 1 and update.decay != 1
    return np.float32(update.decay) * weight if kernel else weight


RULES: Mapping[str, Callable[..., Moments]] = {"adam": adam, "adamw": adam, "sgd": sgd}


def norm_of(gradients: Mapping[str, np.ndarray]) -> float:
    """The global norm of gradients, the same in whatever order."""
    return math.sqrt(math.fsum(float(np.vdot(g, g)) for g in gradients.values()))


def fallen(history: Sequence[Mapping[str, float]], recipe: Recipe) -> int:
    """How often the patience of a recipe has run out over these validations.

    Those at which a network hardly uses its other frames yet (`least_use`) have a patience of their
    own: its loss may stand still while the use of them still grows.

    Examples
    --------
    >>> from fusbench.training.recipe import recipe
    >>> losses = (3.0, 2.5, *[2.5] * recipe("patient").patience, 2.4)
    >>> fallen([{"val_loss": loss} for loss in losses], recipe("patient"))
    1
    """
    patience = (recipe.patience, recipe.slow_patience)
    best, falls, waited = math.inf, 0, [0, 0]
    for row in history:
        slow = recipe.slow_patience > 0 and row.get("history_sweep", math.inf) < recipe.least_use
        if row["val_loss"] < best - recipe.least_gain:
            best, waited = row["val_loss"], [0, 0]
        else:
            waited[slow] += 1
        if recipe.patience and waited[slow] == patience[slow]:
            falls, waited = falls + 1, [0, 0]
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
