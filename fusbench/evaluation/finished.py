"""A finished run: its record, its scores, and how a notebook shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fusbench.data.dataset import POOLED
from fusbench.errors import unknown
from fusbench.evaluation.results import Result, read_result, read_scores
from fusbench.metrics import of_signature
from fusbench.web.document import table_html

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MARK = " !"  # behind the name of a run that is better than the ideal observer
ENDS = ("mean", "low", "high", "scan_mean")


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished run: where it lies, what it is, and its scores.

    Parameters
    ----------
    folder : Path
        Holds ``result.json`` and ``scores.csv``.
    name : str
        What tables call it.
    result : Result
        The content of ``result.json``: the run's key, model, data set and signature.
    again : bool
        Whether it was finished before it was asked for, and is shown again.
    beyond : tuple of str
        Metrics in which it is better than the ideal observer, where that was looked for.

    Examples
    --------
    >>> import tempfile, fusbench
    >>> folder = tempfile.TemporaryDirectory()
    >>> run = fusbench.evaluate("uniform", "phantom-tiny", runs=folder.name)
    >>> run.summary.loc["nss", "mean"].item(), len(run.scores) == run.result.n_frames
    (0.0, True)
    """

    folder: Path
    name: str
    result: Result
    again: bool = field(default=False, compare=False)
    beyond: tuple[str, ...] = field(default=(), compare=False)

    @property
    def finished(self) -> datetime:
        """When it was finished, in local time."""
        return datetime.fromtimestamp((self.folder / "result.json").stat().st_mtime).astimezone()

    @property
    def key(self) -> str:
        """Name of the run; follows from everything that the scores follow from."""
        return self.result.key

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Scores float64, a row a frame: columns scan_id, clip_id, frame, and each metric."""
        return read_scores(self.folder)

    @property
    def summary(self) -> pd.DataFrame:
        """A row for each metric: its mean over frames, the ends of its 95 % interval, scan mean."""
        import pandas as pd

        rows = {m.key: self.result.summary[m.key] for m in of_signature(self.result.signature)}
        table = pd.DataFrame.from_dict(rows, orient="index", columns=list(ENDS), dtype=float)
        return table.rename_axis("metric")

    def plot(self, metric: str | None = None) -> Figure:
        """A metric's scores by scan, with the mean and its interval, as a Matplotlib figure.

        Parameters
        ----------
        metric : str, optional
            Key; default: the run's first metric.

        Raises
        ------
        UnknownName
            If the run has no such metric.
        """
        from fusbench.drawing.scores import scores_figure

        found = {each.key: each for each in of_signature(self.result.signature)}
        chosen = metric or next(iter(found))
        if chosen not in found:
            raise unknown("metric of this run", chosen, list(found))
        mean, low, high = (float(self.summary[end][chosen]) for end in ENDS[:3])
        return scores_figure(self.scores, found[chosen], (mean, low, high), self.title)

    @property
    def title(self) -> str:
        """The model, and what it was scored on."""
        return f"{self.name} on {scope(self.result)}"

    def __repr__(self) -> str:
        means = ", ".join(f"{key} {mean:.3f}" for key, mean in self.summary["mean"].items())
        again = f"; shown again, finished {self.finished:%Y-%m-%d %H:%M}" if self.again else ""
        beyond = f"; better than the ideal observer in {', '.join(self.beyond)}"
        return f"<Run {self.title}: {means}{again}{beyond if self.beyond else ''}>"

    def _repr_html_(self) -> str:
        return runs_html([self])


def scope(result: Result) -> str:
    """What a result was scored on; synthetic data are called so."""
    fold = result.dataset.fold
    part = f"{result.split} split" + (f" of fold {fold}" if fold else "")
    part = "all folds pooled" if fold == POOLED else part
    return f"{result.dataset.words}, {part}"


def read_run(folder: str | Path) -> Run:
    """Read a finished run.

    Parameters
    ----------
    folder : str or Path
        A run's folder, such as ``runs/uniform-1a2b3c4d5e6f7a8b``.

    Raises
    ------
    DatasetError
        If the folder holds no result, or one of another schema.

    Examples
    --------
    >>> import tempfile, fusbench
    >>> folder = tempfile.TemporaryDirectory()
    >>> run = fusbench.evaluate("uniform", "phantom-tiny", runs=folder.name)
    >>> fusbench.read_run(run.folder) == run
    True
    """
    result = read_result(Path(folder))
    return Run(folder=Path(folder), name=result.model.name, result=result)


def runs_html(runs: list[Run]) -> str:
    """Runs of one signature as an HTML table: each metric's mean and interval."""
    found = {m.key: m for run in runs for m in of_signature(run.result.signature)}
    heads = ["model", *(f"{m.symbol} {m.arrow}" for m in found.values())]
    lines = [
        [run.name + MARK * bool(run.beyond), *(_interval(run.summary, key) for key in found)]
        for run in runs
    ]
    first = runs[0].result
    caption = f"{scope(first)}; {first.signature}"
    if any(run.beyond for run in runs):
        caption += f";{MARK} better than the ideal observer"
    return table_html(caption, heads, lines)


def _interval(summary: pd.DataFrame, key: str) -> str:
    if key not in summary.index:
        return ""
    mean, low, high = (float(summary[end][key]) for end in ENDS[:3])
    return f"{mean:.3f}" + (f" [{low:.3f}, {high:.3f}]" if np.isfinite(low) else "")
