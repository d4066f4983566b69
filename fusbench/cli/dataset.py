"""``fusbench dataset``: make, check and show data sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fusbench.cli import json_option
from fusbench.cli.export import export
from fusbench.cli.intake import import_dataset
from fusbench.cli.split import split as split_dataset

if TYPE_CHECKING:
    from fusbench.data.dataset import Dataset


@click.group()
def dataset() -> None:
    """List, make, check and show data sets."""


@dataset.command("list")
@json_option
def list_datasets(as_json: bool) -> None:
    """List the data sets that have a name."""
    from fusbench.cli.render import print_json, show, table
    from fusbench.data.card import DatasetCard
    from fusbench.discovery import DATASETS, card_of, scan
    from fusbench.errors import FusbenchError

    entries, faults = scan(DATASETS)
    rows = []
    for name, entry in entries.items():
        row = {"name": name, "from": entry.owner}
        try:
            row["title"] = card_of(entry, "dataset", DatasetCard).title
        except FusbenchError as error:
            row["fault"] = error.what
        rows.append(row)
    rows += [{"name": fault.name, "from": fault.where, "fault": fault.what} for fault in faults]
    if as_json:
        print_json(rows)
        return
    good = [[row["name"], row["title"], row["from"]] for row in rows if "title" in row]
    bad = [[f"! {row['name']}", row["fault"], row["from"]] for row in rows if "fault" in row]
    show(table(("name", "title", "from"), good, text=3))
    if bad:
        show(table(("broken", "cause", "from"), bad, text=3))


@dataset.command("make", epilog="Example: fusbench dataset make phantom data/phantom")
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--seed", type=int, help="Another seed makes another phantom.")
@click.option("--lag-s", type=float, help="Lag of the gaze behind the picture, in seconds.")
def make_dataset(name: str, folder: Path, seed: int | None, lag_s: float | None) -> None:
    """Make an embedded data set, all splits, in a new FOLDER."""
    from dataclasses import replace

    from fusbench.cli.render import progress, show
    from fusbench.data.embedded import make_phantom
    from fusbench.errors import ConfigError, unknown
    from fusbench.phantom.presets import PRESETS

    if name not in PRESETS:
        raise unknown("phantom", name, list(PRESETS))
    if lag_s is not None and not 0 <= lag_s <= 1:
        raise ConfigError(f"a lag of {lag_s} s is outside 0..1", fix="Use --lag-s 0.2, say.")
    if seed is not None and seed < 0:
        raise ConfigError(f"the seed {seed} is negative", fix="Use --seed 0 or more.")
    chosen: dict[str, Any] = {"seed": seed, "lag_s": lag_s}
    phantom = replace(PRESETS[name], **{k: v for k, v in chosen.items() if v is not None})
    with progress(f"making {name}") as update:
        make_phantom(folder, phantom, report=update)
    show(f"{folder}: {len(phantom.plans)} clips")


@dataset.command("withhold", epilog="Example: fusbench dataset withhold my-study public/my-study")
@click.argument("source")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--split", default="test", show_default=True, help="Split whose gaze stays here.")
def withhold(source: str, folder: Path, split: str) -> None:
    """Copy a data set to FOLDER without the gaze of its test split, for a private test.

    SOURCE is a name or a folder. The copy holds the frames of all splits and the gaze of the
    others; what would give the gaze away, such as landmarks, is left out with it.
    """
    from fusbench.cli.render import progress, show
    from fusbench.data.dataset import open_dataset
    from fusbench.data.withhold import withhold_gaze

    with progress(f"making {source}") as update:
        data = open_dataset(source, report=update)
    with progress("copying", len(data.clips)) as update:
        withhold_gaze(data, folder, split, report=update)
    show(
        f"{folder}: frames of all splits, no gaze of the {split} split.",
        f"Fingerprint of the withheld split, which a board's rows name: {data.fingerprint(split)}",
    )


@dataset.command("check", epilog="Example: fusbench dataset check data/phantom")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--privacy", is_flag=True, help="Look for identifiers and burnt-in text too.")
@click.option(
    "--source", "sources", multiple=True, type=click.Path(path_type=Path),
    help="An imported file; its identifiers are looked for with --privacy. Repeatable.",
)  # fmt: skip
@json_option
def check(folder: Path, privacy: bool, sources: tuple[Path, ...], as_json: bool) -> None:
    """Check a data set FOLDER against the specification, all findings at once."""
    from fusbench.cli.render import print_json, show
    from fusbench.data.dataset import check_dataset, open_dataset

    findings = [str(error) for error in check_dataset(folder)]
    if privacy and not findings:
        from fusbench.importing.privacy import check_privacy

        findings = [str(error) for error in check_privacy(open_dataset(folder), sources)]
    if as_json:
        print_json({"folder": str(folder), "findings": findings})
    else:
        for finding in findings:
            show(finding)
        show(f"{folder}: {len(findings) or 'no'} finding{'s' if len(findings) != 1 else ''}")
    if findings:
        raise click.exceptions.Exit(1)


@dataset.command("show", epilog="Example: fusbench dataset show phantom")
@click.argument("source")
@json_option
def show_dataset(source: str, as_json: bool) -> None:
    """Show what a data set holds; SOURCE is a name or a folder."""
    from dataclasses import asdict

    from fusbench.cli.render import print_json, progress, show, table
    from fusbench.data.dataset import open_dataset

    with progress(f"making {source}") as update:
        data = open_dataset(source, report=update)
    splits = _counts(data)
    if as_json:
        print_json({"info": asdict(data.info), "splits": splits, "folder": str(data.root)})
        return
    columns = ("split", "scans", "clips", "frames", "without gaze", "points", "points/frame")
    rows = [[split, *map(str, counts.values())] for split, counts in splits.items()]
    show(table(columns, rows, title=f"{data.info.name} {data.info.version}"))
    for key, value in asdict(data.info).items():
        if value not in (None, "", ()) and key not in ("name", "version"):
            show(f"{key}: {value}")
    show(f"folder: {data.root}")


def _counts(data: Dataset) -> dict[str, dict[str, Any]]:
    from fusbench.data.scan import SPLITS

    result = {}
    for split in SPLITS:
        clips = [clip for clip in data.clips if clip.split == split]
        n_frames = sum(clip.n_frames for clip in clips)
        with_gaze = sum(len(clip.gaze.frames()) for clip in clips)
        points = sum(len(clip.gaze) for clip in clips)
        result[split] = {
            "scans": len({clip.scan_id for clip in clips}),
            "clips": len(clips),
            "frames": n_frames,
            "without_gaze": n_frames - with_gaze,
            "points": points,
            "points_per_frame": round(points / with_gaze, 2) if with_gaze else 0,
        }
    return result


for command in (import_dataset, split_dataset, export):
    dataset.add_command(command)
