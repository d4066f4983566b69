"""Training a network of the zoo, as ``fusbench train`` does."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from importlib import metadata
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusbench.augment.policy import policy as find_policy
from fusbench.child import cores
from fusbench.data.dataset import Dataset, open_dataset
from fusbench.data.fitted import MEMORY_BYTES
from fusbench.data.samples import Samples
from fusbench.discovery import load_target
from fusbench.doors.registry import model_card
from fusbench.errors import ConfigError, PluginError
from fusbench.files import claimed
from fusbench.models.card import Learner, ModelCard
from fusbench.progress import Progress, silent
from fusbench.training.job import Training
from fusbench.training.log import logging
from fusbench.training.loop import train as run
from fusbench.training.recipe import Recipe, changed
from fusbench.training.recipe import recipe as find_recipe
from fusbench.zoo.checkpoint import TRAIN_CLIPS, describe, short_hash
from fusbench.zoo.entries import ENTRIES, build
from fusbench.zoo.network import Network


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What a training is told beside its model, data and output; None leaves it to the recipe.

    Parameters
    ----------
    recipe : str
        "fast", "patient", "paper", "paper-norm-momentum", or a TOML file; see
        `fusbench.training.recipe.recipe`.
    policy : str, optional
        Augmentation, such as "ra-7-9" or "none"; default: the model's own.
    seed : int
    max_steps, validate_every, batch_size : int, optional
    learning_rate : float, optional
    loss : {"kld", "kld-nss-cc"}, optional
        The second is UNISAL's.
    window_count : {"exact", "paper"}, optional
        Training windows of a clip: all T - L + 1, or T - L as the paper writes.
    horizon : int, optional
        Predict the gaze this many frames ahead.
    stride : int, optional
        Frames from one of a window to the next.
    precision : {"float32", "bfloat16", "float16"}
    compile : bool
        Have the framework compile the network.
    device : str, optional
        The framework's name of a device, such as "cuda".
    fold : int, optional
    """

    recipe: str = "fast"
    policy: str | None = None
    seed: int = 0
    max_steps: int | None = None
    validate_every: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    loss: str | None = None
    window_count: str | None = None
    horizon: int | None = None
    stride: int | None = None
    precision: str = "float32"
    compile: bool = False
    device: str | None = None
    fold: int | None = None


