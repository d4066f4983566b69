"""Rows for a leaderboard: from ``evaluate --board``, a finished run, or a folder of predictions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from fusbench.board.rules import Board
    from fusbench.evaluation.contest import Row


def take_rules(ctx: click.Context, board: Path, dataset: str, settings: dict[str, Any]) -> str:
    """Take split, profile, metrics and, unless it was named, data set from a board's rules."""
    from fusbench.board.adding import check_name
    from fusbench.board.rules import read_board
    from fusbench.errors import ConfigError
    from fusbench.metrics import ordered

    if ctx.params.get("name"):
        check_name(ctx.params["name"], board)

    rules = read_board(board).rules
    chosen = {
        key for key in ("dataset", "split", "profile", "metrics")
        if ctx.get_parameter_source(key) is not click.core.ParameterSource.DEFAULT
    }  # fmt: skip
    settings["metrics"] = tuple(ordered(settings["metrics"]))
    keys = tuple(metric.key for metric in rules.metrics)
    for key, wanted in (("split", rules.split), ("profile", rules.profile), ("metrics", keys)):
        if key in chosen and settings[key] != wanted:
            have, want = (v if isinstance(v, str) else ",".join(v) for v in (settings[key], wanted))
            what = f"--{key} {have} is not the board's, {want}"
            raise ConfigError(what, str(board), f"Leave --{key} out with --board.")
        settings[key] = wanted
    return dataset if "dataset" in chosen else rules.dataset


def add_rows(
    board: Path,
    framed: list[Row],
    asked: list[Row],
    name: str | None,
    *,
    again: bool,
    quiet: bool,
) -> None:
    """Add runs to a board and build it. Baselines that it has stay as they are.

    So do other rows of the same name, unless `again` says to replace them.
    """
    from fusbench.board.build import write_outputs
    from fusbench.board.rules import read_board
    from fusbench.board.standings import read_table
    from fusbench.cli.board_view import show_board

    rules = read_board(board)
    wanted = {row.folder: name or row.result.model["name"] for row in asked}
    for row in framed:
        called = wanted.get(row.folder, row.result.model["name"])
        if row.folder in wanted or not (board / "results" / called).exists():
            add_run(rules, row.folder, called, again=again, quiet=quiet)
    table = read_table(rules)
    write_outputs(table, board)
    if not quiet:
        show_board(table)


def add_run(
    board: Board, run: Path, name: str | None = None, *, again: bool = False, quiet: bool = False
) -> None:
    """Take a run into a board and say how it fits."""
    import json

    from fusbench.board.adding import write_row
    from fusbench.board.rows import Facts
    from fusbench.cli.render import show
    from fusbench.evaluation.results import read_result

    result = read_result(run)
    try:
        timing = json.loads((run / "timing.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        timing = {}
    facts = Facts(
        name=name or str(result.model.get("name", "")),
        parameters=result.model.get("parameters"),
        seconds_per_frame=timing.get("seconds_per_frame"),
        machine=str(timing.get("machine", "")),
    )
    folder, reasons = write_row(board, run, facts, replace=again)
    if quiet:
        return
    show(f"{folder}: added" + (", below the line:" if reasons else "."))
    for reason in reasons:
        show(f"  {reason}")


def score_predictions(
    board: Board, folder: Path, name: str | None, dataset: str | None, runs: Path
) -> tuple[Path, str]:
    """Score a folder of predictions; the run's folder and the row's name."""
    from fusbench.board.rules import check_data
    from fusbench.board.submission import read_submission, submitted
    from fusbench.cli.render import progress
    from fusbench.data.dataset import open_dataset
    from fusbench.evaluation.run import evaluate

    rules = board.rules
    submission = read_submission(folder, name)
    with progress("opening the data") as update:
        data = open_dataset(dataset or rules.dataset, (rules.split,), update)
    check_data(board, data)
    keys = tuple(metric.key for metric in rules.metrics)
    job, entrant = submitted(
        submission, data, split=rules.split, profile=rules.profile, metrics=keys
    )
    with progress(submission.name) as update:
        _, run = evaluate(job, runs, load=lambda: entrant.load(data), report=update)
    return run, submission.name
