"""``fusbench evaluate``: score models on a data set, between floors and ceiling."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fusbench.cli import config_option, json_option

if TYPE_CHECKING:
    from fusbench.data.dataset import Dataset
    from fusbench.evaluation import Evaluation
    from fusbench.results import Result

FLOORS = ("uniform", "centre-bias", "mean-map")
CEILING = "ideal-observer"


@click.command(epilog="Example: fusbench evaluate --model clstmunet-keras --dataset phantom")
@click.option("--model", "models", multiple=True, required=True, help="A model's name; repeatable.")
@click.option("--dataset", default="phantom", show_default=True, help="A name or a folder.")
@click.option("--split", default="test", show_default=True, help="train, val or test.")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Weights of your own training.")
@click.option("--profile", default="tuebingen", show_default=True, help="tuebingen or mit.")
@click.option("--device", help="The framework's name of a device, such as cuda.")
@click.option(
    "--out", "runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True,
    help="Folder of the runs.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Do finished runs again.")
@config_option
@json_option
def evaluate(
    models: tuple[str, ...],
    dataset: str,
    split: str,
    checkpoint: Path | None,
    profile: str,
    device: str | None,
    runs: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Score models on every frame with gaze, and show them between floors and ceiling.

    A finished run is shown again at once; a stopped one is continued by the same command. With
    --json, one object is printed for each --model, a line each: the content of its result.json.
    """
    from fusbench.metrics import profile as check_profile

    from fusbench.cli.render import progress
    from fusbench.data.dataset import open_dataset

    check_profile(profile)
    names = list(dict.fromkeys(models))
    jobs = {name: _job_card(name, checkpoint) for name in names}
    with progress(f"making {dataset}") as update:
        data = open_dataset(dataset, (split,), lambda done, total: update(done, total))
    isolated = len([card for card, *_ in jobs.values() if card.backend != "numpy"]) > 1
    rows: list[tuple[Result, Path]] = []
    failures = []
    for name in _with_baselines(names, data, as_json):
        card, owner, version = jobs.get(name) or _job_card(name, None)
        if isolated and card.backend != "numpy":
            row = _in_child(name, dataset, split, checkpoint, profile, device, runs, force)
            if row is None:
                failures.append(name)
                continue
        else:
            job = _job(card, owner, version, data, split, checkpoint, profile, device)
            row = _run(job, runs, force)
        rows.append(row)
        if as_json and name in names:
            from dataclasses import asdict

            print(json.dumps(asdict(row[0]), sort_keys=True, allow_nan=False), flush=True)
    if not as_json and rows:
        _show(rows, names, data)
    if failures:
        click.echo(f"error: {', '.join(failures)} failed; see the lines above.", err=True)
        raise click.exceptions.Exit(1)


def _job_card(name: str, checkpoint: Path | None) -> tuple[Any, str, str]:
    from fusbench.discovery import MODELS, find
    from fusbench.models.registry import card_of_weights, model_card

    card = model_card(name)
    entry = find(MODELS, "model", name)
    if card.backend == "numpy":
        checkpoint = None
    return card_of_weights(card, checkpoint), entry.distribution, entry.version


def _job(
    card: Any,
    owner: str,
    version: str,
    data: Dataset,
    split: str,
    checkpoint: Path | None,
    profile: str,
    device: str | None,
) -> Evaluation:
    from fusbench.data.embedded import cores
    from fusbench.evaluation import Evaluation

    plain = card.backend == "numpy"
    return Evaluation(
        card=card,
        dataset=data,
        split=split,
        profile=profile,
        checkpoint=None if plain else checkpoint,
        device=None if plain else device,
        owner=owner,
        version=version,
        threads=cores(),
    )


def _with_baselines(names: list[str], data: Dataset, as_json: bool) -> list[str]:
    """The models asked for, between the baselines that this data set allows."""
    if as_json:
        return names
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
            report=lambda done, total: update(done, total),
            picture=picture if job.card.role == "model" else None,
        )


def _in_child(
    name: str,
    dataset: str,
    split: str,
    checkpoint: Path | None,
    profile: str,
    device: str | None,
    runs: Path,
    force: bool,
) -> tuple[Result, Path] | None:
    """Evaluate in a process of its own: frameworks never share one."""
    from fusbench.results import Result

    command = [sys.executable, "-m", "fusbench", "evaluate", "--json", "--model", name]
    command += ["--dataset", dataset, "--split", split, "--profile", profile, "--out", str(runs)]
    command += ["--checkpoint", str(checkpoint)] if checkpoint else []
    command += ["--device", device] if device else []
    command += ["--force"] if force else []
    child = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if child.returncode:
        return None
    result = Result(**json.loads(child.stdout.splitlines()[-1]))
    return result, runs / result.key


def _show(rows: list[tuple[Result, Path]], names: list[str], data: Dataset) -> None:
    from fusbench.metrics import METRICS

    from fusbench.cli.render import show, table

    first = rows[0][0]
    arrows = {True: "↑", False: "↓"}
    columns = ["model", *(f"{m.symbol} {arrows[m.higher_is_better]}" for m in METRICS.values())]
    cells = []
    for result, folder in rows:
        scores = [_cell(result.summary[key]) for key in METRICS]
        seconds = json.loads((folder / "timing.json").read_text())["seconds_per_frame"]
        cells.append([result.model["name"], *scores, f"{1000 * seconds:.1f}"])
    synthetic = " (synthetic)" if data.info.synthetic else ""
    show(
        table(
            [*columns, "ms/frame"],
            cells,
            title=f"{first.dataset['name']}{synthetic}, {first.split} split",
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
