"""Figures: frames with predicted (white) and empirical (yellow) saliency outlined."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fusbench.data.scan import DatasetInfo
from fusbench.drawing.outline import MASS, mass_level
from fusbench.drawing.palette import DARK
from fusbench.files import replacing


def draw_frames(path: Path, panels: list[dict[str, Any]], model: str, info: DatasetInfo) -> None:
    """Draw frames with the predicted and the empirical map outlined.

    Parameters
    ----------
    path : Path
        PNG file to write.
    panels : list of dict
        `clip` (Clip), `frame` (int) and `predicted` (ndarray (H, W), a density), drawn in order.
    model : str
        Name shown in the title.
    info : DatasetInfo
        Of the data set that the frames come from; "synthetic" is said where it is.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(3, len(panels)) or 1
    rows = -(-len(panels) // columns)
    height, width = info.image_shape
    size = (3.4 * columns, 3.4 * columns * rows * height / (columns * width) + 0.9)
    figure = Figure(figsize=size, facecolor=DARK.paper, layout="constrained")
    FigureCanvasAgg(figure)
    axes = np.atleast_1d(figure.subplots(rows, columns, squeeze=False)).ravel()
    for axis in axes:
        axis.set_axis_off()
        axis.xaxis.set_visible(False)  # ticks that nobody sees would be laid out all the same
        axis.yaxis.set_visible(False)
    for axis, panel in zip(axes, panels, strict=False):
        clip, frame = panel["clip"], panel["frame"]
        axis.imshow(clip.frames[frame], cmap="gray", vmin=0, vmax=255, interpolation="bilinear")
        for density, colour in (
            (clip.saliency_map(frame), DARK.empirical),
            (panel["predicted"], DARK.predicted),
        ):
            axis.contour(density, [mass_level(density)], colors=[colour], linewidths=1.4)
        segment = clip.segment(frame)
        words = f"{clip.clip_id}, frame {frame}" + (f", {segment}" if segment else "")
        axis.set_title(words, color=DARK.ink, fontsize=8, loc="left", pad=3)
    kind = "synthetic data" if info.synthetic else "recorded data"
    figure.suptitle(
        f"{model} on {info.name} ({kind})", color=DARK.ink, fontsize=10, x=0.01, ha="left"
    )
    name_outlines(figure, "predicted", "empirical")
    figure.savefig(path, dpi=150, format="png", metadata={"Software": None})


def name_outlines(figure: Any, *kinds: str) -> None:
    """Say below a figure what the outlines mean, "predicted" and "empirical", in that order."""
    from matplotlib.lines import Line2D

    figure.legend(
        [Line2D([], [], color=getattr(DARK, kind), lw=1.6) for kind in kinds],
        [f"{kind}, {MASS:.0%} of the mass" for kind in kinds],
        loc="outside lower left",
        ncols=2,
        frameon=False,
        labelcolor=DARK.ink,
        fontsize=8,
    )


def save_figure(figure: Any, stem: Path) -> list[Path]:
    """Write a Matplotlib figure as ``<stem>.png`` and ``<stem>.svg``, the same bytes every time."""
    from matplotlib import rc_context

    paths = []
    for suffix, metadata in ((".png", {"Software": None}), (".svg", {"Date": None})):
        path = stem.with_suffix(suffix)
        with replacing(path) as part, rc_context({"svg.hashsalt": "fusbench"}):
            figure.savefig(part, dpi=150, format=suffix[1:], metadata=metadata)
        paths.append(path)
    return paths
