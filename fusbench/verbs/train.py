"""Training a network of the zoo, as ``fusbench train`` does."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from fusbench.augment.policy import policy as find_policy
from fusbench.data.dataset import Dataset, open_dataset
from fusbench.data.samples import Samples
from fusbench.discovery import load_target
from fusbench.doors.registry import model_card
from fusbench.errors import ConfigError, counted
from fusbench.files import claimed
from fusbench.models.card import Learner, ModelCard
from fusbench.progress import Progress, silent
from fusbench.training.job import Training
from fusbench.training.loop import train as run
from fusbench.training.recipe import recipe as find_recipe
from fusbench.training.state import is_finished
from fusbench.zoo.checkpoint import describe, naming_clips, network_of, read_metadata
from fusbench.zoo.entries import ENTRIES
from fusbench.zoo.start import begun_from, origin, sized


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What a training is told beside its model, data and output; None leaves it to the recipe.

    Parameters
    ----------
    recipe : {"fast", "patient", "paper", "paper-norm-momentum"}
    policy : str, optional
        Augmentation, such as "ra-7-9" or "none"; default: the model's own.
    seed : int
    max_steps, validate_every : int, optional
    window_count : {"exact", "paper"}, optional
        Training windows of a clip: all T - L + 1, or T - L as the paper writes.
    horizon : int, optional
        Predict the gaze this many frames ahead.
    length : int, optional
        Frames of a window; default: the model's own.
    placement : {"before", "around", "after"}, optional
        Where the other frames lie.
    base, levels : int, optional
        Channels of the finest level, and number of poolings.
    input_size : (int, int), optional
        Rows and columns that frames are scaled to.
    init : str or Path, optional
        Begin with the weights of this checkpoint, or with the "bundled" ones, in every layer that
        they fit; the others are drawn.
    precision : {"float32", "bfloat16"}
    device : str, optional
        The framework's name of a device, such as "cuda".
    fold : int, optional
    """

    recipe: str = "fast"
    policy: str | None = None
    seed: int = 0
    max_steps: int | None = None
    validate_every: int | None = None
    window_count: str | None = None
    horizon: int | None = None
    length: int | None = None
    placement: str | None = None
    base: int | None = None
    levels: int | None = None
    input_size: tuple[int, int] | None = None
    init: str | Path | None = None
    precision: str = "float32"
    device: str | None = None
    fold: int | None = None


OF_WINDOW = ("horizon", "length", "placement")


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
    taken, drawn : tuple of str
        Layers that began with the weights of another checkpoint, and those that did not.

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
    taken: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()

    @property
    def curves(self) -> pd.DataFrame:
        """The learning curves: a row for each validation."""
        return pd.read_csv(self.checkpoint.with_suffix(".csv"))


def train(
    model: str | ModelCard,
    dataset: str | Path | Dataset,
    out: str | Path,
    *,
    recipe: str = "fast",
    policy: str | None = None,
    seed: int = 0,
    max_steps: int | None = None,
    validate_every: int | None = None,
    window_count: str | None = None,
    horizon: int | None = None,
    length: int | None = None,
    placement: str | None = None,
    base: int | None = None,
    levels: int | None = None,
    input_size: tuple[int, int] | None = None,
    init: str | Path | None = None,
    precision: str = "float32",
    device: str | None = None,
    fold: int | None = None,
    dtype: str = "float32",
    resume: bool = False,
    command: str | None = None,
    progress: Progress = silent,
) -> Trained:
    """Train a zoo network on a train split; the val split says which weights are best.

    Ctrl-C keeps the state beside `out`; the same call with `resume` goes on from it, to the same
    weights as an unbroken training; whenever it was stopped or killed.

    Parameters
    ----------
    model : str or ModelCard
        A zoo model; it says the backend.
    dataset : str, Path or Dataset
        With a train and a val split.
    out : str or Path
        Checkpoint to write.
    recipe, policy, seed, max_steps, validate_every, window_count, horizon, precision, device, fold
        See `fusbench.verbs.train.Choices`; so are
    length, placement, base, levels, input_size, init
        these.
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
    card = model_card(model) if isinstance(model, str) else model
    chosen = Choices(
        recipe=recipe, policy=policy, seed=seed, max_steps=max_steps,
        validate_every=validate_every, window_count=window_count, horizon=horizon,
        length=length, placement=placement, base=base, levels=levels, input_size=input_size,
        init=init, precision=precision, device=device, fold=fold,
    )  # fmt: skip
    line = command or _command(card, dataset, out, chosen, dtype)
    with claimed(Path(out)):
        job, learner = prepared(card, dataset, chosen, line, progress)
        taken, _ = origin(job.network, job.metadata)
        begun = f" from {job.metadata['init']}, {counted(len(taken), 'layer')}" if taken else ""
        if not (resume and is_finished(Path(out), job)):
            with progress(f"training {card.name}{begun}") as update:
                run(job, learner, Path(out), resume=resume, dtype=dtype, report=update)
    return trained(Path(out))


def trained(checkpoint: Path) -> Trained:
    """What a finished training's files say of it."""
    told = read_metadata(checkpoint)
    with checkpoint.with_suffix(".csv").open(newline="", encoding="utf-8") as stream:
        (best,) = [row for row in csv.DictReader(stream) if row["step"] == told["best_step"]]
    taken, drawn = origin(network_of(told, str(checkpoint)), told)
    return Trained(
        checkpoint=checkpoint,
        steps=int(told["steps"]),
        best_step=int(told["best_step"]),
        val_loss=float(best["val_loss"]),
        history={name: float(use) for name, use in best.items() if name.startswith("history")},
        taken=tuple(taken),
        drawn=tuple(drawn),
    )


