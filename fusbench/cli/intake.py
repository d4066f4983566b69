"""``fusbench dataset import``: recordings in, with a quality report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from fusbench.cli import json_option
from fusbench.cli.number import Real, Whole
from fusbench.importing.presets import FORMATS

if TYPE_CHECKING:
    from fusbench.importing.quality import Quality

EXAMPLE = (
    "fusbench dataset import my-study --scan S01 --video s01.mp4 --gaze s01.tsv"
    " --gaze-format tobii-pro --video-start-event VideoStimulusStart --display-rect fit"
    " --crop 120,60,640,480"
)
PAIRING = (
    ("scan", "Id of the examination; the only name that enters the data set."),
    ("video", "Video file, DICOM file or folder of pictures."),
    ("gaze", "The eye tracker's file."),
    ("gaze-format", f"One of {', '.join(FORMATS)}."),
    ("mapping", "TOML file that says which columns of a table hold what."),
    ("time-unit", "s, ms, us or ns, where the gaze file's clock has no unit."),
    ("space", "screen, normalised, pixel, picture or degrees, where it is not the format's own."),
    ("origin", "top-left, bottom-left, centre or centre-up."),
    ("eye", "average (the default), left or right."),
    ("encoding", "Of a gaze file that is neither UTF-8 nor UTF-16."),
    ("recording", "Which recording, where the gaze file holds several."),
    ("participant", "Whose recording, where the gaze file holds several people's."),
    ("observer", "Who watched; the same video with another observer adds gaze, not frames."),
    ("screen-size", "W,H of the screen in pixels."),
    ("screen-mm", "W,H of the screen in millimetres, for gaze in degrees."),
    ("distance-mm", "From the eye to the screen, for gaze in degrees."),
    ("display-rect", "X,Y,W,H of the video on the screen; or fit, or full."),
    ("video-start", "Time of the first frame in the gaze file's clock, such as 12.5s or 9000ns."),
    ("video-start-event", "Regular expression; the first event that it fits is that time."),
    ("event-number", "Which of the events that fit, from 1; the default is the first."),
    ("video-end", "Time at which the last frame leaves the screen, in the gaze file's clock."),
    ("video-end-event", "Regular expression; the first event after the start that it fits."),
    ("anchors", "Table of pairs: a time of the video, the same moment in the gaze file's clock."),
    ("frame-event", "Regular expression with the frame's number as group: VFRAME (\\d+), say."),
    ("first-frame", "0 or 1: the number of the first frame, where frames are counted."),
    ("events", "File of events beside the gaze: Neon, Pupil Core, BIDS, or time [s] and event."),
    ("from", "Time of the video from which on it is taken in."),
    ("to", "Time of the video up to which it is taken in."),
    ("crop", "X,Y,W,H of the picture to keep; or region, region-2, as a DICOM file declares it."),
    ("crop-file", "Table of times of the video and rectangles, where the crop changes."),
    ("frame-rate", "Of pictures and of DICOM files without times."),
    ("blink-margin", "Drop samples this near to a marked blink, in ms; the default is none."),
    ("split", "train (the default), val or test; 'dataset split' assigns them anew."),
)


OF_LAYOUT = (
    "out", "layout", "source", "frame_rate", "name", "licence", "citation", "sigma_px", "sigma_deg",
    "frame_size", "colour", "clip_length", "every", "store", "as_json",
)  # fmt: skip
"""What an import by --layout looks at; anything else would be passed over in silence."""


def pairing_options(command: Any) -> Any:
    """The options that a manifest has as columns."""
    for name, text in reversed(PAIRING):
        command = click.option(f"--{name}", help=text)(command)
    return command


@click.command("import", epilog=f"Example: {EXAMPLE}")
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--manifest", type=click.Path(path_type=Path),
    help="CSV file, one row a recording, its columns named like the options.",
)  # fmt: skip
@pairing_options
@click.option("--no-banner", is_flag=True, help="The whole picture shows no identity; keep it all.")
@click.option("--map", "changes", multiple=True, help="KEY=VALUE of a mapping; repeatable.")
@click.option(
    "--layout", type=click.Choice(["dhf1k", "hollywood2", "ucf-sports", "avimos", "gazecom-arff"]),
    help="Import a public data set of this layout from --source.",
)  # fmt: skip
@click.option("--source", type=click.Path(path_type=Path), help="Folder of that data set.")
@click.option("--name", default="", help="Of a new data set; default: the folder's.")
@click.option("--licence", default="private", show_default=True)
@click.option("--citation", default="none", show_default=True)
@click.option(
    "--sigma-px",
    type=Real(0, min_open=True),
    help="Of the saliency map; default: 1/36 of the width.",
)
@click.option(
    "--sigma-deg",
    type=Real(0, min_open=True),
    help="The same as visual angle, for a screen and distance.",
)
@click.option("--frame-size", help="W,H that crops are resized to; default: the first crop's.")
@click.option("--colour", is_flag=True, help="Keep colour.")
@click.option("--clip-length", type=Whole(1), default=90, show_default=True)
@click.option("--every", type=Whole(1), default=1, help="Keep one of so many frames.")
@click.option(
    "--store", type=click.Choice(["npy", "zstd"]), default="npy", show_default=True,
    help="Frames memory-mapped, or packed without loss in about a third of the space.",
)  # fmt: skip
@click.option("--sort-time", is_flag=True, help="Put gaze whose time steps back in order.")
@click.option(
    "--accept", "accepted", multiple=True,
    help="Take a recording in despite a finding of this name, such as mirrored; repeatable.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Read everything, report, and write nothing.")
@click.option("--keep-going", is_flag=True, help="Take the good recordings in if others fail.")
@click.option("--jobs", type=Whole(1), default=1, help="Scans taken in at a time.")
@json_option
def import_dataset(
    out: Path, manifest: Path | None, changes: tuple[str, ...], layout: str | None,
    source: Path | None, accepted: tuple[str, ...], as_json: bool, no_banner: bool,
    sort_time: bool, dry_run: bool, keep_going: bool, jobs: int, **options: Any,
) -> None:  # fmt: skip
    """Build the data set folder OUT from recordings, or extend it by them.

    Nothing of a source enters the data set but cropped pixels, frame times and gaze. OUT changes
    only when every recording is in; import.json tells what was done.
    """
    from fusbench.cli.render import print_json, progress, show
    from fusbench.errors import ConfigError, counted
    from fusbench.importing.preflight import Failed
    from fusbench.importing.quality import LowQuality
    from fusbench.importing.study import import_recordings

    study = _study(options)
    texts = {name.replace("-", "_"): options[name.replace("-", "_")] or "" for name, _ in PAIRING}
    texts["no_banner"] = "yes" if no_banner else ""
    texts["sort_time"] = "yes" if sort_time else ""
    texts["accept"] = " ".join(accepted)
    if layout:
        from fusbench.importing.layouts import import_layout

        if source is None:
            raise ConfigError("the folder is missing", fix="Give --source DIR.")
        _require_of_layout()
        scans, clips = import_layout(
            out, source, layout, study, frame_rate=texts["frame_rate"], progress=progress
        )
        if as_json:
            print_json({"dataset": str(out), "scans": scans, "clips": clips})
        else:
            show(f"{out}: {counted(clips, 'clip')} of {counted(scans, 'scan')}")
        return
    recordings = _recordings(manifest, texts, changes)
    try:
        done = import_recordings(
            out, recordings, study, keep_going=keep_going, dry_run=dry_run, jobs=jobs,
            progress=progress,
        )  # fmt: skip
    except Failed as error:
        raise _each(error.errors, error.recordings) from None
    except LowQuality as error:
        if not as_json:
            _show([error.quality], err=True)
        raise
    failed = done.errors
    if as_json:
        print_json({
            "folder": str(out), "recordings": [quality.facts() for quality in done.reports],
            "skipped": list(done.skipped), "errors": [str(error) for error in failed],
            "size_bytes": done.size_bytes, "dry_run": dry_run,
        })  # fmt: skip
    elif done.reports:
        _show(done.reports)
    if not as_json:
        for scan in done.skipped:
            show(f"  {scan}: in already, unchanged: skipped")
        added = f"{counted(done.clips, 'clip')} {'would be ' * dry_run}added"
        size = f", {done.size_bytes / 1e6:,.1f} MB of frames"
        show(f"{out}: {added}{size}" + ("" if dry_run else f"; see {out / 'import.json'}"))
    if failed:
        many = len(done.reports) + len(done.skipped) + len(failed)
        raise failed[0] if len(failed) == 1 else _each(failed, many)


def _each(errors: Any, recordings: int) -> Exception:
    """The error that sums up several, which are told a line each before it."""
    from fusbench.errors import DatasetError, counted

    for error in errors:
        click.echo(f"error: {error}", err=True)
    what = f"{len(errors)} of {counted(recordings, 'recording')} did not come in"
    return DatasetError(what, fix="Correct their rows, or take the others in with --keep-going.")


def _study(options: dict[str, Any]) -> Any:
    from fusbench.errors import ConfigError
    from fusbench.importing.described import Study
    from fusbench.importing.geometry import parse_size

    size = None
    if options["frame_size"]:
        width, height = parse_size(options["frame_size"], "--frame-size")
        if width != int(width) or height != int(height):
            raise ConfigError("--frame-size cuts pixels", fix="Give whole numbers.")
        size = (int(height), int(width))
    return Study(
        name=options["name"],
        licence=options["licence"],
        citation=options["citation"],
        sigma_px=options["sigma_px"],
        sigma_deg=options["sigma_deg"],
        frame_size=size,
        colour=options["colour"],
        clip_length=options["clip_length"],
        every=options["every"],
        store=options["store"],
    )


def _recordings(
    manifest: Path | None, texts: dict[str, str], changes: tuple[str, ...]
) -> list[Any]:
    """The recordings that are described, and the rows that describe none."""
    from fusbench.errors import ConfigError
    from fusbench.importing.manifest import read_manifest
    from fusbench.importing.pairing import pairing_of

    pairs: dict[str, str] = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise ConfigError(f"--map '{change}' is not KEY=VALUE", fix="Write --map time=t, say.")
        pairs[key.strip()] = value.strip()
    if manifest is None:
        return [pairing_of(texts, changes=pairs)]
    return [*read_manifest(manifest, texts, pairs)]


def _show(found: Any, err: bool = False) -> None:
    """The quality report, on stdout, or on stderr where the import is refused."""
    from rich.console import Console

    from fusbench.cli.render import show, table

    items = [_table(found, table)]
    for quality in found:
        name = quality.scan + (f" ({quality.observer})" if quality.observer else "")
        items += [f"  {name}: {f.level}: {f.text}" for f in quality.findings]
    if err:
        console = Console(stderr=True, width=160, highlight=False)
        for item in items:
            console.print(item, soft_wrap=isinstance(item, str), markup=False)
    else:
        show(*items)


def _table(found: list[Quality], table: Any) -> Any:
    columns = (
        "scan", "clips", "frames", "frames/s", "samples/s", "valid", "in video", "covered",
        "in image", "points/frame", "no gaze",
    )  # fmt: skip
    rows = [
        (
            f"{q.scan} {q.observer}".strip(), str(q.clips), str(q.frames),
            f"{q.frame_rate_hz:g}", f"{q.gaze_rate_hz:g}",
            f"{q.valid:.0%}", f"{q.in_video:.0%}", f"{q.covered:.0%}", f"{q.in_image:.0%}",
            f"{q.points_per_frame:.2f}", str(q.frames_without_gaze),
        )
        for q in found
    ]  # fmt: skip
    return table(columns, rows, title="Quality of the recordings")


def _require_of_layout() -> None:
    """Raise `ConfigError` for an option that --layout does not know, such as --dry-run."""
    from fusbench.errors import ConfigError

    ctx = click.get_current_context()
    for option in ctx.command.params:
        given = ctx.get_parameter_source(option.name or "") is not ParameterSource.DEFAULT
        if given and option.name not in OF_LAYOUT:
            raise ConfigError(f"{option.opts[0]} is not for --layout", fix="Leave one of them out.")
