"""``fusbench search``: which augmentation policy suits a network and a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fusbench.cli import config_option, json_option
from fusbench.cli.number import Whole
from fusbench.cli.terms import terms

if TYPE_CHECKING:
    import pandas as pd

    from fusbench.search.run import Search

EXAMPLE = "fusbench search --network unet --n 1,3,5,7,9 --m 3,5,7,9 --mix --dataset phantom --out S"
TRAINING = ("recipe", "max_steps", "validate_every", "window_count", "precision", "device")


@click.command(epilog=f"Example: {EXAMPLE}")
@click.option("--network", required=True, help="A zoo network, such as unet or clstmunet.")
@click.option("--backend", default="torch", show_default=True, help="torch or keras.")
@click.option("--n", "n_list", required=True, help="Numbers of operations, such as 1,3,5,7,9.")
@click.option("--m", "m_list", required=True, help="Magnitudes, such as 3,5,7,9.")
@click.option("--mix", is_flag=True, help="Also search Mix.RA(n, m).")
@click.option("--seeds", default="0", show_default=True, help="Seeds of each cell, such as 0,1,2.")
@terms("dataset")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True,
    help="Folder of the search; the same command continues it.",
)  # fmt: skip
@click.option("--recipe", default="fast", show_default=True, help="As of fusbench train.")
@click.option("--max-steps", type=Whole(1), help="Another budget than the recipe's.")
@click.option("--validate-every", type=Whole(1), help="Steps between validations.")
@click.option("--window-count", type=click.Choice(["exact", "paper"]), help="As of fusbench train.")
@click.option("--precision", help="float32, bfloat16 or float16.")
@click.option("--device", help="The framework's name of a device, such as cuda.")
@click.option("--all-metrics", is_flag=True, help="Score every cell on all metrics (val split).")
@click.option("--workers", type=Whole(1), help="Trainings at once; default: one a core.")
@click.option("--scheduler", help="Address of a dask.distributed scheduler to train on instead.")
@config_option
@json_option
def search(
    network: str, backend: str, n_list: str, m_list: str, mix: bool, seeds: str, dataset: str,
    out: Path, all_metrics: bool, workers: int | None, scheduler: str | None, as_json: bool,
    **training: Any,
) -> None:  # fmt: skip
    """Train a network under every policy of a grid and compare them on the validation split.

    The test split is never looked at. Every cell is kept as soon as it is done, and a stopped one
    goes on from its own state. OUT gets cells.csv, grid.csv and grid.png.
    """
    import signal
    from dataclasses import replace

    from fusbench.cli.render import print_json, progress, show
    from fusbench.files import replacing
    from fusbench.pools import cores
    from fusbench.pools import workers as executor_of
    from fusbench.search.grid import (
        PAPER_METRICS,
        best_cell,
        cells,
        grid_table,
        numbers,
        whole_numbers,
    )
    from fusbench.search.heatmap import draw_heatmap
    from fusbench.search.run import run_search, write_tables

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    grid = cells(
        whole_numbers(n_list, "--n"),
        numbers(m_list, "--m"),
        mix=mix,
        seeds=whole_numbers(seeds, "--seeds"),
    )
    at_once = min(workers or cores(), len(grid))
    options = {key: training[key] for key in TRAINING if training[key] is not None}
    job, title = _job(f"{network}-{backend}", dataset, out.resolve() if scheduler else out, options)
    job = replace(
        job,
        all_metrics=all_metrics,
        threads=max(1, cores() // at_once),
    )
    with progress("searching", len(grid)) as update, executor_of(at_once, scheduler) as executor:
        rows, failed = run_search(job, grid, executor, report=update)
    metrics = list(PAPER_METRICS) if all_metrics else ["kld"]
    write_tables(out, rows, metrics)
    table = grid_table(rows, metrics)
    with replacing(out / "grid.png") as part:
        draw_heatmap(part, table, metrics, title)
    if as_json:
        print_json({"cells": rows, "best": best_cell(table, "kld"), "failed": failed})
    else:
        _show(table, metrics, title)
        show(f"{out / 'grid.csv'}, {out / 'grid.png'}")
    for name, why in failed.items():
        click.echo(f"error: {name} failed: {why}", err=True)
    if failed:
        raise click.exceptions.Exit(1)


def _job(model: str, dataset: str, out: Path, options: dict[str, Any]) -> tuple[Search, str]:
    """The search and its title, after all that would stop every training has been looked at."""
    from fusbench.cli.render import progress
    from fusbench.doors.registry import model_card
    from fusbench.errors import ConfigError
    from fusbench.search.run import Search
    from fusbench.training.recipe import recipe
    from fusbench.verbs.at_hand import at_hand

    card = model_card(model)
    if card.learner is None or card.network is None:
        fix = "Choose one of the zoo; 'fusbench model list' shows them."
        raise ConfigError("has no learner, so fusbench cannot train it", f"model '{model}'", fix)
    recipe(options["recipe"])
    data = at_hand(dataset, ("train", "val"), progress)
    kind = " (synthetic)" if data.info.synthetic else ""
    job = Search(
        model=model,
        dataset=dataset,
        fingerprints={split: data.fingerprint(split) for split in ("train", "val")},
        folder=out,
        options={key.replace("_", "-"): str(value) for key, value in options.items()},
    )
    return job, f"{model} on {data.info.name}{kind}, validation split"


def _show(grid: pd.DataFrame, metrics: list[str], title: str) -> None:
    from fusbench.cli.render import show, table
    from fusbench.metrics import METRICS
    from fusbench.search.grid import TITLES, best_cell

    show(title)
    for kind in [kind for kind in TITLES if kind in set(grid["kind"])]:
        part = grid[grid["kind"] == kind].pivot(index="n", columns="m", values="kld")
        columns = ["n", *(f"m = {m:g}" for m in part.columns)]
        rows = [
            [str(n), *("-" if value != value else f"{value:.3f}" for value in line)]
            for n, line in zip(part.index, part.to_numpy(), strict=True)
        ]
        show(f"{TITLES[kind]}: KLD in nats", table(columns, rows))
    for key in metrics:
        best = best_cell(grid, key)
        what = TITLES[best["kind"]].replace("n, m", f"{best['n']}, {best['m']:g}")
        show(f"best {METRICS[key].symbol}: {what} with {best[key]:.3f}, {best['seeds']} seed(s)")
