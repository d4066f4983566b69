"""``fusbench compare``: runs against a reference run, paired by scan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fusbench.cli import json_option

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from fusbench.evaluation.finished import Run

PARTS = ("scan", "segment", "position")


@click.command(epilog="Example: fusbench compare runs/unet-keras-1a2b runs/clstmunet-keras-3c4d")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--by", "parts", multiple=True, type=click.Choice(PARTS), default=("segment", "position"),
    show_default=True, help="Parts to look at beside the whole; repeatable.",
)  # fmt: skip
@click.option("--dataset", help="Data of the runs, for segments; default: by their name.")
@click.option("--plot", type=click.Path(path_type=Path), help="PNG file to draw.")
@click.option("--metric", help="Metric of the parts and plot; default: the runs' first.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write all numbers here.")
@json_option
def compare(
    folders: tuple[Path, ...],
    parts: tuple[str, ...],
    dataset: str | None,
    plot: Path | None,
    metric: str | None,
    csv_file: Path | None,
    as_json: bool,
) -> None:
    """Compare runs (FOLDERS) with the first one, on the same frames.

    Differences are the other run minus the first. Intervals and p-values are by scan: whole scans
    are resampled, and their signs are flipped.
    """
    from fusbench.cli.render import print_json
    from fusbench.comparing import runs as paired
    from fusbench.comparing.plot import draw_comparison
    from fusbench.errors import unknown
    from fusbench.files import replacing

    runs = paired.comparable(folders)
    keys = [m.key for m in paired.metrics_of(runs)]
    metric = metric or keys[0]
    if metric not in keys:
        raise unknown("metric of these runs", metric, keys)
    tables = {"all frames": paired.compare(runs)}
    for part in parts:
        groups = _groups(part, runs, dataset)
        if groups is not None:
            tables[f"by {part}"] = paired.compare(runs, groups)
    scans = paired.scan_differences(runs) if "scan" in parts else None
    if plot:
        with replacing(plot) as file:
            draw_comparison(file, runs, tables, metric)
    if csv_file:
        with replacing(csv_file) as file:
            _joined(tables, scans).to_csv(file, index=False, lineterminator="\n")
    if as_json:
        parts_json = {heading: _records(table) for heading, table in tables.items()}
        if scans is not None:
            parts_json["by scan"] = _records(scans)
        print_json({"reference": runs[0].name, "parts": parts_json})
    else:
        _show(runs, tables, scans, metric)


def _groups(part: str, runs: list[Run], dataset: str | None) -> np.ndarray | None:
    from fusbench.cli.render import note, progress
    from fusbench.comparing import runs as paired
    from fusbench.data.dataset import open_dataset
    from fusbench.errors import UnknownName

    if part == "position":
        return paired.positions(runs)
    if part == "scan":
        return None
    result = runs[0].result
    name = dataset or result.dataset["name"]
    try:
        with progress(f"opening {name}") as update:
            data = open_dataset(name, (result.split,), update, result.dataset.get("fold"))
    except UnknownName:
        if dataset:
            raise
        note(f"Segments need the data; name the folder of '{name}' with --dataset.")
        return None
    return paired.segments(runs, data)


def _joined(tables: dict[str, pd.DataFrame], scans: pd.DataFrame | None) -> pd.DataFrame:
    import pandas as pd

    parts = [table.assign(part=heading) for heading, table in tables.items()]
    if scans is not None:
        each = scans.rename(columns={"scan_id": "group"})
        long = each.melt(["group", "run"], var_name="metric", value_name="difference")
        parts.append(long.assign(n_scans=1, part="by scan"))
    return pd.concat(parts, ignore_index=True)


def _records(table: pd.DataFrame) -> list[dict[str, object]]:
    records = table.astype(object).where(table.notna(), None).to_dict("records")
    return [
        {str(key): getattr(value, "item", lambda value=value: value)() for key, value in r.items()}
        for r in records
    ]


def _show(
    runs: list[Run], tables: dict[str, pd.DataFrame], scans: pd.DataFrame | None, metric: str
) -> None:
    from fusbench.board.words import number, probability
    from fusbench.cli.render import show
    from fusbench.cli.render import table as grid
    from fusbench.comparing.runs import metrics_of

    result = runs[0].result
    metrics = {m.key: m for m in metrics_of(runs)}
    synthetic = " (synthetic)" if result.dataset["synthetic"] else ""
    where = f"{result.dataset['name']}{synthetic}, {result.split} split"
    symbol = metrics[metric].symbol
    for heading, rows in tables.items():
        whole = heading == "all frames"
        chosen = rows if whole else rows[rows["metric"] == metric]
        first = "metric" if whole else heading.removeprefix("by ")
        columns = ["run", first, "difference", "p", "p (Holm)", "effect", "detectable", "scans"]
        cells = []
        for row in chosen.to_dict("records"):
            ends = f"[{number(row['low'])}, {number(row['high'])}]"
            cells.append(
                [
                    row["run"],
                    metrics[row["metric"]].symbol if whole else row["group"],
                    f"{number(row['difference'])} {ends if row['low'] == row['low'] else ''}",
                    probability(row["p"]),
                    probability(row["p_holm"]),
                    number(row["effect"], 2),
                    number(row["detectable"]),
                    str(row["n_scans"]),
                ]
            )
        title = f"minus {runs[0].name}: {where}" if whole else f"{symbol} {heading}"
        show(grid(columns, cells, title=title, text=2))
    if scans is not None:
        columns = ["run", "scan", *(m.symbol for m in metrics.values())]
        cells = [
            [row["run"], row["scan_id"], *(number(row[key]) for key in metrics)]
            for row in scans.to_dict("records")
        ]
        show(grid(columns, cells, title="by scan: differences of scan means", text=2))
    arrows = ", ".join(
        f"{m.symbol} {'above' if m.higher_is_better else 'below'} 0" for m in metrics.values()
    )
    show(
        f"Better than {runs[0].name}: {arrows}.",
        "Mean over frames [95 % interval, resampled by scan]; sign-flip test of the same mean by"
        " scan, corrected by Holm's method over runs and groups.",
        f"Signature: {result.signature}",
    )
