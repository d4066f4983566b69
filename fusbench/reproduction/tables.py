"""The paper's tables, ours beside the reported numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fusbench.board.published import papers
from fusbench.errors import counted
from fusbench.metrics import METRICS as TABLE
from fusbench.reproduction.advantages import mean_of
from fusbench.reproduction.board import Board
from fusbench.reproduction.rows import FLOORS, METRICS, ROWS

CEILING = "ideal-observer"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A score with its interval and the reported one; None where there is none."""

    mean: float | None = None
    low: float | None = None
    high: float | None = None
    reported: float | None = None
    best: bool = False
    best_reported: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row of a table: its key, title, number of seeds, what intervals cover, and its cells."""

    key: str
    title: str
    seeds: int
    covers: str
    cells: dict[str, Cell]


@dataclass(frozen=True, kw_only=True)
class PaperTable:
    """A table of the paper, made again.

    Parameters
    ----------
    name, title : str
    floors, lines, ceiling : tuple of Line
        What frames the table stands apart from the paper's rows.
    notes : tuple of str
        Sentences to stand below it.
    """

    name: str
    title: str
    floors: tuple[Line, ...]
    lines: tuple[Line, ...]
    ceiling: tuple[Line, ...]
    notes: tuple[str, ...]

    @property
    def blocks(self) -> tuple[tuple[Line, ...], ...]:
        """The lines in three blocks."""
        return tuple(block for block in (self.floors, self.lines, self.ceiling) if block)


def paper_table(name: str, title: str, keys: Sequence[str], board: Board) -> PaperTable:
    """A table of these rows; a row without runs shows only what is reported."""
    return PaperTable(
        name=name,
        title=title,
        floors=tuple(_lines([key for key in FLOORS if key in board.scores], board, marked=False)),
        lines=tuple(_lines(keys, board)),
        ceiling=tuple(
            _lines([key for key in (CEILING,) if key in board.scores], board, marked=False)
        ),
        notes=notes(board),
    )


def notes(board: Board) -> tuple[str, ...]:
    """What must be known of a board's numbers."""
    kind = "synthetic data" if board.info.synthetic else "recorded data"
    scans = board.frames["scan_id"].nunique()
    sources = "; ".join(f"{source.cite}, doi:{source.doi}" for source in papers().sources)
    return (
        f"Ours: {board.info.name} ({kind}), {board.split} split, {len(board.frames)} frames of"
        f" {counted(scans, 'scan')}, {board.margin} or more from either end of their clip, so that"
        " every window is complete.",
        "Mean over frames [95 % interval of another draw of scans, and of another training where"
        " any row has several seeds].",
        f"Signature: {board.signature}",
        "Reported: private data, on which nobody else can score; only the order of rows can be"
        f" compared. {sources}.",
    )


def _lines(keys: Sequence[str], board: Board, *, marked: bool = True) -> list[Line]:
    """The lines of these rows; with `marked` the best of each column is marked."""
    found = {key: _found(key, board) for key in keys}
    lines = []
    for key in keys:
        cells = {}
        for metric in METRICS:
            mine = [one[metric][0] for one in found.values() if one]
            known = [s for k in keys if (s := papers().score(k, metric)) is not None]
            best = max if TABLE[metric].higher_is_better else min
            mean, low, high, _ = found[key].get(metric, (None, None, None, ""))
            given = papers().score(key, metric)
            cells[metric] = Cell(
                mean=mean, low=low, high=high, reported=given,
                best=marked and mean is not None and len(mine) > 1 and mean == best(mine),
                best_reported=given is not None and len(known) > 1 and given == best(known),
            )  # fmt: skip
        covers = found[key]["kld"][3] if found[key] else ""
        seeds = len(board.scores.get(key, ()))
        line = Line(key=key, title=ROWS[key].title, seeds=seeds, covers=covers, cells=cells)
        lines.append(line)
    return lines


def _found(key: str, board: Board) -> dict[str, tuple[float, float | None, float | None, str]]:
    if key not in board.scores:
        return {}
    found = {}
    for metric in METRICS:
        one = mean_of(board, key, metric)
        low, high = (None if np.isnan(end) else float(end) for end in (one.low, one.high))
        found[metric] = (float(one.mean), low, high, one.covers)
    return found
