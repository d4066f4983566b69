"""A model comes in by its name or its Python file, in a process of its own.

Whatever the door, what comes in is an `Entrant`; `fusbench.evaluation.run` scores all alike. The
door of ready predictions is `fusbench.models.predictions.predictions`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusbench.discovery import MODELS, find
from fusbench.doors.registry import load_model, model_card
from fusbench.errors import PluginError
from fusbench.isolation.cards import OWN, ZOO
from fusbench.isolation.model import GuestModel
from fusbench.isolation.parent import Guest, Limits
from fusbench.models.card import card_from
from fusbench.models.entrant import Entrant
from fusbench.zoo.weights import card_of_weights, checkpoint_path

if TYPE_CHECKING:
    from fusbench.data.dataset import Dataset
    from fusbench.discovery import Entry


def is_file(name: str) -> bool:
    """Whether a model is named by its Python file rather than by a registered name.

    Examples
    --------
    >>> is_file("models/my_net.py"), is_file("clstmunet-torch")
    (True, False)
    """
    return name.endswith(".py") or "/" in name


@contextmanager
def entrant(
    name: str,
    *,
    python: Path | None = None,
    checkpoint: Path | None = None,
    device: str | None = None,
    limits: Limits | None = None,
) -> Iterator[Entrant]:
    """A model by its name or Python file, in a process of its own while the block runs.

    fusbench's baselines stay in this process.

    Raises
    ------
    UnknownName, PluginError, CheckpointError
    """
    entry = None if is_file(name) or python else find(MODELS, "model", name)
    if entry and entry.distribution == OWN:
        yield _own(entry)
        return
    where = f"model '{name}'" + (f" of {entry.owner}" if entry else "")
    with Guest(where, python, limits) as guest:
        yield introduced(guest, name, entry, checkpoint, device)


def _own(entry: Entry) -> Entrant:
    card = model_card(entry.name)
    return Entrant(
        card=card,
        owner=entry.distribution,
        version=entry.version,
        load=lambda dataset: load_model(card, dataset=dataset),
    )


def introduced(
    guest: Guest, name: str, entry: Entry | None, checkpoint: Path | None, device: str | None
) -> Entrant:
    """The entrant that a guest holds, by its entry, its Python file, or its name over there."""
    told = introduce(guest, name, entry)
    card = card_of_weights(card_from(told["card"], guest.where), checkpoint)
    weights = checkpoint_path(card, checkpoint)

    owner = entry.distribution if entry else told["owner"] or Path(name).name
    identity = guest.ask("identify")

    def load(dataset: Dataset) -> Any:
        needed = dataset.root if card.sees != "frames" else None
        return GuestModel(guest, card, checkpoint=weights, device=device, dataset=needed)

    return Entrant(
        card=card,
        owner=owner,
        version=entry.version if entry else told["version"],
        source=identity["source"] if owner not in ZOO else "",
        stranger=True,
        load=load,
        told=told,
        environment=identity["versions"] if guest.python else {},
    )


def introduce(guest: Guest, name: str, entry: Entry | None) -> dict[str, Any]:
    """What a guest tells of a model; its card is checked for the name."""
    path = None if guest.python else list(sys.path)
    limit = guest.limits.memory_gb
    memory = int(limit * 1e9) if limit else None
    if is_file(name):
        file = Path(name)
        if not file.is_file():
            raise PluginError("no file is here", str(file), "Name a Python file, or a model.")
        kind, value = "file", str(file.resolve())
    elif entry is None:
        kind, value = "name", name
    else:
        kind, value = "entry", f"{entry.module}:{entry.attribute}"
    told = guest.ask("introduce", kind=kind, value=value, path=path, memory_bytes=memory)
    called = told["card"].get("name")
    if kind != "file" and called != name:
        fix = "Give card and entry point one name."
        raise PluginError(f"the card is named '{called}'", guest.where, fix)
    return told
