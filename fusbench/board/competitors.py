"""Competitors: rows whose predictions are the same are one, however often they were entered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fusbench.board.alike import alike
from fusbench.board.rows import Row


@dataclass(frozen=True, kw_only=True)
class Competitor:
    """Rows of the same role with the same score on every frame; the first gives its numbers."""

    rows: tuple[Row, ...]

    @property
    def backends(self) -> tuple[str, ...]:
        """What the rows were predicted in, sorted, each once."""
        return tuple(sorted({row.result.model.backend for row in self.rows}))

    @property
    def name(self) -> str:
        """The first row's name, less its backend where each row has one of its own.

        ``unet-keras`` and ``unet-torch`` are ``unet`` in two backends.
        """
        stems = {_stem(row) for row in self.rows}
        many = len(self.rows) > 1 and len(stems) == 1
        return stems.pop() if many else self.rows[0].facts.name

    @property
    def parity(self) -> float:
        """The largest difference of a frame's score from the first row's; 0 for a single row."""
        first = self.rows[0].values
        return max((float(np.abs(row.values - first).max()) for row in self.rows[1:]), default=0.0)

    @property
    def copies(self) -> tuple[Row, ...]:
        """Rows that are not the first row's checkpoint, under its name, in another backend."""
        first, seen, found = self.rows[0], {self.rows[0].result.model.backend}, []
        for row in self.rows[1:]:
            backend = row.result.model.backend
            twin = _weights(row) == _weights(first) != "" and _stem(row) == _stem(first)
            if not twin or backend in seen:
                found.append(row)
            seen.add(backend)
        return tuple(found)


def _stem(row: Row) -> str:
    return row.facts.name.removesuffix(f"-{row.result.model.backend}")


def competitors(rows: Sequence[Row]) -> list[Competitor]:
    """Rows gathered into competitors, in the order of their first rows.

    Within a competitor, rows with weights come first, then the order of names.
    """
    ordered = sorted(rows, key=lambda row: (not _weights(row), row.facts.name))
    return [
        Competitor(rows=tuple(ordered[k] for k in group))
        for group in alike([row.values for row in ordered], [_role(row) for row in ordered])
    ]


def _weights(row: Row) -> str:
    return str(row.result.model.weights_sha256 or "")


def _role(row: Row) -> str:
    return row.result.model.role
