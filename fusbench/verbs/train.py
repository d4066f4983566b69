"""Training a network of the zoo, as ``fusbench train`` does."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from fusbench.data.dataset import Dataset
from fusbench.doors.open import is_file
from fusbench.doors.own_file import own_card
from fusbench.doors.registry import model_card
from fusbench.errors import counted
from fusbench.files import claimed
from fusbench.models.card import ModelCard
from fusbench.pools import cores
from fusbench.progress import Progress, silent
from fusbench.training.group import Group, agreed, together
from fusbench.training.log import logging
from fusbench.training.loop import train as run
from fusbench.training.state import is_finished
from fusbench.verbs.choices import Choices, command_line
from fusbench.verbs.preparing import prepared
from fusbench.zoo.checkpoint import network_of, read_metadata
from fusbench.zoo.start import origin

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A finished training.

    Parameters
    ----------
    checkpoint : Path
        The best weights; learning curves lie beside them.
    steps, best_step : int
    val_loss : float
        Validation KLD of the best weights, in nats.
    history : mapping of str to float
        Their use of history, in nats, and its kinds of segment; empty for windows of one frame. See
        `fusbench.training.validation.validated`.
    waiting : float
        Share of the time in which the model waited for batches.
    taken, drawn : tuple of str
        Layers that began with the weights of another checkpoint, and those that did not.
    rank : int
        Of this process, where several trained together: the first one, 0, has written the files.

    Examples
    --------
    >>> done = Trained(
    ...     checkpoint=Path("my.safetensors"), steps=2000, best_step=1800, val_loss=1.9, history={})
    >>> done.val_loss
    1.9
    """

    checkpoint: Path
    steps: int
    best_step: int
    val_loss: float
    history: Mapping[str, float]
    waiting: float = 0.0
    taken: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()
    rank: int = 0

    @property
    def curves(self) -> pd.DataFrame:
        """The learning curves: a row for each validation."""
        return pd.read_csv(self.checkpoint.with_suffix(".csv"))

    def plot(self) -> Figure:
        """The learning curves as a Matplotlib figure, as it lies beside the checkpoint."""
        from fusbench.training.curves import curves_figure

        return curves_figure(self.curves, self.best_step, self.checkpoint.stem)


