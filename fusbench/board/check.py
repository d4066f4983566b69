"""Checking a board: everything that can be derived again is, and a model may be run again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fusbench.board.build import OUTPUTS, outputs
from fusbench.board.published import FILE
from fusbench.board.standings import Standing, Table
from fusbench.errors import DatasetError, FusbenchError
from fusbench.evaluation.results import KEY_COLUMNS, read_scores
from fusbench.files import file_sha256

BELONGS = {"board.toml", "clips.csv", "results", FILE, *OUTPUTS}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is not as it should be, and where."""

    where: str
    what: str


def check_table(table: Table) -> Iterator[Finding]:
    """Everything about a board that its folder alone can tell.

    Rows below the line with their reasons; outputs that are not what a build writes now, whether
    stale or changed by hand; files that belong to no row.
    """
    for item in table.refused:
        for reason in item.reasons:
            yield Finding(where=f"results/{item.name}", what=reason)
    root = table.board.root
    forms = (outputs(table), outputs(table, anonymous=True))
    for name in OUTPUTS:
        path = root / name
        if not path.is_file():
            yield Finding(where=name, what="the file is missing; build the board")
        elif path.read_bytes() not in [form[name] for form in forms]:
            yield Finding(where=name, what="is not what a build of these results writes")
    for path in sorted(root.iterdir()):
        if path.name not in BELONGS and not path.name.startswith("."):
            yield Finding(where=path.name, what="belongs to no board")
    results = root / "results"
    for path in sorted(results.iterdir()) if results.is_dir() else []:
        if not path.is_dir():
            yield Finding(where=f"results/{path.name}", what="belongs to no row")


def check_weights(standing: Standing) -> str:
    """How a row's weights compare with the model of its name that is installed here.

    Returns
    -------
    str
        "" where they are the same file or the model has none; otherwise what is different or could
        not be compared.
    """
    from fusbench.doors.registry import model_card
    from fusbench.zoo.weights import checkpoint_path

    stored = standing.model.get("weights_sha256")
    if stored is None:
        return ""
    if standing.row.result.config.get("checkpoint"):
        return "weights not compared: they are a user's own file"
    try:
        path = checkpoint_path(model_card(standing.model["name"]))
    except FusbenchError:
        return "weights not compared: the model or its weights are not installed"
    if path is None or file_sha256(path) != stored:
        return "the installed weights are others than the row's"
    return ""


def compare_scores(standing: Standing, table: Table, run: Path) -> tuple[float, str]:
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
    apart = np.abs(again - standing.row.values)
    at, metric = np.unravel_index(apart.argmax(), apart.shape)
    where = f"{metrics[metric].symbol} of clip '{clips[at]}', frame {frames[at]}"
    return float(apart[at, metric]), where
