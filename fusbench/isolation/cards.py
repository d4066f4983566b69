"""Reading models' cards without trusting them: strangers' are read in a copy of this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fusbench.discovery import HOUSE, OWN, card_of
from fusbench.errors import FusbenchError
from fusbench.isolation.copies import facts_of
from fusbench.models.card import ModelCard, card_from

if TYPE_CHECKING:
    from fusbench.installed import Entry

ZOO = HOUSE[1:]
Read = ModelCard | FusbenchError


def read_cards(entries: Iterable[Entry]) -> Iterator[tuple[Entry, Read]]:
    """The card of each entry, in no particular order, or what is wrong with it."""
    strangers = []
    for entry in entries:
        if entry.distribution in (OWN, *ZOO):
            yield entry, _read(entry)
        else:
            strangers.append(entry)
    for entry, told in facts_of(strangers, "model", _facts):
        if isinstance(told, FusbenchError):
            yield entry, told
        else:
            yield entry, card_from(told, f"model '{entry.name}' of {entry.owner}")


def _read(entry: Entry) -> Read:
    try:
        return card_of(entry, "model", ModelCard)
    except FusbenchError as error:
        return error


def _facts(entry: Entry) -> dict[str, Any]:
    return asdict(card_of(entry, "model", ModelCard))
