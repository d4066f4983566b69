"""The grid as a picture: one panel a kind of policy and metric, the best cell framed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fusbench.drawing.palette import LIGHT
from fusbench.metrics import METRICS
from fusbench.searching.grid import TITLES, best_cell

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def heatmap(grid: pd.DataFrame, metrics: Sequence[str], title: str) -> Figure:
    """Draw a grid as `fusbench.searching.grid.grid_table` returns it.

    All panels of a metric share one scale, in which darker is better.

    Parameters
    ----------
    grid : DataFrame
    metrics : sequence of str
        Columns to draw, a row of panels each.
    title : str
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    kinds = [kind for kind in TITLES if kind in set(grid["kind"])]
    rows, columns = grid["n"].nunique(), grid["m"].nunique()
    width = (0.85 * columns + 1.1) * len(kinds) + 0.9
    height = (0.55 * rows + 1.1) * len(metrics) + 0.5
    figure = Figure(figsize=(max(width, 4.5), height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(metrics), len(kinds), squeeze=False)
    for line, key in zip(axes, metrics, strict=True):
        metric = METRICS[key]
        better = grid[key] if metric.higher_is_better else -grid[key]
        shades = (better.min(), max(better.max(), better.min() + 1e-9))
        for axis, kind in zip(line, kinds, strict=True):
            table = grid[grid["kind"] == kind].pivot(index="n", columns="m", values=key)
            image = _panel(axis, table, metric.higher_is_better, shades)
            axis.set_title(
                f"{TITLES[kind]}: {metric.symbol}", fontsize=9, loc="left", color=LIGHT.ink
            )
            best = best_cell(grid, key)
            if best["kind"] == kind:
                _frame(
                    axis, (list(table.columns).index(best["m"]), list(table.index).index(best["n"]))
                )
        bar = figure.colorbar(image, ax=line, fraction=0.05, pad=0.02)
        bar.set_ticks(list(shades), labels=["worst", "best"])
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=7, length=0, labelcolor=LIGHT.soft)
    figure.suptitle(title, fontsize=10, x=0.01, ha="left", color=LIGHT.ink)
    return figure


def _panel(axis: Any, table: pd.DataFrame, higher: bool, shades: tuple[float, float]) -> Any:
    values = table.to_numpy(float)
    better = values if higher else -values
    image = axis.imshow(
        np.ma.masked_invalid(better), cmap="YlGnBu", vmin=shades[0], vmax=shades[1], aspect="auto"
    )
    middle = shades[0] + 0.6 * (shades[1] - shades[0])
    for (row, column), value in np.ndenumerate(values):
        missing = not np.isfinite(value)
        dark = not missing and better[row, column] > middle
        axis.text(
            column, row, "failed" if missing else f"{value:.3f}", ha="center", va="center",
            fontsize=8, color=LIGHT.card if dark else LIGHT.ink,
        )  # fmt: skip
    axis.set_xticks(range(len(table.columns)), [f"{m:g}" for m in table.columns], fontsize=8)
    axis.set_yticks(range(len(table.index)), [str(n) for n in table.index], fontsize=8)
    axis.set_xlabel("magnitude m", fontsize=8)
    axis.set_ylabel("operations n", fontsize=8)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    return image


def _frame(axis: Any, at: tuple[int, int]) -> None:
    from matplotlib.patches import Rectangle

    corner = at[0] - 0.5, at[1] - 0.5
    axis.add_patch(
        Rectangle(corner, 1, 1, fill=False, edgecolor=LIGHT.series[1], linewidth=2, zorder=3)
    )
