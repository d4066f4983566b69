"""``fusbench predict``: densities and overlays for a user's own pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fusbench.cli import config_option, json_option
from fusbench.cli.options import model_options
from fusbench.errors import counted

if TYPE_CHECKING:
    from fusbench.doors.options import Options


@click.command(
    epilog="Example: fusbench predict --model clstmunet-keras --video scan.mp4 --out out"
)
@click.option("--model", "name", required=True, help="A model's name, or its Python file.")
@click.option("--dataset", help="A data set's name or folder.")
@click.option("--split", default="test", show_default=True, help="Split of the data set.")
@click.option("--clip", "named", multiple=True, help="Only this clip of the split; repeatable.")
@click.option(
    "--video",
    type=click.Path(path_type=Path),
    help="A video file, a DICOM file, or a folder.",
)
@click.option(
    "--crop", help="X,Y,W,H of the video's picture; or region, as a DICOM file declares it."
)
@click.option(
    "--crop-file",
    type=click.Path(path_type=Path),
    help="Table of times of the video and rectangles, where the crop changes.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write to.")
@model_options(without=("allow_8_bit", "seen_ok", "threads"))
@click.option("--live", is_flag=True, help="Follow the video as a live scan: frame by frame.")
@click.option("--no-overlay", is_flag=True, help="Write the densities only.")
@config_option
@json_option
def predict(
    name: str,
    dataset: str | None,
    split: str,
    named: tuple[str, ...],
    video: Path | None,
    crop: str | None,
    crop_file: Path | None,
    out: Path,
    live: bool,
    no_overlay: bool,
    as_json: bool,
    options: Options,
) -> None:
    """Write a density (float32, sum 1) for every frame, and an overlay video to look at."""
    if (dataset is None) == (video is None):
        raise click.UsageError("Give either --dataset or --video.")
    if live and video is None:
        raise click.UsageError("--live needs --video.")
    if (crop or crop_file) and video is None:
        raise click.UsageError(f"--crop{'' if crop else '-file'} needs --video.")
    from dataclasses import asdict

    from fusbench.cli.render import print_json, progress, show
    from fusbench.verbs.predict import predict as run

    done = run(
        name,
        out,
        dataset=dataset,
        video=video,
        split=split,
        clips=named,
        live=live,
        overlay=not no_overlay,
        crop=crop,
        crop_file=crop_file,
        progress=progress,
        warn=lambda text: click.echo(f"warning: {text}", err=True),
        tell=lambda text: click.echo(text, err=True),
        **asdict(options),
    )
    speed = done.frames_per_second
    if as_json:
        files = {"model": name, "files": [str(path) for path in done.files]}
        print_json(files | ({"frames_per_second": round(speed, 1)} if speed else {}))
        return
    show(f"{counted(len(done.files), 'file')} in {out}")
    if speed:
        show(f"live: {speed:.0f} frames a second")
