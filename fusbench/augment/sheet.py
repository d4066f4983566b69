"""A sheet of augmented windows, to look at a policy before believing in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fusbench.augment.draw import Draw
from fusbench.augment.policy import Policy, augmented
from fusbench.data.samples import Samples
from fusbench.outline import mass_level

INK, PAPER, EMPIRICAL = "#e8e8e8", "#101418", "#ffd21f"
SHOWN = 3


def draw_sheet(
    path: Path, samples: Samples, policy: Policy, name: str, *, rows: int, seed: int
) -> None:
    """Draw windows before and after a policy, with half of the target's mass outlined.

    Each row shows the original's last frame, then first, middle and last frame of the augmented
    window: what is drawn is the same for all of them.

    Parameters
    ----------
    path : Path
        PNG file to write.
    samples : Samples
    policy : Policy
        Drawn once a row. Mixing needs two windows and is not shown.
    name : str
        Policy and data set, for the title.
    rows : int
    seed : int
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rng = np.random.default_rng(seed)
    height, width = samples.shape
    size = (2.6 * (SHOWN + 1), (2.6 * height / width + 0.45) * rows + 0.5)
    figure = Figure(figsize=size, facecolor=PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, SHOWN + 1, squeeze=False)
    for line in axes:
        index = int(rng.integers(len(samples)))
        draw = policy.draw(rng)
        frames, points = samples.frames_of(index), samples.points_of(index)
        changed, target = augmented(frames, points, draw, samples.sigma_px)
        _, original = augmented(frames, points, Draw(), samples.sigma_px)
        at = np.linspace(0, len(frames) - 1, SHOWN).round().astype(int)
        pictures = [frames[-1], *changed[at]]
        titles = ["original", *(f"frame {k + 1} of {len(frames)}" for k in at)]
        for axis, picture, title in zip(line, pictures, titles, strict=True):
            density = original if axis is line[0] else target
            axis.imshow(picture, cmap="gray", vmin=0, vmax=255)
            axis.contour(density, [mass_level(density)], colors=[EMPIRICAL], linewidths=1.3)
            axis.set_title(title, color=INK, fontsize=7, loc="left", pad=2)
            axis.set_axis_off()
        words = [f"{step.name} {step.value:+.2f}" for step in draw.steps]
        below = line[1].text(0, -0.03, ", ".join(words), color=INK, fontsize=6, va="top")
        below.set_transform(line[1].transAxes)
        below.set_in_layout(False)
    figure.suptitle(name, color=INK, fontsize=10, x=0.01, ha="left")
    figure.savefig(path, dpi=130, format="png", metadata={"Software": None})
