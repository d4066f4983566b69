"""Several processes that make one training together: which one this is, and what they share.

Each makes its share of every batch and takes the mean gradient of all, so that their weights are
the same after each step. The first one alone validates and writes; the others are told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from fusbench.discovery import BACKENDS, load_target
from fusbench.errors import ConfigError, TrainingError, counted
from fusbench.numerals import is_whole

Found = TypeVar("Found")
PAGE = "docs/how-to/many-gpus.md"
TORCH = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
MASTER = ("MASTER_ADDR", "MASTER_PORT")
TOGETHER = ("torch",)
"""Backends in which several processes can make one training."""


class LostError(TrainingError):
    """Another process of a training has ended; what this one had come to can be resumed."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Which of a training's processes one is.

    Parameters
    ----------
    rank, size : int
        Its number, counted from 0, and how many there are.
    local_rank, local_size : int
        The same among those of its machine.

    Examples
    --------
    >>> Place(rank=1, size=4).share(16)
    slice(4, 8, None)
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def leads(self) -> bool:
        """Whether it is the one that validates and writes."""
        return self.rank == 0

    def share(self, windows: int) -> slice:
        """Its part of a batch of so many windows.

        Raises
        ------
        ConfigError
            If they cannot be shared equally.
        """
        each, rest = divmod(windows, self.size)
        if rest:
            what = f"a batch of {counted(windows, 'window')} has no equal shares"
            fix = f"Use a --batch-size that {self.size} divides; it is that of all together."
            raise ConfigError(f"{what} for {self.size} processes", fix=fix)
        return slice(self.rank * each, (self.rank + 1) * each)


ONLY = Place()


class Group(Protocol):
    """The processes of a training, as one of them sees them."""

    @property
    def place(self) -> Place:
        """Which of them it is."""
        ...

    def first(self, content: bytes) -> bytes:
        """What the first process gives, in every process; each calls it with something."""
        ...

    def tells(self) -> bool:
        """Whether this process, which ends before its time, is the first to: the one that tells."""
        ...

    def leave(self) -> None:
        """End what the processes share."""
        ...


@dataclass(frozen=True)
class Alone:
    """A process that shares nothing with others, or not yet."""

    place: Place = ONLY

    def first(self, content: bytes) -> bytes:
        """The content itself."""
        return content

    def tells(self) -> bool:
        """Before they have met, processes of a machine fail alike."""
        return self.place.local_rank == 0

    def leave(self) -> None:
        """Nothing is shared."""


ALONE = Alone()


@contextmanager
def together(backend: str, environ: Mapping[str, str]) -> Iterator[Group]:
    """The group that the environment tells this process to join; a process is mostly alone.

    Where several fail, or the end of one ends the others, the first to end tells why; the others
    leave with `SystemExit`.

    Raises
    ------
    ConfigError
        If the environment tells something impossible, or the backend trains in one process only.
    """
    group: Group = Alone(place_of(backend, environ))
    try:
        if group.place.size > 1:
            target = f"{BACKENDS[backend].replace('-', '_')}.group:join"
            group = load_target(target, f"backend '{backend}'", backend)(group.place)
        yield group
    except BaseException as error:
        if group.tells():
            raise
        raise SystemExit(1) from error
    group.leave()  # not from those that have ended, for whom it would wait


def agreed(group: Group, value: Found) -> Found:
    """What the first process found, in every process; of JSON's kinds."""
    if group.place.size == 1:
        return value
    told: Found = json.loads(group.first(json.dumps(value).encode()))
    return told


def require_shared(learner: Any, group: Group) -> None:
    """Have a learner take part in a group.

    Raises
    ------
    ConfigError
        If it trains in one process only.
    """
    if group.place.size == 1:
        return
    if not hasattr(learner, "join"):
        fix = "Start one process, or give the learner a method join, as TorchLearner has it."
        raise ConfigError("its learner trains in one process only", fix=fix)
    learner.join(group)


def place_of(backend: str, environ: Mapping[str, str]) -> Place:
    """Which process this is, as ``torchrun`` tells; what else asks for several is refused.

    Raises
    ------
    ConfigError

    Examples
    --------
    >>> place_of("torch", {})
    Place(rank=0, size=1, local_rank=0, local_size=1)
    >>> place_of("torch", {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1",
    ...     "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "node0", "MASTER_PORT": "29500"})
    Place(rank=3, size=4, local_rank=1, local_size=2)
    """
    place = _of_torchrun(environ)
    asked = {"WORLD_SIZE": place.size}
    if backend == "keras":
        asked["TF_CONFIG"] = _workers_of(environ.get("TF_CONFIG") or "{}")
    for name, number in asked.items():
        if number > 1 and backend not in TOGETHER:
            what = f"{name} asks for {number} processes, and backend '{backend}' trains in one"
            fix = f"Train in Torch, whose checkpoints every backend of the zoo takes; see {PAGE}."
            raise ConfigError(what, fix=fix)
    missing = [name for name in MASTER if not environ.get(name)]
    if place.size > 1 and missing:
        raise ConfigError(f"{missing[0]} is missing", "the environment", "Start with torchrun.")
    return place


def _of_torchrun(environ: Mapping[str, str]) -> Place:
    if not any(environ.get(name) for name in TORCH[:2]):
        return Place()
    rank, size = (_number(environ, name) for name in TORCH[:2])
    local_rank = _number(environ, "LOCAL_RANK", rank)
    local_size = _number(environ, "LOCAL_WORLD_SIZE", size)
    for (name, number), (of, limit) in (
        (("RANK", rank), ("WORLD_SIZE", size)),
        (("LOCAL_RANK", local_rank), ("LOCAL_WORLD_SIZE", local_size)),
    ):
        if number >= limit:
            what = f"{name}={number} is not below {of}={limit}"
            raise ConfigError(what, "the environment", "Start with torchrun, or correct it.")
    return Place(rank=rank, size=size, local_rank=local_rank, local_size=local_size)


def _number(environ: Mapping[str, str], name: str, default: int | None = None) -> int:
    text = environ.get(name)
    if text is None and default is not None:
        return default
    if text is None or not is_whole(text.strip()):
        what = f"{name} is missing" if text is None else f"{name}='{text}' is no number from 0 on"
        raise ConfigError(what, "the environment", "Start with torchrun, or correct it.")
    return int(text)


def _workers_of(text: str) -> int:
    """How many processes TensorFlow's description of a cluster has."""
    try:
        return sum(map(len, json.loads(text).get("cluster", {}).values())) or 1
    except (ValueError, AttributeError, TypeError):
        raise ConfigError("describes no cluster", "TF_CONFIG", "Correct or unset it.") from None
