"""A sheet of augmented windows, to look at a policy before believing in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.augment.draw import Draw
from fusbench.augment.mix import Mix
from fusbench.augment.policy import (
    Points,
    Policy,
    augmented,
    keeping_gaze,
    keeping_mixed_gaze,
    mixed,
    moved_points,
)
from fusbench.data.gaze import saliency_map
from fusbench.data.samples import Samples
from fusbench.drawing.outline import mass_level
from fusbench.drawing.palette import DARK

SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Example:
    """One window under a policy: what was drawn, and all that is needed to look at it.

    Parameters
    ----------
    indices : tuple of int
        The window, and the one mixed into it.
    draw : Draw
    mix : Mix or None
    originals : tuple of (picture (H, W), points)
        Target frames with their gaze, before.
    frames : ndarray of uint8, shape (L, H, W)
    target : ndarray, shape (H, W)
    points : (ndarray, ndarray)
        Gaze after; of a mix, the gaze of both windows where more of it shows than not.
    """

    indices: tuple[int, ...]
    draw: Draw
    mix: Mix | None
    originals: tuple[tuple[np.ndarray, Points], ...]
    frames: np.ndarray
    target: np.ndarray
    points: Points


def example(samples: Samples, policy: Policy, rng: np.random.Generator) -> Example:
    """Draw a window, and what the policy does to it."""
    index = int(rng.integers(len(samples)))
    draw = policy.draw(rng)
    at = (index, int(rng.integers(len(samples)))) if policy.mix else (index,)
    mix = Mix.drawn(rng) if policy.mix else None
    windows = [samples.frames_of(i) for i in at]
    points = [samples.points_of(i) for i in at]
    current = samples.window.target_index
    if mix is None:
        made = augmented(windows[0], points[0], draw, samples.sigma_px)
        moved = moved_points(keeping_gaze(draw, points[0], samples.shape), points[0], samples.shape)
    else:
        mask = mix.mask(samples.shape)
        made = mixed(windows, points, mask, draw, samples.sigma_px)
        moved = _seen(samples, points, mask, draw)
    return Example(
        indices=at,
        draw=draw,
        mix=mix,
        originals=tuple((w[current], p) for w, p in zip(windows, points, strict=True)),
        frames=made[0],
        target=made[1],
        points=moved,
    )


def _seen(samples: Samples, points: list[Points], mask: np.ndarray, draw: Draw) -> Points:
    """The gaze of two mixed windows where at least half of its own window shows."""
    kept = keeping_mixed_gaze(draw, points, mask, samples.sigma_px)
    if kept is None:
        alone = keeping_gaze(draw, points[0], samples.shape)
        return moved_points(alone, points[0], samples.shape)
    xs, ys = [], []
    share = kept.apply_map(mask)
    for point, seen in zip(points, (share, 1 - share), strict=True):
        x, y = moved_points(kept, point, samples.shape)
        shows = seen[np.rint(y).astype(int), np.rint(x).astype(int)] >= 0.5
        xs.append(x[shows])
        ys.append(y[shows])
    return np.concatenate(xs), np.concatenate(ys)


def draw_sheet(
    path: Path, samples: Samples, policy: Policy, name: str, *, rows: int, seed: int
) -> list[dict[str, Any]]:
    """Draw windows before and after a policy, with gaze and half of the target's mass outlined.

    Each row shows the original target frame, or the two that are mixed, then first, middle and last
    frame of the augmented window: what is drawn is the same for all of them.

    Parameters
    ----------
    path : Path
        PNG file to write.
    samples : Samples
    policy : Policy
        Drawn once a row.
    name : str
        Policy and data set, for the title.
    rows : int
    seed : int

    Returns
    -------
    list of dict
        What was drawn for each row, as `Draw.to_json` and `Mix.to_json` have it.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rng = np.random.default_rng(seed)
    examples = [example(samples, policy, rng) for _ in range(rows)]
    before = 2 if policy.mix else 1
    height, width = samples.shape
    size = (2.6 * (SHOWN + before), (2.6 * height / width + 0.5) * rows + 0.5)
    figure = Figure(figsize=size, facecolor=DARK.paper, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, SHOWN + before, squeeze=False)
    for line, one in zip(axes, examples, strict=True):
        at = np.linspace(0, len(one.frames) - 1, SHOWN).round().astype(int)
        for number, (picture, points) in enumerate(one.originals):
            density = saliency_map(*points, samples.shape, samples.sigma_px)
            title = "original" if before == 1 else ("first", "second")[number]
            _panel(line[number], picture, density, points, title)
        for axis, k in zip(line[before:], at, strict=True):
            title = f"frame {k + 1} of {len(one.frames)}"
            _panel(axis, one.frames[k], one.target, one.points, title)
        words = ", ".join(f"{step.name} {step.value:+.2f}" for step in one.draw.steps)
        words = f"{one.mix.kind}; {words}" if one.mix else words
        below = line[before].text(0, -0.03, words, color=DARK.ink, fontsize=6, va="top")
        below.set_transform(line[before].transAxes)
        below.set_in_layout(False)
    figure.suptitle(name, color=DARK.ink, fontsize=10, x=0.01, ha="left")
    figure.savefig(path, dpi=130, format="png", metadata={"Software": None})
    return [_told(samples, one) for one in examples]


def _panel(axis: Any, picture: np.ndarray, density: np.ndarray, points: Points, title: str) -> None:
    height, width = density.shape
    axis.imshow(picture, cmap="gray", vmin=0, vmax=255)
    axis.contour(density, [mass_level(density)], colors=[DARK.empirical], linewidths=1.3)
    axis.scatter(*points, s=5, color=DARK.empirical, linewidths=0)
    axis.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    axis.set_title(title, color=DARK.ink, fontsize=7, loc="left", pad=2)
    axis.set_axis_off()


def _told(samples: Samples, one: Example) -> dict[str, Any]:
    windows = [samples.clip_of(index) for index in one.indices]
    return {
        "windows": [{"clip_id": clip.clip_id, "frame": frame} for clip, frame in windows],
        "draw": one.draw.to_json(),
        "mix": one.mix.to_json() if one.mix else None,
    }
