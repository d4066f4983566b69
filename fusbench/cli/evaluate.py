"""``fusbench evaluate``: score models on a data set, between floors and ceiling."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fusbench.cli import Names, config_option, json_option
from fusbench.evaluation.contest import Contest, Door, Failure, Row

if TYPE_CHECKING:
    from fusbench.data.dataset import Dataset

FLOORS = ("uniform", "centre-bias", "mean-map")
HINT = "previous-gaze"
CEILING = "ideal-observer"
OF_DOORS = ("python", "timeout_s", "memory_gb", "allow_prints", "allow_8_bit")
METRICS_ABREAST = 4  # wider tables do not fit a terminal


@click.command(epilog="Example: fusbench evaluate --model clstmunet-keras --dataset phantom")
@click.option(
    "--model", "models", multiple=True, help="A model's name, or its Python file; repeatable."
)
@click.option(
    "--predictions", multiple=True,
    help="A folder of predictions that another program has made, or NAME=FOLDER; repeatable.",
)  # fmt: skip
@click.option("--dataset", default="phantom", show_default=True, help="A name or a folder.")
@click.option("--split", default="test", show_default=True, help="train, val or test.")
@click.option("--fold", type=int, help="Splits of this fold, as 'dataset split --folds' stored it.")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Weights of your own training.")
@click.option("--profile", default="tuebingen", show_default=True, help="tuebingen or mit.")
@click.option(
    "--metrics", type=Names(), default="kld,sim,nss,cc", show_default=True,
    help="Comma-separated; 'fusbench metric list' shows all.",
)  # fmt: skip
@click.option(
    "--kernel", type=click.Choice(["numpy", "numba"]), default="numpy", show_default=True,
    help="What computes the metrics: numba is faster from some thousand frames on.",
)  # fmt: skip
@click.option("--device", help="The framework's name of a device, such as cuda.")
@click.option(
    "--python", type=click.Path(path_type=Path),
    help="Interpreter of another environment, such as old/bin/python: each --model runs there.",
)  # fmt: skip
@click.option(
    "--timeout", "timeout_s", type=click.FloatRange(0), default=600, show_default=True,
    help="Longest wait, in seconds, for a model's answer to one clip or batch; 0: for ever.",
)  # fmt: skip
@click.option(
    "--memory-limit", "memory_gb", type=click.FloatRange(0, min_open=True),
    help="Most memory, in GB of address space, that a model may take.",
)  # fmt: skip
@click.option("--allow-prints", is_flag=True, help="Drop what a model prints; do not fail for it.")
@click.option("--allow-8-bit", is_flag=True, help="Take predictions of 8-bit maps.")
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
    "--board", type=click.Path(path_type=Path),
    help="Evaluate under the rules of this leaderboard, add the rows, and build it.",
)  # fmt: skip
@click.option("--name", help="Name of the row on the board; default: the model's.")
@config_option
@json_option
@click.pass_context
def evaluate(
    ctx: click.Context,
    models: tuple[str, ...],
    predictions: tuple[str, ...],
    dataset: str,
    fold: int | None,
    runs: Path,
    force: bool,
    board: Path | None,
    name: str | None,
    as_json: bool,
    **settings: Any,
) -> None:
    """Score models on every frame with gaze, and show them between floors and ceiling.

    A finished run is shown again at once; a stopped one is continued by the same command. Each
    model runs in a process of its own: one that fails gets a row that says why, and the others
    finish. With --json, one object is printed for each model, a line each: the content of its
    result.json.
    """
    if not models and not predictions:
        raise click.UsageError("Missing option '--model' (or '--predictions').")
    from fusbench.cli.render import progress
    from fusbench.data.dataset import open_dataset
    from fusbench.metrics import check_kernel, check_profile, select

    if board:
        from fusbench.board.rules import check_data, read_board
        from fusbench.cli.board_rows import take_rules

        dataset = take_rules(ctx, board, dataset, settings)
    check_profile(settings["profile"])
    select(settings["metrics"])
    check_kernel(settings["kernel"])
    names = list(dict.fromkeys(models))
    if name and (not board or len(names) + len(predictions) > 1):
        raise click.UsageError("--name goes with --board and a single --model.")
    doors = {key: settings.pop(key) for key in OF_DOORS}
    _check_names(names, doors["python"])
    with progress(f"making {dataset}") as update:
        data = open_dataset(dataset, (settings["split"],), update, fold)
    if board:
        check_data(read_board(board), data)
    contest = Contest(
        data=data,
        runs=runs,
        force=force,
        settings=settings,
        progress=progress,
        warn=lambda text: click.echo(f"warning: {text}", err=True),
    )
    asked = {given: _door(given, settings, doors) for given in names}
    asked |= {given: _folder(given, data, settings, doors) for given in predictions}
    rows, failures = [], []
    for given, door in asked.items():
        row = contest.row(given, door)
        if isinstance(row, Row):
            rows.append(row)
            line = json.dumps(asdict(row.result), sort_keys=True, allow_nan=False)
        elif len(asked) == 1:
            raise row.error
        else:
            failures.append(row)
            click.echo(f"error: {row.error}", err=True)
            line = _told(row)
        if as_json:
            print(line, flush=True)
    if rows and board:
        from fusbench.cli.board_rows import add_rows

        framed = rows if as_json else _with_baselines(rows, names, contest, hint=True)
        add_rows(board, framed, rows, name, as_json)
    elif rows and not as_json:
        _show(_with_baselines(rows, names, contest), rows, failures)
    if failures:
        raise click.exceptions.Exit(1)


def _door(name: str, settings: dict[str, Any], doors: dict[str, Any]) -> Door:
    from fusbench.doors.open import entrant
    from fusbench.isolation.parent import Limits

    limits = Limits(
        timeout_s=doors["timeout_s"], memory_gb=doors["memory_gb"], prints=doors["allow_prints"]
    )
    given = {key: settings[key] for key in ("checkpoint", "device")}
    return lambda: entrant(name, python=doors["python"], limits=limits, **given)


def _folder(given: str, data: Dataset, settings: dict[str, Any], doors: dict[str, Any]) -> Door:
    from contextlib import nullcontext

    from fusbench.models.predictions import predictions

    if settings["freeze_history"]:
        raise click.UsageError("--freeze-history needs a model; --predictions are made already.")
    name, _, folder = given.rpartition("=")
    found = partial(predictions, Path(folder), data, settings["split"], name=name)
    return lambda: nullcontext(found(integers=doors["allow_8_bit"]))


def _check_names(names: list[str], python: Path | None) -> None:
    """Stop at a name that nobody registers, before anything is computed."""
    from fusbench.discovery import MODELS, find
    from fusbench.doors.open import is_file
    from fusbench.errors import PluginError

    for name in names:
        if python is None and not is_file(name):
            try:
                find(MODELS, "model", name)
            except PluginError:  # a row of its own, later
                continue


def _with_baselines(
    rows: list[Row], names: list[str], contest: Contest, hint: bool = False
) -> list[Row]:
    """The rows asked for, between the baselines that this data set allows."""
    clips = contest.data.clips
    has_train = any(clip.split == "train" for clip in clips)
    floors = [name for name in FLOORS if name not in names and (name != "mean-map" or has_train)]
    known = any(clip.mixture is not None for clip in clips)
    after = {HINT: has_train and hint, CEILING: known}
    ceiling = [name for name, wanted in after.items() if wanted and name not in names]

    def run(name: str) -> Row:
        row = contest.row(name, lambda: entrant(name))
        if isinstance(row, Row):
            return row
        raise row.error

    from fusbench.doors.open import entrant

    return [*map(run, floors), *rows, *map(run, ceiling)]


def _show(rows: list[Row], asked: list[Row], failures: list[Failure]) -> None:
    from fusbench.cli.render import show, table
    from fusbench.errors import counted
    from fusbench.evaluation.targets import describe_baseline
    from fusbench.metrics import of_signature

    first = rows[0].result
    columns = [(f"{m.symbol} {m.arrow}", m.key) for m in of_signature(first.signature)]
    speed = []
    for row in rows:
        seconds = json.loads((row.folder / "timing.json").read_text())["seconds_per_frame"]
        speed.append(f"{1000 * seconds:.1f}")
    synthetic = " (synthetic)" if first.dataset["synthetic"] else ""
    fold = f" of fold {first.dataset['fold']}" if "fold" in first.dataset else ""
    title = f"{first.dataset['name']}{synthetic}, {first.split} split{fold}"
    for start in range(0, len(columns), METRICS_ABREAST):
        part = columns[start : start + METRICS_ABREAST]
        last = ["ms/frame"] if start == 0 else []
        cells = [
            [
                row.result.model["name"],
                *(_cell(row.result.summary[key]) for _, key in part),
                *[ms] * len(last),
            ]
            for row, ms in zip(rows, speed, strict=True)
        ]
        heads = ["model", *(head for head, _ in part), *last]
        show(table(heads, cells, title=title if start == 0 else "continued"))
    show(
        f"{counted(first.n_frames, 'frame')} of {counted(first.n_scans, 'scan')} scored;"
        f" {first.n_skipped} skipped for want of gaze.",
        "Mean over frames [95 % interval, resampled by scan].",
        *describe_baseline(first.signature),
        f"Signature: {first.signature}",
    )
    for row in asked:
        picture = row.folder / "frames.png"
        also = f" (picture: {picture})" if picture.exists() else ""
        show(f"{row.result.model['name']}: {row.folder}{also}")
    if failures:
        reasons = [[row.name, f"failed: {row.error.what}. {row.error.fix}"] for row in failures]
        show(table(("model", "what happened"), reasons, text=2))


def _cell(summary: dict[str, float | None]) -> str:
    mean, low, high = summary["mean"], summary["low"], summary["high"]
    interval = f"[{low:.3f}, {high:.3f}]" if low is not None and high is not None else "[one scan]"
    return f"{mean:.3f} {interval}"


def _told(failure: Failure) -> str:
    """A failure as a line of JSON."""
    facts = {
        "model": {"name": failure.name},
        "failed": str(failure.error),
        "file": failure.file and str(failure.file),
    }
    return json.dumps(facts, sort_keys=True)
