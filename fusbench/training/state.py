"""What a training has come to, and the file that keeps it between two runs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from fusbench.errors import CheckpointError, ConfigError
from fusbench.training.group import ALONE, Group
from fusbench.training.job import Training
from fusbench.training.recipe import Recipe
from fusbench.training.steps import Arrays, Kinds
from fusbench.training.validation import Row
from fusbench.zoo.checkpoint import read_checkpoint, read_metadata, write_checkpoint
from fusbench.zoo.normalise import KEPT, folded
from fusbench.zoo.start import drawn

UNTOLD = ("command", "fusbench")  # what may differ where a training is continued


@dataclass(frozen=True, kw_only=True)
class State:
    """Everything a training has come to; saving it and going on changes nothing.

    `arrays` is what `fusbench.training.steps` changes, as of the last validation or, where a
    training ended or was stopped, of the last step. `best` are the weights that did best on the
    validation split, statistics folded in.
    """

    step: int
    arrays: Kinds
    best: Arrays
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


def begun(job: Training, path: Path | None, group: Group = ALONE) -> State:
    """Where a training begins, or goes on if a state was kept: the first process's, in every one.

    Raises
    ------
    ConfigError
        If the state is of another training, or a process of the group makes another one.
    CheckpointError
        If the file is damaged, or of an older version.
    """
    leads = group.place.leads
    state = read_state(path, job) if leads and path and path.exists() else first_state(job)
    if group.place.size == 1:
        return state
    with TemporaryDirectory() as folder:
        sent = Path(folder) / "state"
        if leads:
            write_state(sent, job, state)
        content = group.first(sent.read_bytes() if leads else b"")
        if not leads:
            sent.write_bytes(content)
            state = read_state(sent, job)
    return state


def first_state(job: Training) -> State:
    """Where a training begins."""
    given: Mapping[str, np.ndarray] = job.weights or {}
    if job.weights is None and job.network is not None:
        given = drawn(job.network, job.seed)
    weights = {name: np.asarray(given[name], np.float32) for name in job.trained}
    sums = {name: np.zeros(shape, np.float32) for name, shape in averaged(job).items()}
    best = {name: weights[name] for name in job.parameters}
    return State(step=0, arrays={"weights": weights, "averages": sums}, best=best)


def kept(recipe: Recipe) -> float:
    """The share of running averages that a step keeps."""
    return recipe.average or KEPT


def averaged(job: Training) -> Mapping[str, tuple[int, ...]]:
    """Name and shape of what a training keeps running averages of: statistics, perhaps weights."""
    return {**(job.trained if job.recipe.average else {}), **job.statistics}


def plain_weights(job: Training, state: State) -> Arrays:
    """The weights of a state as a checkpoint holds them."""
    share = np.float32(1 - kept(job.recipe) ** state.step)  # averages begin at 0
    averages = {name: total / share for name, total in state.arrays["averages"].items()}
    trained = state.arrays["weights"]
    if job.recipe.average:
        trained = {name: averages[name] for name in trained}
    if job.network is None or not job.statistics:
        return trained
    return folded(job.network, trained, averages)


def write_state(path: Path, job: Training, state: State) -> None:
    """Keep a state in a file."""
    kinds = {**state.arrays, "best": state.best}
    arrays = {f"{kind}/{name}": a for kind, named in kinds.items() for name, a in named.items()}
    facts = {
        "step": state.step,
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
    kinds: dict[str, dict[str, np.ndarray]] = {"weights": {}, "averages": {}, "best": {}}
    for key, value in stored.weights.items():
        kind, _, name = key.partition("/")
        kinds.setdefault(kind, {})[name] = value
    wanted = {"weights": job.trained, "averages": averaged(job), "best": job.parameters}
    for kind, shapes in wanted.items():
        if {name: value.shape for name, value in kinds[kind].items()} != dict(shapes):
            fix = "Begin anew without --resume."
            raise CheckpointError("is the state of an older version", str(path), fix)
        kinds[kind] = {name: kinds[kind][name] for name in shapes}  # files sort their names
    best = kinds.pop("best")
    return State(
        step=facts["step"],
        arrays=kinds,
        best=best,
        best_step=facts["best_step"],
        best_loss=facts["best_loss"] if facts["history"] else math.inf,
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
    told = {key: value for key, value in job.metadata.items() if key not in UNTOLD}
    return {**told, "recipe": job.recipe.told(), "seed": job.seed}
