"""Figure 2: six frames of a test sequence, where the gaze was and where models expect it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fusbench.data.dataset import Dataset
from fusbench.data.scan import Clip
from fusbench.data.window import within_margin
from fusbench.drawing.outline import mass_level
from fusbench.drawing.palette import DARK
from fusbench.errors import ConfigError, DatasetError, unknown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 6
SEEN = 0.4
SHORT = {
    "palate": "P",
    "nasal bone": "N.B.",
    "rump": "R",
    "nuchal translucency": "NT",
    "crown": "C",
}


@dataclass(frozen=True, kw_only=True)
class Sequence6:
    """A clip and the frames of it that are shown."""

    clip: Clip
    frames: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Figure2:
    """The figure, made again.

    Parameters
    ----------
    shown : Sequence6
        The clip, and its six frames.
    models : mapping of str to ndarray, shape (6, H, W)
        Densities by the row's title, in order.
    title : str
    files : tuple of Path
        What it was written to.

    Examples
    --------
    >>> import fusbench
    >>> data = fusbench.open_dataset("phantom-tiny", ("test",))
    >>> shown = choose(data, "test", margin=2)
    >>> figure = Figure2(shown=shown, models={"Even": np.full((6, 224, 288), 1.0)}, title="mine")
    >>> figure, len(figure.plot().axes)
    (<Figure2 of mine>, 18)
    """

    shown: Sequence6
    models: Mapping[str, np.ndarray]
    title: str
    files: tuple[Path, ...] = ()

    def __repr__(self) -> str:
        return f"<Figure2 of {self.title}>"

    def plot(self) -> Figure:
        """The figure, as Matplotlib has it."""
        return figure2(self.shown, self.models, self.title)


def choose(dataset: Dataset, split: str, margin: int, clip_id: str | None = None) -> Sequence6:
    """The sequence to show: six evenly spaced frames with gaze.

    Without `clip_id` it is the clip over whose six frames the gaze travels farthest, a choice that
    looks at no model.

    Raises
    ------
    UnknownName
        If the split has no such clip.
    DatasetError
        If no clip has six frames with gaze that far from its ends.
    """
    clips = dataset.split(split)
    if clip_id is not None:
        names = [clip.clip_id for clip in clips]
        if clip_id not in names:
            raise unknown(f"clip of the {split} split", clip_id, names)
        clips = tuple(clip for clip in clips if clip.clip_id == clip_id)
    best, farthest = None, -1.0
    for clip in clips:
        frames = clip.gaze.frames()
        frames = frames[within_margin(frames, clip.n_frames, margin)]
        if len(frames) < COLUMNS:
            continue
        wanted = np.linspace(frames[0], frames[-1], COLUMNS)
        nearest = [int(frames[np.abs(frames - at).argmin()]) for at in wanted]
        shown = tuple(dict.fromkeys(nearest))
        if len(shown) < COLUMNS:
            continue
        places = np.array([np.mean(clip.gaze.at(t), axis=1) for t in shown])
        travelled = float(np.hypot(*np.diff(places, axis=0).T).sum())
        if travelled > farthest:
            best, farthest = Sequence6(clip=clip, frames=shown), travelled
    if best is None:
        what = f"no clip has {COLUMNS} frames with gaze, {margin} or more from its ends"
        raise DatasetError(what, dataset.where, "Choose longer clips or a smaller --margin.")
    return best


def predictions(
    shown: Sequence6, model_name: str, weights: Path, device: str | None = None
) -> np.ndarray:
    """Densities (6, H, W) of a model for the frames shown."""
    from fusbench.doors.registry import load_model, model_card
    from fusbench.models.densities import densities
    from fusbench.zoo.weights import card_of_weights

    card = card_of_weights(model_card(model_name), weights)
    model = load_model(card, checkpoint=weights, device=device)
    card = getattr(model, "card", card)
    return np.stack(list(densities(model, card, shown.clip, np.array(shown.frames))))


def figure2(shown: Sequence6, models: Mapping[str, np.ndarray], title: str) -> Figure:
    """Draw the figure.

    Rows are the input, with the landmarks named in its last frame where the data set knows them,
    the empirical map, and each model's map. Yellow outlines the empirical map, white the predicted
    one.

    Parameters
    ----------
    shown : Sequence6
    models : mapping of str to ndarray, shape (6, H, W)
        Densities by the row's title, in order.
    title : str
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    from fusbench.drawing.frames import name_outlines

    if not models:
        raise ConfigError("there is no model to draw", fix="Give at least one.")
    clip = shown.clip
    rows = ["input", "empirical map", *models]
    height, width = clip.info.image_shape
    size = (2.05 * COLUMNS + 0.5, 2.05 * height / width * len(rows) + 1.0)
    layout = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.0, hspace=0.0)
    figure = Figure(figsize=size, facecolor=DARK.paper, layout=layout)
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(rows), COLUMNS)
    for line, name in zip(axes, rows, strict=True):
        for axis in line:
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        line[0].set_ylabel(name.replace(", ", ",\n"), color=DARK.ink, fontsize=8)
    for number, t in enumerate(shown.frames):
        segment = clip.segment(t)
        words = f"frame {t}" + (f", {segment}" if segment else "")
        axes[0, number].set_title(words, color=DARK.soft, fontsize=8, pad=3)
        empirical = clip.saliency_map(t)
        for row, name in enumerate(rows):
            axis = axes[row, number]
            axis.imshow(clip.frames[t], cmap="gray", vmin=0, vmax=255)
            if row == 0:
                continue
            density = models[name][number] if name in models else empirical
            _heat(axis, density)
            _outline(axis, empirical, DARK.empirical)
            if name in models:
                _outline(axis, density, DARK.predicted)
    _name_landmarks(axes[0, -1], clip, shown.frames[-1])
    figure.suptitle(title, color=DARK.ink, fontsize=10, x=0.01, ha="left")
    name_outlines(figure, "empirical", "predicted")
    return figure


