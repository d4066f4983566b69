"""Results: the scores of one model on one split, and the files that keep them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fusbench.data.long_table import iter_table
from fusbench.errors import DatasetError, counted
from fusbench.evaluation.facts import LATER, DatasetFacts, ModelFacts
from fusbench.evaluation.packed import unpack
from fusbench.files import replacing, write_json
from fusbench.metrics.table import FURTHER, METRICS
from fusbench.reading import read_json
from fusbench.records import read_record, told
from fusbench.statistics.intervals import scan_interval, scan_means

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1
NUMBERS = ("mean", "low", "high", "scan_mean", "scan_min", "scan_max")
AGAIN = "Run the evaluation again with --force."
SLACK = 1e-6
KEY_COLUMNS = ("scan_id", "clip_id", "frame")


@dataclass(frozen=True, kw_only=True)
class Result:
    """The content of ``result.json``: what was scored, how, where, and the summary.

    Parameters
    ----------
    key : str
        Name of the run; follows from everything that the scores follow from.
    model : ModelFacts
    dataset : DatasetFacts
        Identity of both: names, versions, hashes.
    split, signature, profile : str
    summary : dict
        For each metric's key: `mean` over frames, `low` and `high` ends of its 95 % interval
        (resampled by scan; None below 5 scans), and `scan_mean`, `scan_min` and `scan_max`, the
        mean, least and largest of the means over scans.
    n_frames, n_skipped, n_scans : int
        Frames scored, frames left out for want of gaze, scans.
    environment, config : dict
        Versions and settings of the run.
    schema : int
        Of the file.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> import fusbench
    >>> run = fusbench.evaluate("uniform", "phantom-tiny", runs=folder.name)
    >>> run.result.signature
    'kld+sim+nss+cc|profile:tuebingen|sigma:8px|agg:frame-mean|v:1'
    >>> run.result.summary["nss"]["mean"], run.result.n_scans
    (0.0, 1)
    """

    key: str
    model: ModelFacts
    dataset: DatasetFacts
    split: str
    signature: str
    profile: str
    summary: dict[str, dict[str, float | None]]
    n_frames: int
    n_skipped: int
    n_scans: int
    environment: dict[str, Any]
    config: dict[str, Any]
    schema: int = SCHEMA

    def __repr__(self) -> str:
        size = f"{counted(self.n_frames, 'frame')} of {counted(self.n_scans, 'scan')}"
        return f"<Result {self.key} on {self.dataset.name}, {self.split} split: {size}>"

    @property
    def content(self) -> dict[str, Any]:
        """What ``result.json`` holds."""
        return {
            **asdict(self),
            "model": told(self.model, LATER),
            "dataset": told(self.dataset, LATER),
        }

    @property
    def history(self) -> float | None:
        """Use of history of the model's weights, in nats; None where they do not tell it."""
        found = self.model.training.get("history")
        return float(found) if isinstance(found, int | float) else None


