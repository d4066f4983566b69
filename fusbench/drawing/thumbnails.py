"""A sheet of thumbnails: one frame of each scan, with its gaze and the path that led there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from fusbench.data.dataset import Dataset
from fusbench.data.scan import SPLITS, Clip
from fusbench.drawing.palette import DARK
from fusbench.errors import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS, MAX_THUMBNAILS = 8, 48
TILE = 200  # pixels across
GAP, CAPTION = 10, 20


def pick(dataset: Dataset, limit: int = MAX_THUMBNAILS) -> list[tuple[Clip, int]]:
    """One clip a scan, spread over all scans, each with the middle one of its frames with gaze."""
    first: dict[str, Clip] = {}
    order = sorted(dataset.clips, key=lambda clip: (SPLITS.index(clip.split), clip.scan_id))
    for clip in order:
        if clip.file:
            first.setdefault(clip.scan_id, clip)
    clips = list(first.values())
    at = np.unique(np.linspace(0, len(clips) - 1, min(limit, len(clips))).round().astype(int))
    chosen = [clips[number] for number in at] if clips else []
    return [(clip, _middle(clip)) for clip in chosen]


def _middle(clip: Clip) -> int:
    frames = clip.gaze.frames()
    return int(frames[len(frames) // 2]) if len(frames) else clip.n_frames // 2


def thumbnails(dataset: Dataset, limit: int = MAX_THUMBNAILS) -> Figure:
    """The sheet as a Matplotlib figure.

    Parameters
    ----------
    dataset : Dataset
    limit : int
        At most so many scans.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = pick(dataset, limit)
    height, width = dataset.info.image_shape
    tile_height = round(TILE * height / width)
    columns = min(COLUMNS, len(shown)) or 1
    rows = -(-len(shown) // columns) or 1
    size = (columns * (TILE + GAP) + GAP, rows * (tile_height + CAPTION + GAP) + 44)
    figure = Figure(figsize=(size[0] / 100, size[1] / 100), dpi=100, facecolor=DARK.paper)
    FigureCanvasAgg(figure)
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set_axis_off()
    axis.set_xlim(0, size[0])
    axis.set_ylim(size[1], 0)
    kind = "synthetic data" if dataset.info.synthetic else "recorded data"
    total = counted(len({clip.scan_id for clip in dataset.clips}), "scan")
    title = f"{dataset.info.name} {dataset.info.version} ({kind}), {len(shown)} of {total}"
    axis.text(GAP, 22, _plain(title), color=DARK.ink, fontsize=10, va="center")
    for number, (clip, frame) in enumerate(shown):
        left = GAP + number % columns * (TILE + GAP)
        top = 44 + number // columns * (tile_height + CAPTION + GAP)
        picture = cv2.resize(
            np.ascontiguousarray(clip.frames[frame]), (TILE, tile_height),
            interpolation=cv2.INTER_AREA,
        )  # fmt: skip
        extent = (left, left + TILE, top + tile_height, top)
        axis.imshow(picture, cmap="gray", vmin=0, vmax=255, extent=extent, aspect="auto")
        scale = TILE / width
        gaze = clip.gaze
        path_x, path_y = ((v + 0.5) * scale for v in (gaze.x_px, gaze.y_px))
        axis.plot(left + path_x, top + path_y, color=DARK.empirical, lw=0.7, alpha=0.55)
        x, y = ((v + 0.5) * scale for v in gaze.at(frame))
        axis.plot(left + x, top + y, "o", color=DARK.empirical, ms=4, mec="black", mew=0.8)
        words = f"{clip.clip_id}, frame {frame}"
        axis.text(
            left, top + tile_height + 11, _plain(words), color=DARK.ink, fontsize=7, va="center"
        )
        axis.text(
            left + TILE, top + tile_height + 11, clip.split, color=DARK.soft, fontsize=7,
            va="center", ha="right",
        )  # fmt: skip
    axis.set_xlim(0, size[0])
    axis.set_ylim(size[1], 0)
    return figure


def _plain(words: str) -> str:
    """Text that is not read as a formula."""
    return words.replace("$", r"\$")
