"""The training loop, in NumPy, for every backend: batches, steps, patience, resuming."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.augment.policy import Policy, augmented_batch
from fusbench.data.samples import Batch, Samples
from fusbench.errors import CheckpointError, ConfigError, DatasetError, TrainingError
from fusbench.models.card import Learner
from fusbench.training.optimiser import Adam, Averages, fallen, flat, learning_rate, shaped
from fusbench.training.recipe import Recipe
from fusbench.training.validation import Row, validated
from fusbench.zoo.checkpoint import initial_weights, read_checkpoint, write_checkpoint
from fusbench.zoo.network import Network
from fusbench.zoo.normalise import folded, with_gains

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
        To start from, instead of drawn ones. Without gains among them nothing is normalised: a
        training that goes on from a checkpoint leaves its normalisation as it is.
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
    """Everything a training has come to; saving it and going on changes nothing.

    `adam` holds what is trained, `averages` the running statistics of normalised layers, and `best`
    the weights, statistics folded in, that did best on the validation split.
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
    recipe, network = job.recipe, job.network
    names = tuple(_trained(job))
    kept = tuple(network.statistics) if len(names) > len(network.parameters) else ()
    started = time.monotonic()
    note = f"best {state.best_loss:.3f}" if state.history else ""
    learner.load(shaped(state.adam.weights, _trained(job)))
    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(job.batch, state.adam.step)
        while state.adam.step < recipe.max_steps:
            falls = fallen(state.history, recipe)
            if recipe.patience and falls > recipe.falls:
                return
            batch = coming.result()
            coming = ahead.submit(job.batch, state.adam.step + 1)
            loss, gradients, statistics = learner.gradients(batch.frames, batch.densities)
            gradient = flat(gradients, names)
            if not (np.isfinite(loss) and np.isfinite(gradient).all()):
                what = f"the loss stopped being finite at step {state.adam.step + 1}"
                fix = "Lower the learning rate, or choose another --seed."
                raise TrainingError(what, fix=fix)
            adam = state.adam.updated(gradient, recipe, falls)
            averages = state.averages.updated(flat(statistics, kept))
            total, count = state.running
            state = replace(state, adam=adam, averages=averages, running=(total + loss, count + 1))
            if adam.step % recipe.validate_every == 0 or adam.step == recipe.max_steps:
                state = _validated(job, learner, state, time.monotonic() - started)
                note = _note(state)
            learner.load(shaped(adam.weights, _trained(job)))
            if report:
                report(adam.step, recipe.max_steps, note)
            yield state


def _trained(job: Training) -> Mapping[str, tuple[int, ...]]:
    """Name and shape of what this training learns."""
    begun_plain = job.weights is not None and set(job.weights) == set(job.network.parameters)
    plain = begun_plain or not job.recipe.normalise
    return job.network.parameters if plain else job.network.trained


def plain_weights(job: Training, state: State) -> dict[str, np.ndarray]:
    """The weights of a state as a checkpoint holds them."""
    trained = shaped(state.adam.weights, _trained(job))
    if len(trained) == len(job.network.parameters):
        return trained
    return folded(job.network, trained, shaped(state.averages.values, job.network.statistics))


def _note(state: State) -> str:
    last = state.history[-1]
    note = f"train {last['train_loss']:.3f}, val {last['val_loss']:.3f}"
    note += f", best {state.best_loss:.3f}"
    return note + (f", history {last['history']:.3f}" if "history" in last else "")


def _validated(job: Training, learner: Learner, state: State, seconds: float) -> State:
    """The state with one more row of history, and the best weights brought up to date."""
    weights = plain_weights(job, state)
    learner.load(weights)
    found = validated(learner, job.val)
    if not np.isfinite(found["val_loss"]):
        what = f"the validation loss is not finite at step {state.adam.step}"
        raise TrainingError(what, fix="Lower the learning rate, or choose another --seed.")
    running, count = state.running
    falls = fallen(state.history, job.recipe)
    row = {
        "step": state.adam.step,
        "train_loss": running / max(count, 1),
        **found,
        "learning_rate": learning_rate(job.recipe, state.adam.step, falls),
        "seconds": round(seconds, 1),
    }
    state = replace(state, history=(*state.history, row), running=(0.0, 0))
    loss = found["val_loss"]
    if loss < state.best_loss:
        best = flat(weights, tuple(job.network.parameters))
        state = replace(state, best=best, best_step=state.adam.step, best_loss=loss)
    return state


def _first_state(job: Training) -> State:
    given = job.weights
    if given is None:
        drawn = initial_weights(job.network, np.random.default_rng([job.seed, 2]))
        given = with_gains(job.network, drawn)
    weights = flat(given, tuple(_trained(job)))
    normalised = len(_trained(job)) > len(job.network.parameters)
    n_kept = 2 * sum(job.network.normalised.values()) if normalised else 0
    zero = np.zeros_like(weights)
    return State(
        adam=Adam(step=0, weights=weights, mean=zero, square=zero),
        averages=Averages(step=0, sums=np.zeros(n_kept, np.float32)),
        best=flat(given, tuple(job.network.parameters)),
    )


def _identity(job: Training) -> dict[str, Any]:
    """What must agree for a training to be continued."""
    kept = {key: value for key, value in job.metadata.items() if key not in ("command", "fusbench")}
    return {**kept, "recipe": asdict(job.recipe), "seed": job.seed}


def _write_state(path: Path, job: Training, state: State) -> None:
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
        averages=Averages(step=facts["step"], sums=arrays["averages"]),
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
        **{k: f"{v:.6f}" for k, v in state.best_row.items() if k.startswith("history")},
        "seed": str(job.seed),
        "recipe": json.dumps(asdict(job.recipe), sort_keys=True),
    }
    weights = shaped(state.best, job.network.parameters)
    write_checkpoint(out, weights, {**job.metadata, **found}, dtype)