def summarise(scores: pd.DataFrame) -> dict[str, dict[str, float | None]]:
    """Mean, scan-resampled 95 % interval, and mean and range over scans of each metric's column.

    Every column that does not say which frame the row is of belongs to a metric.
    """
    import pandas as pd

    keys = [column for column in scores.columns if column not in KEY_COLUMNS]
    scan_index, _ = pd.factorize(scores["scan_id"], sort=True)
    values = scores[keys].to_numpy(float)
    by_scan = scan_means(values, scan_index)
    numbers = (
        *scan_interval(values, scan_index), by_scan.mean(0), by_scan.min(0), by_scan.max(0),
    )  # fmt: skip
    return {
        key: dict(zip(NUMBERS, map(_number, row), strict=True))
        for key, row in zip(keys, np.transpose(numbers), strict=True)
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def write_result(
    folder: Path, result: Result, scores: pd.DataFrame, landmarks: pd.DataFrame | None = None
) -> None:
    """Write ``scores.csv`` (full precision), then ``result.json``, which marks the run as done.

    Where the data set knows landmarks, ``landmarks.csv`` holds how much of each density lies on
    them.
    """
    for name, table in (("scores.csv", scores), ("landmarks.csv", landmarks)):
        if table is not None:
            with replacing(folder / name) as part:
                table.to_csv(part, index=False, lineterminator="\n")
    write_json(folder / "result.json", result.content)


def read_result(folder: str | Path) -> Result:
    """Read what a finished run's ``result.json`` says.

    Parameters
    ----------
    folder : str or Path
        The run's folder.

    Raises
    ------
    DatasetError
        If the folder holds no result, or one of another schema.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> import fusbench
    >>> run = fusbench.evaluate("uniform", "phantom-tiny", runs=folder.name)
    >>> read_result(run.folder).split
    'test'
    """
    path = Path(folder) / "result.json"
    if not path.exists():
        fix = "Name the folder of a finished run, such as runs/uniform-1a2b3c4d5e6f7a8b."
        raise DatasetError("holds no result.json", str(folder), fix)
    content = read_json(path, DatasetError, fix=AGAIN)
    if content.get("schema") != SCHEMA:
        raise DatasetError(f"is no result of schema {SCHEMA}", str(path), AGAIN)
    return read_record(Result, content, str(path), DatasetError, AGAIN)


def read_timing(folder: Path) -> tuple[float | None, str]:
    """Seconds a frame and the machine of a finished run; None and "" where nothing tells."""
    try:
        timing = read_json(folder / "timing.json", DatasetError)
    except DatasetError:
        return None, ""
    seconds, machine = timing.get("seconds_per_frame"), timing.get("machine")
    if not isinstance(seconds, int | float) or not 0 <= seconds < np.inf:
        seconds = None
    return seconds, machine if isinstance(machine, str) else ""


def read_scores(folder: str | Path) -> pd.DataFrame:
    """The scores of a finished run, or of a board's row.

    Parameters
    ----------
    folder : str or Path
        The folder of the run, or of the row.

    Returns
    -------
    DataFrame
        A row a scored frame: scan_id, clip_id, frame, and a column float64 for each metric.

    Raises
    ------
    DatasetError
        If there is no such file, or it holds something else.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> import fusbench
    >>> run = fusbench.evaluate("uniform", "phantom-tiny", runs=folder.name)
    >>> read_scores(run.folder).columns.tolist()
    ['scan_id', 'clip_id', 'frame', 'kld', 'sim', 'nss', 'cc']
    """
    table = _read_table(Path(folder) / "scores.csv")
    if table is None:
        raise DatasetError("the file is missing", str(Path(folder) / "scores.csv"), AGAIN)
    return table


def read_landmarks(folder: Path) -> pd.DataFrame | None:
    """How much of each density of a finished run lies on the data set's landmarks, a row a frame.

    None where the data set knows no landmarks, or the run is of a version that did not tell.
    """
    return _read_table(folder / "landmarks.csv")


def _read_table(path: Path) -> pd.DataFrame | None:
    """A table of frames as it was written, or else as it was packed; None where neither is."""
    packed = path.with_name(f"{path.name}.gz")
    if path.exists():
        return _table(path)
    return _table(path, [unpack(packed).encode()]) if packed.exists() else None


def _table(path: Path, pieces: list[bytes] | None = None) -> pd.DataFrame:
    """Rows of frames with numbers, however many; `pieces` is what a packed file holds."""
    import pandas as pd

    names: dict[str, dict[str, int]] = {key: {} for key in KEY_COLUMNS[:2]}
    columns: dict[str, list[np.ndarray]] = {}
    try:
        for piece in iter_table(path, KEY_COLUMNS[:2], None, missing=AGAIN, pieces=pieces):
            for key, found in piece.texts.items():
                for name in found.names:
                    names[key].setdefault(name, len(names[key]))
                columns.setdefault(key, []).append(found.map(names[key], 0).astype(np.int32))
            for key, values in piece.numbers.items():
                columns.setdefault(key, []).append(values)
    except DatasetError as error:
        raise DatasetError(error.what, error.where, AGAIN) from None
    table = pd.DataFrame(index=pd.RangeIndex(sum(map(len, columns.get(KEY_COLUMNS[0], ())))))
    for key in [*columns]:
        column = np.concatenate(columns.pop(key))
        if key in names:
            column = np.array([*names[key]], object)[column]
        table[key] = pd.Series(column, dtype="str" if key in names else float)
    _check_numbers(table, path)
    return table


def out_of_bounds(values: np.ndarray, metric: str) -> tuple[np.ndarray, tuple[float, float]]:
    """Where scores of a metric cannot be what it gives, int (K,), and its bounds."""
    known = {**METRICS, **FURTHER}
    low, high = known[metric].bounds if metric in known else (-np.inf, np.inf)
    return np.flatnonzero((values < low - SLACK) | (values > high + SLACK)), (low, high)


def _check_numbers(table: pd.DataFrame, path: Path) -> None:
    """Raise `DatasetError` unless every row is a frame with scores that can be."""
    for column in KEY_COLUMNS:
        if column not in table:
            raise DatasetError(f"the column '{column}' is missing", str(path), AGAIN)
    frame = table["frame"].to_numpy()
    if not (np.isfinite(frame).all() and (frame % 1 == 0).all() and (abs(frame) < 1e9).all()):
        raise DatasetError("a frame is no whole number", str(path), AGAIN)
    table["frame"] = frame.astype(np.int64)
    for column in [column for column in table.columns if column not in KEY_COLUMNS]:
        values = table[column].to_numpy()
        if not np.isfinite(values).all():
            raise DatasetError(f"a score of {column} is no number", str(path), AGAIN)
        bad, (low, high) = out_of_bounds(values, column)
        if len(bad):
            row = table.iloc[bad[0]]
            where = f"{path}, clip '{row['clip_id']}', frame {row['frame']}"
            what = f"{column} is {values[bad[0]]:g}, outside {low:g} to {high:g}"
            raise DatasetError(what, where, AGAIN)
