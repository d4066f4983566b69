"""Finished runs, sorted into rows: from a manifest, or by what their results say of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fusbench.data.window import Window
from fusbench.errors import ConfigError, unknown
from fusbench.evaluation.results import Result, read_result
from fusbench.numerals import number
from fusbench.reading import read_json, read_toml
from fusbench.records import read_record
from fusbench.reproduction.rows import ROWS
from fusbench.training.recipe import RECIPES
from fusbench.zoo.entries import ENTRIES
from fusbench.zoo.weights import unlike

MANIFESTS = ("runs.toml", "runs.json")
OUTCOMES = (
    "seed",
    "best_step",
    "val_loss",
    "history",
)  # what trainings of one recipe may differ in
HASH = "recipe_sha256"  # over all that seeds share: told where no word of it is
Runs = Mapping[str, tuple[Path, ...]]
Table = dict[str, Any]  # of a file


@dataclass(frozen=True, kw_only=True)
class LagRuns:
    """Runs on a phantom whose gaze trails the picture by another lag."""

    lag_ms: float
    dataset: str
    rows: Runs


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Which run folders make up which row; several folders of a row are several seeds.

    Parameters
    ----------
    rows : mapping of str to tuple of Path
    lags : tuple of LagRuns
    dataset : str or None
        Name or folder that the runs were scored on.
    discovered : bool
        Whether nobody named the runs, so that some may be of other data or another split.
    notes : tuple of str
        What was left out, and why.
    """

    rows: Runs
    lags: tuple[LagRuns, ...] = ()
    dataset: str | None = None
    discovered: bool = False
    notes: tuple[str, ...] = field(default=())


def find_runs(source: Path) -> Manifest:
    """The runs of a manifest, or of a folder that holds one, or else of all run folders below.

    Raises
    ------
    ConfigError
        If there is nothing of the sort, or the manifest is faulty.
    """
    if source.is_file():
        return _read_manifest(source)
    if not source.is_dir():
        raise ConfigError("no folder of runs is here", str(source), "Check --runs.")
    for name in MANIFESTS:
        if (source / name).is_file():
            return _read_manifest(source / name)
    return _discover(source)


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What a manifest says: run folders by row, and lags' tables by their milliseconds."""

    dataset: str | None = None
    rows: Table = field(default_factory=dict)
    lag: dict[str, Table] = field(default_factory=dict)


def _read_manifest(path: Path) -> Manifest:
    read = read_json if path.suffix == ".json" else read_toml
    content = read_record(_Told, read(path, ConfigError), str(path), ConfigError)
    lags = [_lag(lag, dict(table), path) for lag, table in content.lag.items()]
    return Manifest(
        rows=_rows(content.rows, path.parent, f"{path}, [rows]"),
        lags=tuple(sorted(lags, key=lambda one: one.lag_ms)),
        dataset=content.dataset and _source(content.dataset, path),
    )


def _lag(lag: str, table: Table, path: Path) -> LagRuns:
    where = f"{path}, [lag.{lag}]"
    try:
        lag_ms = number(lag)
    except ValueError:
        fix = "Name it by its lag in milliseconds, such as [lag.100]."
        raise ConfigError(f"'{lag}' is no lag", where, fix) from None
    dataset = table.pop("dataset", None)
    if not isinstance(dataset, str):
        fix = "Add dataset = the folder of the phantom with this lag."
        raise ConfigError("names no data set", where, fix)
    rows = _rows(table, path.parent, where)
    return LagRuns(lag_ms=lag_ms, dataset=_source(dataset, path), rows=rows)


def _source(name: str, path: Path) -> str:
    """A data set's name, or its folder as seen from the manifest."""
    beside = path.parent / name
    return str(beside) if beside.is_dir() else name


def _rows(table: Table, base: Path, where: str) -> Runs:
    rows = {}
    for key, folders in table.items():
        if key not in ROWS:
            raise ConfigError(f"no row is called '{key}'", where, unknown("row", key, [*ROWS]).fix)
        listed = [folders] if isinstance(folders, str) else folders
        if not isinstance(listed, list) or not all(isinstance(f, str) for f in listed):
            fix = f'Write {key} = ["FOLDER", ...].'
            raise ConfigError(f"'{key}' lists no run folders", where, fix)
        rows[key] = tuple(base / folder for folder in listed)
    return rows


