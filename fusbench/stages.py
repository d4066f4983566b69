"""Where the time of a run goes: stages that tell when they begin and end, where somebody asks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field

OTHER = "all else"


@dataclass(kw_only=True)
class Stages:
    """Seconds of each stage, by the clock and of this process's processor time.

    A stage within another counts for itself alone.
    """

    clock_s: dict[str, float] = field(default_factory=dict)
    processor_s: dict[str, float] = field(default_factory=dict)
    _open: list[str] = field(default_factory=lambda: [OTHER])
    _since: tuple[float, float] = field(default_factory=lambda: _now())

    def turn(self) -> None:
        """Count the time since the last turn for the stage that is open."""
        now, name = _now(), self._open[-1]
        for found, at, before in zip(
            (self.clock_s, self.processor_s), now, self._since, strict=True
        ):
            found[name] = found.get(name, 0.0) + at - before
        self._since = now

    def skip(self) -> None:
        """Count the time since the last turn for none."""
        self._since = _now()

    @contextmanager
    def within(self, name: str) -> Iterator[None]:
        """Count the block for a stage."""
        self.turn()
        self._open.append(name)
        try:
            yield
        finally:
            self.turn()
            self._open.pop()


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


_watched: ContextVar[Stages | None] = ContextVar("stages", default=None)


@contextmanager
def watched() -> Iterator[Stages]:
    """Watch the stages of all that is done in the block.

    Examples
    --------
    >>> with watched() as stages:
    ...     with stage("sum"):
    ...         total = sum(range(1000))
    >>> sorted(stages.clock_s)
    ['all else', 'sum']
    """
    stages = Stages()
    token = _watched.set(stages)
    try:
        yield stages
    finally:
        stages.turn()
        _watched.reset(token)


@contextmanager
def unwatched() -> Iterator[None]:
    """Leave the block out of the stages: it is another run's work, not this one's.

    Examples
    --------
    >>> with watched() as stages, unwatched(), stage("sum"):
    ...     total = sum(range(1000))
    >>> list(stages.clock_s)
    ['all else']
    """
    stages = _watched.get()
    if stages is None:
        yield
        return
    stages.turn()
    token = _watched.set(None)
    try:
        yield
    finally:
        _watched.reset(token)
        stages.skip()


def stage(name: str) -> AbstractContextManager[None]:
    """Tell that the block is a stage; this costs next to nothing where nobody watches."""
    stages = _watched.get()
    return nullcontext() if stages is None else stages.within(name)
