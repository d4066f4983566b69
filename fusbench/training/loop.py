"""The training loop, in NumPy, for every backend: batches, steps, early stopping, resuming."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.augment.policy import Policy, augmented_batch
from fusbench.data.samples import Batch, Samples
from fusbench.errors import CheckpointError, ConfigError, DatasetError, TrainingError
from fusbench.models.card import Learner
from fusbench.training.optimiser import Adam, flat, learning_rate, shaped
from fusbench.training.recipe import Recipe
from fusbench.zoo.checkpoint import initial_weights, read_checkpoint, write_checkpoint
from fusbench.zoo.network import Network

VALIDATION_BATCH = 64
Report = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True)
class Training:
    """What is to be trained, and on what.

    Parameters
    ----------
    network : Network
    recipe : Recipe
    policy : Policy or None
        Augmentation of the training windows.
    seed : int
        Of initial weights, order and augmentation.
    train, val : Samples
        Windows to learn from, and to stop by.
    metadata : dict of str to str
        What the checkpoint is to tell of itself; it also identifies a training that is resumed.
    weights : dict, optional
        To start from, instead of drawn ones.
    """

    network: Network
    recipe: Recipe
    policy: Policy | None
    seed: int
    train: Samples
    val: Samples
    metadata: dict[str, str]
    weights: dict[str, np.ndarray] | None = None

    def batch(self, step: int) -> Batch:
        """The batch of a step: a function of seed and step alone."""
        size = min(self.recipe.batch_size, len(self.train))
        epoch, position = divmod(step, len(self.train) // size)
        order = np.random.default_rng([self.seed, 0, epoch]).permutation(len(self.train))
        chosen = order[position * size : (position + 1) * size]
        if self.policy is None:
            return self.train.batch(chosen)
        rng = np.random.default_rng([self.seed, 1, step])
        return augmented_batch(self.train, chosen, self.policy, rng)


@dataclass(frozen=True, kw_only=True)
class State:
    """Everything a training has come to; saving it and going on changes nothing."""

    adam: Adam
    best: np.ndarray
    best_step: int = 0
    best_loss: float = float("inf")
    running: tuple[float, int] = (0.0, 0)
    history: tuple[dict[str, float], ...] = field(default=())

    @property
    def last_validation(self) -> int:
        """Step of the last validation; -1 before the first."""
        return int(self.history[-1]["step"]) if self.history else -1


def train(
    job: Training,
    learner: Learner,
    out: Path,
    *,
    resume: bool = False,
    dtype: str = "float32",
    report: Report | None = None,
) -> State:
    """Train, and write the best weights to `out` with the learning curves beside it.

    Ctrl-C keeps the state in ``<out>.state``; a later call with `resume` continues it, to the same
    weights as an unbroken training.

    Parameters
    ----------
    job : Training
    learner : Learner
        The backend.
    out : Path
        Checkpoint to write; ``<stem>.csv`` and ``<stem>.png`` hold the learning curves.
    resume : bool
        Continue the training whose state lies beside `out`.
    dtype : {"float32", "float16"}
        How the weights are stored.
    report : callable, optional
        Told (steps done, steps in all, a short text).

    Raises
    ------
    DatasetError
        If a split holds no window with gaze.
    ConfigError
        If the state to resume is of another training.
    TrainingError
        If the loss stops being finite; the best weights so far are written nevertheless.
    """
    from fusbench.training.curves import write_curves

    for samples, split in ((job.train, "train"), (job.val, "val")):
        if not len(samples):
            fix = "Give it clips with gaze that are long enough for the window."
            raise DatasetError(f"the {split} split has no window to use", fix=fix)
    state_path = out.with_name(out.name + ".state")
    state = _read_state(state_path, job) if resume else _first_state(job)
    try:
        for step in _steps(job, learner, state, report):
            state = step
            if state.last_validation == state.adam.step:
                _write_state(state_path, job, state)
    except KeyboardInterrupt:
        _write_state(state_path, job, state)
        raise
    except TrainingError:
        if state.best_step:
            _finish(job, state, out, dtype)
        raise
    _finish(job, state, out, dtype)
    write_curves(out, state.history, state.best_step, job.metadata.get("model", job.network.name))
    state_path.unlink(missing_ok=True)
    return state


def _steps(job: Training, learner: Learner, state: State, report: Report | None) -> Iterator[State]:
    """The states after each step, until the budget or the patience is used up."""
    recipe, names = job.recipe, tuple(job.network.parameters)
    started = time.monotonic()
    note = f"best {state.best_loss:.3f}" if state.history else ""
    learner.load(shaped(state.adam.weights, job.network.parameters))
    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(job.batch, state.adam.step)
        while state.adam.step < recipe.max_steps and not _out_of_patience(state, recipe):
            batch = coming.result()
            coming = ahead.submit(job.batch, state.adam.step + 1)
            loss, gradients = learner.gradients(batch.frames, batch.densities)
            gradient = flat(gradients, names)
            if not (np.isfinite(loss) and np.isfinite(gradient).all()):
                what = f"the loss stopped being finite at step {state.adam.step + 1}"
                fix = "Lower the learning rate, or choose another --seed."
                raise TrainingError(what, fix=fix)
            adam = state.adam.updated(gradient, recipe)
            total, count = state.running
            state = replace(state, adam=adam, running=(total + loss, count + 1))
            learner.load(shaped(adam.weights, job.network.parameters))
            if adam.step % recipe.validate_every == 0 or adam.step == recipe.max_steps:
                state = _validated(job, learner, state, time.monotonic() - started)
                last = state.history[-1]
                note = f"train {last['train_loss']:.3f}, val {last['val_loss']:.3f}"
                note += f", best {state.best_loss:.3f}"
            if report:
                report(adam.step, recipe.max_steps, note)
            yield state


def _out_of_patience(state: State, recipe: Recipe) -> bool:
    since = sum(row["step"] > state.best_step for row in state.history)
    return bool(recipe.patience) and since >= recipe.patience


def _validated(job: Training, learner: Learner, state: State, seconds: float) -> State:
    """The state with one more row of history, and the best weights brought up to date."""
    total = sum(
        learner.loss(batch.frames, batch.densities) * len(batch.frames)
        for batch in job.val.batches(VALIDATION_BATCH)
    )
    loss = total / len(job.val)
    if not np.isfinite(loss):
        what = f"the validation loss is not finite at step {state.adam.step}"
        raise TrainingError(what, fix="Lower the learning rate, or choose another --seed.")
    running, count = state.running
    row = {
        "step": state.adam.step,
        "train_loss": running / max(count, 1),
        "val_loss": loss,
        "learning_rate": learning_rate(job.recipe, state.adam.step),
        "seconds": round(seconds, 1),
    }
    state = replace(state, history=(*state.history, row), running=(0.0, 0))
    if loss < state.best_loss:
        best = state.adam.weights
        state = replace(state, best=best, best_step=state.adam.step, best_loss=loss)
    return state


def _first_state(job: Training) -> State:
    given = job.weights or initial_weights(job.network, np.random.default_rng([job.seed, 2]))
    weights = flat(given, tuple(job.network.parameters))
    zero = np.zeros_like(weights)
    return State(adam=Adam(step=0, weights=weights, mean=zero, square=zero), best=weights)


def _identity(job: Training) -> dict[str, Any]:
    """What must agree for a training to be continued."""
    kept = {key: value for key, value in job.metadata.items() if key not in ("command", "fusbench")}
    return {**kept, "recipe": asdict(job.recipe), "seed": job.seed}


def _write_state(path: Path, job: Training, state: State) -> None:
    arrays = {
        "weights": state.adam.weights,
        "mean": state.adam.mean,
        "square": state.adam.square,
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


def _read_state(path: Path, job: Training) -> State:
    if not path.exists():
        fix = "Leave out --resume to begin, or check --out."
        raise ConfigError("there is no training to resume", str(path), fix)
    stored = read_checkpoint(path)
    try:
        facts = json.loads(stored.metadata["state"])
        identity = facts["identity"]
    except (KeyError, ValueError):
        fix = "Remove it to begin anew."
        raise CheckpointError("holds no state of a training", str(path), fix) from None
    now = json.loads(json.dumps(_identity(job)))
    for key in sorted({*identity, *now}):
        if identity.get(key) != now.get(key):
            what = f"was begun with another {key}"
            fix = "Resume with the same options, or begin anew without --resume."
            raise ConfigError(what, str(path), fix)
    arrays = stored.weights
    adam = Adam(
        step=facts["step"],
        weights=arrays["weights"],
        mean=arrays["mean"],
        square=arrays["square"],
    )
    return State(
        adam=adam,
        best=arrays["best"],
        best_step=facts["best_step"],
        best_loss=facts["best_loss"],
        running=(facts["running"][0], facts["running"][1]),
        history=tuple(facts["history"]),
    )


def _finish(job: Training, state: State, out: Path, dtype: str) -> None:
    """Write the best weights under their final name."""
    found = {
        "steps": str(state.adam.step),
        "best_step": str(state.best_step),
        "val_loss": f"{state.best_loss:.6f}",
        "seed": str(job.seed),
        "recipe": json.dumps(asdict(job.recipe), sort_keys=True),
    }
    weights = shaped(state.best, job.network.parameters)
    write_checkpoint(out, weights, {**job.metadata, **found}, dtype)
