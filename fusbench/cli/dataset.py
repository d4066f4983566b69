"""``fusbench dataset``: make, check and show data sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fusbench.cli import json_option
from fusbench.cli.export import export
from fusbench.cli.intake import import_dataset
from fusbench.cli.number import Real, Whole
from fusbench.cli.split import split as split_dataset
from fusbench.errors import counted

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
    from fusbench.verbs.listed import dataset_rows

    rows = dataset_rows()
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
@click.option("--seed", type=Whole(0), help="Another seed makes another phantom.")
@click.option("--lag-s", type=Real(0), help="Lag of the gaze behind the picture, in seconds.")
def make_dataset(name: str, folder: Path, seed: int | None, lag_s: float | None) -> None:
    """Make an embedded data set, all splits, in a new FOLDER."""
    from fusbench.cli.render import progress, show
    from fusbench.verbs.dataset import make_dataset as make

    made = make(name, folder, seed=seed, lag_s=lag_s, progress=progress)
    show(f"{folder}: {counted(len(made.clips), 'clip')}")


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
    from fusbench.data.withhold import withhold_gaze
    from fusbench.verbs.at_hand import at_hand

    data = at_hand(source, progress=progress)
    withhold_gaze(data, folder, split, progress=progress)
    show(
        f"{folder}: frames of all splits, no gaze of the {split} split.",
        f"Fingerprint of the withheld split, which a board's rows name: {data.fingerprint(split)}",
    )


@dataset.command("check", epilog="Example: fusbench dataset check data/phantom")
@click.argument("source")
@click.option("--privacy", is_flag=True, help="Look for identifiers and burnt-in text too.")
@click.option(
    "--source", "sources", multiple=True, type=click.Path(path_type=Path),
    help="An imported file; its identifiers are looked for with --privacy. Repeatable.",
)  # fmt: skip
@json_option
def check(source: str, privacy: bool, sources: tuple[Path, ...], as_json: bool) -> None:
    """Check a data set against the specification, all findings at once.

    SOURCE is a folder, or a name: then the data set is made first if need be. Of a synthetic data
    set it is also told which splits are golden: the same to the bit as everywhere.
    """
    from fusbench.cli.render import print_json, progress, show
    from fusbench.data.checking import check_dataset
    from fusbench.data.dataset import open_dataset
    from fusbench.verbs.at_hand import at_hand

    folder = Path(source)
    if not folder.exists() and folder.name == source:
        folder = at_hand(source, progress=progress).root
    findings = [str(error) for error in check_dataset(folder)]
    if privacy and not findings:
        from fusbench.importing.privacy import check_privacy

        findings = [str(error) for error in check_privacy(open_dataset(folder), sources)]
    golden = {} if findings else _golden(open_dataset(folder))
    if as_json:
        print_json({"folder": str(folder), "findings": findings} | golden)
    else:
        for finding in findings:
            show(finding)
        for split, name in golden.get("golden", {}).items():
            show(f"{split}: {f'golden, as in {name}' if name else 'not golden'}")
        show(f"{folder}: {counted(len(findings), 'finding')}")
    if findings:
        raise click.exceptions.Exit(1)


def _golden(data: Dataset) -> dict[str, Any]:
    """Fingerprints of the splits of synthetic data whose frames are here, and whose they are."""
    from fusbench.phantom.golden import recognised

    if not data.info.synthetic:
        return {}
    here = sorted({clip.split for clip in data.clips if clip.file})
    prints = {split: data.fingerprint(split) for split in here}
    return {"fingerprints": prints, "golden": {s: recognised(f) for s, f in prints.items()}}


@dataset.command("show", epilog="Example: fusbench dataset show phantom --thumbnails sheet.png")
@click.argument("source")
@click.option("--thumbnails", type=click.Path(path_type=Path), help="PNG file: a frame a scan.")
@json_option
def show_dataset(source: str, thumbnails: Path | None, as_json: bool) -> None:
    """Show what a data set holds and how good it looks; SOURCE is a name or a folder."""
    from dataclasses import asdict

    from fusbench.cli.render import print_json, progress, show, table
    from fusbench.files import replacing
    from fusbench.verbs.overview import COUNTS, LOOKS
    from fusbench.verbs.overview import show_dataset as look

    found = look(source, progress=progress)
    if thumbnails:
        with replacing(thumbnails) as part:
            found.plot().savefig(part, format="png", metadata={"Software": None})
    data, info = found.dataset, asdict(found.dataset.info)
    if as_json:
        content = {
            "info": info,
            "splits": {split: asdict(held) for split, held in found.counts.items()},
            "quality": {split: asdict(looks) for split, looks in found.quality.items()},
            "folder": str(data.root),
        }
        print_json(content | ({"thumbnails": str(thumbnails)} if thumbnails else {}))
        return
    held, looks = found.lines()
    show(table(COUNTS, held, title=f"{data.info.name} {data.info.version}"), table(LOOKS, looks))
    for key, value in info.items():
        if value not in (None, "", ()) and key not in ("name", "version"):
            show(f"{key}: {value}")
    show(f"folder: {data.root}")
    if thumbnails:
        show(f"thumbnails: {thumbnails}")


for command in (import_dataset, split_dataset, export):
    dataset.add_command(command)
