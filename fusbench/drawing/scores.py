"""The picture of a run's scores: each scan's frames, and the mean with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fusbench.drawing.palette import LIGHT
from fusbench.metrics import Metric

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 0.7  # of a scan's column that its frames take


def scores_figure(
    scores: pd.DataFrame, info: Metric, ends: tuple[float, float, float], title: str
) -> Figure:
    """Scores of one metric as a figure: a column of dots for each scan, its mean as a bar.

    Parameters
    ----------
    scores : DataFrame
        A row a frame: scan_id and the metric's column.
    info : Metric
    ends : (float, float, float)
        Mean over frames, and the ends of its interval; NaN ends for a single scan.
    title : str
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    mean, low, high = ends
    means = scores.groupby("scan_id")[info.key].mean().sort_values()
    place = {scan_id: at for at, scan_id in enumerate(means.index)}
    figure = Figure(figsize=(max(4.0, 0.28 * len(means) + 2), 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    for scan_id, group in scores.groupby("scan_id"):
        spread = np.linspace(-WIDTH / 2, WIDTH / 2, len(group))
        axis.scatter(
            place[scan_id] + spread, group[info.key], s=3, color=LIGHT.accent, alpha=0.35, lw=0
        )
    bars = np.arange(len(means))
    axis.hlines(means, bars - WIDTH / 2, bars + WIDTH / 2, color=LIGHT.ink, lw=1.6)
    axis.axhline(mean, color=LIGHT.soft, lw=1)
    if np.isfinite(low):
        axis.axhspan(low, high, color=LIGHT.soft, alpha=0.15, lw=0)
    axis.set_xticks([])
    axis.set_xlabel("scans, by their mean", color=LIGHT.soft, fontsize=9)
    unit = f", {info.unit}" if info.unit else ""
    axis.set_ylabel(f"{info.symbol} {info.arrow}{unit}", color=LIGHT.ink)
    axis.spines[["top", "right", "bottom"]].set_visible(False)
    axis.set_title(title, loc="left", fontsize=10, color=LIGHT.ink)
    return figure
