"""The training loop, in NumPy, for every backend: steps, validations, patience, resuming."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from fusbench.errors import DatasetError, TrainingError
from fusbench.models.card import Learner
from fusbench.training.job import Training
from fusbench.training.optimiser import fallen, flat, learning_rate, shaped
from fusbench.training.state import (
    State,
    averaged,
    first_state,
    plain_weights,
    read_state,
    write_state,
)
from fusbench.training.validation import validated
from fusbench.zoo.checkpoint import write_checkpoint

Report = Callable[[int, int, str], None]


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
        Continue the training whose state lies beside `out`; without a state, begin.
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
    resume = resume and state_path.exists()
    state = read_state(state_path, job) if resume else first_state(job)
    try:
        for step in _steps(job, learner, state, report):
            state = step
            if state.last_validation == state.adam.step:
                write_state(state_path, job, state)
    except KeyboardInterrupt:
        write_state(state_path, job, state)
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
    recipe = job.recipe
    names = tuple(job.trained)
    kept = tuple(averaged(job))
    note = f"best {state.best_loss:.3f}" if state.history else ""
    learner.load(shaped(state.adam.weights, job.trained))
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
            now = {**shaped(adam.weights, job.trained), **statistics}
            averages = state.averages.updated(flat(now, kept))
            total, count = state.running
            state = replace(state, adam=adam, averages=averages, running=(total + loss, count + 1))
            if adam.step % recipe.validate_every == 0 or adam.step == recipe.max_steps:
                state = _validated(job, learner, state)
                note = _note(state)
            learner.load(shaped(state.adam.weights, job.trained))
            if report:
                report(adam.step, recipe.max_steps, note)
            yield state


def _note(state: State) -> str:
    last = state.history[-1]
    note = f"train {last['train_loss']:.3f}, val {last['val_loss']:.3f}"
    note += f", best {state.best_loss:.3f}"
    return note + (f", history {last['history']:.3f}" if "history" in last else "")


def _validated(job: Training, learner: Learner, state: State) -> State:
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
    }
    state = replace(state, history=(*state.history, row), running=(0.0, 0))
    loss = found["val_loss"]
    if loss < state.best_loss:
        best = flat(weights, tuple(job.network.parameters))
        state = replace(state, best=best, best_step=state.adam.step, best_loss=loss)
    return state


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
