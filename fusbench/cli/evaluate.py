"""``fusbench evaluate``: score models on a data set, between floors and ceiling."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fusbench.cli import config_option, json_option

if TYPE_CHECKING:
    from fusbench.data.dataset import Dataset
    from fusbench.evaluation import Evaluation
    from fusbench.models.card import ModelCard
    from fusbench.results import Result

FLOORS = ("uniform", "centre-bias", "mean-map")
HINT = "previous-gaze"
CEILING = "ideal-observer"


@click.command(epilog="Example: fusbench evaluate --model clstmunet-keras --dataset phantom")
@click.option("--model", "models", multiple=True, required=True, help="A model's name; repeatable.")
@click.option("--dataset", default="phantom", show_default=True, help="A name or a folder.")
@click.option("--split", default="test", show_default=True, help="train, val or test.")
@click.option("--fold", type=int, help="Splits of this fold, as 'dataset split --folds' stored it.")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Weights of your own training.")
@click.option("--profile", default="tuebingen", show_default=True, help="tuebingen or mit.")
@click.option("--device", help="The framework's name of a device, such as cuda.")
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

    A finished run is shown again at once; a stopped one is continued by the same command. With
    --json, one object is printed for each --model, a line each: the content of its result.json.
    """
    from fusbench.cli.render import progress
    from fusbench.data.dataset import open_dataset
    from fusbench.metrics import check_profile

    if board:
        dataset = _under_rules(ctx, board, dataset, settings)
    check_profile(settings["profile"])
    names = list(dict.fromkeys(models))
    if name and (not board or len(names) > 1):
        raise click.UsageError("--name goes with --board and a single --model.")
    cards = {name: _card(name, settings["checkpoint"]) for name in names}
    with progress(f"making {dataset}") as update:
        data = open_dataset(dataset, (settings["split"],), update, fold)
    isolated = sum(card.backend != "numpy" for card in cards.values()) > 1
    rows: list[tuple[Result, Path]] = []
    failed = []
    for model in names if as_json else _with_baselines(names, data, hint=bool(board)):
        card = cards.get(model) or _card(model, None)
        if isolated and card.backend != "numpy":
            row = _in_child(model, dataset, runs, force, {**settings, "fold": fold})
        else:
            row = _run(_job(card, data, settings), runs, force)
        if row is None:
            failed.append(model)
            continue
        rows.append(row)
        if as_json:
            print(json.dumps(asdict(row[0]), sort_keys=True, allow_nan=False), flush=True)
    if rows and not as_json and not board:
        _show(rows, names, data)
    if rows and board:
        renamed = {names[0]: name} if name else {}
        _add(board, rows, names, renamed, as_json)
    if failed:
        click.echo(f"error: {', '.join(failed)} failed; see the lines above.", err=True)
        raise click.exceptions.Exit(1)


def _under_rules(ctx: click.Context, board: Path, dataset: str, settings: dict[str, Any]) -> str:
    """Take split, profile and, unless it was named, data set from a board's rules."""
    from fusbench.board.rules import read_board
    from fusbench.errors import ConfigError

    rules = read_board(board).rules
    chosen = {
        key for key in ("dataset", "split", "profile")
        if ctx.get_parameter_source(key) is not click.core.ParameterSource.DEFAULT
    }  # fmt: skip
    for key in ("split", "profile"):
        wanted = getattr(rules, key)
        if key in chosen and settings[key] != wanted:
            what = f"--{key} {settings[key]} is not the board's, {wanted}"
            raise ConfigError(what, str(board), f"Leave --{key} out with --board.")
        settings[key] = wanted
    return dataset if "dataset" in chosen else rules.dataset


def _add(
    board: Path,
    rows: list[tuple[Result, Path]],
    names: list[str],
    renamed: dict[str, str],
    quiet: bool,
) -> None:
    """Add runs to a board and build it. Baselines that it has stay as they are."""
    from fusbench.board.build import write_outputs
    from fusbench.board.rules import read_board
    from fusbench.board.standings import read_table
    from fusbench.cli.board_view import show_board
    from fusbench.cli.leaderboard import add_run

    rules = read_board(board)
    for result, run in rows:
        model = result.model["name"]
        name = renamed.get(model, model)
        if model in names or not (board / "results" / name).exists():
            add_run(rules, run, name, force=True, quiet=quiet)
    table = read_table(rules)
    write_outputs(table, board)
    if not quiet:
        show_board(table)


