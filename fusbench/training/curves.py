"""Learning curves: a table and a picture beside the checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from fusbench.drawing.palette import LIGHT
from fusbench.files import replacing

TRAIN, VAL = LIGHT.series[:2]


def write_curves(
    out: Path, history: Sequence[dict[str, float]], best_step: int, title: str
) -> None:
    """Write ``<stem>.csv`` and ``<stem>.png`` beside the checkpoint `out`.

    Columns: step, train_loss (mean since the row before), val_loss, learning_rate, seconds.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    table = pd.DataFrame(history)
    with replacing(out.with_suffix(".csv")) as part:
        table.to_csv(part, index=False, lineterminator="\n")
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
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
    axis.set_xlabel("step")
    axis.set_ylabel("KLD in nats")
    axis.set_title(title, loc="left", fontsize=10)
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False)
    with replacing(out.with_suffix(".png")) as part:
        figure.savefig(part, dpi=130, metadata={"Software": None})
