"""A model that asks to be scored, whatever the door it came through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fusbench.models.card import ModelCard

if TYPE_CHECKING:
    from fusbench.data.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """A model that asks to be scored.

    Parameters
    ----------
    card : ModelCard
    owner, version : str
        The distribution that it comes from, or the name of its file.
    source : str
        SHA-256 of the code or the predictions; "" for what its version already identifies.
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
    stranger: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    load: Callable[[Dataset | None], Any]
    told: Mapping[str, Any] = field(default_factory=dict)
    warning: str = ""
