"""``fusbench search``: which augmentation policy suits a network and a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fusbench.cli import config_option, json_option
from fusbench.cli.number import Whole
from fusbench.cli.terms import terms

if TYPE_CHECKING:
    from fusbench.verbs.search import Searched

EXAMPLE = "fusbench search --network unet --n 1,3,5,7,9 --m 3,5,7,9 --mix --dataset phantom --out S"


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
    network: str, backend: str, n_list: str, m_list: str, seeds: str, dataset: str, out: Path,
    as_json: bool, **options: Any,
) -> None:  # fmt: skip
    """Train a network under every policy of a grid and compare them on the validation split.

    The test split is never looked at. Every cell is kept as soon as it is done, and a stopped one
    goes on from its own state. OUT gets cells.csv, grid.csv and grid.png.
    """
    import signal

    from fusbench.cli.render import print_json, progress, show
    from fusbench.searching.grid import numbers, whole_numbers
    from fusbench.verbs.search import search as run

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    found = run(
        f"{network}-{backend}", dataset, out, n=whole_numbers(n_list, "--n"),
        m=numbers(m_list, "--m"), seeds=whole_numbers(seeds, "--seeds"), progress=progress,
        **options,
    )  # fmt: skip
    if as_json:
        told = {"cells": list(found.rows), "best": found.best(), "failed": dict(found.failed)}
        print_json(told)
    else:
        _show(found)
        show(f"{out / 'grid.csv'}, {out / 'grid.png'}")
    for name, why in found.failed.items():
        click.echo(f"error: {name} failed: {why}", err=True)
    if found.failed:
        raise click.exceptions.Exit(1)


def _show(found: Searched) -> None:
    from fusbench.cli.render import show, table
    from fusbench.errors import counted
    from fusbench.metrics import METRICS
    from fusbench.searching.grid import TITLES

    grid = found.grid
    show(found.title)
    for kind in [kind for kind in TITLES if kind in set(grid["kind"])]:
        part = grid[grid["kind"] == kind].pivot(index="n", columns="m", values="kld")
        columns = ["n", *(f"m = {m:g}" for m in part.columns)]
        rows = [
            [str(n), *("-" if value != value else f"{value:.3f}" for value in line)]
            for n, line in zip(part.index, part.to_numpy(), strict=True)
        ]
        show(f"{TITLES[kind]}: KLD in nats", table(columns, rows))
    for key in found.metrics:
        seeds = counted(found.best(key)["seeds"], "seed")
        show(f"best {METRICS[key].symbol}: {found.told(key)}, {seeds}")
