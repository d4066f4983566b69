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
    from fusbench.data.dataset import Dataset
    from fusbench.reproduction.board import Board
    from fusbench.reproduction.produce import Production
    from fusbench.reproduction.runs import Manifest

DATASET = "phantom-full"
TRAINING = ("recipe", "max_steps", "validate_every", "window_count", "precision")
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
        _make_table(name, out or choices["work"], as_json, choices)


_table_command("table1", "Table 1 (policies and lengths)")
_table_command("table2", "Table 2 (placement of the other frames)")


def _make_table(name: str, out: Path, as_json: bool, choices: dict[str, Any]) -> None:
    from fusbench.cli.render import print_json, show, table
    from fusbench.files import write_bytes
    from fusbench.metrics import METRICS as TABLE
    from fusbench.reproduction.formats import FORMATS, ours, records, reported, seeds
    from fusbench.reproduction.rows import METRICS, TABLES, TITLES
    from fusbench.reproduction.tables import paper_table

    board, _, _ = _board(choices, TABLES[name])
    made = paper_table(name, TITLES[name], TABLES[name], board)
    for suffix, written in FORMATS.items():
        write_bytes(out / f"{name}{suffix}", written(made).encode())
    if as_json:
        print_json({"table": name, "notes": list(made.notes), "rows": records(made)})
        return
    columns = ["", "seeds", *(text for m in METRICS for text in (TABLE[m].symbol, "reported"))]
    rows = [
        [
            line.title,
            seeds(line),
            *(text for cell in line.cells.values() for text in (ours(cell), reported(cell))),
        ]
        for block in made.blocks
        for line in block
    ]
    show(made.title, table(columns, rows), *made.notes)
    show(", ".join(str(out / f"{name}{suffix}") for suffix in FORMATS))


@reproduce.command("figure2", epilog="Example: fusbench reproduce figure2 --clip s093-c1")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False),
              help="Folder of the figure; default: --work.")  # fmt: skip
@click.option("--clip", "clip_id", help="Clip to show; default: where the gaze travels farthest.")
@_options
def figure2(out: Path | None, clip_id: str | None, as_json: bool, **choices: Any) -> None:
    """Make Figure 2 again: six frames of a test sequence, and where four models expect the gaze."""
    from fusbench.cli.render import print_json, progress, show
    from fusbench.reproduction.figure2 import choose, draw_figure2, predictions
    from fusbench.reproduction.produce import ensure_weights
    from fusbench.reproduction.rows import ROWS, TABLES

    job = _production(choices)
    data = _open(job.dataset, choices["split"])
    shown = choose(data, choices["split"], choices["margin"], clip_id)
    weights = {key: ensure_weights(job, ROWS[key])[0] for key in TABLES["figure2"]}
    models = {}
    with progress("predicting", len(weights)) as update:
        for done, (key, path) in enumerate(weights.items(), start=1):
            model = f"{key}-{job.backend}"
            models[ROWS[key].title] = predictions(shown, model, path, job.device)
            update(done)
    kind = "synthetic data" if data.info.synthetic else "recorded data"
    title = f"{data.info.name} ({kind}), {choices['split']} split, clip {shown.clip.clip_id}"
    paths = draw_figure2((out or choices["work"]) / "figure2", shown, models, title)
    if as_json:
        files = [str(path) for path in paths]
        print_json({"files": files, "clip_id": shown.clip.clip_id, "frames": list(shown.frames)})
    else:
        show(", ".join(map(str, paths)))


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
    from fusbench.files import write_bytes
    from fusbench.reproduction.lag import draw_lags, lag_gains
    from fusbench.reproduction.landmarks import kinds
    from fusbench.reproduction.page import find_claims, to_json, to_page
    from fusbench.reproduction.rows import TABLES
    from fusbench.reproduction.segments import segments

    board, data, manifest = _board(choices, TABLES["claims"])
    lags = lag_gains(manifest.lags, choices["split"], choices["margin"])
    found = find_claims(board, segments(data, board.frames), lags, kinds(data, board))
    page = out or choices["work"] / "claims.md"
    picture = ""
    if sum(one.tells for one in lags) > 1:
        picture = draw_lags(page.with_name(f"{page.stem}-lag"), lags)[0].name
    command = shlex.join(["fusbench", *(a for a in sys.argv[1:] if a != "--debug")])
    write_bytes(page, to_page(found, command=command, lag_picture=picture).encode())
    if as_json:
        print_json(to_json(found))
        return
    rows = [[f"({one.letter}) {one.text}", one.verdict] for one in found.findings]
    show(table(["claim", "verdict"], rows, text=2), str(page))


def _production(choices: dict[str, Any]) -> Production:
    """How what is missing is made; from now on a polite kill is an interrupt, as in training."""
    import signal

    from fusbench.reproduction.produce import Production
    from fusbench.search.grid import whole_numbers

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    training = {key: choices[key] for key in TRAINING if choices[key] is not None}
    return Production(
        dataset=choices["dataset"] or DATASET,
        split=choices["split"],
        backend=choices["backend"],
        work=choices["work"],
        checkpoints=choices["checkpoints"],
        seeds=whole_numbers(choices["seeds"], "--seeds"),
        training={key.replace("_", "-"): str(value) for key, value in training.items()},
        device=choices["device"],
    )


def _open(dataset: str, split: str) -> Dataset:
    from fusbench.cli.render import progress
    from fusbench.verbs.at_hand import at_hand

    return at_hand(dataset, (split,), progress)


def _board(choices: dict[str, Any], keys: tuple[str, ...]) -> tuple[Board, Dataset, Manifest]:
    """The rows' scores, from the runs given or from those that are made now."""
    from fusbench.cli.render import note
    from fusbench.reproduction.board import read_board
    from fusbench.reproduction.produce import produce
    from fusbench.reproduction.runs import Manifest, find_runs, runs_on

    split = choices["split"]
    if choices["runs"] is not None:
        manifest = find_runs(choices["runs"])
        data = _open(choices["dataset"] or manifest.dataset or DATASET, split)
        manifest = runs_on(manifest, data.fingerprint(split), split)
        for line in manifest.notes:
            click.echo(f"note: {line}", err=True)
    else:
        job = _production(choices)
        data = _open(job.dataset, split)
        runs = produce(
            job, keys, data, lambda done, total, text: note(f"row {done + 1} of {total}: {text}")
        )
        manifest = Manifest(rows=runs)
    board = read_board(
        manifest.rows, data, split, margin=choices["margin"], backend=choices["backend"]
    )
    return board, data, manifest
