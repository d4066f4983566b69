"""The paper's tables, ours beside the reported numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusbench.board.published import papers
from fusbench.errors import counted
from fusbench.metrics import METRICS as TABLE
from fusbench.reproduction.advantages import mean_of
from fusbench.reproduction.board import Board
from fusbench.reproduction.rows import FLOORS, METRICS, ROWS
from fusbench.web.document import table_html

CEILING = "ideal-observer"
ARROWS = {True: "↑", False: "↓"}


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
    files : tuple of Path
        What it was written to, in each format.

    Examples
    --------
    >>> table = PaperTable(name="t", title="Table", floors=(), lines=(), ceiling=(), notes=())
    >>> table, len(table.frame)
    (<PaperTable t: no rows>, 0)
    """

    name: str
    title: str
    floors: tuple[Line, ...]
    lines: tuple[Line, ...]
    ceiling: tuple[Line, ...]
    notes: tuple[str, ...]
    files: tuple[Path, ...] = ()

    def __repr__(self) -> str:
        return f"<PaperTable {self.name}: {counted(sum(map(len, self.blocks)), 'row')}>"

    @property
    def blocks(self) -> tuple[tuple[Line, ...], ...]:
        """The lines in three blocks."""
        return tuple(block for block in (self.floors, self.lines, self.ceiling) if block)

    @property
    def records(self) -> list[dict[str, Any]]:
        """The content in full precision, one record a row and metric."""
        return [
            {
                "row": line.key,
                "title": line.title,
                "seeds": line.seeds if ROWS[line.key].trained else None,
                "metric": metric,
                "mean": cell.mean,
                "low": cell.low,
                "high": cell.high,
                "interval_covers": line.covers,
                "reported": cell.reported,
            }
            for block in self.blocks
            for line in block
            for metric, cell in line.cells.items()
        ]

    @property
    def frame(self) -> pd.DataFrame:
        """The same as a pandas frame, as it lies in the CSV file."""
        frame = pd.DataFrame(self.records, columns=list(RECORD))
        return frame.astype({"seeds": "Int64"})

    def texts(self) -> tuple[list[str], list[list[str]]]:
        """The table as texts: heads, and a line for each row, ours beside the reported."""
        heads = ["", "seeds", *(text for m in METRICS for text in (TABLE[m].symbol, "reported"))]
        lines = [
            [
                line.title,
                seeds(line),
                *(text for cell in line.cells.values() for text in (ours(cell), reported(cell))),
            ]
            for block in self.blocks
            for line in block
        ]
        return heads, lines

    def _repr_html_(self) -> str:
        return table_html("; ".join([self.title, *self.notes]), *self.texts())


RECORD = (
    "row", "title", "seeds", "metric", "mean", "low", "high", "interval_covers", "reported",
)  # fmt: skip


def ours(cell: Cell) -> str:
    """A score with its interval."""
    if cell.mean is None:
        return "no run"
    ends = "" if cell.low is None else f" [{cell.low:.2f}, {cell.high:.2f}]"
    return f"{cell.mean:.3f}{ends}"


def reported(cell: Cell) -> str:
    """The reported score, with its two decimals."""
    return "-" if cell.reported is None else f"{cell.reported:.2f}"


def seeds(line: Line) -> str:
    """The number of trainings behind a row; nothing where none is trained."""
    return str(line.seeds) if ROWS[line.key].trained else ""


def head(metric: str) -> str:
    """A metric's symbol, and which way is better."""
    return f"{TABLE[metric].symbol} {ARROWS[TABLE[metric].higher_is_better]}"


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
        f"Ours: {board.info.name} ({kind}), {board.split} split,"
        f" {counted(len(board.frames), 'frame')} of {counted(scans, 'scan')}, {board.margin} or"
        " more from either end of their clip, so that every window is complete.",
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
