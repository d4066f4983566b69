"""Running a row's model again, with the row's own weights, and comparing its scores."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from fusbench.board.rows import Row
from fusbench.board.standings import Table
from fusbench.errors import CheckpointError, DatasetError, FusbenchError, PluginError
from fusbench.evaluation.folds import FOLD, fold_files, together_sha256
from fusbench.evaluation.results import KEY_COLUMNS, read_result, read_scores
from fusbench.files import file_sha256

WEIGHTS = "weights"  # beside the boards: files that rows were scored with
SHORT = 12  # characters of a hash


def installed_weights(row: Row) -> Path | None:
    """The bundled weights of the model of a row's name; None where nothing of the sort is here."""
    from fusbench.doors.registry import model_card
    from fusbench.zoo.weights import checkpoint_path

    try:
        return checkpoint_path(model_card(row.result.model.name))
    except FusbenchError:
        return None


def check_weights(row: Row) -> str:
    """How a row's weights compare with the model of its name that is installed here.

    Returns
    -------
    str
        "" where they are the same file or the model has none; otherwise what is different or could
        not be compared.
    """
    from fusbench.zoo.checkpoint import read_metadata

    stored = row.result.model.weights_sha256
    if stored is None:
        return ""
    if row.result.config.get("checkpoint"):
        return "weights not compared: they are a user's own file"
    path = installed_weights(row)
    if path is None:
        return "weights not compared: the model or its weights are not installed"
    if file_sha256(path) == stored:
        return ""
    theirs, ours = (row.result.model.training.get("dataset"), read_metadata(path).get("dataset"))
    if theirs and ours and theirs != ours:
        return f"weights not compared: the row's were trained on {theirs}, those here on {ours}"
    return "the installed weights are others than the row's"


def own_weights(row: Row, place: Path | None, board: Path) -> Path | None:
    """The file of a row's weights, known by its hash; None for a model without any.

    Those of a row over folds may be several: "{fold}" in the name stands for their numbers.

    Parameters
    ----------
    row : Row
    place : Path or None
        A file, or files of folds, or a folder of weights; None looks among the bundled ones, and
        into the folder ``weights`` beside the board.
    board : Path
        The board's folder.

    Raises
    ------
    CheckpointError
        If they are not there.
    """
    stored = row.result.model.weights_sha256
    if stored is None:
        return None
    where = f"row '{row.facts.name}'"
    folds = len(row.result.dataset.folds)
    if place is not None and (place.is_file() or FOLD in place.name):
        if _sha256(place, folds) != stored:
            fix = "Name the file that the row was scored with."
            raise CheckpointError("these are not the row's weights", str(place), fix)
        return place
    folders = [place] if place else [board.absolute().parent / WEIGHTS]
    files = [path for folder in folders for path in sorted(folder.glob("*")) if path.is_file()]
    named = Path(str(row.result.config.get("checkpoint") or "")).name
    files += [folder / named for folder in folders if FOLD in named]
    bundled = installed_weights(row)
    for path in [*([bundled] if bundled and place is None else []), *files]:
        if _sha256(path, folds) == stored:
            return path
    what = f"its weights, of SHA-256 {stored[:SHORT]}..., are missing"
    fix = "Name their file, or a folder that holds it, with --checkpoint."
    if FOLD in named:
        fix = f"Name the folder that holds {named}, or these files, with --checkpoint."
    raise CheckpointError(what, where, fix)


def _sha256(weights: Path, folds: int) -> str | None:
    """The hash of a file of weights, or of all folds' together; None where one is missing."""
    files = fold_files(weights, folds)
    if not all(path.is_file() for path in files):
        return None
    return together_sha256([file_sha256(path) for path in files])


def rerun(
    row: Row, table: Table, dataset: str | None, model: str | None, checkpoint: Path | None
) -> tuple[float, str]:
    """Evaluate a row's model in a process of its own, with the row's weights, and compare.

    Parameters
    ----------
    row : Row
    table : Table
    dataset, model : str or None
        Name or folder of the data, and name or Python file of the model, where they are others
        than the board and the row say.
    checkpoint : Path or None
        See `own_weights`.

    Returns
    -------
    float, str
        The largest difference of a score, and a sentence about it.

    Raises
    ------
    CheckpointError
        If the row's weights are missing.
    PluginError
        If the model cannot be run.
    DatasetError
        If the run scored other frames.
    """
    from fusbench.child import ChildError, command

    rules, told, where = table.board.rules, row.result, f"row '{row.facts.name}'"
    weights = own_weights(row, checkpoint, table.board.root)
    with tempfile.TemporaryDirectory() as runs:
        options = {
            "model": model or told.model.name, "dataset": dataset or rules.dataset,
            "split": rules.split, "profile": rules.profile, "out": runs,
            "observers": rules.observers,
            "metrics": ",".join(metric.key for metric in rules.metrics),
            **({"fold": rules.fold} if rules.fold else {}),
        }  # fmt: skip
        if weights is not None and weights != installed_weights(row):
            options["checkpoint"] = str(weights.absolute())
        try:
            (done,) = command(["evaluate", *(f"--{key}={value}" for key, value in options.items())])
        except ChildError as error:
            fix = "Name a model that is a Python file with --model; predictions cannot be rerun."
            what = f"cannot be run again: {str(error).rstrip('.')}"
            raise PluginError(what, where, fix) from None
        run = Path(runs) / done["key"]
        again = read_result(run).model
        apart, at = compare_scores(row, table, run)
    other = [
        word
        for part, word in (("weights_sha256", "weights"), ("source_sha256", "code"))
        if getattr(again, part) != getattr(told.model, part)
    ]
    how = f" with other {' and '.join(other)} than the row's" if other else ""
    return apart, f"run again{how}, the largest difference of a score is {apart:.2g} ({at})"


def compare_scores(row: Row, table: Table, run: Path) -> tuple[float, str]:
    """The largest difference between a row's scores and those of a new run, and where it is.

    Raises
    ------
    DatasetError
        If the run scored other frames.
    """
    scores = read_scores(run)
    scans, clips, frames = table.board.keys
    want = pd.DataFrame(dict(zip(KEY_COLUMNS, (scans, clips, frames), strict=True)))
    if scores[list(KEY_COLUMNS)].to_numpy().tolist() != want.to_numpy().tolist():
        fix = "Give the data set that the board was made from with --dataset."
        raise DatasetError("scored other frames than the board's", str(run), fix)
    metrics = table.board.rules.metrics
    again = scores[[metric.key for metric in metrics]].to_numpy(float)
    apart = np.abs(again - row.values)
    at, metric = np.unravel_index(apart.argmax(), apart.shape)
    where = f"{metrics[metric].symbol} of clip '{clips[at]}', frame {frames[at]}"
    return float(apart[at, metric]), where