OF_RECIPE = (
    "max_steps", "validate_every", "batch_size", "learning_rate", "loss", "window_count",
)  # fmt: skip
OF_WINDOW = ("horizon", "stride")
OF_LEARNER = ("device", "precision", "compile")


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
    batch_size: int | None = None,
    learning_rate: float | None = None,
    loss: str | None = None,
    window_count: str | None = None,
    horizon: int | None = None,
    stride: int | None = None,
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
    weights as an unbroken training.

    Parameters
    ----------
    model : str or ModelCard
        A zoo model, which says the backend, or a plug-in's whose card names a learner.
    dataset : str, Path or Dataset
        With a train and a val split.
    out : str or Path
        Checkpoint to write.
    recipe, policy, seed, max_steps, validate_every, batch_size, learning_rate, loss
        See `fusbench.verbs.train.Choices`; so are
    window_count, horizon, stride, precision, compile, device, fold
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
        Continue the training that was stopped.
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
    ['step', 'train_loss', 'val_loss', 'learning_rate', 'seconds']
    """
    card = model_card(model) if isinstance(model, str) else model
    chosen = Choices(
        recipe=recipe, policy=policy, seed=seed, max_steps=max_steps,
        validate_every=validate_every, batch_size=batch_size, learning_rate=learning_rate,
        loss=loss, window_count=window_count, horizon=horizon, stride=stride,
        precision=precision, compile=compile, device=device, fold=fold,
    )  # fmt: skip
    line = command or _command(card, dataset, out, chosen, dtype)
    beside = _workers(device) if workers is None else workers
    with claimed(Path(out)), logging(log, Path(out)) as watch:
        job, learner = prepared(card, dataset, chosen, line, progress, cache=cache, workers=beside)
        with progress(f"training {card.name}") as update:
            state, waiting = run(
                job, learner, Path(out), resume=resume, dtype=dtype, workers=beside,
                report=update, watch=watch,
            )  # fmt: skip
    return Trained(
        checkpoint=Path(out),
        steps=state.step,
        best_step=state.best_step,
        val_loss=state.best_loss,
        history={k: use for k, use in state.best_row.items() if k.startswith("history")},
        waiting=waiting,
    )


def _workers(device: str | None) -> int:
    """A processor that runs the model has a thread to spare at best; beside it, cores are idle."""
    return 0 if device in (None, "cpu") else cores() // 2


def prepared(
    card: ModelCard,
    dataset: str | Path | Dataset,
    choices: Choices,
    command: str,
    progress: Progress = silent,
    *,
    cache: str = "memory",
    workers: int = 0,
) -> tuple[Training, Learner]:
    """What is to be trained, and the backend that trains it.

    Raises
    ------
    ConfigError
        If fusbench cannot train the model.
    """
    where, entry = f"model '{card.name}'", card.network
    if card.learner is None:
        fix = "Name one in its card, as docs/how-to/train.md says, or choose one of the zoo."
        raise ConfigError("has no learner, so fusbench cannot train it", where, fix)
    recipe = changed(find_recipe(choices.recipe), _told(choices, OF_RECIPE))
    policy = choices.policy or (ENTRIES[entry].policy if entry else "none")
    found_policy = find_policy(policy)
    window = replace(card.window, **_told(choices, OF_WINDOW))
    card = replace(card, window=window)
    network = build(entry, window=window) if entry else None
    learner = _learner(card, network, choices, recipe, where)
    data = dataset
    if not isinstance(data, Dataset):
        with progress(f"making {dataset}") as update:
            data = open_dataset(data, ("train", "val"), update, choices.fold)
    shape = network.input_shape if network else card.input_shape
    samples = partial(
        Samples, data, window=window, shape=shape, channels=card.channels, cache=cache,
        memory_bytes=MEMORY_BYTES // max(workers, 1),
    )  # fmt: skip
    job = Training(
        network=network,
        recipe=recipe,
        policy=found_policy,
        seed=choices.seed,
        train=samples("train", window_count=recipe.window_count),
        val=samples("val", every=recipe.validation_stride),
        weights=None if network else _own_weights(learner, where),
        metadata={
            **(describe(network, entry, window) if network and entry else _described(card)),
            "model": card.name,
            "policy": policy,
            "precision": choices.precision,
            "dataset": f"{data.info.name} {data.info.version}",
            "synthetic": str(data.info.synthetic).lower(),
            "train_fingerprint": data.fingerprint("train"),
            TRAIN_CLIPS: json.dumps([short_hash(clip.sha256) for clip in data.split("train")]),
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


def _learner(
    card: ModelCard, network: Network | None, choices: Choices, recipe: Recipe, where: str
) -> Learner:
    """The learner that a card names, told what differs from the usual."""
    settings = {k: v for k, v in _told(choices, OF_LEARNER).items() if v is not False}
    if recipe.loss != "kld":
        settings["loss"] = recipe.loss
    given = (card,) if network is None else (card, network)
    # a plug-in's function may have been written before an option was
    learner_of = load_target(card.learner or "", where, card.backend)
    if "seed" in signature(learner_of).parameters:
        settings["seed"] = choices.seed
    try:
        signature(learner_of).bind(*given, **settings)
    except TypeError as error:
        what = f"its learner cannot be called as learner(card, {', '.join(settings)}): {error}"
        raise PluginError(what, where, "Write it as learner(card, **settings).") from None
    found: Learner = learner_of(*given, **settings)
    return found


def _own_weights(learner: Learner, where: str) -> dict[str, np.ndarray]:
    """Where the training of a plug-in's own network begins."""
    if not hasattr(learner, "weights"):
        fix = "Add weights(), which returns the initial ones by name."
        raise PluginError("its learner has no method 'weights'", where, fix)
    return {name: np.asarray(w, np.float32) for name, w in learner.weights().items()}


def _described(card: ModelCard) -> dict[str, str]:
    shape = {} if card.input_shape is None else {"input_shape": json.dumps(card.input_shape)}
    return {"window": json.dumps(asdict(card.window), sort_keys=True), **shape}


def _command(
    card: ModelCard, dataset: str | Path | Dataset, out: str | Path, choices: Choices, dtype: str
) -> str:
    """The command line that does the same."""
    source = dataset.root if isinstance(dataset, Dataset) else dataset
    given: dict[str, Any] = {"model": card.name, "dataset": source, "out": out}
    for each in fields(Choices):
        value = getattr(choices, each.name)
        if value != each.default:
            given[each.name.replace("_", "-")] = value
    if dtype != "float32":
        given["dtype"] = dtype
    flags = [f"--{name}" for name, value in given.items() if value is True]
    told = {name: value for name, value in given.items() if value is not True}
    words = [word for name, value in told.items() for word in (f"--{name}", str(value))] + flags
    return shlex.join(["fusbench", "train", *words])
