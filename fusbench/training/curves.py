"""Learning curves: a table and a picture beside the checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from fusbench.drawing.palette import LIGHT
from fusbench.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TRAIN, VAL, *HISTORY = LIGHT.series


def write_curves(
    out: Path, history: Sequence[dict[str, float]], best_step: int, title: str
) -> None:
    """Write ``<stem>.csv`` and ``<stem>.png`` beside the checkpoint `out`.

    Columns: step, train_loss (mean since the row before), val_loss, for windows of several frames
    history and its kinds of segment (see `fusbench.training.validation.validated`), learning_rate.
    """
    table = pd.DataFrame(history)
    with replacing(out.with_suffix(".csv")) as part:
        table.to_csv(part, index=False, lineterminator="\n")
    with replacing(out.with_suffix(".png")) as part:
        curves_figure(table, best_step, title).savefig(part, dpi=130, metadata={"Software": None})


def curves_figure(table: pd.DataFrame, best_step: int, title: str) -> Figure:
    """Learning curves, as `write_curves` tells them; a second panel is the use of history."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    uses = [str(column) for column in table if str(column).startswith("history")]
    figure = Figure(figsize=(6.4, 5.2 if uses else 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    heights = [2, 1] if uses else [1]
    axes = figure.subplots(len(heights), height_ratios=heights, sharex=True, squeeze=False)[:, 0]
    _draw_losses(axes[0], table, best_step)
    axes[0].set_title(title, loc="left", fontsize=10)
    if uses:
        _draw_uses(axes[1], table, uses)
    axes[-1].set_xlabel("step")
    for axis in axes:
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False)
    return figure


def _draw_losses(axis: Axes, table: pd.DataFrame, best_step: int) -> None:
    axis.plot(table["step"], table["train_loss"], color=TRAIN, label="train (augmented)")
    axis.plot(table["step"], table["val_loss"], color=VAL, marker="o", ms=3, label="validation")
    best = table[table["step"] == best_step]
    axis.scatter(best["step"], best["val_loss"], s=80, facecolors="none", edgecolors=VAL, zorder=3)
    for step, loss in best[["step", "val_loss"]].to_numpy():
        axis.annotate(
            f"best {loss:.3f}",
            (step, loss),
            xytext=(0, 10),
            textcoords="offset points",
            ha="center",
        )
    axis.set_ylabel("KLD in nats")


def _draw_uses(axis: Axes, table: pd.DataFrame, uses: Sequence[str]) -> None:
    for number, column in enumerate(uses):
        label = column.removeprefix("history").strip("_") or "all windows"
        colour = HISTORY[number % len(HISTORY)]
        axis.plot(table["step"], table[column], color=colour, marker="o", ms=3, label=label)
    axis.set_ylim(bottom=0)
    axis.set_ylabel("use of history, nats")
