"""What a training has come to, and the file that keeps it between two runs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.errors import CheckpointError, ConfigError
from fusbench.training.job import Training
from fusbench.training.optimiser import Adam, Averages, flat, shaped
from fusbench.training.recipe import Recipe
from fusbench.training.validation import Row
from fusbench.zoo.checkpoint import read_checkpoint, read_metadata, write_checkpoint
from fusbench.zoo.normalise import KEPT, folded, statistics_of
from fusbench.zoo.start import drawn


@dataclass(frozen=True, kw_only=True)
class State:
    """Everything a training has come to; saving it and going on changes nothing.

    `adam` holds what is trained, `averages` the running averages of `averaged`, and `best` the
    weights, statistics folded in, that did best on the validation split.
    """

    adam: Adam
    averages: Averages
    best: np.ndarray
    best_step: int = 0
    best_loss: float = float("inf")
    running: tuple[float, int] = (0.0, 0)
    history: tuple[Row, ...] = field(default=())

    @property
    def last_validation(self) -> int:
        """Step of the last validation; -1 before the first."""
        return int(self.history[-1]["step"]) if self.history else -1

    @property
    def best_row(self) -> Row:
        """What the validation of the best weights found."""
        return next((row for row in self.history if row["step"] == self.best_step), {})


def first_state(job: Training) -> State:
    """Where a training begins."""
    given = drawn(job.network, job.seed) if job.weights is None else job.weights
    weights = flat(given, tuple(job.trained))
    n_averaged = sum(math.prod(shape) for shape in averaged(job).values())
    zero = np.zeros_like(weights)
    return State(
        adam=Adam(step=0, weights=weights, mean=zero, square=zero),
        averages=Averages(step=0, sums=np.zeros(n_averaged, np.float32), kept=kept(job.recipe)),
        best=flat(given, tuple(job.network.parameters)),
    )


def kept(recipe: Recipe) -> float:
    """The share of running averages that a step keeps."""
    return recipe.average or KEPT


def averaged(job: Training) -> dict[str, tuple[int, ...]]:
    """Name and shape of what a training keeps running averages of: statistics, perhaps weights."""
    found: dict[str, tuple[int, ...]] = dict(job.trained) if job.recipe.average else {}
    return found | statistics_of(job.network, job.trained)


def plain_weights(job: Training, state: State) -> dict[str, np.ndarray]:
    """The weights of a state as a checkpoint holds them."""
    averages = shaped(state.averages.values, averaged(job))
    trained = shaped(state.adam.weights, job.trained)
    if job.recipe.average and state.averages.step:
        trained = {name: averages[name] for name in trained}
    if len(trained) == len(job.network.parameters):
        return trained
    return folded(job.network, trained, averages)


def write_state(path: Path, job: Training, state: State) -> None:
    """Keep a state in a file."""
    arrays = {
        "weights": state.adam.weights,
        "mean": state.adam.mean,
        "square": state.adam.square,
        "averages": state.averages.sums,
        "best": state.best,
    }
    facts = {
        "step": state.adam.step,
        "best_step": state.best_step,
        "best_loss": state.best_loss,
        "running": state.running,
        "history": state.history,
        "identity": _identity(job),
    }
    write_checkpoint(path, arrays, {"state": json.dumps(facts)})


def read_state(path: Path, job: Training) -> State:
    """The state that a file keeps.

    Raises
    ------
    ConfigError
        If it is of another training.
    CheckpointError
        If the file is damaged, or of an older version.
    """
    stored = read_checkpoint(path)
    try:
        facts = json.loads(stored.metadata["state"])
        identity = facts["identity"]
    except (KeyError, ValueError):
        fix = "Remove it to begin anew."
        raise CheckpointError("holds no state of a training", str(path), fix) from None
    _check_same(identity, job, path)
    arrays = stored.weights
    if "averages" not in arrays:
        fix = "Begin anew without --resume."
        raise CheckpointError("is the state of an older version", str(path), fix)
    adam = Adam(
        step=facts["step"],
        weights=arrays["weights"],
        mean=arrays["mean"],
        square=arrays["square"],
    )
    return State(
        adam=adam,
        averages=Averages(step=facts["step"], sums=arrays["averages"], kept=kept(job.recipe)),
        best=arrays["best"],
        best_step=facts["best_step"],
        best_loss=facts["best_loss"],
        running=(facts["running"][0], facts["running"][1]),
        history=tuple(facts["history"]),
    )


def is_finished(out: Path, job: Training) -> bool:
    """Whether a checkpoint is what this training came to, with nothing left to be done.

    Raises
    ------
    ConfigError
        If another training wrote it.
    CheckpointError
        If it is damaged.
    """
    if out.with_name(out.name + ".state").exists() or not out.exists():
        return False
    told: dict[str, Any] = dict(read_metadata(out))
    with suppress(KeyError, ValueError):  # a missing one is another
        told |= {name: json.loads(told[name]) for name in ("recipe", "seed")}
    begun = {name for name in told if name.startswith("init")}  # with another's weights
    _check_same({name: told.get(name) for name in {*_identity(job), *begun}}, job, out)
    return True


def _check_same(identity: Mapping[str, Any], job: Training, path: Path) -> None:
    now = json.loads(json.dumps(_identity(job)))
    for key in sorted({*identity, *now}):
        if identity.get(key) != now.get(key):
            what = f"was begun with another {key}"
            fix = "Resume with the same options, or begin anew without --resume."
            raise ConfigError(what, str(path), fix)


def _identity(job: Training) -> dict[str, Any]:
    """What must agree for a training to be continued."""
    kept = {key: value for key, value in job.metadata.items() if key not in ("command", "fusbench")}
    return {**kept, "recipe": asdict(job.recipe), "seed": job.seed}
