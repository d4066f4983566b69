"""``fusbench dataset export``: a data set for another program."""

from __future__ import annotations

from pathlib import Path

import click

from fusbench.errors import counted
from fusbench.exporting.formats import FORMATS


@click.command("export", epilog="Example: fusbench dataset export my-study --format bids --out B")
@click.argument("source")
@click.option("--format", "form", required=True, help=f"One of {', '.join(FORMATS)}.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="A new folder."
)
def export(source: str, form: str, out: Path) -> None:
    """Write a data set, SOURCE being a name or a folder, in another format."""
    from fusbench.cli.render import progress, show
    from fusbench.exporting.formats import export_dataset
    from fusbench.verbs.at_hand import at_hand

    data = at_hand(source, progress=progress)
    export_dataset(data, form, out, progress=progress)
    show(f"{out}: {counted(len(data.clips), 'clip')}")
