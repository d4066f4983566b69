"""Cross-validation as one run: every scan is scored once, by the model that did not see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fusbench.data.dataset import POOLED, Dataset
from fusbench.discovery import OWN
from fusbench.doors.options import Options
from fusbench.errors import CheckpointError, ConfigError
from fusbench.evaluation.beyond import IDEAL, beyond_run, marked
from fusbench.evaluation.contest import Contest, Door, Failure
from fusbench.evaluation.entry import door, words_of
from fusbench.evaluation.facts import ModelFacts
from fusbench.evaluation.finished import Run
from fusbench.evaluation.jobs import line_of
from fusbench.evaluation.results import (
    KEY_COLUMNS,
    Result,
    read_landmarks,
    read_timing,
    summarise,
    write_result,
)
from fusbench.evaluation.seen import unseen
from fusbench.files import text_sha256, write_json
from fusbench.metrics import of_signature
from fusbench.stages import unwatched
from fusbench.zoo.exported import is_exported

if TYPE_CHECKING:
    import pandas as pd

FOLD = "{fold}"  # in the name of a checkpoint, stands for the fold's number
Make = Callable[[Options, Dataset], Door]


def scored(
    contest: Contest, name: str, make: Make, options: Options, words: Sequence[str] = ()
) -> Run | Failure:
    """The run of a model, pooled over folds where the contest is; or why there is none.

    One that is better than the ideal observer, where the data know it, is marked.

    Parameters
    ----------
    contest : Contest
    name : str
        What was asked for.
    make : callable
        ``make(options, dataset)`` gives the door of one fold.
    options : Options
        "{fold}" in the checkpoint's name stands for the number of each fold.
    words : sequence of str
        What names the model on the command line, for the contest's jobs; see `words_of`.
    """
    if is_exported(name) and options.checkpoint is None:
        options = replace(options, checkpoint=name)  # its weights, and what they tell
    asked_plainly = name == IDEAL and options == Options(threads=options.threads)
    row = _ideal(contest) if asked_plainly else _scored(contest, name, make, options, words)
    own = isinstance(row, Run) and row.result.model.distribution == OWN
    if isinstance(row, Failure) or own or all(clip.mixture is None for clip in contest.data.clips):
        return row
    with unwatched():
        ideal = _ideal(contest)
    if isinstance(ideal, Failure):
        return row
    keys = beyond_run(row.result, ideal.result)
    if keys:
        chosen = of_signature(row.result.signature)
        contest.warn(marked(row.name, keys, chosen, row.result.n_scans))
    return replace(row, beyond=keys)


def _ideal(contest: Contest) -> Run | Failure:
    """The ideal observer's row, made once a contest, with --force too."""
    known = contest.references
    if IDEAL not in known:
        known[IDEAL] = _scored(contest, IDEAL, partial(door, IDEAL), Options(), words_of(IDEAL))
    return known[IDEAL]


def _scored(
    contest: Contest, name: str, make: Make, options: Options, words: Sequence[str]
) -> Run | Failure:
    data = contest.data
    if not data.folds:
        return _row(contest, name, make, options, words)
    runs = []
    for each in data.folds:
        row = _row(replace(contest, data=each), name, make, of_fold(options, each), words)
        if isinstance(row, Failure):
            return row
        runs.append(row)
    return pooled(runs, data, contest.runs, options.weights)


def parts_kept(
    contest: Contest, name: str, make: Make, options: Options, part: tuple[int, int]
) -> list[tuple[str, list[str]]] | Failure:
    """One part of the scans of each fold, scored and kept; see `fusbench.evaluation.parts`."""
    found = []
    for each in contest.data.folds or (contest.data,):
        chosen = of_fold(options, each)
        ready = ready_for(replace(contest, data=each), name, chosen)
        row = ready if isinstance(ready, Failure) else ready.part(name, make(chosen, each), part)
        if isinstance(row, Failure):
            return row
        found.append(row)
    return found


def _row(
    contest: Contest, name: str, make: Make, options: Options, words: Sequence[str]
) -> Run | Failure:
    ready = ready_for(contest, name, options)
    if isinstance(ready, Failure):
        return ready
    if ready.jobs and words:
        line = line_of([*words], ready.data, ready.runs, ready.settings, options)
        ready = replace(ready, line=tuple(line))
    return ready.row(name, make(options, ready.data))


