"""Recipes: how a network is trained, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fusbench.errors import ConfigError, unknown
from fusbench.reading import read_toml
from fusbench.records import read_record, told

SCHEDULES, COUNTS = ("constant", "cosine"), ("exact", "paper")
OPTIMISERS, LOSSES = ("adam", "adamw", "sgd"), ("kld", "kld-nss-cc")
LATER = ("optimiser", "weight_decay", "loss", "least_use", "slow_patience")
"""Fields that older checkpoints do not tell: told only where they are not the usual ones."""


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
    optimiser : {"adam", "adamw", "sgd"}
        See `fusbench.training.optimiser`.
    beta1, beta2, epsilon : float
        Adam's; the step is ``rate * m_hat / (sqrt(v_hat) + epsilon)``. `beta1` is the momentum of
        "sgd" too.
    weight_decay : float
        Of "adamw" and "sgd": the share of the learning rate by which a step shrinks kernels, apart
        from the gradient (Loshchilov and Hutter, 2019). Biases and gains are left alone.
    loss : {"kld", "kld-nss-cc"}
        The second is UNISAL's (Droste et al., 2020): KLD - 0.1 NSS - 0.1 CC. Validation is in KLD.
    clip_norm : float
        Gradients of a larger global norm are scaled down to it; 0 leaves them.
    batch_size, max_steps : int
    validate_every : int
        Steps between validations.
    patience : int
        Validations without a better loss that a training waits for one; 0 waits for ever. The best
        weights are kept either way.
    least_use : float
        Nats of use of history in sweeps, of windows of several frames on data that name sweeps: a
        network whose use is less is still learning what its other frames are for.
    slow_patience : int
        Validations that it may wait while it is; they are counted apart. 0 makes no difference.
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

    Raises
    ------
    ConfigError
        If a value is impossible.

    Examples
    --------
    >>> from dataclasses import replace
    >>> replace(RECIPES["fast"], name="mine", optimiser="adamw", weight_decay=0.01).max_steps
    3000
    """

    name: str
    learning_rate: float
    schedule: str = "constant"
    warm_up: float = 0.0
    optimiser: str = "adam"
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-7
    weight_decay: float = 0.0
    loss: str = "kld"
    clip_norm: float = 0.0
    batch_size: int = 16
    max_steps: int
    validate_every: int
    patience: int
    least_use: float = 0.0
    slow_patience: int = 0
    falls: int = 0
    fall: float = 0.3
    least_gain: float = 0.0
    average: float = 0.0
    normalise: bool = True
    validation_stride: int = 5
    window_count: str = "exact"

    def __post_init__(self) -> None:
        for field, values in CHOICES.items():
            if getattr(self, field) not in values:
                near = unknown(field, str(getattr(self, field)), list(values)).fix
                raise ConfigError(f"{field} = '{getattr(self, field)}' is unknown", fix=near)
        for field, (least, most) in RANGES.items():
            if not least <= getattr(self, field) <= most:
                what = f"{field} = {getattr(self, field):g} is outside {least:g} to {most:g}"
                raise ConfigError(what, fix="Correct it.")
        if self.weight_decay and self.optimiser == "adam":
            fix = 'Use optimiser = "adamw", or no weight_decay.'
            raise ConfigError("Adam takes no weight_decay apart from the gradient", fix=fix)

    def told(self) -> dict[str, Any]:
        """The constants as a checkpoint tells them."""
        return told(self, LATER)


CHOICES = {
    "schedule": SCHEDULES, "window_count": COUNTS, "optimiser": OPTIMISERS, "loss": LOSSES,
}  # fmt: skip
_LARGE = float("inf")
_BELOW_ONE = 1 - 1e-9
RANGES = {
    "learning_rate": (0, 1e3), "warm_up": (0, _BELOW_ONE), "beta1": (0, _BELOW_ONE),
    "beta2": (0, _BELOW_ONE), "epsilon": (1e-38, 1), "weight_decay": (0, 1e3),
    "clip_norm": (0, 1e38), "batch_size": (1, _LARGE), "max_steps": (1, _LARGE),
    "validate_every": (1, _LARGE), "patience": (0, _LARGE), "falls": (0, _LARGE), "fall": (0, 1),
    "least_use": (0, _LARGE), "slow_patience": (0, _LARGE), "least_gain": (0, _LARGE),
    "average": (0, _BELOW_ONE), "validation_stride": (1, _LARGE),
}  # fmt: skip
CURVE = 10
"""Validations that a budget of one's own has, at least, so that there is a curve to look at."""


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
            least_use=0.15,
            slow_patience=6,
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
    """The recipe of a name, or of a TOML file.

    The keys of a file are the fields of `Recipe`; with ``like = "patient"`` those that it leaves
    out are that recipe's. Its name is the file's, unless it has another.

    Raises
    ------
    UnknownName
        If no recipe has this name.
    ConfigError
        If a file cannot be read, or a field is unknown, missing or impossible.

    Examples
    --------
    >>> recipe("paper").beta1
    0.01
    """
    if name in RECIPES:
        return RECIPES[name]
    path = Path(name)
    if path.suffix != ".toml":
        raise unknown("recipe", name, [*RECIPES, "FILE.toml"])
    return _read(path)


def _read(path: Path) -> Recipe:
    content = {"name": path.stem, **read_toml(path, ConfigError)}
    like = content.pop("like", None)
    if like is not None and like not in RECIPES:
        raise ConfigError(f"like = '{like}' is no recipe", str(path), f"Use {', '.join(RECIPES)}.")
    known = RECIPES[like].__dict__ if like else {}
    needed = 'Add it, or begin with like = "patient".'
    return read_record(Recipe, {**known, **content}, str(path), ConfigError, needed)


def changed(chosen: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """A recipe with some fields changed; a budget of one's own is validated `CURVE` times or more.

    Patience then waits for as many steps as before.

    Examples
    --------
    >>> short = changed(recipe("patient"), {"max_steps": 1000})
    >>> short.validate_every, short.patience
    (100, 6)
    """
    found = replace(chosen, **changes)
    every = max(1, found.max_steps // CURVE)
    if "max_steps" not in changes or "validate_every" in changes or every >= found.validate_every:
        return found
    patience, slow = (
        count * found.validate_every // every for count in (found.patience, found.slow_patience)
    )
    return replace(found, validate_every=every, patience=patience, slow_patience=slow)