def train(
    model: str | Path | ModelCard,
    dataset: str | Path | Dataset,
    out: str | Path,
    *,
    recipe: str = "fast",
    policy: str | None = None,
    seed: int = 0,
    max_steps: int | None = None,
    validate_every: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    loss: str | None = None,
    window_count: str | None = None,
    horizon: int | None = None,
    stride: int | None = None,
    length: int | None = None,
    placement: str | None = None,
    base: int | None = None,
    levels: int | None = None,
    input_size: tuple[int, int] | None = None,
    init: str | Path | None = None,
    precision: str = "float32",
    compile: bool = False,
    device: str | None = None,
    fold: int | None = None,
    workers: int | None = None,
    cache: str = "memory",
    log: str | None = None,
    dtype: str = "float32",
    resume: bool = False,
    command: str | None = None,
    progress: Progress = silent,
) -> Trained:
    """Train a model on a train split; the val split says which weights are best.

    Ctrl-C keeps the state beside `out`; the same call with `resume` goes on from it, to the same
    weights as an unbroken training; whenever it was stopped or killed.

    Processes that ``torchrun`` starts, or that ``TF_CONFIG`` tells of each other, train together:
    each takes its share of every batch, and the first one alone validates, shows and writes.

    Parameters
    ----------
    model : str, Path or ModelCard
        A zoo model, which says the backend, or a plug-in, a Python file or a card that names a
        learner.
    dataset : str, Path or Dataset
        With a train and a val split.
    out : str or Path
        Checkpoint to write.
    recipe, policy, seed, max_steps, validate_every, batch_size, learning_rate, loss
        See `fusbench.verbs.choices.Choices`; so are
    window_count, horizon, stride, length, placement, base, levels, input_size, init
        these, and
    precision, compile, device, fold
        these.
    workers : int, optional
        Processes that make batches beside the model, to the same bytes whatever their number; 0
        has a thread do it. Default: 0 on a processor, half of its cores beside another device.
    cache : {"memory", "disk", "none"}
        Where frames of another size than the data set's are kept; see
        `fusbench.data.samples.Samples`.
    log : {"tensorboard"}, optional
        Also write the learning curves for this program, to the folder ``<out>.log``.
    dtype : {"float32", "float16"}
        How weights are stored.
    resume : bool
        Continue the training that was stopped, whenever that was: one that has not begun begins,
        and a finished one is told again.
    command : str, optional
        The line that the checkpoint tells as its origin; default: the one that does the same.
    progress : callable, optional
        Shows how far it is; see `fusbench.progress`.

    Returns
    -------
    Trained

    Raises
    ------
    ConfigError
        If fusbench cannot train the model, or the state to resume is of another training.
    TrainingError
        If the loss stops being finite; the best weights so far are written nevertheless.
    OutputError
        If another process trains into `out`.
    UnknownName, PluginError, DatasetError
        If a name, the backend, or the data cannot be had.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> done = train("unet-torch", "phantom-tiny", folder.name + "/w.safetensors", max_steps=1)
    ... # doctest: +SKIP
    >>> done.curves.columns.tolist()  # doctest: +SKIP
    ['step', 'train_loss', 'val_loss', 'learning_rate']
    """
    card, named = _card(model)
    chosen = Choices(
        recipe=recipe, policy=policy, seed=seed, max_steps=max_steps,
        validate_every=validate_every, batch_size=batch_size, learning_rate=learning_rate,
        loss=loss, window_count=window_count, horizon=horizon, stride=stride,
        length=length, placement=placement, base=base, levels=levels, input_size=input_size,
        init=init, precision=precision, compile=compile, device=device, fold=fold,
    )  # fmt: skip
    line = command or command_line(named, dataset, out, chosen, dtype)
    out = Path(out)
    with together(card.backend, os.environ) as group, ExitStack() as held:
        watch, leads = None, group.place.leads
        if leads:
            held.enter_context(claimed(out))
            watch = held.enter_context(logging(log, out))
        else:
            progress = silent
        beside, waiting = _workers(device, group) if workers is None else workers, 0.0
        job, learner = prepared(
            card, dataset, chosen, line, progress, cache=cache, workers=beside, group=group
        )
        taken = origin(job.network, job.metadata)[0] if job.network else ()
        begun = f" from {job.metadata['init']}, {counted(len(taken), 'layer')}" if taken else ""
        if not agreed(group, leads and resume and is_finished(out, job)):
            with progress(f"training {card.name}{begun}") as update:
                _, waiting = run(
                    job, learner, out, resume=resume, dtype=dtype, workers=beside, report=update,
                    watch=watch, group=group,
                )  # fmt: skip
        return _told(group, trained(out, waiting) if leads else None)


def _card(model: str | Path | ModelCard) -> tuple[ModelCard, str]:
    """A model's card, and what the command line calls it."""
    if isinstance(model, ModelCard):
        return model, model.name
    if isinstance(model, str) and not is_file(model):
        return model_card(model), model
    return own_card(Path(model)), str(model)


def _told(group: Group, done: Trained | None) -> Trained:
    """What the first process says of a training, in each; so none ends before it has written."""
    if done is not None:
        agreed(group, {**asdict(done), "checkpoint": str(done.checkpoint)})
        return done
    told: dict[str, Any] = agreed(group, {})
    names = {name: tuple(told[name]) for name in ("taken", "drawn")}
    checkpoint, rank = Path(told["checkpoint"]), group.place.rank
    return Trained(**{**told, **names, "checkpoint": checkpoint, "rank": rank})


def trained(checkpoint: Path, waiting: float = 0.0) -> Trained:
    """What a finished training's files say of it."""
    told = read_metadata(checkpoint)
    with checkpoint.with_suffix(".csv").open(newline="", encoding="utf-8") as stream:
        (best,) = [row for row in csv.DictReader(stream) if row["step"] == told["best_step"]]
    of_zoo = "network" in told
    taken, drawn = origin(network_of(told, str(checkpoint)), told) if of_zoo else ((), ())
    return Trained(
        checkpoint=checkpoint,
        steps=int(told["steps"]),
        best_step=int(told["best_step"]),
        val_loss=float(best["val_loss"]),
        history={name: float(use) for name, use in best.items() if name.startswith("history")},
        waiting=waiting,
        taken=tuple(taken),
        drawn=tuple(drawn),
    )


def _workers(device: str | None, group: Group) -> int:
    """A processor that runs the model has a thread to spare at best; beside it, cores are idle."""
    return 0 if device in (None, "cpu") else cores() // 2 // group.place.local_size
