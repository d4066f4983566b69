"""``fusbench view``: a data set and what models make of it, as a page to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fusbench.cli import config_option, json_option
from fusbench.cli.number import Whole
from fusbench.cli.options import model_options
from fusbench.cli.terms import terms
from fusbench.errors import counted

if TYPE_CHECKING:
    from fusbench.doors.options import Options

PATH = click.Path(path_type=Path)
EXAMPLE = "fusbench view phantom --result runs/clstmunet-keras-0123456789abcdef --out page.html"


@click.command(epilog=f"Example: {EXAMPLE}")
@click.argument("source")
@click.option("--result", "runs", multiple=True, type=PATH, help="A finished run's folder.")
@click.option(
    "--model", "models", multiple=True,
    help="A model's name, or its Python file: it is evaluated, or its finished run read.",
)  # fmt: skip
@click.option(
    "--predictions", "folders", multiple=True, type=PATH,
    help="A folder of densities, as for evaluate --predictions; those it holds are scored.",
)  # fmt: skip
@terms("split")
@click.option(
    "--fold", type=Whole(0), help="Splits of this fold, as 'dataset split --folds' stored it."
)
@click.option(
    "--clips", "n_clips", type=Whole(0), default=6, show_default=True,
    help="How many clips: half the worst, half the best; 0 takes all.",
)  # fmt: skip
@click.option(
    "--per-page", type=click.IntRange(1), default=24, show_default=True,
    help="Most clips of a page; more go to view-2.html and so on, with links.",
)  # fmt: skip
@click.option("--clip", "named", multiple=True, help="A clip's id, in place of --clips.")
@click.option(
    "--frames", "n_frames", type=Whole(1), default=900, show_default=True,
    help="Of a longer clip only so many frames are shown.",
)  # fmt: skip
@click.option(
    "--size", "side", type=Whole(32, 1024), default=320, show_default=True,
    help="Longer side of the frames, in pixels.",
)  # fmt: skip
@click.option(
    "--checkpoint", "checkpoints", multiple=True, type=PATH,
    help="Weights of a run, or of your own training for --model; repeatable.",
)  # fmt: skip
@model_options(without=("checkpoint",))
@click.option(
    "--runs", "runs_folder", type=PATH, default=Path("runs"), show_default=True,
    help="Folder of the runs of --model.",
)  # fmt: skip
@click.option("--out", type=PATH, default=Path("view.html"), show_default=True, help="HTML file.")
@config_option
@json_option
def view(
    source: str,
    runs: tuple[Path, ...],
    models: tuple[str, ...],
    folders: tuple[Path, ...],
    named: tuple[str, ...],
    checkpoints: tuple[Path, ...],
    runs_folder: Path,
    out: Path,
    as_json: bool,
    options: Options,
    **settings: Any,
) -> None:
    """Write one HTML page to look at clips, gaze, maps and scores; SOURCE is a name or a folder.

    The page needs no network and no server; more clips than --per-page make several pages. Runs
    give the scores; their densities are computed again for the clips shown. Several --result and
    --predictions stand side by side.
    """
    from dataclasses import asdict

    from fusbench.cli.render import print_json, progress, show
    from fusbench.verbs.view import write_page as run

    given = asdict(options)
    if models and len(checkpoints) == 1:
        given["checkpoint"] = checkpoints[0]
    page = run(
        source,
        out,
        results=runs,
        models=models,
        predictions=folders,
        clips=named,
        checkpoints=checkpoints,
        runs=runs_folder,
        progress=progress,
        warn=lambda text: click.echo(f"warning: {text}", err=True),
        **settings,
        **given,
    )
    if as_json:
        facts = {"bytes": page.n_bytes, "clips": page.clips, "clips_in_split": page.n_clips}
        files = [str(file) for file in page.files]
        print_json({"file": str(page.file), "files": files, **facts})
        return
    more = "" if len(page.clips) == page.n_clips else "; --clips 0 takes all"
    pages = "" if len(page.files) == 1 else f" on {len(page.files)} pages"
    show(
        f"{page.file}: {len(page.clips)} of {counted(page.n_clips, 'clip')}{pages}{more}",
        f"{page.n_bytes / 1e6:.1f} MB",
    )
