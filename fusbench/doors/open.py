"""A model comes in by its name, its Python file or its card, in a process of its own.

Whatever the door, what comes in is an `Entrant`; `fusbench.evaluation.run` scores all alike. The
door of ready predictions is `fusbench.models.predictions.predictions`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusbench.discovery import MODELS, OWN, find, scan
from fusbench.doors.exported import card_of_exported, refuse_weights
from fusbench.doors.registry import load_model, model_card
from fusbench.errors import ConfigError, FusbenchError, PluginError
from fusbench.installed import owner_of
from fusbench.isolation.cards import ZOO, read_cards
from fusbench.isolation.model import GuestModel
from fusbench.isolation.parent import Guest, Limits
from fusbench.isolation.witnessed import GuestWitness
from fusbench.models.card import ModelCard, card_from
from fusbench.models.entrant import Entrant
from fusbench.zoo.exported import is_exported
from fusbench.zoo.weights import card_of_weights, checkpoint_path

if TYPE_CHECKING:
    from fusbench.data.dataset import Dataset
    from fusbench.installed import Entry


OF_WEIGHTS = (
    ".pt", ".pth", ".pt2", ".ckpt", ".keras", ".h5", ".tflite", ".safetensors", ".pkl", ".joblib"
)  # fmt: skip


def is_file(name: str) -> bool:
    """Whether a model is named by its Python or ONNX file rather than by a registered name.

    A file of weights is no name either: whoever opens it as a model is told what to do.

    Examples
    --------
    >>> is_file("models/my_net.py"), is_file("net.onnx"), is_file("clstmunet-torch")
    (True, True, False)
    """
    return name.endswith((".py", *OF_WEIGHTS)) or is_exported(name) or "/" in name


@contextmanager
def entrant(
    model: str | ModelCard,
    *,
    python: Path | None = None,
    checkpoint: Path | None = None,
    device: str | None = None,
    limits: Limits | None = None,
) -> Iterator[Entrant]:
    """A model by its name, Python file or card, in a process of its own while the block runs.

    fusbench's baselines stay in this process, whatever the Python of the others. A card that is a
    registered one goes by its name.

    Raises
    ------
    UnknownName, PluginError, CheckpointError
    """
    if isinstance(model, ModelCard):
        if _is_registered(model):
            model = model.name
        elif top(model) == OWN:
            yield _own(model, OWN, metadata.version(OWN), changed=True)
            return
    if isinstance(model, ModelCard):
        where, entry = f"model '{model.name}'", None
    else:
        entry = (
            None if is_file(model) or _elsewhere(model, python) else find(MODELS, "model", model)
        )
        if entry and entry.distribution == OWN:
            yield _own(model_card(model), entry.distribution, entry.version)
            return
        where = f"model '{model}'" + (f" of {entry.owner}" if entry else "")
    with Guest(where, python, limits) as guest:
        yield introduced(guest, model, entry, checkpoint, device)


def known(dataset: Dataset | None, card: ModelCard) -> Dataset:
    """The data set that a model needs.

    Raises
    ------
    ConfigError
        If there is none, as for a video.
    """
    if dataset is None:
        what = f"model '{card.name}' needs a data set, not a video alone"
        fix = "Use --dataset. Without one, use a model that sees frames only."
        raise ConfigError(what, fix=fix)
    return dataset


def with_train_frames(dataset: Dataset) -> Dataset:
    """The data set, with the frames of its train split made if it is an embedded one."""
    from fusbench.data.dataset import open_dataset
    from fusbench.discovery import DATASETS

    if all(clip.file for clip in dataset.train_clips):
        return dataset
    name = dataset.info.name
    if name not in scan(DATASETS)[0]:
        return dataset
    whole = open_dataset(name, ("train", "test"), fold=dataset.fold)
    same = whole.gaze_fingerprint("train") == dataset.gaze_fingerprint("train")
    return whole if same else dataset


def top(card: ModelCard) -> str:
    """The top-level module of a card's loader."""
    return card.loader.partition(":")[0].partition(".")[0]


