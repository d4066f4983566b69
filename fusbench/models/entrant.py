"""A model that asks to be scored, whatever the door it came through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from fusbench.models.card import ModelCard

if TYPE_CHECKING:
    from fusbench.data.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class Used:
    """What a model was made of when it predicted.

    Parameters
    ----------
    source : str
        SHA-256 over the files that it read: code, weights, and all else.
    versions : mapping
        Of the libraries that it loaded.
    of_data : tuple of str
        Files of the data set that it opened by itself.
    record : mapping
        What a later process needs to find out whether anything has changed since.
    """

    source: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    of_data: tuple[str, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)

    def __or__(self, later: Used) -> Used:
        """What was used at one time or the other, by one model."""
        return Used(
            source=self.source or later.source,
            versions=self.versions or later.versions,
            of_data=tuple(sorted({*self.of_data, *later.of_data})),
            record={
                name: {**self.record.get(name, {}), **value} if isinstance(value, dict) else value
                for name, value in {**self.record, **later.record}.items()
            },
        )


class Witness(Protocol):
    """Who saw what a model read."""

    def used(self) -> Used:
        """What the densities that were given so far follow from."""
        ...

    def unchanged(self, record: Mapping[str, Any], *, nearby: bool = False) -> bool:
        """Whether all that a record names is as it was.

        `nearby`, nothing else could be taken either: no file was put beside, nothing installed.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """A model that asks to be scored.

    Parameters
    ----------
    card : ModelCard
    owner, version : str
        The distribution that it comes from, or the name of its file.
    source : str
        SHA-256 of predictions or answers; "" where a version or a witness tells more.
    witness : Witness, optional
        Who sees what it reads; None for what runs in this process.
    stranger : bool
        Whether the options `checkpoint`, `device` and `freeze_history` concern it.
    environment : mapping
        Versions in the other environment that it runs in, if it does.
    load : callable
        ``load(dataset)`` returns the model; None is no data set, as for a video.
    told : mapping
        What its process tells of it.
    warning : str
        What a reader of its scores must know.
    """

    card: ModelCard
    owner: str
    version: str = ""
    source: str = ""
    witness: Witness | None = None
    stranger: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    load: Callable[[Dataset | None], Any]
    told: Mapping[str, Any] = field(default_factory=dict)
    warning: str = ""
