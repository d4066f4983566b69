"""What does not fit on a board, as ``fusbench leaderboard check`` finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from fusbench.board.check import Finding, check_table
from fusbench.board.rerun import check_weights, rerun
from fusbench.board.rules import check_data
from fusbench.board.standings import Table
from fusbench.data.dataset import Dataset
from fusbench.errors import FusbenchError, unknown
from fusbench.progress import Progress
from fusbench.verbs.at_hand import at_hand


def findings(
    table: Table,
    dataset: str | Path | Dataset | None,
    again: Iterable[str],
    model: str | Path | None,
    checkpoint: str | Path | None,
    tolerance: float,
    progress: Progress,
    tell: Callable[[str], object],
) -> Iterator[Finding]:
    """What the folder tells, then what data, weights and new runs tell; `tell` hears what fits.

    Raises
    ------
    UnknownName
        If a row that is to be run again is none above the line.
    FusbenchError
        If the data set cannot be opened, or a row cannot be run.
    """
    yield from check_table(table)
    if dataset is not None:
        yield from _of_data(table, dataset, progress)
    for row in table.rows:
        where, what = f"results/{row.facts.name}", check_weights(row)
        if what.startswith("the installed"):
            yield Finding(where=where, what=what)
        elif what:
            tell(f"{where}: {what}")
    rows = {row.facts.name: row for row in table.rows}
    called = None if model is None else str(model)
    weights = None if checkpoint is None else Path(checkpoint)
    data = dataset.root if isinstance(dataset, Dataset) else dataset
    named = None if data is None else str(data)
    for name in again:
        if name not in rows:
            raise unknown("row above the line", name, list(rows))
        apart, line = rerun(rows[name], table, named, called, weights)
        if apart > tolerance:
            yield Finding(where=f"results/{name}", what=line)
        else:
            tell(f"results/{name}: {line}")


def _of_data(table: Table, dataset: str | Path | Dataset, progress: Progress) -> Iterator[Finding]:
    rules = table.board.rules
    data = at_hand(dataset, (rules.split,), progress, rules.fold)
    try:
        check_data(table.board, data)
    except FusbenchError as error:
        yield Finding(where="board.toml", what=f"{error.where}: {error.what}")