def _discover(folder: Path) -> Manifest:
    rows: dict[str, list[Path]] = {}
    notes = []
    for path in sorted(folder.rglob("result.json")):
        result = read_result(path.parent)
        key = row_of(result)
        if key is None:
            trained = (
                f", its weights being trained with {p}" if (p := other_weights(result)) else ""
            )
            notes.append(f"{path.parent} is of no row{trained} and was left out")
        else:
            rows.setdefault(key, []).append(path.parent)
    if not rows:
        fix = "Give the folder that 'fusbench evaluate' wrote its runs to."
        raise ConfigError("holds no runs of any row", str(folder), fix)
    return Manifest(
        rows={key: tuple(paths) for key, paths in rows.items()},
        discovered=True,
        notes=tuple(notes),
    )


def runs_on(manifest: Manifest, fingerprint: str, split: str) -> Manifest:
    """Of discovered runs, those on a split of a data set; runs that somebody named all stay."""
    if not manifest.discovered:
        return manifest
    rows: dict[str, tuple[Path, ...]] = {}
    notes = list(manifest.notes)
    for key, folders in manifest.rows.items():
        for folder in folders:
            result = read_result(folder)
            if (result.dataset.fingerprint, result.split) == (fingerprint, split):
                rows[key] = (*rows.get(key, ()), folder)
            else:
                notes.append(f"{folder} is of other data or another split and was left out")
    if not rows:
        fix = "Name the data set that they were scored on with --dataset, and --split."
        raise ConfigError(f"no run here is of this data set's {split} split", fix=fix)
    return replace(manifest, rows=rows, notes=tuple(notes))


def other_weights(result: Result) -> str:
    """What sets its weights apart from their row's, such as a policy; "" if nothing does.

    Such a run is of no row, whatever its model's name.
    """
    model = result.model
    entry = model.name.removesuffix(f"-{model.backend}")
    if entry not in ENTRIES or not model.training:
        return ""
    return unlike(entry, model.training.get("policy"), Window(**model.window))


def row_of(result: Result) -> str | None:
    """The row that a result belongs to, by its model's name; None if there is none."""
    if other_weights(result):
        return None
    name, backend = result.model.name, result.model.backend
    model = name.removesuffix(f"-{backend}")
    frozen = bool(result.config.get("freeze_history"))
    for key, row in ROWS.items():
        if row.model == model and row.freeze_history == frozen:
            return key
    return None


def other_training(result: Result, first: Result) -> str:
    """Why a run's weights are no other seed of the first run's training; "" where they are.

    Seeds are trainings of one recipe on one data set: what both results tell of their training
    agrees, but for the seed and what came of it. Under a recipe that ends by patience the number of
    steps is such an outcome.

    Examples
    --------
    >>> from types import SimpleNamespace as Run
    >>> one = Run(model=Run(training={"recipe": "fast", "steps": 3000, "seed": 0}))
    >>> two = Run(model=Run(training={"recipe": "fast", "steps": 300, "seed": 1}))
    >>> other_training(two, one)
    'steps is 300, and 3000 in the other'
    >>> one.model.training["recipe"] = two.model.training["recipe"] = "patient"
    >>> other_training(two, one)
    ''
    """
    mine, others = result.model.training, first.model.training
    if not mine or not others:
        return "a run does not tell how its weights were trained"
    recipe = RECIPES.get(mine.get("recipe", ""))
    outcomes = (*OUTCOMES, "steps") if recipe and recipe.patience else OUTCOMES
    for key in sorted(set(mine) & set(others), key=lambda key: (key == HASH, key)):
        if not key.startswith(outcomes) and mine[key] != others[key]:
            if key == HASH:
                return f"{key} is {str(mine[key])[:12]}...: another setting, size or data"
            return f"{key} is {mine[key]}, and {others[key]} in the other"
    if mine.get("seed") == others.get("seed"):
        return f"the seed of both is {mine.get('seed')}"
    return ""
