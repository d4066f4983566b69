"""Runs compared with the first of them: tables for a notebook, a file, or a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from fusbench.comparing.runs import metrics_of
from fusbench.evaluation.finished import Run, scope
from fusbench.web.document import table_html

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WHOLE = "all frames"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Differences of runs from a reference run, paired by scan.

    Parameters
    ----------
    runs : tuple of Run
        The first is the reference.
    tables : dict
        By heading, "all frames" and "by ...", as `fusbench.comparing.runs.compare` makes them.
    scans : DataFrame or None
        Differences of scan means: columns run, scan_id, and each metric; where asked for.
    metric : str
        Key of the metric that parts and plots show.
    marks : tuple of str
        Which runs are better than the ideal observer, whose run is one of them or lies beside them.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> import fusbench
    >>> names = ["uniform", "centre-bias"]
    >>> found = fusbench.compare(names, dataset="phantom-tiny", folder=folder.name)
    >>> found
    <Comparison of centre-bias with uniform on phantom-tiny (synthetic), test split>
    >>> found.summary["metric"].tolist()
    ['kld', 'sim', 'nss', 'cc']
    """

    runs: tuple[Run, ...]
    tables: dict[str, pd.DataFrame]
    scans: pd.DataFrame | None
    metric: str
    marks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        reference, *others = self.runs
        names = ", ".join(run.name for run in others)
        return f"<Comparison of {names} with {reference.name} on {scope(reference.result)}>"

    @property
    def summary(self) -> pd.DataFrame:
        """Over all frames: a row for each run and metric, with interval and p-values."""
        return self.tables[WHOLE].drop(columns="group")

    @property
    def frame(self) -> pd.DataFrame:
        """All numbers in one table, whose column `part` says which frames a row is about."""
        parts = [table.assign(part=heading) for heading, table in self.tables.items()]
        if self.scans is not None:
            each = self.scans.rename(columns={"scan_id": "group"})
            long = each.melt(["group", "run"], var_name="metric", value_name="difference")
            parts.append(long.assign(n_scans=1, part="by scan"))
        return pd.concat(parts, ignore_index=True)

    def plot(self, metric: str | None = None) -> Figure:
        """One metric's differences over all, by scan, and by each part, as a Matplotlib figure.

        Parameters
        ----------
        metric : str, optional
            Key; default: that of the comparison.

        Raises
        ------
        UnknownName
            If the runs have no such metric.
        """
        from fusbench.comparing.plot import comparison_figure
        from fusbench.errors import unknown

        keys = [m.key for m in metrics_of(self.runs)]
        if metric is not None and metric not in keys:
            raise unknown("metric of these runs", metric, keys)
        return comparison_figure(self.runs, self.tables, metric or self.metric)

    def _repr_html_(self) -> str:
        heads = ["run", "metric", "difference", "95 % interval", "p (Holm)"]
        symbols = {m.key: m.symbol for m in metrics_of(self.runs)}
        lines = [
            [
                str(row["run"]),
                symbols[str(row["metric"])],
                f"{row['difference']:.3f}",
                f"[{row['low']:.3f}, {row['high']:.3f}]" if row["low"] == row["low"] else "",
                f"{row['p_holm']:.3g}",
            ]
            for row in self.summary.to_dict("records")
        ]
        caption = f"minus {self.runs[0].name}: {scope(self.runs[0].result)}"
        caption = "; ".join([caption, *self.marks])
        return table_html(caption, heads, lines)
