"""``fusbench leaderboard time``: all rows of a board on this machine, in one sitting."""

from __future__ import annotations

from pathlib import Path

import click

from fusbench.cli.number import Whole
from fusbench.errors import counted


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
    from fusbench.cli.render import print_json, progress, show
    from fusbench.verbs.board import Board
    from fusbench.verbs.timing import time_row

    if here:
        print_json(time_row(board, here, dataset, checkpoint, repeats))
        return
    opened = Board(board)
    times = opened.time(
        dataset, checkpoint=checkpoint, repeats=repeats, progress=progress,
        warn=lambda text: click.echo(f"note: {text}", err=True),
    )  # fmt: skip
    for name, seconds, ratio in times.itertuples():
        show(f"{name}: {1000 * seconds:.3g} ms a frame, {ratio:.3g} references")
    show(f"{board} is built: {counted(len(times), 'row')} of {len(opened.table.rows)} timed.")
