"""The picture of a comparison: differences over all frames, by scan, and by parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fusbench.comparing.runs import scan_differences
from fusbench.drawing.palette import LIGHT
from fusbench.evaluation.finished import Run
from fusbench.metrics import metric as metric_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def comparison_figure(runs: Sequence[Run], tables: dict[str, pd.DataFrame], metric: str) -> Figure:
    """One metric's differences as a figure: over all, by scan, and by each grouping.

    `tables` are results of `compare` by the heading of their panel.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    others, info = runs[1:], metric_of(metric)
    colours = {run.name: LIGHT.series[k % len(LIGHT.series)] for k, run in enumerate(others)}
    by_scan = scan_differences(runs)
    figure = Figure(figsize=(10.5, 3.2 + 0.12 * len(others) + 2.6), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, len(tables), height_ratios=[1, 1])
    strip = figure.add_subplot(grid[0, :])
    order = by_scan.groupby("scan_id")[metric].mean().sort_values().index
    place = {scan: k for k, scan in enumerate(order)}
    for name, group in by_scan.groupby("run", sort=False):
        at = [place[scan] for scan in group["scan_id"]]
        strip.scatter(at, group[metric], s=26, color=colours[str(name)], label=name, zorder=3)
    strip.set_title("by scan", loc="left", fontsize=9, color=LIGHT.soft)
    strip.set_xticks([])
    axis = None
    for column, (heading, table) in enumerate(tables.items()):
        axis = figure.add_subplot(grid[1, column], sharey=axis)  # one unit, one scale
        part = table[table["metric"] == metric]
        groups = list(dict.fromkeys(part["group"]))
        for shift, run in enumerate(others):
            rows = part[part["run"] == run.name].set_index("group").loc[groups]
            x = np.arange(len(groups)) + 0.16 * (shift - (len(others) - 1) / 2)
            low, high = (rows["difference"] - rows["low"]), (rows["high"] - rows["difference"])
            error = np.abs(np.nan_to_num([low, high]))
            axis.errorbar(
                x, rows["difference"], error, fmt="o", ms=4.5, capsize=0, lw=1.8,
                color=colours[run.name],
            )  # fmt: skip
        axis.set_xticks(range(len(groups)), groups, fontsize=8)
        axis.set_xlim(-0.6, len(groups) - 0.4)
        axis.set_title(heading, loc="left", fontsize=9, color=LIGHT.soft)
    for axis in figure.axes:
        axis.axhline(0, color=LIGHT.soft, lw=0.9, zorder=1)
        axis.grid(axis="y", alpha=0.2)
        axis.spines[["top", "right", "bottom"]].set_visible(False)
        axis.tick_params(labelsize=8, length=0)
    better = "above" if info.higher_is_better else "below"
    words = f"{info.symbol} minus that of {runs[0].name}: {better} 0 is better"
    data = f"{runs[0].result.dataset.words}, {runs[0].result.split} split"
    figure.suptitle(f"{words}\n{data}; 95 % intervals resampled by scan", x=0.01, ha="left",
                    fontsize=10, color=LIGHT.ink)  # fmt: skip
    figure.legend(loc="outside lower left", ncols=min(4, len(others)), frameon=False, fontsize=8)
    return figure
