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
from fusbench.errors import ConfigError, TrainingError
from fusbench.training.place import ONLY, Place, place_of

Found = TypeVar("Found")


class LostError(TrainingError):
    """Another process of a training has ended; what this one had come to can be resumed."""


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
