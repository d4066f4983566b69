"""Training a network of the zoo, as ``fusbench train`` does."""

from __future__ import annotations

import csv
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
from fusbench.errors import ConfigError, PluginError, counted
from fusbench.files import claimed
from fusbench.models.card import Learner, ModelCard
from fusbench.progress import Progress, silent
from fusbench.training.job import Training
from fusbench.training.log import logging
from fusbench.training.loop import train as run
from fusbench.training.recipe import Recipe, changed
from fusbench.training.recipe import recipe as find_recipe
from fusbench.training.state import is_finished
from fusbench.zoo.checkpoint import describe, naming_clips, network_of, read_metadata
from fusbench.zoo.entries import ENTRIES
from fusbench.zoo.network import Network
from fusbench.zoo.start import begun_from, origin, sized


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
    length: int | None = None
    placement: str | None = None
    base: int | None = None
    levels: int | None = None
    input_size: tuple[int, int] | None = None
    init: str | Path | None = None
    stride: int | None = None
    precision: str = "float32"
    compile: bool = False
    device: str | None = None
    fold: int | None = None


OF_RECIPE = (
    "max_steps", "validate_every", "batch_size", "learning_rate", "loss", "window_count",
)  # fmt: skip
OF_WINDOW = ("horizon", "stride", "length", "placement")
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
    waiting: float = 0.0
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
    card = model_card(model) if isinstance(model, str) else model
    chosen = Choices(
        recipe=recipe, policy=policy, seed=seed, max_steps=max_steps,
        validate_every=validate_every, batch_size=batch_size, learning_rate=learning_rate,
        loss=loss, window_count=window_count, horizon=horizon, stride=stride,
        length=length, placement=placement, base=base, levels=levels, input_size=input_size,
        init=init, precision=precision, compile=compile, device=device, fold=fold,
    )  # fmt: skip
    line = command or _command(card, dataset, out, chosen, dtype)
    beside, waiting = _workers(device) if workers is None else workers, 0.0
    with claimed(Path(out)), logging(log, Path(out)) as watch:
        job, learner = prepared(card, dataset, chosen, line, progress, cache=cache, workers=beside)
        taken = origin(job.network, job.metadata)[0] if job.network else ()
        begun = f" from {job.metadata['init']}, {counted(len(taken), 'layer')}" if taken else ""
        if not (resume and is_finished(Path(out), job)):
            with progress(f"training {card.name}{begun}") as update:
                _, waiting = run(
                    job, learner, Path(out), resume=resume, dtype=dtype, workers=beside,
                    report=update, watch=watch,
                )  # fmt: skip
    return trained(Path(out), waiting)


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
    sizes = {"base": choices.base, "levels": choices.levels, "input_shape": choices.input_size}
    network, begun = None, None
    if entry:
        network, window = sized(entry, {**sizes, "window": window})
        if choices.init is not None:
            begun = begun_from(entry, network, window, choices.init, choices.seed)
    elif any(sizes.values()) or choices.init is not None:
        fix = "Leave --base, --levels, --input-size and --init to networks of the zoo."
        raise ConfigError("is no network of the zoo, and has a size of its own", where, fix)
    card = replace(card, window=window)
    learner = _learner(card, network, choices, recipe, where)
    weights = dict(begun.weights) if begun else None
    told = begun.metadata if begun else _described(card)
    if network is None:
        weights = _own_weights(learner, where)
    elif begun is None and entry:
        told = describe(network, entry, window)
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
        weights=weights,
        metadata={
            **told,
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
    words = []
    for name, value in given.items():
        listed = value if isinstance(value, tuple) else (value,)
        words += [f"--{name}", *map(str, () if value is True else listed)]
    return shlex.join(["fusbench", "train", *words])
