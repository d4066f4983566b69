"""``fusbench leaderboard``: boards that can be trusted and verified."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fusbench.cli import json_option
from fusbench.cli.board_time import time_rows
from fusbench.cli.number import Real, Whole
from fusbench.cli.terms import terms
from fusbench.errors import counted

if TYPE_CHECKING:
    from fusbench.board.standings import Table

folder_argument = click.argument("board", type=click.Path(path_type=Path))


@click.group()
def leaderboard() -> None:
    """Make, fill, build, check and show leaderboards; a board is a folder."""


@leaderboard.command(epilog="Example: fusbench leaderboard new boards/phantom --dataset phantom")
@folder_argument
@terms()
@click.option(
    "--folds", "fold", type=click.Choice(["all"]),
    help="'all': rows are cross-validated over the data set's folds, every scan scored once.",
)  # fmt: skip
@click.option("--title", help="Heading of the board; default: the data set's name.")
@click.option("--description", default="", help="A sentence below the heading.")
@click.option("--primary", help="Metric that ranks; default: the table's first.")
@click.option(
    "--margin", type=Whole(0), default=0, show_default=True,
    help="Frames left out at both ends of every clip: 9 leaves those where any window of up to 10"
    " frames is complete.",
)  # fmt: skip
@click.option(
    "--horizon",
    type=Whole(0),
    default=0,
    show_default=True,
    help="Frames ahead that models must predict.",
)
@click.option("--anonymous", is_flag=True, help="Never name a scan in what is built.")
@click.option("--no-published", is_flag=True, help="Leave out the numbers that papers report.")
def new(
    board: Path, dataset: str, split: str, fold: str | None, title: str | None, **rules: Any
) -> None:
    """Make a new BOARD, a folder, with its rules."""
    from fusbench.board.rules import read_board
    from fusbench.cli.render import progress, show
    from fusbench.verbs.board import Board

    published = not rules.pop("no_published")
    Board.new(
        board, dataset, split=split, fold=fold, title=title, published=published,
        progress=progress, **rules,
    )  # fmt: skip
    made = read_board(board)
    n_frames = int(made.counted.sum())
    show(
        f"{board}: {counted(n_frames, 'frame')} of {counted(made.n_scans, 'scan')} can be scored.",
        f"Add rows with: fusbench evaluate --model NAME --board {board}",
    )


@leaderboard.command(epilog="Example: fusbench leaderboard add boards/phantom runs/unet-keras-1a2b")
@folder_argument
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the row; default: the model's.")
@click.option(
    "--predictions", is_flag=True, help="SOURCE is a folder of predictions, to be scored."
)
@click.option("--dataset", help="The board's data with gaze, a name or folder, to score them on.")
@click.option(
    "--out", "runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True,
    help="Folder of the runs.",
)  # fmt: skip
@click.option("--date", default="", help="Day of the submission, such as 2026-11-26.")
@click.option("--paper", default="", help="Address of its paper; default: that of its citation.")
@click.option("--code", default="", help="Address of its code.")
@click.option("--weights", default="", help="Address of its weights.")
@click.option(
    "--replace", "--force", "again", is_flag=True, help="Replace another row of this name."
)
def add(
    board: Path,
    source: Path,
    name: str | None,
    predictions: bool,
    dataset: str | None,
    runs: Path,
    again: bool,
    **where: str,
) -> None:
    """Add a finished run, or a folder of predictions, to a BOARD, and build it anew.

    SOURCE is a run's folder. With --predictions it holds one array (T, H, W) a clip, named by the
    clip, and may hold a submission.toml; the predictions are scored here, offline. Day and
    addresses that are not given here are the submission's, or those of the row that is there.
    """
    from fusbench.board.origin import Origin
    from fusbench.cli.board_view import show_added
    from fusbench.cli.render import progress, show
    from fusbench.verbs.filling import add as fill

    folder, reasons, table = fill(
        board, source, name, Origin(**where), replace=again, predictions=predictions,
        dataset=dataset, runs=runs, progress=progress,
    )  # fmt: skip
    show_added(folder, reasons)
    show(f"{board} is built: {counted(len(table.rows), 'row')}.")


@leaderboard.command(epilog="Example: fusbench leaderboard build boards/phantom")
@folder_argument
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write to; default: BOARD.")
@click.option("--anonymous", is_flag=True, help="Name no scan in the outputs.")
def build(board: Path, out: Path | None, anonymous: bool) -> None:
    """Write README.md, leaderboard.csv, .json and .tex, and index.html from a BOARD's results."""
    from fusbench.board.build import OUTPUTS, rebuild
    from fusbench.board.rules import read_board
    from fusbench.cli.render import show

    table = rebuild(read_board(board), out, anonymous=anonymous)
    for name in OUTPUTS:
        show(str((out or board) / name))
    if table.refused:
        show(
            f"{counted(len(table.refused), 'row')} below the line;"
            f" see: fusbench leaderboard check {board}"
        )


@leaderboard.command(epilog="Example: fusbench leaderboard check boards/phantom --rerun mean-map")
@folder_argument
@click.option("--dataset", help="Compare the board with this data set, a name or a folder.")
@click.option("--rerun", "again", multiple=True, help="Run this row's model again; repeatable.")
@click.option("--model", help="Name or Python file for --rerun; default: the row's model.")
@click.option(
    "--checkpoint", type=click.Path(path_type=Path),
    help="File of the row's weights for --rerun, or a folder that holds it; default: the bundled"
    " ones, and the folder 'weights' beside the board.",
)  # fmt: skip
@click.option(
    "--tolerance",
    type=Real(0),
    default=1e-3,
    show_default=True,
    help="Largest difference of a score in a rerun.",
)
@json_option
def check(
    board: Path,
    dataset: str | None,
    again: tuple[str, ...],
    model: str | None,
    checkpoint: Path | None,
    tolerance: float,
    as_json: bool,
) -> None:
    """Derive every number of a BOARD again, and list what does not fit.

    With --rerun NAME the row's model is run again, with the row's own weights, and its scores are
    compared frame by frame.
    """
    from dataclasses import asdict

    from fusbench.cli.render import print_json, progress, show
    from fusbench.verbs.checking import findings as found

    table, notes = _table(board, anew=True), list[str]()
    findings = list(
        found(table, dataset, again, model, checkpoint, tolerance, progress, notes.append)
    )
    if as_json:
        print_json({"findings": [asdict(finding) for finding in findings], "notes": notes})
    else:
        for note in notes:
            show(f"- {note}")
        for finding in findings:
            show(f"! {finding.where}: {finding.what}")
        show(f"{board}: {counted(len(table.rows), 'row')}, {counted(len(findings), 'finding')}")
    if findings:
        raise click.exceptions.Exit(1)


@leaderboard.command(epilog="Example: fusbench leaderboard show boards/phantom")
@folder_argument
@json_option
def show(board: Path, as_json: bool) -> None:
    """Print a BOARD's table."""
    from fusbench.board.record import record
    from fusbench.cli.board_view import show_board
    from fusbench.cli.render import print_json

    table = _table(board)
    if as_json:
        print_json(record(table))
    else:
        show_board(table)


leaderboard.add_command(time_rows)


def _table(board: Path, *, anew: bool = False) -> Table:
    from fusbench.board.rules import read_board
    from fusbench.board.standings import read_table

    return read_table(read_board(board), anew=anew)