def _elsewhere(name: str, python: Path | None) -> bool:
    """Whether another environment is to know the name."""
    known = scan(MODELS)[0].get(name) if python else None
    return python is not None and not (known and known.distribution == OWN)


def _is_registered(card: ModelCard) -> bool:
    """Whether a card is the one that is registered under its name."""
    try:
        entry = find(MODELS, "model", card.name)
    except FusbenchError:
        return False
    return [read for _, read in read_cards([entry])] == [card]


def _own(card: ModelCard, owner: str, version: str, *, changed: bool = False) -> Entrant:
    return Entrant(
        card=card,
        owner=owner,
        version=version,
        stranger=changed,
        load=lambda dataset: load_model(card, dataset=dataset),
    )


def introduced(
    guest: Guest,
    model: str | ModelCard,
    entry: Entry | None,
    checkpoint: Path | None,
    device: str | None,
) -> Entrant:
    """The entrant that a guest holds, by its entry, Python file or card, or its name over there."""
    if isinstance(model, str) and is_exported(model):
        refuse_weights(Path(model), checkpoint)
    told = introduce(guest, model, entry)
    card = card_of_weights(card_from(told["card"], guest.where), checkpoint)
    weights = checkpoint_path(card, checkpoint)

    if isinstance(model, ModelCard):
        owner, version = owner_of(top(model))
    elif entry:
        owner, version = entry.distribution, entry.version
    else:
        owner, version = told["owner"] or Path(model).name, told["version"]

    def load(dataset: Dataset | None) -> Any:
        given: dict[str, Any] = {"dataset": None, "data": dataset and dataset.root}
        if card.sees != "frames":
            whole = known(dataset, card)
            whole = with_train_frames(whole) if card.sees == "train-gaze" else whole
            given |= {"dataset": whole.root, "fold": whole.fold}
        return GuestModel(guest, card, checkpoint=weights, device=device, **given)

    return Entrant(
        card=card,
        owner=owner,
        version=version,
        witness=GuestWitness(guest=guest, versioned=owner in ZOO),
        stranger=True,
        load=load,
        told=told,
        environment=guest.ask("versions") if guest.python else {},
    )


def introduce(guest: Guest, model: str | ModelCard, entry: Entry | None) -> dict[str, Any]:
    """What a guest tells of a model; its card is checked for the name."""
    path = None if guest.python else list(sys.path)
    limit = guest.limits.memory_gb
    memory = int(limit * 1e9) if limit else None
    kind, value = _asked(model, entry)
    owner = entry.distribution if entry else None
    owner = owner_of(top(model))[0] if isinstance(model, ModelCard) else owner
    told = guest.ask(
        "introduce", kind=kind, value=value, path=path, memory_bytes=memory, owner=owner
    )
    called = told["card"].get("name")
    if kind in ("entry", "name") and called != model:
        fix = "Give card and entry point one name."
        raise PluginError(f"the card is named '{called}'", guest.where, fix)
    return told


def _plain(card: ModelCard) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(json.dumps(asdict(card), default=str))
    return facts


def _asked(model: str | ModelCard, entry: Entry | None) -> tuple[str, Any]:
    """How a guest is told which model it is to hold."""
    if isinstance(model, ModelCard):
        if top(model) == "__main__":
            what = "its loader is in __main__, which no other process can import"
            fix = "Give the loaded model itself, or put the loader into a file."
            raise PluginError(what, f"model '{model.name}'", fix)
        return "card", _plain(model)
    if is_file(model):
        file = Path(model)
        if not file.is_file():
            fix = "Name a Python file, an ONNX file, or a model."
            raise PluginError("no file is here", str(file), fix)
        if is_exported(file):
            return "card", _plain(card_of_exported(file))
        return "file", str(file.resolve())
    return ("entry", f"{entry.module}:{entry.attribute}") if entry else ("name", model)
