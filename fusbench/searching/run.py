"""Running a policy search: every cell is a training of its own, kept as soon as it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fusbench.child import ChildError, command
from fusbench.errors import ConfigError
from fusbench.files import replacing, write_json
from fusbench.reading import read_json
from fusbench.searching.grid import KINDS, Cell, grid_table

Report = Callable[[int, int, str], None]
Train = Callable[[Path, list[str], list[str] | None, int], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is to be searched, and where its files go.

    Parameters
    ----------
    model : str
        A zoo model's name, such as "unet-torch"; only its policy varies.
    dataset : str
        A name or a folder.
    fingerprints : mapping
        Of the splits that are used, train and val; a search is never continued on other data.
    folder : Path
        Where everything is kept.
    options : mapping of str to str
        Options of ``fusbench train``, the same for every cell.
    all_metrics : bool
        Also score every cell on all metrics, on the val split.
    threads : int
        Threads of each training.
    """

    model: str
    dataset: str
    fingerprints: Mapping[str, str]
    folder: Path
    options: Mapping[str, str] = field(default_factory=dict)
    all_metrics: bool = False
    threads: int = 1

    def identity(self) -> dict[str, Any]:
        """What must agree for a search to be continued."""
        return {
            "model": self.model,
            **{f"{split} split": value for split, value in self.fingerprints.items()},
            **{f"--{key}": value for key, value in self.options.items()},
        }

    def commands(self, cell: Cell) -> tuple[list[str], list[str] | None]:
        """The command that trains a cell, and the one that scores it."""
        out = self.folder / "cells" / f"{cell.name}.safetensors"
        what = ["--model", self.model, "--dataset", self.dataset]
        train = ["train", *what, "--policy", cell.policy, "--seed", str(cell.seed)]
        for key, value in self.options.items():
            train += [f"--{key}", value]
        train += ["--out", str(out)]
        if not self.all_metrics:
            return train, None
        score = ["evaluate", *what, "--split", "val", "--checkpoint", str(out)]
        return train, [*score, "--out", str(self.folder / "runs")]


def train_cell(
    summary: Path, train: list[str], score: list[str] | None, threads: int
) -> dict[str, Any]:
    """Train one cell, or continue it, and write its summary; a finished one is only read."""
    found = _read(summary)
    if found is None:
        state = summary.with_name(f"{summary.stem}.safetensors.state")
        resume = ["--resume"] if state.exists() else []
        trained = command([*train, *resume], threads=threads)[0]
        found = {"kld": trained["val_loss"], **{k: trained[k] for k in ("steps", "best_step")}}
        write_json(summary, found)
    if score and "scores" not in found:
        result = command(score, threads=threads)[0]
        found["scores"] = {key: value["mean"] for key, value in result["summary"].items()}
        write_json(summary, found)
    return found


def _read(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    return read_json(path, ConfigError, fix="Remove it, and the cell is done again.")


def run_search(
    search: Search,
    grid: Sequence[Cell],
    executor: Executor,
    *,
    report: Report | None = None,
    train: Train = train_cell,
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Run the cells that are not done yet.

    Parameters
    ----------
    search : Search
    grid : sequence of Cell
    executor : concurrent.futures.Executor
        Where cells are trained; every cell is one call of `train`.
    report : callable, optional
        Told (cells done, cells in all, a short text).
    train : callable
        As `train_cell`.

    Returns
    -------
    rows, failed
        What the cells came to, in the grid's order, and by name why the others failed.

    Raises
    ------
    ConfigError
        If the folder holds a search with other settings.
    ChildError
        If every cell failed.
    """
    _claim(search)
    futures = {}
    for cell in grid:
        summary = search.folder / "cells" / f"{cell.name}.json"
        task = executor.submit(train, summary, *search.commands(cell), search.threads)
        futures[task] = cell
    done: dict[str, dict[str, Any]] = {}
    failed: dict[str, str] = {}
    for task in as_completed(futures):
        cell = futures[task]
        try:
            done[cell.name] = task.result()
            text = f"{cell.policy}: KLD {done[cell.name]['kld']:.3f}"
        except ChildError as error:
            failed[cell.name] = str(error)
            text = f"{cell.policy}: failed"
        if report:
            report(len(done) + len(failed), len(grid), text)
    if failed and not done:
        raise ChildError(next(iter(failed.values())))
    return [_row(cell, done[cell.name]) for cell in grid if cell.name in done], failed


def _claim(search: Search) -> None:
    """Keep the settings, or make sure that they are those of the search begun here."""
    path = search.folder / "search.json"
    identity = search.identity()
    begun = _read(path)
    if begun is None:
        write_json(path, identity)
        return
    for key in sorted({*begun, *identity}):
        if begun.get(key) != identity.get(key):
            fix = "Continue with the same options, or choose another --out."
            raise ConfigError(f"the search here was begun with another {key}", str(path), fix)


def _row(cell: Cell, found: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"kind": KINDS[cell.mix], "n": cell.n, "m": cell.m, "seed": cell.seed}
    row |= {"policy": cell.policy, **{k: found[k] for k in ("kld", "steps", "best_step")}}
    row |= found.get("scores", {})
    return row


def write_tables(folder: Path, rows: list[dict[str, Any]], metrics: Sequence[str]) -> None:
    """Write ``cells.csv``, a row a cell, and ``grid.csv``, averaged over seeds, best first."""
    import pandas as pd

    tables = {"cells.csv": pd.DataFrame(rows), "grid.csv": grid_table(rows, metrics)}
    for name, table in tables.items():
        with replacing(folder / name) as part:
            table.to_csv(part, index=False, lineterminator="\n")
