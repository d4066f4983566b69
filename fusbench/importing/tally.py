"""How far all recordings of an import are together, so that the time left can be told."""

from __future__ import annotations

from dataclasses import dataclass, field

from fusbench.importing.pairing import Pairing
from fusbench.progress import Report


@dataclass(kw_only=True)
class Tally:
    """Frames of all recordings: those expected by their headers, and those done.

    Examples
    --------
    >>> told = []
    >>> tally = Tally(expected={"a": 30, "b": 10}, report=lambda *of: told.append(of))
    >>> tally.step("a", "S01", 15, 0)
    >>> tally.step("b", "S02", 12, 12)  # its header promised less
    >>> tally.finish("a", "S01")  # and this one broke off
    >>> told
    [(15, 40, 'S01'), (27, 42, 'S02'), (27, 27, 'S01')]
    """

    expected: dict[str, int]
    report: Report
    done: dict[str, int] = field(default_factory=dict)

    def step(self, key: str, scan: str, done: int, total: int) -> None:
        """A recording has so many frames done, of `total` or, where that is 0, of what is known."""
        self.done[key] = done
        self.expected[key] = max(total or self.expected.get(key, 0), done)
        self._tell(scan)

    def finish(self, key: str, scan: str) -> None:
        """A recording is in, skipped or refused: no more frames of it will come."""
        self.expected[key] = self.done.setdefault(key, 0)
        self._tell(scan)

    def of(self, pairing: Pairing) -> Report:
        """What one recording tells its frames to."""
        key = key_of(pairing)
        return lambda done, total: self.step(key, pairing.scan, done, total)

    def _tell(self, scan: str) -> None:
        expected = list(self.expected.values())
        self.report(sum(self.done.values()), sum(expected) or None, scan)


def key_of(pairing: Pairing) -> str:
    """What tells one recording of an import from the others."""
    return f"{pairing.scan}\0{pairing.observer}\0{pairing.video}"