def ready_for(contest: Contest, name: str, options: Options) -> Contest | Failure:
    """The contest with the checkpoint in its settings, after a look at what that has seen."""
    try:
        told = unseen(options.weights, contest.data, contest.split, seen_ok=options.seen_ok)
    except CheckpointError as error:
        return Failure(name=name, error=error, file=None)
    if told:
        contest.warn(f"{options.weights}: {told}")
    settings = {**contest.settings, "checkpoint": options.weights, "seen": told}
    return replace(contest, settings=settings)


def of_fold(options: Options, data: Dataset) -> Options:
    """The options with the checkpoint of a fold."""
    if options.weights is None:
        return options
    return replace(options, checkpoint=Path(str(options.weights).replace(FOLD, str(data.fold))))


def pooled(runs: Sequence[Run], data: Dataset, folder: Path, weights: Path | None = None) -> Run:
    """One run of the runs of all folds: their scores together, under a key over their keys.

    Raises
    ------
    ConfigError
        If the folds were scored in different ways.
    """
    results = [run.result for run in runs]
    first = results[0]
    if len({(each.signature, each.model.name) for each in results}) > 1:
        fix = "Score all folds with --fold all."
        raise ConfigError("the folds were scored in different ways", str(folder), fix)
    digest = text_sha256(*(each.key for each in results))
    scores = _together([run.scores for run in runs])
    masses = [table for run in runs if (table := read_landmarks(run.folder)) is not None]
    result = Result(
        key=f"{first.model.name}-folds-{digest[:16]}",
        model=_model([each.model for each in results]),
        dataset=replace(
            first.dataset, fingerprint=data.fingerprint(first.split), fold=POOLED,
            folds=[each.key for each in results],
        ),
        split=first.split,
        signature=first.signature,
        profile=first.profile,
        summary=summarise(scores),
        n_frames=len(scores),
        n_skipped=sum(each.n_skipped for each in results),
        n_scans=scores["scan_id"].nunique(),
        environment=first.environment,
        config={
            **next((r.config for r in results if r.config.get("seen")), first.config),
            "checkpoint": weights and weights.name,
        },
    )  # fmt: skip
    place = folder / result.key
    _write_timing(place, runs)
    write_result(place, result, scores, _together(masses) if len(masses) == len(runs) else None)
    return Run(folder=place, name=first.model.name, result=result)


def _together(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of all folds, in order of scan, clip and frame."""
    import pandas as pd

    table = pd.concat(tables, ignore_index=True)
    return table.sort_values(list(KEY_COLUMNS), ignore_index=True)


def _model(models: Sequence[ModelFacts]) -> ModelFacts:
    """What the folds' models have in common; the weights of several are known by all their hashes.

    The use of history is the least of all folds.
    """
    told = [each.training for each in models]
    shared = {k: v for k, v in told[0].items() if all(each.get(k) == v for each in told)}
    shared |= {
        k: min(each[k] for each in told)
        for k in told[0]
        if k.startswith("history") and all(k in each for each in told)
    }
    weights = together_sha256([each.weights_sha256 for each in models])
    return replace(models[0], weights_sha256=weights, training=shared)


def together_sha256(hashes: Sequence[str | None]) -> str | None:
    """The hash by which the weights of all folds are known; that of one file where all have it."""
    return text_sha256(*map(str, hashes)) if len(set(hashes)) > 1 else hashes[0]


def fold_files(weights: Path, folds: int) -> list[Path]:
    """The file of weights, or those of all folds that its name stands for."""
    numbers = range(1, folds + 1) if FOLD in weights.name else ()
    return [weights.with_name(weights.name.replace(FOLD, str(k))) for k in numbers] or [weights]


def _write_timing(place: Path, runs: Sequence[Run]) -> None:
    """Seconds a frame over all folds, where one machine took them."""
    timings = [read_timing(run.folder) for run in runs]
    if len({machine for _, machine in timings}) > 1:
        return
    known = [(s, run.result.n_frames) for (s, _), run in zip(timings, runs, strict=True) if s]
    if len(known) == len(runs):
        mean = sum(s * n for s, n in known) / sum(n for _, n in known)
        write_json(place / "timing.json", {"seconds_per_frame": mean, "machine": timings[0][1]})
