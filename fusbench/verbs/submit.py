"""Predictions scored under a board's rules, as ``fusbench leaderboard add --predictions`` does."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from fusbench.board.rules import Board, check_data
from fusbench.board.submission import Submission, read_submission, submitted
from fusbench.data.dataset import Dataset
from fusbench.evaluation.finished import Run
from fusbench.evaluation.folds import pooled
from fusbench.evaluation.run import evaluate
from fusbench.progress import Progress, silent
from fusbench.verbs.at_hand import of_board


def score_predictions(
    board: Board,
    folder: Path,
    name: str | None,
    dataset: str | Path | Dataset | None,
    runs: Path,
    progress: Progress = silent,
) -> tuple[Path, Submission]:
    """Score a folder of predictions under a board's rules; the run's folder and what it says.

    Over pooled folds they are scored fold by fold, as any model's are: what a metric compares with
    follows from the fold's train split or from the fold's other scans.

    Raises
    ------
    ConfigError, DatasetError, PredictionError
        If the submission, the data or the predictions are unfit.
    """
    rules = board.rules
    submission = read_submission(folder, name)
    data = of_board(rules, dataset, progress)
    check_data(board, data)
    keys = tuple(metric.key for metric in rules.metrics)
    made = []
    for part in data.folds or (data,):
        job, entrant = submitted(
            folder, submission, part, split=rules.split, profile=rules.profile, metrics=keys,
            observers=rules.observers,
        )  # fmt: skip
        with progress(submission.name) as update:
            result, run = evaluate(job, runs, load=partial(entrant.load, part), report=update)
        made.append(Run(folder=run, name=submission.name, result=result))
    whole = pooled(made, data, runs) if data.folds else made[0]
    return whole.folder, submission
