"""Times a frame of a board's rows on this machine, as ``fusbench leaderboard time`` measures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from fusbench.board.build import rebuild
from fusbench.board.rerun import installed_weights, own_weights
from fusbench.board.rules import check_data, read_board
from fusbench.board.standings import read_table
from fusbench.board.times import measure, told, write_times
from fusbench.child import ChildError, command
from fusbench.data.dataset import Dataset
from fusbench.doors.door import opened
from fusbench.doors.options import Options
from fusbench.errors import FusbenchError, unknown
from fusbench.evaluation.facts import machine
from fusbench.evaluation.folds import of_fold
from fusbench.progress import Progress
from fusbench.verbs.at_hand import of_board

COLUMNS = ("seconds", "ratio")


def time_rows(
    folder: Path,
    dataset: str | Path | Dataset | None,
    checkpoint: str | Path | None,
    repeats: int,
    progress: Progress,
    warn: Callable[[str], object],
) -> pd.DataFrame:
    """Measure every row of a board in a process of its own, and build the board anew.

    Raises
    ------
    FusbenchError
        If no row could be timed.
    """
    table = read_table(read_board(folder))
    source = dataset.root if isinstance(dataset, Dataset) else dataset
    given = {"--repeats": repeats, "--dataset": source, "--checkpoint": checkpoint}
    line = ["leaderboard", "time", str(folder)]
    for option, value in given.items():
        line += [] if value is None else [option, str(value)]
    measured: dict[str, tuple[float, float]] = {}
    names = [row.facts.name for row in table.rows]
    with progress("timing") as update:
        for done, name in enumerate(names):
            update(done, len(names), name)
            try:
                (answer,) = command([*line, "--here", name], threads=1)
            except ChildError as error:
                warn(f"{name}: not timed: {error}")
                continue
            measured[name] = answer["seconds"], answer["ratio"]
        update(len(names), len(names), "")
    if not measured:
        raise FusbenchError("no row could be timed", str(folder), "See the warnings.")
    write_times(folder, machine(1), told(table.rows, measured))
    rebuild(read_board(folder))
    frame = pd.DataFrame.from_dict(measured, orient="index", columns=list(COLUMNS))
    return frame.rename_axis("name")


def time_row(
    folder: Path, name: str, dataset: str | None, checkpoint: Path | None, repeats: int
) -> dict[str, float]:
    """Measure one row in this process: median seconds a frame, and ratio to the reference.

    Raises
    ------
    UnknownName
        If there is no such row above the line.
    FusbenchError
        If its model, its weights or the data are not here.
    """
    table = read_table(read_board(folder))
    rows = {row.facts.name: row for row in table.rows}
    if name not in rows:
        raise unknown("row above the line", name, list(rows))
    row = rows[name]
    rules = table.board.rules
    weights = own_weights(row, checkpoint, table.board.root)
    chosen = None if weights == installed_weights(row) else weights
    data = of_board(rules, dataset)
    check_data(table.board, data)
    data = data.folds[0] if data.folds else data
    model_name = row.result.model.name
    with opened(model_name, of_fold(Options(checkpoint=chosen), data), data) as (model, card):
        figures = measure(model, card, data.split(rules.split)[0], repeats)
    return dict(zip(COLUMNS, figures, strict=True))