def prepared(
    card: ModelCard,
    dataset: str | Path | Dataset,
    choices: Choices,
    command: str,
    progress: Progress = silent,
) -> tuple[Training, Learner]:
    """What is to be trained, and the backend that gives its gradients.

    Raises
    ------
    ConfigError
        If fusbench cannot train the model.
    """
    where, entry = f"model '{card.name}'", card.network
    if card.learner is None or entry is None:
        fix = "Choose one of the zoo; 'fusbench model list' shows them."
        raise ConfigError("has no learner, so fusbench cannot train it", where, fix)
    changed = ("max_steps", "validate_every", "window_count")
    changes: dict[str, Any] = {k: getattr(choices, k) for k in changed if getattr(choices, k)}
    recipe = replace(find_recipe(choices.recipe), **changes)
    policy = choices.policy or ENTRIES[entry].policy
    found_policy = find_policy(policy)
    window = replace(card.window, **_told(choices, OF_WINDOW))
    sizes = {"base": choices.base, "levels": choices.levels, "input_shape": choices.input_size}
    network, window = sized(entry, {**sizes, "window": window})
    begun = None
    if choices.init is not None:
        begun = begun_from(entry, network, window, choices.init, choices.seed)
    learner_of = load_target(card.learner, where, card.backend)
    settings = {k: getattr(choices, k) for k in ("device", "precision") if getattr(choices, k)}
    learner = learner_of(replace(card, window=window), network, **settings)
    data = dataset
    if not isinstance(data, Dataset):
        with progress(f"making {dataset}") as update:
            data = open_dataset(data, ("train", "val"), update, choices.fold)
    shape = network.input_shape
    job = Training(
        network=network,
        recipe=recipe,
        policy=found_policy,
        seed=choices.seed,
        train=Samples(data, "train", window, shape=shape, window_count=recipe.window_count),
        val=Samples(data, "val", window, shape=shape, every=recipe.validation_stride),
        weights=dict(begun.weights) if begun else None,
        metadata={
            **(begun.metadata if begun else describe(network, entry, window)),
            "model": card.name,
            "policy": policy,
            "precision": choices.precision,
            "dataset": f"{data.info.name} {data.info.version}",
            "synthetic": str(data.info.synthetic).lower(),
            "train_fingerprint": data.fingerprint("train"),
            **naming_clips(
                (clip.sha256 for clip in data.split("train")), begun.metadata if begun else {}
            ),
            "val_fingerprint": data.fingerprint("val"),
            **({} if data.fold is None else {"fold": str(data.fold)}),
            "command": command,
            "fusbench": metadata.version("fusbench"),
        },
    )
    return job, learner


def _told(choices: Choices, names: tuple[str, ...]) -> dict[str, Any]:
    """What was chosen of these, by name."""
    return {k: getattr(choices, k) for k in names if getattr(choices, k) is not None}


def _command(
    card: ModelCard, dataset: str | Path | Dataset, out: str | Path, choices: Choices, dtype: str
) -> str:
    """The command line that does the same."""
    source = dataset.root if isinstance(dataset, Dataset) else dataset
    given = {"model": card.name, "dataset": source, "out": out}
    for each in fields(Choices):
        value = getattr(choices, each.name)
        if value != each.default:
            given[each.name.replace("_", "-")] = value
    if dtype != "float32":
        given["dtype"] = dtype
    words = []
    for name, value in given.items():
        words += [f"--{name}", *map(str, value if isinstance(value, tuple) else (value,))]
    return shlex.join(["fusbench", "train", *words])
