"""``fusbench reproduce``: the paper's tables, figure and claims beside one's own numbers."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fusbench.cli import json_option
from fusbench.cli.number import Whole

if TYPE_CHECKING:
    from fusbench.verbs.reproduce import Reproduction

OPTIONS = (
    click.option("--dataset", help="A name or a folder.  [default: phantom-full]"),
    click.option("--backend", type=click.Choice(["torch", "keras"]), default="torch",
                 show_default=True),
    click.option("--checkpoints", type=click.Path(path_type=Path, file_okay=False),
                 help="Folder of weights; default: the bundled ones on an embedded phantom."),
    click.option("--seeds", default="0", show_default=True,
                 help="Trainings that every row is to have, such as 0,1,2."),
    click.option("--work", type=click.Path(path_type=Path, file_okay=False),
                 default=Path("reproduction"), show_default=True,
                 help="Folder of runs and trained weights; the same command continues there."),
    click.option("--margin", type=Whole(0), default=9, show_default=True,
                 help="Leave out so many frames at either end of each clip."),
    click.option("--split", default="test", show_default=True, help="Split to score."),
    click.option("--recipe", help="Of missing trainings, as of fusbench train."),
    click.option("--max-steps", type=Whole(1), help="As of fusbench train."),
    click.option("--validate-every", type=Whole(1), help="As of fusbench train."),
    click.option("--window-count", type=click.Choice(["exact", "paper"])),
    click.option("--precision", help="float32, bfloat16 or float16."),
    click.option("--device", help="The framework's name of a device, such as cuda."),
    json_option,
)  # fmt: skip


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.group()
def reproduce() -> None:
    """Set the paper's tables, figure and claims beside your own runs.

    What is missing is trained and evaluated first, which may take hours; a stopped command goes on
    where it was. The reported numbers are of private data: only the order of rows can be compared.
    """


runs_option = click.option(
    "--runs",
    type=click.Path(path_type=Path),
    help="Folder of finished runs, or a runs.toml that sorts them into rows; then nothing is"
    " trained or evaluated, and what is missing is told.",
)


def _table_command(name: str, title: str) -> None:
    @reproduce.command(
        name, help=f"Make {title} again.", epilog=f"Example: fusbench reproduce {name}"
    )
    @click.option("--out", type=click.Path(path_type=Path, file_okay=False),
                  help="Folder of the tables; default: --work.")  # fmt: skip
    @runs_option
    @_options
    def make(out: Path | None, as_json: bool, **choices: Any) -> None:
        _make_table(name, out, as_json, choices)


_table_command("table1", "Table 1 (policies and lengths)")
_table_command("table2", "Table 2 (placement of the other frames)")


def _make_table(name: str, out: Path | None, as_json: bool, choices: dict[str, Any]) -> None:
    from fusbench.cli.render import print_json, show, table

    made = _paper(choices).table(name, out)
    if as_json:
        print_json({"table": name, "notes": list(made.notes), "rows": made.records})
        return
    show(made.title, table(*made.texts()), *made.notes)
    show(", ".join(map(str, made.files)))


@reproduce.command("figure2", epilog="Example: fusbench reproduce figure2 --clip s093-c1")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False),
              help="Folder of the figure; default: --work.")  # fmt: skip
@click.option("--clip", "clip_id", help="Clip to show; default: where the gaze travels farthest.")
@_options
def figure2(out: Path | None, clip_id: str | None, as_json: bool, **choices: Any) -> None:
    """Make Figure 2 again: six frames of a test sequence, and where four models expect the gaze."""
    from fusbench.cli.render import print_json, show

    made = _paper(choices).figure2(clip_id, out)
    files = [str(path) for path in made.files]
    if as_json:
        clip, frames = made.shown.clip.clip_id, list(made.shown.frames)
        print_json({"files": files, "clip_id": clip, "frames": frames})
    else:
        show(", ".join(files))


@reproduce.command(
    "claims",
    epilog="Example: fusbench reproduce claims --runs runs --out docs/explanation/reproduction.md",
)
@runs_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False),
              help="Page to write; default: claims.md in --work.")  # fmt: skip
@_options
def claims(out: Path | None, as_json: bool, **choices: Any) -> None:
    """Test the paper's claims (a) to (i) and write the page that tells."""
    from fusbench.cli.render import print_json, show, table
    from fusbench.reproduction.found import to_json

    command = shlex.join(["fusbench", *(a for a in sys.argv[1:] if a != "--debug")])
    found = _paper(choices).claims(out, command=command)
    if as_json:
        print_json(to_json(found))
    else:
        show(table(*found.texts(), text=2), str(found.page))


def _paper(choices: dict[str, Any]) -> Reproduction:
    """What was chosen; from now on a polite kill is an interrupt, as in training."""
    import signal

    from fusbench.cli.render import note, progress
    from fusbench.searching.grid import whole_numbers
    from fusbench.verbs.reproduce import Reproduction

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    seeds = whole_numbers(choices.pop("seeds"), "--seeds")
    return Reproduction(
        **choices, seeds=seeds, progress=progress, tell=note,
        warn=lambda line: click.echo(f"note: {line}", err=True),
    )  # fmt: skip
