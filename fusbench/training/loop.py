"""The training loop, for every backend: steps, validations, patience, resuming."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from fusbench.errors import DatasetError, PluginError, TrainingError, counted
from fusbench.models.card import Learner
from fusbench.training.ahead import Ahead, ahead
from fusbench.training.group import ALONE, Group, LostError, agreed
from fusbench.training.job import Training
from fusbench.training.optimiser import fallen, learning_rate, update_of
from fusbench.training.state import (
    State,
    begun,
    kept,
    plain_weights,
    write_state,
)
from fusbench.training.steps import Steps, steps_of
from fusbench.training.stopping import learner_errors, whole
from fusbench.training.validation import Row, validated
from fusbench.zoo.checkpoint import write_checkpoint

Report = Callable[[int, int, str], None]
Watch = Callable[[Row], None]
CALMER = "Lower the learning rate, or choose another --seed."


def train(
    job: Training,
    learner: Learner,
    out: Path,
    *,
    resume: bool = False,
    dtype: str = "float32",
    workers: int = 0,
    report: Report | None = None,
    watch: Watch | None = None,
    group: Group = ALONE,
) -> tuple[State, float]:
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
    workers : int
        Processes that make the batches; 0 has a thread of this process do it.
    report : callable, optional
        Told (steps done, steps in all, a short text).
    watch : callable, optional
        Told each row of the learning curves.
    group : Group, optional
        The processes that train together: the first one alone validates, writes and tells.

    Returns
    -------
    State, float
        Where it ended, and the share of the time that was spent waiting for batches.

    Raises
    ------
    DatasetError
        If a split holds no window with gaze.
    ConfigError
        If the state to resume is of another training.
    TrainingError
        If the loss stops being finite, or memory does not suffice; the best weights so far are
        written nevertheless.
    PluginError
        If the learner raises an error of its own; what is best so far is written, too.
    LostError
        If another process of the group ends; the state is kept, as for Ctrl-C.
    """
    from fusbench.training.curves import write_curves

    for samples, split in ((job.train, "train"), (job.val, "val")):
        if not len(samples):
            fix = "Give it clips with gaze that are long enough for the window."
            raise DatasetError(f"the {split} split has no window to use", fix=fix)
    state_path = out.with_name(out.name + ".state")
    leads = group.place.leads
    state = start = begun(job, state_path if resume else None, group)
    steps = steps_of(learner)
    with learner_errors("its weights", _where(job)):
        steps.start(job.recipe, state.arrays)
    with ahead(job, state.step, workers) as batches:
        try:
            for state in _states(job, learner, steps, start, batches, report, group):
                if state.last_validation == state.step and leads:
                    write_state(state_path, job, state)
                    if watch:
                        watch(state.history[-1])
        except (KeyboardInterrupt, LostError):
            if leads:
                write_state(state_path, job, replace(state, arrays=steps.state()))
            raise
        except (TrainingError, PluginError):
            if state.best_step and leads:
                _finish(job, state, out, dtype)
            raise
    if leads:
        _finish(job, state, out, dtype)
        write_curves(out, state.history, state.best_step, job.metadata.get("model", "training"))
        state_path.unlink(missing_ok=True)
    return state, batches.waiting


def _states(
    job: Training,
    learner: Learner,
    steps: Steps,
    state: State,
    batches: Ahead,
    report: Report | None,
    group: Group,
) -> Iterator[State]:
    """The states after each step and each validation, until budget or patience is used up."""
    recipe = job.recipe
    share = kept(recipe)
    while True:
        if _due(job, state):
            state = replace(state, arrays=steps.state())
            state = _validated(job, learner, state, group)
            yield state
        falls = fallen(state.history, recipe)
        if state.step >= recipe.max_steps or (recipe.patience and falls > recipe.falls):
            return
        batch = next(batches)
        with whole():  # until the caller has the state that belongs to the weights
            with learner_errors(f"a step of {counted(len(batch.frames), 'window')}", _where(job)):
                loss = steps.step(batch, update_of(recipe, state.step, falls, share))
            if not math.isfinite(loss):
                what = f"the loss stopped being finite at step {state.step + 1}"
                raise TrainingError(what, fix=CALMER)
            total, count = state.running
            state = replace(state, step=state.step + 1, running=(total + loss, count + 1))
            if report:
                report(state.step, recipe.max_steps, _note(state, batches))
            yield state


def _due(job: Training, state: State) -> bool:
    """Whether a validation is to come before the next step."""
    recipe, step = job.recipe, state.step
    at = step % recipe.validate_every == 0 or step >= recipe.max_steps
    return at and step > max(state.last_validation, 0)


def _where(job: Training) -> str:
    return f"model '{job.metadata['model']}'" if "model" in job.metadata else ""


def _note(state: State, batches: Ahead) -> str:
    waiting = f"waiting {batches.waiting:.0%}"
    if not state.history:
        return waiting
    last = state.history[-1]
    note = f"train {last['train_loss']:.3f}, val {last['val_loss']:.3f}"
    note += f", best {state.best_loss:.3f}"
    note += f", history {last['history']:.3f}" if "history" in last else ""
    return f"{note}, {waiting}"


def _validated(job: Training, learner: Learner, state: State, group: Group) -> State:
    """The state with one more row of history, and the best weights brought up to date."""
    weights, found = plain_weights(job, state), {}
    if group.place.leads:
        with learner_errors("a validation", _where(job)):
            learner.load(weights)
            found = validated(learner, job.val)
    found = agreed(group, found)
    if not math.isfinite(found["val_loss"]):
        what = f"the validation loss is not finite at step {state.step}"
        raise TrainingError(what, fix=CALMER)
    running, count = state.running
    falls = fallen(state.history, job.recipe)
    row = {
        "step": state.step,
        "train_loss": running / max(count, 1),
        **found,
        "learning_rate": learning_rate(job.recipe, state.step, falls),
    }
    state = replace(state, history=(*state.history, row), running=(0.0, 0))
    loss = found["val_loss"]
    if loss < state.best_loss:
        state = replace(state, best=weights, best_step=state.step, best_loss=loss)
    return state


def _finish(job: Training, state: State, out: Path, dtype: str) -> None:
    """Write the best weights under their final name."""
    found = {
        "steps": str(state.step),
        "best_step": str(state.best_step),
        "val_loss": f"{state.best_loss:.6f}",
        **{k: f"{v:.6f}" for k, v in state.best_row.items() if k.startswith("history")},
        "seed": str(job.seed),
        "recipe": json.dumps(job.recipe.told(), sort_keys=True),
    }
    weights = {name: state.best[name] for name in job.parameters}
    write_checkpoint(out, weights, {**job.metadata, **found}, dtype)
