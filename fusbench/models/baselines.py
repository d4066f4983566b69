"""The models that frame every table: three floors and, on the phantom, the ceiling."""

from __future__ import annotations

import numpy as np

from fusbench.data.dataset import Dataset
from fusbench.data.gaze import saliency_map
from fusbench.data.scan import Clip
from fusbench.errors import DatasetError
from fusbench.files import told_as
from fusbench.models.card import ModelCard
from fusbench.models.mean_map import mean_map
from fusbench.phantom.observer import ideal_density

CENTRE_SPREAD = 0.25


def _everywhere(density: np.ndarray, count: int) -> np.ndarray:
    return np.broadcast_to(density, (count, *density.shape))


class Uniform:
    """Every pixel alike: what a prediction must beat to say anything."""

    def __init__(self, card: ModelCard) -> None:
        self.card = card

    def predict(self, frames: np.ndarray) -> np.ndarray:
        """Densities (B, H, W) for windows (B, L, H, W)."""
        count, _, height, width = frames.shape
        return _everywhere(np.full((height, width), 1 / (height * width)), count)


class CentreBias:
    """A Gaussian at the image centre; its deviation is a quarter of each image side."""

    def __init__(self, card: ModelCard) -> None:
        self.card = card

    def predict(self, frames: np.ndarray) -> np.ndarray:
        """Densities (B, H, W) for windows (B, L, H, W)."""
        count, _, height, width = frames.shape
        return _everywhere(centre_bias((height, width)), count)


def centre_bias(shape: tuple[int, int]) -> np.ndarray:
    """The density of `CentreBias`, float64 (H, W), sum 1."""
    height, width = shape
    centre = np.array([(width - 1) / 2]), np.array([(height - 1) / 2])
    return saliency_map(*centre, shape, (CENTRE_SPREAD * height, CENTRE_SPREAD * width))


def anywhere(dataset: Dataset) -> np.ndarray:
    """Density of the gaze whatever the picture shows, float64 (H, W), sum 1.

    That of `mean-map`, fitted on the train split; the centre bias where there is no such gaze.
    """
    if any(len(clip.gaze) for clip in dataset.train_clips):
        return mean_map(dataset)
    return centre_bias(dataset.info.image_shape)


class MeanMap:
    """The train split's mean saliency map, fitted: where gaze falls whatever the picture shows.

    Raises
    ------
    DatasetError
        If the data set's train split has no gaze.
    """

    def __init__(self, card: ModelCard, dataset: Dataset) -> None:
        self.card = card
        self.density = mean_map(dataset)

    def predict(self, frames: np.ndarray) -> np.ndarray:
        """Densities (B, H, W) for windows (B, L, H, W)."""
        return _everywhere(self.density, len(frames))


class IdealObserver:
    """The density that synthetic gaze was drawn from: the ceiling of the expected KLD.

    It knows the observer's preference and the whole past, which frames alone do not tell, so no
    model needs to reach it. For SIM, NSS and CC it is a reference, not a bound.
    """

    def __init__(self, card: ModelCard, dataset: Dataset) -> None:
        self.card = card
        self.info = dataset.info

    def predict_gaze(self, clip: Clip, frames: np.ndarray) -> np.ndarray:
        """Densities (B, H, W) for target frames (B,) of a clip."""
        mixture = clip.mixture
        if mixture is None:
            fix = "Only synthetic data sets have an ideal observer; leave it out."
            where = f"{told_as(clip.root, clip.info.name)}, clip '{clip.clip_id}'"
            raise DatasetError("the density behind the gaze is not known", where, fix)
        shape, sigma = self.info.image_shape, self.info.sigma_px
        return np.stack([ideal_density(mixture[frame], shape, sigma) for frame in frames])
