"""Scoring models, as ``fusbench evaluate`` does: in processes of their own, under the run's key."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, Unpack, overload

from fusbench.data.dataset import Dataset
from fusbench.doors.door import Source, label
from fusbench.doors.options import ModelOptions, Options
from fusbench.errors import ConfigError
from fusbench.evaluation.contest import Contest, Failure, told_apart
from fusbench.evaluation.entry import door, words_of
from fusbench.evaluation.finished import Run
from fusbench.evaluation.folds import scored
from fusbench.evaluation.jobs import hired, shared
from fusbench.progress import Progress, silent
from fusbench.verbs.rows import Rows
from fusbench.verbs.terms import Terms

FLOORS = ("uniform", "centre-bias", "mean-map")
HINT = "previous-gaze"
CEILING = "ideal-observer"
HUMAN = "inter-observer"


@overload
def evaluate(
    model: Source,
    dataset: str | Path | Dataset | None = None,
    *,
    split: str | None = None,
    fold: int | str | None = None,
    profile: str | None = None,
    observers: str | None = None,
    metrics: Iterable[str] | None = None,
    kernel: str = "numpy",
    freeze_history: bool = False,
    board: str | Path | None = None,
    name: str | None = None,
    baselines: bool = False,
    runs: str | Path = "runs",
    force: bool = False,
    jobs: int | None = None,
    scheduler: str | None = None,
    progress: Progress = silent,
    **options: Unpack[ModelOptions],
) -> Run: ...


@overload
def evaluate(
    model: list[Any] | tuple[Any, ...],
    dataset: str | Path | Dataset | None = None,
    *,
    split: str | None = None,
    fold: int | str | None = None,
    profile: str | None = None,
    observers: str | None = None,
    metrics: Iterable[str] | None = None,
    kernel: str = "numpy",
    freeze_history: bool = False,
    board: str | Path | None = None,
    name: str | None = None,
    baselines: bool = False,
    runs: str | Path = "runs",
    force: bool = False,
    jobs: int | None = None,
    scheduler: str | None = None,
    progress: Progress = silent,
    **options: Unpack[ModelOptions],
) -> Rows: ...


def evaluate(
    model: Source | list[Any] | tuple[Any, ...],
    dataset: str | Path | Dataset | None = None,
    *,
    split: str | None = None,
    fold: int | str | None = None,
    profile: str | None = None,
    observers: str | None = None,
    metrics: Iterable[str] | None = None,
    kernel: str = "numpy",
    freeze_history: bool = False,
    board: str | Path | None = None,
    name: str | None = None,
    baselines: bool = False,
    runs: str | Path = "runs",
    force: bool = False,
    jobs: int | None = None,
    scheduler: str | None = None,
    progress: Progress = silent,
    **options: Unpack[ModelOptions],
) -> Run | Rows:
    """Score a model, or several, on every frame with gaze, as ``fusbench evaluate`` does.

    A finished run is read again at once; a stopped one is continued by the same call. Each model
    runs in a process of its own, except fusbench's baselines and one that is loaded here already.

    Parameters
    ----------
    model : str, Path, ModelCard, model, or a sequence of these
        A registered name, a Python file, a folder of predictions, a card, or an object with
        ``predict(frames)``: uint8 (B, L, H, W) to densities (B, H, W).
    dataset : str, Path or Dataset, optional
        A name or a folder; default: the board's, else "phantom".
    split : str, optional
        "train", "val" or "test"; default: the board's, else "test".
    fold : int or "all", optional
        Splits of this fold, as ``dataset split --folds`` stored it; "all" scores every scan once,
        by the model that did not see it, as one run. "{fold}" in the checkpoint's name stands for
        the number of each fold.
    profile : str, optional
        "tuebingen" or "mit"; default: the board's, else "tuebingen".
    observers : str, optional
        "pooled" makes one target of the gaze of all who watched a clip; "each" scores against each
        observer in turn and takes the mean. Default: the board's, else "pooled".
    metrics : iterable of str, optional
        Keys; default: the board's, else KLD, SIM, NSS and CC.
    kernel : {"numpy", "numba"}
        What computes the metrics; no part of the run's key.
    freeze_history : bool
        Control: show the model its current frame in place of the others.
    board : str or Path, optional
        Evaluate under the rules of this leaderboard, add the rows and the baselines that it lacks,
        and build it.
    name : str, optional
        Name of the row on the board; default: the model's.
    baselines : bool
        Take the floors, and the ceiling of synthetic data or of data that several people watched,
        into the returned rows.
    runs : str or Path
        Folder of the runs.
    force : bool
        Do finished runs again.
    jobs : int, optional
        Processes that score a model's scans side by side; default: one, or on a cluster as many as
        its workers take. Scores are those of one process with as many `threads`.
    scheduler : str, optional
        Address of a ``dask.distributed`` scheduler, on whose workers the jobs run. They need
        fusbench, the model, and the same folders under the same paths.
    progress : callable, optional
        Shows how far each model is; see `fusbench.progress`.
    **options
        checkpoint, device, python, timeout_s, memory_gb, allow_prints, allow_8_bit, seen_ok,
        threads: see `Options`.

    Returns
    -------
    Run or Rows
        A run for one model; for a sequence, or with `baselines`, a row each: runs and failures.

    Raises
    ------
    PluginError, PredictionError, CheckpointError, ConfigError
        If a single model cannot be scored; one of several gets a row that says why. If jobs are
        asked for and a model has no name that another process could call it by.
    UnknownName, DatasetError
        If a name or the data set is not known.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> run = evaluate("centre-bias", "phantom-tiny", runs=folder.name)
    >>> run.result.n_scans, list(run.summary.columns)
    (1, ['mean', 'low', 'high', 'scan_mean'])
    """
    sources: list[Source] = list(model) if isinstance(model, list | tuple) else [model]
    chosen = Options(**options)
    if name and (not board or len(sources) > 1):
        raise ConfigError("a name goes with a board and a single model", fix="Leave name out.")
    terms = Terms(
        dataset=dataset,
        split=split,
        fold=fold,
        profile=profile,
        observers=observers,
        metrics=metrics,
        kernel=kernel,
        freeze_history=freeze_history,
        board=Path(board) if board else None,
    )
    with hired(jobs, scheduler, chosen.threads) as crew:
        chosen = shared(chosen, crew)
        contest = terms.contest(
            chosen, runs=Path(runs), force=force, progress=progress, warn=warnings.warn, jobs=crew
        )
        makers = [(each, partial(door, each, split=contest.split)) for each in sources]
        for each, make in makers:
            make(chosen, contest.data)  # what nobody could score is told before anything is
            if crew and not words_of(each):
                fix = "Give its name or Python file, or leave jobs out."
                raise ConfigError("no other process can call this model", label(each), fix)
        rows = told_apart(
            [
                (label(each), scored(contest, label(each), make, chosen, words_of(each)))
                for each, make in makers
            ]
        )
        done = [row for row in rows if isinstance(row, Run)]
        if board and done:
            from fusbench.verbs.filling import take

            take(Path(board), with_baselines(done, contest, hint=True), done, name)
        if baselines and done:
            failed = [row for row in rows if isinstance(row, Failure)]
            return Rows((*with_baselines(done, contest), *failed))
    if isinstance(model, list | tuple):
        return Rows(tuple(rows))
    if isinstance(rows[0], Failure):
        raise rows[0].error
    return rows[0]


def with_baselines(runs: list[Run], contest: Contest, *, hint: bool = False) -> list[Run]:
    """Runs between the baselines that the data set allows.

    Raises
    ------
    FusbenchError
        If a baseline cannot be scored, which is a fault of fusbench or of the data.
    """
    names = [run.name for run in runs]
    clips, has_train = contest.data.clips, bool(contest.data.train_clips)
    floors = [name for name in FLOORS if name not in names and (name != "mean-map" or has_train)]
    known = any(clip.mixture is not None for clip in clips)
    shared = any(len(clip.gaze.shared_frames()) for clip in clips if clip.split == contest.split)
    after = {HINT: has_train and hint, HUMAN: shared, CEILING: known}
    ceiling = [name for name, wanted in after.items() if wanted and name not in names]

    def run(name: str) -> Run:
        row = scored(contest, name, partial(door, name), Options(), words_of(name))
        if isinstance(row, Failure):
            raise row.error
        return row

    return [*map(run, floors), *runs, *map(run, ceiling)]
