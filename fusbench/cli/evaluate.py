"""``fusbench evaluate``: score models on a data set, between floors and ceiling."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fusbench.cli import Names, config_option, json_option

if TYPE_CHECKING:
    from fusbench.data.dataset import Dataset
    from fusbench.evaluation import Evaluation
    from fusbench.models.card import ModelCard
    from fusbench.results import Result

FLOORS = ("uniform", "centre-bias", "mean-map")
CEILING = "ideal-observer"
METRICS_ABREAST = 4  # wider tables do not fit a terminal


@click.command(epilog="Example: fusbench evaluate --model clstmunet-keras --dataset phantom")
@click.option("--model", "models", multiple=True, required=True, help="A model's name; repeatable.")
@click.option("--dataset", default="phantom", show_default=True, help="A name or a folder.")
@click.option("--split", default="test", show_default=True, help="train, val or test.")
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
    "--out", "runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True,
    help="Folder of the runs.",
)  # fmt: skip
@click.option(
    "--freeze-history", is_flag=True,
    help="Control: show the model its current frame in place of the others.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Do finished runs again.")
@config_option
@json_option
def evaluate(
    models: tuple[str, ...], dataset: str, runs: Path, force: bool, as_json: bool, **settings: Any
) -> None:
    """Score models on every frame with gaze, and show them between floors and ceiling.

    A finished run is shown again at once; a stopped one is continued by the same command. With
    --json, one object is printed for each --model, a line each: the content of its result.json.
    """
    from fusbench.cli.render import progress
    from fusbench.data.dataset import open_dataset
    from fusbench.metrics import check_kernel, check_profile, select

    check_profile(settings["profile"])
    select(settings["metrics"])
    check_kernel(settings["kernel"])
    names = list(dict.fromkeys(models))
    cards = {name: _card(name, settings["checkpoint"]) for name in names}
    with progress(f"making {dataset}") as update:
        data = open_dataset(dataset, (settings["split"],), update)
    isolated = sum(card.backend != "numpy" for card in cards.values()) > 1
    rows: list[tuple[Result, Path]] = []
    failed = []
    for name in names if as_json else _with_baselines(names, data):
        card = cards.get(name) or _card(name, None)
        if isolated and card.backend != "numpy":
            row = _in_child(name, dataset, runs, force, settings)
        else:
            row = _run(_job(card, data, settings), runs, force)
        if row is None:
            failed.append(name)
            continue
        rows.append(row)
        if as_json:
            print(json.dumps(asdict(row[0]), sort_keys=True, allow_nan=False), flush=True)
    if rows and not as_json:
        _show(rows, names, data)
    if failed:
        click.echo(f"error: {', '.join(failed)} failed; see the lines above.", err=True)
        raise click.exceptions.Exit(1)


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
        settings = {key: settings[key] for key in ("split", "profile", "metrics", "kernel")}
    return Evaluation(
        card=card,
        dataset=data,
        owner=entry.distribution,
        version=entry.version,
        threads=cores(),
        **settings,
    )


def _with_baselines(names: list[str], data: Dataset) -> list[str]:
    """The models asked for, between the baselines that this data set allows."""
    has_train = any(clip.split == "train" for clip in data.clips)
    floors = [name for name in FLOORS if name not in names and (name != "mean-map" or has_train)]
    known = any(clip.mixture is not None for clip in data.clips)
    return [*floors, *names, *([CEILING] if known and CEILING not in names else [])]


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
        if isinstance(value, tuple):
            value = ",".join(value)
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
    from fusbench.metrics import of_signature
    from fusbench.targets import describe_baseline

    first = rows[0][0]
    columns = [(f"{m.symbol} {m.arrow}", m.key) for m in of_signature(first.signature)]
    speed = []
    for _, folder in rows:
        seconds = json.loads((folder / "timing.json").read_text())["seconds_per_frame"]
        speed.append(f"{1000 * seconds:.1f}")
    synthetic = " (synthetic)" if data.info.synthetic else ""
    title = f"{first.dataset['name']}{synthetic}, {first.split} split"
    for start in range(0, len(columns), METRICS_ABREAST):
        part = columns[start : start + METRICS_ABREAST]
        last = ["ms/frame"] if start == 0 else []
        cells = [
            [
                result.model["name"],
                *(_cell(result.summary[key]) for _, key in part),
                *[ms] * len(last),
            ]
            for (result, _), ms in zip(rows, speed, strict=True)
        ]
        heads = ["model", *(head for head, _ in part), *last]
        show(table(heads, cells, title=title if start == 0 else "continued"))
    show(
        f"{first.n_frames} frames of {first.n_scans} scans scored;"
        f" {first.n_skipped} skipped for want of gaze.",
        "Mean over frames [95 % interval, resampled by scan].",
        *describe_baseline(first.signature),
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
