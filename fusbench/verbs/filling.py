"""Rows into a board: finished runs, and folders of predictions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fusbench.board.adding import add_run, check_name
from fusbench.board.build import rebuild
from fusbench.board.origin import Origin
from fusbench.board.rules import read_board
from fusbench.board.standings import Table
from fusbench.data.dataset import Dataset
from fusbench.evaluation.finished import Run
from fusbench.progress import Progress
from fusbench.verbs.submit import score_predictions


def add(
    board: Path,
    run: Path,
    name: str | None,
    origin: Origin,
    *,
    replace: bool,
    predictions: bool,
    dataset: str | Path | Dataset | None,
    runs: Path,
    progress: Progress,
) -> tuple[Path, list[str], Table]:
    """Add a finished run, or with `predictions` a folder of densities, and build the board anew.

    Returns
    -------
    Path, list of str, Table
        The row's folder, why it stands below the line, if it does, and the standings.
    """
    rules = read_board(board)
    if predictions:
        run, told = score_predictions(rules, run, name, dataset, runs, progress)
        name, origin = told.name, Origin(**{**told.origin.told, **origin.told})
    folder, reasons = add_run(rules, run, name, origin=origin, replace=replace)
    return folder, reasons, rebuild(rules)


def take(
    board: Path,
    framed: Sequence[Run],
    asked: Sequence[Run],
    name: str | None = None,
    *,
    replace: bool = False,
) -> list[tuple[Path, list[str]]]:
    """Add runs, and the baselines in `framed` that the board lacks, and build it.

    Parameters
    ----------
    board : Path
    framed : sequence of Run
        The runs between the baselines that the data set allows.
    asked : sequence of Run
        Those of them that are added in any case.
    name : str, optional
        Name of the row, for a single run; default: the model's.
    replace : bool
        The runs asked for take the place of other rows of their names.

    Returns
    -------
    list of (Path, list of str)
        Each new row's folder, and why it stands below the line, if it does.
    """
    if name:
        check_name(name, board)
    rules = read_board(board)
    wanted = {run.folder: name or run.name for run in asked}
    added = []
    for run in framed:
        called = wanted.get(run.folder, run.name)
        if run.folder in wanted or not (board / "results" / called).exists():
            added.append(add_run(rules, run.folder, called, replace=replace))
    rebuild(rules)
    return added
