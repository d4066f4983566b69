"""Runs against a reference run, as ``fusbench compare`` sets them side by side."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from fusbench.comparing import runs as paired
from fusbench.comparing.comparison import WHOLE, Comparison
from fusbench.data.dataset import Dataset
from fusbench.doors.door import Source, label
from fusbench.doors.options import ModelOptions, Options
from fusbench.errors import UnknownName, unknown
from fusbench.evaluation.beyond import beyond_run, ideal_near, marked
from fusbench.evaluation.contest import Failure
from fusbench.evaluation.entry import door
from fusbench.evaluation.finished import Run, read_run
from fusbench.evaluation.folds import scored
from fusbench.metrics import observers_of
from fusbench.progress import Progress, silent
from fusbench.verbs.at_hand import at_hand
from fusbench.verbs.terms import Terms

if TYPE_CHECKING:
    import numpy as np

PARTS = ("scan", "segment", "position")


def compare(
    runs: Sequence[Run | Source],
    *,
    by: Iterable[str] = ("segment", "position"),
    metric: str | None = None,
    dataset: str | Path | Dataset | None = None,
    split: str | None = None,
    fold: int | str | None = None,
    folder: str | Path = "runs",
    progress: Progress = silent,
    warn: Callable[[str], object] = warnings.warn,
    **options: Unpack[ModelOptions],
) -> Comparison:
    """Compare runs with the first one, on the same frames.

    Differences are the other run minus the first. Intervals and p-values are by scan: whole scans
    are resampled, and signs of scan means are flipped.

    Parameters
    ----------
    runs : sequence of Run, str, Path, ModelCard or model
        Finished runs or their folders. Whatever else `fusbench.evaluate` takes is evaluated first,
        in the way of the first finished run, or its own finished run is read.
    by : iterable of {"scan", "segment", "position"}
        Parts to look at beside the whole.
    metric : str, optional
        Metric of the parts and of plots; default: the runs' first.
    dataset : str, Path or Dataset, optional
        Data of the runs, which segments and models need; default: by the first run's name, else
        "phantom".
    split : str, optional
        Default: that of the first finished run, else "test".
    fold : int, optional
    folder : str or Path
        Folder of the runs that are made.
    progress : callable, optional
    warn : callable
        Told what could not be looked at.
    **options
        Of models: checkpoint, device, python, timeout_s, memory_gb, allow_prints, allow_8_bit,
        seen_ok.

    Returns
    -------
    Comparison

    Raises
    ------
    ConfigError
        If there are fewer than two, or two differ in data, split, signature or frames.
    UnknownName, DatasetError, PluginError, PredictionError, CheckpointError
        If a run, a model, or the data set cannot be had.

    Examples
    --------
    >>> import tempfile
    >>> runs = tempfile.TemporaryDirectory()
    >>> found = compare(["uniform", "centre-bias"], dataset="phantom-tiny", folder=runs.name)
    >>> found.summary.set_index("metric").loc["nss", "difference"].item() > 0
    True
    """
    parts = tuple(by)
    for part in parts:
        if part not in PARTS:
            raise unknown("part", part, PARTS)
    finished = {at: _finished(each) for at, each in enumerate(runs)}
    known = [run for run in finished.values() if run is not None]
    models = {at: runs[at] for at, run in finished.items() if run is None}
    if models:
        given = {"dataset": dataset, "split": split, "fold": fold}
        terms = _terms(known, given)
        chosen = Options(**options)
        contest = terms.contest(
            chosen, runs=Path(folder), force=False, progress=progress, warn=warn
        )
        dataset = contest.data
        for at, model in models.items():
            assert not isinstance(model, Run)
            make = partial(door, model, split=contest.split)
            row = scored(contest, label(model), make, chosen)
            if isinstance(row, Failure):
                raise row.error
            finished[at] = row
    ready = paired.comparable([run for run in finished.values() if run is not None])
    keys = [m.key for m in paired.metrics_of(ready)]
    metric = metric or keys[0]
    if metric not in keys:
        raise unknown("metric of these runs", metric, keys)
    tables = {WHOLE: paired.compare(ready)}
    for part in parts:
        groups = _groups(part, ready, dataset, progress, warn)
        if groups is not None:
            tables[f"by {part}"] = paired.compare(ready, groups)
    scans = paired.scan_differences(ready) if "scan" in parts else None
    return Comparison(
        runs=tuple(ready), tables=tables, scans=scans, metric=metric, marks=tuple(_marks(ready))
    )


def _marks(runs: list[Run]) -> Iterator[str]:
    """Which runs are better than the ideal observer, as far as its run can be found."""
    ideal, chosen = ideal_near(runs), paired.metrics_of(runs)
    for run in runs if ideal else []:
        assert ideal is not None
        if keys := beyond_run(run.result, ideal.result):
            yield marked(run.name, keys, chosen, run.result.n_scans)


def _finished(source: Run | Source) -> Run | None:
    """A run, or the run in a folder; None for what is still to be evaluated."""
    if isinstance(source, Run):
        return source
    if isinstance(source, str | Path):
        path = Path(source)
        if (path / "result.json").exists():
            return read_run(path)
        if path.is_dir() and not any(path.glob("*.np[yz]")) and not any(path.glob("*/*.png")):
            return read_run(path)  # says that it holds none
    return None


def _terms(known: list[Run], given: dict[str, Any]) -> Terms:
    """The terms on which models are scored: those of the first finished run, if there is one."""
    if not known:
        return Terms(**given)
    result = known[0].result
    first: dict[str, Any] = {
        "dataset": result.dataset.name,
        "split": result.split,
        "fold": result.dataset.fold,
    }
    chosen = {key: first[key] if value is None else value for key, value in given.items()}
    keys = tuple(m.key for m in paired.metrics_of(known))
    observers = observers_of(result.signature)
    return Terms(**chosen, profile=result.profile, observers=observers, metrics=keys)


def _groups(
    part: str,
    runs: list[Run],
    dataset: str | Path | Dataset | None,
    progress: Progress,
    warn: Callable[[str], object],
) -> np.ndarray | None:
    if part == "position":
        return paired.positions(runs)
    if part == "scan":
        return None
    result = runs[0].result
    name = dataset if dataset is not None else result.dataset.name
    try:
        data = at_hand(name, (result.split,), progress, result.dataset.fold)
    except UnknownName:
        if dataset is not None:
            raise
        warn(f"Segments need the data; name the folder of '{name}' with --dataset.")
        return None
    return paired.segments(runs, data)
