"""``fusbench leaderboard time``: all rows of a board on this machine, in one sitting."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fusbench.cli.number import Whole
from fusbench.errors import FusbenchError, counted

if TYPE_CHECKING:
    from fusbench.board.rows import Row
    from fusbench.board.standings import Table


@click.command("time", epilog="Example: fusbench leaderboard time boards/phantom")
@click.argument("board", type=click.Path(path_type=Path))
@click.option("--dataset", help="The board's data, a name or a folder; default: the board's.")
@click.option(
    "--checkpoint", type=click.Path(path_type=Path),
    help="A folder that holds weights of rows; default: the bundled ones, and 'weights' beside the"
    " board.",
)  # fmt: skip
@click.option("--repeats", type=Whole(1), default=5, show_default=True,
              help="Passes over the board's first clip.")  # fmt: skip
@click.option("--here", hidden=True, help="Measure this row in this process, and print it.")
@click.option("--json", "as_json", is_flag=True, hidden=True)
def time_rows(
    board: Path,
    dataset: str | None,
    checkpoint: Path | None,
    repeats: int,
    here: str | None,
    as_json: bool,
) -> None:
    """Measure the time a frame of every row of a BOARD on this machine, and build it anew.

    Each model runs in a process of its own, on one thread, beside a reference kernel; the medians
    and their ratios to the reference stand in times.json. A row whose model or weights are not
    here has no time.
    """
    from fusbench.board.build import rebuild
    from fusbench.board.rules import read_board
    from fusbench.board.standings import read_table
    from fusbench.board.times import told, write_times
    from fusbench.child import ChildError, command
    from fusbench.cli.render import note, print_json, show
    from fusbench.evaluation.facts import machine

    table = read_table(read_board(board))
    if here:
        seconds, ratio = _measured(table, _row(table, here), dataset, checkpoint, repeats)
        print_json({"seconds": seconds, "ratio": ratio})
        return
    measured = {}
    line = ["leaderboard", "time", board, "--repeats", repeats]
    line += ["--dataset", dataset] if dataset else []
    line += ["--checkpoint", checkpoint] if checkpoint else []
    for row in table.rows:
        name = row.facts.name
        try:
            (answer,) = command([*line, "--here", name], threads=1)
        except ChildError as error:
            note(f"{name}: not timed: {error}")
            continue
        measured[name] = answer["seconds"], answer["ratio"]
        show(f"{name}: {1000 * answer['seconds']:.3g} ms a frame, {answer['ratio']:.3g} references")
    if not measured:
        raise FusbenchError("no row could be timed", str(board), "See the notes above.")
    write_times(board, machine(1), told(table.rows, measured))
    rebuild(read_board(board))
    show(f"{board} is built: {counted(len(measured), 'row')} of {len(table.rows)} timed.")


def _row(table: Table, name: str) -> Row:
    from fusbench.errors import unknown

    rows = {row.facts.name: row for row in table.rows}
    if name not in rows:
        raise unknown("row above the line", name, list(rows))
    return rows[name]


def _measured(
    table: Table, row: Row, dataset: str | None, checkpoint: Path | None, repeats: int
) -> tuple[float, float]:
    from fusbench.board.rerun import installed_weights, own_weights
    from fusbench.board.rules import check_data
    from fusbench.board.times import measure
    from fusbench.data.dataset import open_dataset
    from fusbench.doors.door import opened
    from fusbench.doors.options import Options
    from fusbench.evaluation.folds import of_fold

    rules = table.board.rules
    weights = own_weights(row, checkpoint, table.board.root)
    chosen = None if weights == installed_weights(row) else weights
    data = open_dataset(dataset or rules.dataset, (rules.split,), None, rules.fold)
    check_data(table.board, data)
    data = data.folds[0] if data.folds else data
    name = row.result.model.name
    with opened(name, of_fold(Options(checkpoint=chosen), data), data) as (model, card):
        return measure(model, card, data.split(rules.split)[0], repeats)
