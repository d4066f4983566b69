"""``fusbench view``: a data set and what models make of it, as a page to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fusbench.cli import config_option, json_option

PATH = click.Path(path_type=Path)
EXAMPLE = "fusbench view phantom --result runs/clstmunet-keras-0123456789abcdef --out page.html"


@click.command(epilog=f"Example: {EXAMPLE}")
@click.argument("source")
@click.option("--result", "runs", multiple=True, type=PATH, help="A finished run's folder.")
@click.option(
    "--predictions", "folders", multiple=True, type=PATH,
    help="A folder of densities, as for evaluate --predictions; those it holds are scored.",
)  # fmt: skip
@click.option("--allow-8-bit", "integers", is_flag=True, help="Take predictions of 8-bit maps.")
@click.option("--split", default="test", show_default=True, help="train, val or test.")
@click.option("--fold", type=int, help="Splits of this fold, as 'dataset split --folds' stored it.")
@click.option(
    "--clips", "n_clips", type=click.IntRange(0), default=6, show_default=True,
    help="How many clips: half the worst, half the best; 0 takes all.",
)  # fmt: skip
@click.option("--clip", "named", multiple=True, help="A clip's id, in place of --clips.")
@click.option(
    "--frames", "n_frames", type=click.IntRange(1), default=900, show_default=True,
    help="Of a longer clip only so many frames are shown.",
)  # fmt: skip
@click.option(
    "--size", "side", type=click.IntRange(32, 1024), default=320, show_default=True,
    help="Longer side of the frames, in pixels.",
)  # fmt: skip
@click.option("--checkpoint", "checkpoints", multiple=True, type=PATH, help="Weights of a run.")
@click.option("--device", help="The framework's name of a device, such as cuda.")
@click.option("--out", type=PATH, default=Path("view.html"), show_default=True, help="HTML file.")
@config_option
@json_option
def view(
    source: str,
    runs: tuple[Path, ...],
    folders: tuple[Path, ...],
    split: str,
    fold: int | None,
    integers: bool,
    out: Path,
    as_json: bool,
    **settings: Any,
) -> None:
    """Write one HTML page to look at clips, gaze, maps and scores; SOURCE is a name or a folder.

    The page needs no network and no server. Runs give the scores; their densities are computed
    again for the clips shown. Several --result and --predictions stand side by side.
    """
    from fusbench.cli.render import print_json, progress, show
    from fusbench.data.dataset import open_dataset
    from fusbench.metrics import signature
    from fusbench.view.content import choose_clips, content
    from fusbench.view.page import write_page
    from fusbench.view.source import folder_source, one_signature, run_source

    with progress(f"making {source}") as update:
        data = open_dataset(source, (split,), update, fold)
    how = {key: settings[key] for key in ("checkpoints", "device")}
    made = [run_source(run, data, split, **how) for run in runs]
    signed = one_signature([s for _, s in made] or [signature("tuebingen", data.info.sigma_px)])
    profile = signed.partition("|profile:")[2].partition("|")[0]
    sources = [run for run, _ in made]
    sources += [
        folder_source(folder, data, split, profile, integers=integers) for folder in folders
    ]
    clips = choose_clips(data, split, sources, settings["n_clips"], settings["named"])
    with progress("maps", len(sources) * len(clips)) as update:
        shown = content(
            data, split, clips, sources, signature=signed, n_frames=settings["n_frames"],
            side=settings["side"], report=update,
        )  # fmt: skip
    size = write_page(out, shown)
    total = shown["info"]["n_clips"]
    if as_json:
        ids = [clip.clip_id for clip in clips]
        print_json({"file": str(out), "bytes": size, "clips": ids, "clips_in_split": total})
        return
    more = "" if len(clips) == total else "; --clips 0 takes all"
    show(f"{out}: {len(clips)} of {total} clips{more}", f"{size / 1e6:.1f} MB")
