"""Previous gaze: where the sonographer looked some frames ago, as a hint of what is to be had.

It knows recorded gaze, which no model may, so it does not compete. Nor is it a bound: a model that
sees the picture change may well beat it.
"""

from __future__ import annotations

import numpy as np

from fusbench.data.dataset import Dataset
from fusbench.data.gaze import saliency_map
from fusbench.data.scan import Clip
from fusbench.models.card import ModelCard
from fusbench.models.mean_map import mean_map

ROUNDS = 100
FIRST_SPREAD_PX = 10.0


class PreviousGaze:
    """Gaussians about the gaze `horizon` frames before the target, over the train split's mean map.

    How wide they are and how much they count is fitted to the train split: with chance `stay` a
    gaze point lies about one of the earlier frame's, with deviation `spread_px` in x and in y;
    otherwise it is drawn from the mean map. Where the gaze was lost, the last frame before with
    gaze stands in; where there is none yet, the mean map alone is left.

    Raises
    ------
    DatasetError
        If the data set's train split has no gaze.
    """

    def __init__(self, card: ModelCard, dataset: Dataset) -> None:
        self.card = card
        self.info = dataset.info
        self.lag = card.window.horizon
        self.mean = mean_map(dataset)
        self.stay, self.spread_px = fit_persistence(dataset, self.lag, self.mean)

    def predict_gaze(self, clip: Clip, frames: np.ndarray) -> np.ndarray:
        """Densities (B, H, W) for target frames (B,) of a clip."""
        known = clip.gaze.frames()
        shape = self.info.image_shape
        width = float(np.hypot(self.spread_px, self.info.sigma_px))
        densities = np.empty((len(frames), *shape))
        for at, last in enumerate(np.searchsorted(known, frames - self.lag, side="right") - 1):
            densities[at] = self.mean
            if last >= 0:
                near = saliency_map(*clip.gaze.at(known[last]), shape, width)
                densities[at] += self.stay * (near - self.mean)
        return densities


def fit_persistence(dataset: Dataset, lag: int, mean: np.ndarray) -> tuple[float, float]:
    """Chance that gaze stays, and its spread in pixels, over `lag` frames of the train split.

    Expectation maximisation of a two-part mixture: an isotropic Gaussian about a point of `lag`
    frames before, or `mean`, a density (H, W).
    """
    squares, background = _pairs(dataset, lag, mean)
    if not len(squares):
        return 0.0, FIRST_SPREAD_PX
    stay, variance = 0.5, FIRST_SPREAD_PX**2
    for _ in range(ROUNDS):
        near = stay * np.exp(-0.5 * squares / variance) / (2 * np.pi * variance)
        share = near / (near + (1 - stay) * background)
        stay = float(np.clip(share.mean(), 0.0, 0.999))
        variance = max(float(share @ squares / (2 * share.sum() + 1e-12)), 0.25)
    return stay, float(np.sqrt(variance))


def _pairs(dataset: Dataset, lag: int, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared distances from points to those `lag` frames before, and `mean` at the points."""
    squares, background = [np.empty(0)], [np.empty(0)]
    for clip in dataset.clips:
        if clip.split != "train":
            continue
        for frame in clip.gaze.frames():
            x, y = clip.gaze.at(frame)
            old_x, old_y = clip.gaze.at(frame - lag)
            squares.append(((x[:, None] - old_x) ** 2 + (y[:, None] - old_y) ** 2).ravel())
            at = mean[np.rint(y).astype(int), np.rint(x).astype(int)]
            background.append(np.repeat(at, len(old_x)))
    return np.concatenate(squares), np.concatenate(background) + 1e-12