def _card(name: str, checkpoint: Path | None) -> ModelCard:
    from fusbench.models.registry import card_of_weights, model_card

    card = model_card(name)
    return card_of_weights(card, None if card.backend == "numpy" else checkpoint)


def _job(card: ModelCard, data: Dataset, settings: dict[str, Any]) -> Evaluation:
    from fusbench.data.embedded import cores
    from fusbench.discovery import MODELS, find
    from fusbench.evaluation import Evaluation

    entry = find(MODELS, "model", card.name)
    if card.backend == "numpy":
        settings = {key: settings[key] for key in ("split", "profile")}
    return Evaluation(
        card=card,
        dataset=data,
        owner=entry.distribution,
        version=entry.version,
        threads=cores(),
        **settings,
    )


def _with_baselines(names: list[str], data: Dataset, *, hint: bool) -> list[str]:
    """The models asked for, between the baselines that this data set allows."""
    has_train = any(clip.split == "train" for clip in data.clips)
    allowed = {
        "mean-map": has_train,
        HINT: has_train and hint,
        CEILING: any(clip.mixture is not None for clip in data.clips),
    }
    before, after = (
        [name for name in group if name not in names and allowed.get(name, True)]
        for group in (FLOORS, (HINT, CEILING))
    )
    return [*before, *names, *after]


def _run(job: Evaluation, runs: Path, force: bool) -> tuple[Result, Path]:
    from fusbench.cli.render import progress
    from fusbench.evaluation import evaluate as run

    def picture(path: Path, panels: list[dict[str, Any]]) -> None:
        from fusbench.figures import draw_frames

        draw_frames(path, panels, job.card.title, job.dataset.info)

    with progress(job.card.name) as update:
        return run(
            job,
            runs,
            force=force,
            report=update,
            picture=picture if job.card.role == "model" else None,
        )


def _in_child(
    name: str, dataset: str, runs: Path, force: bool, settings: dict[str, Any]
) -> tuple[Result, Path] | None:
    """Evaluate in a process of its own, as frameworks never share one; None if that fails."""
    from fusbench.results import Result

    options = {"model": name, "dataset": dataset, "out": runs, "force": force, **settings}
    command = [sys.executable, "-m", "fusbench", "evaluate", "--json"]
    for key, value in options.items():
        if value is True:
            command.append(f"--{key.replace('_', '-')}")
        elif value not in (None, False):
            command.append(f"--{key.replace('_', '-')}={value}")
    child = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if child.returncode:
        return None
    result = Result(**json.loads(child.stdout.splitlines()[-1]))
    return result, runs / result.key


def _show(rows: list[tuple[Result, Path]], names: list[str], data: Dataset) -> None:
    from fusbench.cli.render import show, table
    from fusbench.metrics import METRICS

    first = rows[0][0]
    arrows = {True: "↑", False: "↓"}
    columns = ["model", *(f"{m.symbol} {arrows[m.higher_is_better]}" for m in METRICS.values())]
    cells = []
    for result, folder in rows:
        scores = [_cell(result.summary[key]) for key in METRICS]
        seconds = json.loads((folder / "timing.json").read_text())["seconds_per_frame"]
        cells.append([result.model["name"], *scores, f"{1000 * seconds:.1f}"])
    synthetic = " (synthetic)" if data.info.synthetic else ""
    fold = "" if data.fold is None else f" of fold {data.fold}"
    show(
        table(
            [*columns, "ms/frame"],
            cells,
            title=f"{first.dataset['name']}{synthetic}, {first.split} split{fold}",
        ),
        f"{first.n_frames} frames of {first.n_scans} scans scored;"
        f" {first.n_skipped} skipped for want of gaze.",
        "Mean over frames [95 % interval, resampled by scan].",
        f"Signature: {first.signature}",
    )
    for result, folder in rows:
        if result.model["name"] in names:
            picture = folder / "frames.png"
            also = f" (picture: {picture})" if picture.exists() else ""
            show(f"{result.model['name']}: {folder}{also}")


def _cell(summary: dict[str, float | None]) -> str:
    mean, low, high = summary["mean"], summary["low"], summary["high"]
    interval = f"[{low:.3f}, {high:.3f}]" if low is not None and high is not None else "[one scan]"
    return f"{mean:.3f} {interval}"
