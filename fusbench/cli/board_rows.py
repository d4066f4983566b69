"""``fusbench evaluate --board``: under a leaderboard's rules, and its rows added."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from fusbench.cli.contest import Row


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
    board: Path, framed: list[Row], asked: list[Row], name: str | None, quiet: bool
) -> None:
    """Add runs to a board and build it. Baselines that it has stay as they are."""
    from fusbench.board.build import write_outputs
    from fusbench.board.rules import read_board
    from fusbench.board.standings import read_table
    from fusbench.cli.board_view import show_board
    from fusbench.cli.leaderboard import add_run

    rules = read_board(board)
    wanted = {row.folder: name or row.result.model["name"] for row in asked}
    for row in framed:
        called = wanted.get(row.folder, row.result.model["name"])
        if row.folder in wanted or not (board / "results" / called).exists():
            add_run(rules, row.folder, called, force=True, quiet=quiet)
    table = read_table(rules)
    write_outputs(table, board)
    if not quiet:
        show_board(table)
