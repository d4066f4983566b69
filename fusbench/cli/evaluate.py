"""``fusbench evaluate``: score models on a data set, between floors and ceiling."""

from __future__ import annotations

import json
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fusbench.cli import Fold, config_option, json_option
from fusbench.cli.evaluate_view import show_runs, shown_again, told
from fusbench.cli.number import Whole
from fusbench.cli.options import model_options
from fusbench.cli.part import Part, keep_part
from fusbench.cli.stages import tell_stages
from fusbench.cli.terms import terms

if TYPE_CHECKING:
    from fusbench.doors.options import Options
    from fusbench.evaluation.finished import Run
    from fusbench.evaluation.folds import Make


@click.command(epilog="Example: fusbench evaluate --model clstmunet-keras --dataset phantom")
@click.option(
    "--model", "models", multiple=True, help="A model's name, or its Python file; repeatable."
)
@click.option(
    "--predictions", multiple=True,
    help="A folder of predictions that another program has made, or NAME=FOLDER; repeatable.",
)  # fmt: skip
@terms()
@click.option(
    "--fold", "--folds", "fold", type=Fold(),
    help="Splits of this fold, as 'dataset split --folds' stored it; 'all' scores every scan once,"
    " by the model that did not see it, as one run.",
)  # fmt: skip
@click.option(
    "--kernel", type=click.Choice(["numpy", "numba"]), default="numpy", show_default=True,
    help="What computes the metrics: numba is faster from some thousand frames on.",
)  # fmt: skip
@model_options()
@click.option(
    "--out", "runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True,
    help="Folder of the runs.",
)  # fmt: skip
@click.option(
    "--freeze-history", is_flag=True,
    help="Control: show the model its current frame in place of the others.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Do finished runs again.")
@click.option(
    "--jobs", type=Whole(1),
    help="Processes that score a model's scans side by side; default: one, or as many as the"
    " scheduler's workers take.",
)  # fmt: skip
@click.option("--scheduler", help="Address of a dask.distributed scheduler to run the jobs on.")
@click.option(
    "--part", type=Part(),
    help="Score a part of the scans only, such as 2/4, and keep it: the same command without --part"
    " finishes the run.",
)  # fmt: skip
@click.option(
    "--board", type=click.Path(path_type=Path),
    help="Evaluate under the rules of this leaderboard, add the rows, and build it.",
)  # fmt: skip
@click.option("--stages", is_flag=True, help="Tell on stderr where the time of the runs went.")
@click.option("--name", help="Name of the row on the board; default: the model's.")
@click.option("--replace", is_flag=True, help="Replace the board's other row of this name.")
@config_option
@json_option
@click.pass_context
def evaluate(
    ctx: click.Context,
    /,
    models: tuple[str, ...],
    predictions: tuple[str, ...],
    fold: int | str | None,
    kernel: str,
    runs: Path,
    freeze_history: bool,
    force: bool,
    jobs: int | None,
    scheduler: str | None,
    part: tuple[int, int] | None,
    board: Path | None,
    stages: bool,
    name: str | None,
    replace: bool,
    as_json: bool,
    options: Options,
    **choices: Any,
) -> None:
    """Score models on every frame with gaze, and show them between floors and ceiling.

    A finished run is shown again at once; a stopped one is continued by the same command. Each
    model runs in a process of its own: one that fails gets a row that says why, and the others
    finish. With --json, one object is printed for each model, a line each: the content of its
    result.json.
    """
    if not models and not predictions:
        raise click.UsageError("Missing option '--model' (or '--predictions').")
    if predictions and freeze_history:
        raise click.UsageError("--freeze-history needs a model; --predictions are made already.")
    if part and (jobs or scheduler or force):
        what = "--part is one job's work: leave --jobs and --scheduler out, and --force to the run."
        raise click.UsageError(what)
    if stages and (jobs or scheduler):
        raise click.UsageError("--stages looks at one process: leave --jobs and --scheduler out.")
    from fusbench.cli.render import progress
    from fusbench.doors.door import check_name
    from fusbench.evaluation.contest import told_apart
    from fusbench.evaluation.entry import door, folder_door, words_of
    from fusbench.evaluation.finished import Run
    from fusbench.evaluation.folds import scored
    from fusbench.evaluation.jobs import hired, shared
    from fusbench.stages import watched
    from fusbench.verbs.terms import Terms

    names = list(dict.fromkeys(models))
    if name and (not board or len(names) + len(predictions) > 1):
        raise click.UsageError("--name goes with --board and a single --model.")
    if name and board:
        from fusbench.board.adding import check_name as check_row

        check_row(name, board)
    chosen = {
        key: value for key, value in choices.items()
        if ctx.get_parameter_source(key) is not click.core.ParameterSource.DEFAULT
    }  # fmt: skip
    terms = Terms(
        **chosen, fold=fold, kernel=kernel, freeze_history=freeze_history, board=board
    ).settled()
    for given in names:
        check_name(given, options)
    with hired(jobs, scheduler, options.threads) as crew:
        options = shared(options, crew)
        contest = terms.contest(
            options,
            runs=runs,
            force=force,
            progress=progress,
            warn=lambda text: click.echo(f"warning: {text}", err=True),
            jobs=crew,
        )
        split = contest.split
        asked: dict[str, Make] = {given: partial(door, given) for given in names}
        words = {given: words_of(given) for given in names}
        for given in predictions:
            called, _, folder = given.rpartition("=")
            asked[given] = partial(folder_door, Path(folder), split=split, name=called)
        if part:
            keep_part(contest, asked, options, part, as_json=as_json)
            return
        done, failures = [], []
        for given, make in asked.items():
            with watched() if stages else nullcontext() as times:
                row = scored(contest, given, make, options, words.get(given, ()))
            if times and isinstance(row, Run) and not row.again:
                tell_stages(times, row)
            if isinstance(row, Run):
                done.append((given, row))
                if row.again:
                    click.echo(shown_again(row, contest.data.info.name), err=True)
                mark = {"beyond_ideal": row.beyond} if row.beyond else {}
                line = json.dumps({**row.result.content, **mark}, sort_keys=True, allow_nan=False)
            elif len(asked) == 1:
                raise row.error
            else:
                failures.append(row)
                click.echo(f"error: {row.error}", err=True)
                line = told(row)
            if as_json:
                print(line, flush=True)
        from fusbench.verbs.evaluate import with_baselines  # with pandas, which scoring needs not

        rows = told_apart(done)
        if rows and board:
            framed = rows if as_json else with_baselines(rows, contest, hint=True)
            _add(board, framed, rows, name, replace=replace, quiet=as_json)
        elif rows and not as_json:
            show_runs(with_baselines(rows, contest), rows, failures)
    if failures:
        raise click.exceptions.Exit(1)


def _add(
    board: Path,
    framed: list[Run],
    asked: list[Run],
    name: str | None,
    *,
    replace: bool,
    quiet: bool,
) -> None:
    """Add runs to a board and build it. Rows that it has stay, unless `replace` says otherwise."""
    from fusbench.cli.board_view import show_added, show_board
    from fusbench.verbs.board import Board
    from fusbench.verbs.filling import take

    for folder, reasons in take(board, framed, asked, name, replace=replace):
        if not quiet:
            show_added(folder, reasons)
    if not quiet:
        show_board(Board(board).table)
