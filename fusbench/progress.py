"""How work that takes long tells how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Report = Callable[..., None]
"""Told (done, in all), and perhaps a note of what is being done."""
Progress = Callable[[str], AbstractContextManager[Report]]
"""Shows, while its block runs, how far the work of that name is."""


@contextmanager
def silent(_name: str) -> Iterator[Report]:
    """Shows nothing."""
    yield lambda done, total=None, note="": None


def silently(_text: str) -> None:
    """Tell nobody."""
