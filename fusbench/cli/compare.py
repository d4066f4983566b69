"""``fusbench compare``: runs against a reference run, paired by scan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fusbench.cli import json_option
from fusbench.cli.number import Whole
from fusbench.cli.options import model_options

if TYPE_CHECKING:
    import pandas as pd

    from fusbench.comparing.comparison import Comparison
    from fusbench.doors.options import Options

PARTS = ("scan", "segment", "position")


@click.command(epilog="Example: fusbench compare runs/unet-keras-1a2b runs/clstmunet-keras-3c4d")
@click.argument("sources", metavar="RUNS", nargs=-1, required=True)
@click.option(
    "--by", "parts", multiple=True, type=click.Choice(PARTS), default=("segment", "position"),
    show_default=True, help="Parts to look at beside the whole; repeatable.",
)  # fmt: skip
@click.option("--dataset", help="Data of the runs, for segments; default: by their name.")
@click.option("--plot", type=click.Path(path_type=Path), help="PNG file to draw.")
@click.option("--metric", help="Metric of the parts and plot; default: the runs' first.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write all numbers here.")
@click.option("--split", help="Split for models; default: that of the first run, or test.")
@click.option("--fold", type=Whole(0), help="Fold for models; default: that of the first run.")
@model_options()
@click.option(
    "--out", "folder", type=click.Path(path_type=Path), default=Path("runs"), show_default=True,
    help="Folder of the runs of models.",
)  # fmt: skip
@json_option
def compare(
    sources: tuple[str, ...],
    parts: tuple[str, ...],
    dataset: str | None,
    split: str | None,
    fold: int | None,
    folder: Path,
    options: Options,
    plot: Path | None,
    metric: str | None,
    csv_file: Path | None,
    as_json: bool,
) -> None:
    """Compare RUNS with the first one, on the same frames.

    A run is a finished run's folder, or a model by name or Python file, which is evaluated first.
    Differences are the other run minus the first. Intervals and p-values are by scan: whole scans
    are resampled, and their signs are flipped.
    """
    from dataclasses import asdict

    from fusbench.cli.render import note, print_json, progress
    from fusbench.files import replacing
    from fusbench.verbs.compare import compare as run

    found = run(
        sources,
        by=parts,
        metric=metric,
        dataset=dataset,
        split=split,
        fold=fold,
        folder=folder,
        progress=progress,
        warn=note,
        **asdict(options),
    )
    if plot:
        with replacing(plot) as file:
            found.plot().savefig(file, dpi=150, format="png", metadata={"Software": None})
    if csv_file:
        with replacing(csv_file) as file:
            found.frame.to_csv(file, index=False, lineterminator="\n")
    if as_json:
        parts_json = {heading: _records(table) for heading, table in found.tables.items()}
        if found.scans is not None:
            parts_json["by scan"] = _records(found.scans)
        told = {"reference": found.runs[0].name, "parts": parts_json}
        print_json({**told, **({"marks": found.marks} if found.marks else {})})
    else:
        _show(found)


def _records(table: pd.DataFrame) -> list[dict[str, object]]:
    records = table.astype(object).where(table.notna(), None).to_dict("records")
    return [
        {str(key): getattr(value, "item", lambda value=value: value)() for key, value in r.items()}
        for r in records
    ]


def _show(found: Comparison) -> None:
    from fusbench.board.words import number, probability
    from fusbench.cli.render import show
    from fusbench.cli.render import table as grid
    from fusbench.comparing.runs import metrics_of
    from fusbench.errors import counted

    runs, tables, scans, metric = found.runs, found.tables, found.scans, found.metric
    result = runs[0].result
    metrics = {m.key: m for m in metrics_of(runs)}
    where = f"{result.dataset.words}, {result.split} split"
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
        *(f"! {mark}." for mark in found.marks),
        f"Mean over {counted(len(runs[0].scores), 'frame')} (a board may leave out some"
        " near clips' ends), 95 % interval, resampled by scan; p: sign-flip test of the same mean"
        " by scan, corrected by Holm's method over runs and groups.",
        f"Signature: {result.signature}",
    )
