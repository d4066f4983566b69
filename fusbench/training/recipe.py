"""Recipes: how a network is trained, as data."""

from __future__ import annotations

from dataclasses import dataclass

from fusbench.errors import unknown


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Constants of a training; every one that an optimiser needs is stated.

    Parameters
    ----------
    name : str
    learning_rate : float
    schedule : {"constant", "cosine"}
        "cosine" lowers the learning rate to 0 at `max_steps`.
    warm_up : float
        Share of `max_steps` over which the learning rate first grows to its full height.
    beta1, beta2, epsilon : float
        Adam's; the step is ``rate * m_hat / (sqrt(v_hat) + epsilon)``.
    clip_norm : float
        Gradients of a larger global norm are scaled down to it; 0 leaves them.
    batch_size, max_steps : int
    validate_every : int
        Steps between validations.
    patience : int
        Validations without a better loss that a training waits for one; 0 waits for ever. The best
        weights are kept either way.
    falls : int
        How often running out of patience lowers the learning rate; the next time ends the training.
    fall : float
        Factor by which it is lowered.
    least_gain : float
        What a loss must be better by to count, in nats.
    average : float
        If not 0, running averages of the weights are validated and kept (Polyak and Juditsky,
        1992): this is the share of them, and of the normalisation's statistics, that a step keeps.
    normalise : bool
        Whether convolutions are normalised over the batch; see `fusbench.zoo.normalise`.
    validation_stride : int
        Each how many frames of the validation split are looked at; the same ones every time.
    window_count : {"exact", "paper"}
        Windows of a clip: T - L + 1, or T - L as the paper writes.
    """

    name: str
    learning_rate: float
    schedule: str = "constant"
    warm_up: float = 0.0
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-7
    clip_norm: float = 0.0
    batch_size: int = 16
    max_steps: int
    validate_every: int
    patience: int
    falls: int = 0
    fall: float = 0.3
    least_gain: float = 0.0
    average: float = 0.0
    normalise: bool = True
    validation_stride: int = 5
    window_count: str = "exact"


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="fast",
            learning_rate=1e-3,
            schedule="cosine",
            warm_up=0.15,
            clip_norm=1.0,
            max_steps=3000,
            validate_every=300,
            patience=0,
            validation_stride=10,
        ),
        # until the validation loss of the averaged weights stands still
        Recipe(
            name="patient",
            learning_rate=1e-3,
            warm_up=0.04,
            clip_norm=1.0,
            max_steps=12_000,
            validate_every=300,
            patience=2,
            least_gain=0.003,
            average=0.998,
            validation_stride=10,
        ),
        # "Adam with a momentum of 0.01", read as Adam's first moment
        Recipe(
            name="paper",
            learning_rate=1e-4,
            beta1=0.01,
            max_steps=40_000,
            validate_every=400,
            patience=10,
        ),
        # the same, read as the momentum of the batch normalisation
        Recipe(
            name="paper-norm-momentum",
            learning_rate=1e-4,
            max_steps=40_000,
            validate_every=400,
            patience=10,
        ),
    )
}


def recipe(name: str) -> Recipe:
    """The recipe of a name.

    Raises
    ------
    UnknownName

    Examples
    --------
    >>> recipe("paper").beta1
    0.01
    """
    if name not in RECIPES:
        raise unknown("recipe", name, list(RECIPES))
    return RECIPES[name]