def _heat(axis: Any, density: np.ndarray) -> None:
    """The density over the frame: hotter where there is more, clear where there is little."""
    share = density / density.max()
    axis.imshow(share, cmap="inferno", vmin=0, vmax=1, alpha=0.75 * np.sqrt(share))


def _outline(axis: Any, density: np.ndarray, colour: str) -> None:
    axis.contour(density, [mass_level(density)], colors=[colour], linewidths=1.3)


def _name_landmarks(axis: Any, clip: Clip, frame: int) -> None:
    """Names beside the landmarks that can be seen in a frame, pushed outwards."""
    if clip.landmarks is None:
        return
    height, width = clip.info.image_shape
    seen = [
        (SHORT.get(name, name), float(x), float(y))
        for name, (x, y, visible) in zip(clip.info.landmarks, clip.landmarks[frame], strict=True)
        if visible >= SEEN and 0 <= x < width and 0 <= y < height
    ]
    points = np.array([(x, y) for _, x, y in seen]).reshape(-1, 2)
    for (name, x, y), place in zip(seen, label_places(points, (height, width)), strict=True):
        axis.annotate(
            name, (x, y), xytext=(float(place[0]), float(place[1])), color=DARK.empirical,
            fontsize=8, ha="center", va="center", fontweight="bold",
            arrowprops={"arrowstyle": "-", "color": DARK.empirical, "lw": 0.8, "shrinkA": 1},
        )  # fmt: skip


def label_places(points: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Where to write the names of points (N, 2) of x, y: outwards of them, in different directions.

    Examples
    --------
    >>> places = label_places(np.array([[50.0, 50.0], [52.0, 50.0], [51.0, 80.0]]), (100, 100))
    >>> bool(np.hypot(*(places[1] - places[0])) > 8)
    True
    """
    if not len(points):
        return points
    height, width = shape
    away = points - points.mean(0)
    angle = np.arctan2(away[:, 1], away[:, 0])
    order = np.argsort(angle)
    apart = min(np.deg2rad(50), 2 * np.pi / len(points))
    for _ in range(20):
        for one, other in pairwise(order):
            lack = apart - (angle[other] - angle[one])
            if lack > 0:
                angle[one] -= lack / 2
                angle[other] += lack / 2
    places = points + 0.16 * width * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.clip(places, 0.05 * width, np.array([0.95 * width, height - 0.05 * width]))
