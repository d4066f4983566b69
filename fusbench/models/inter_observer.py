"""Inter-observer: how well some people's gaze tells where others look on the same frame.

The ceiling of data that several people watched: what the picture makes all of them do can be
learned, and what only one of them does cannot. The evaluation shows it the gaze of those whom it
does not predict; see `fusbench.evaluation.viewing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from fusbench.data.dataset import Dataset
from fusbench.data.gaze import GazePoints, saliency_map
from fusbench.data.scan import Clip
from fusbench.errors import DatasetError
from fusbench.models.baselines import anywhere
from fusbench.models.card import ModelCard

ROUNDS = 100
FIRST_SPREAD_PX = 10.0
LEAST_VARIANCE = 0.25  # of a spread, in square pixels
Known = list[tuple[np.ndarray, np.ndarray]]
"""Of each point its squared distances to the points that predict it, and the density elsewhere."""


class InterObserver:
    """Gaussians about the other observers' points of the frame, over the fitted mean map.

    With chance `stay` a gaze point lies about one of the others', with deviation `spread_px` in x
    and in y; otherwise it is drawn from the mean map, or without a train split from the centre
    bias. The two numbers are fitted to the train split, by predicting each of its observers from
    the others, and for one who predicts alone from each other one; where nobody shared a frame of
    the train split, to all splits. Where the others' gaze was lost, the mean map alone is left.

    Raises
    ------
    DatasetError
        If no frame of the data set was watched by two observers.
    """

    def __init__(self, card: ModelCard, dataset: Dataset) -> None:
        self.card = card
        self.info = dataset.info
        self.mean = anywhere(dataset)
        shared = [clip for clip in dataset.clips if len(clip.gaze.shared_frames())]
        train = [clip for clip in shared if clip.split == "train"]
        if not shared:
            fix = "Import a second --observer of a video, or leave it out."
            what = "no frame was watched by two observers"
            raise DatasetError(what, dataset.where, fix)
        gazes = [clip.gaze for clip in train or shared]
        self.together = fit_agreement(_known(map(_left_out, gazes), self.mean))
        self.alone = fit_agreement(_known(map(_paired, gazes), self.mean))

    def predict_gaze(self, clip: Clip, frames: np.ndarray) -> np.ndarray:
        """Densities (B, H, W) for target frames (B,) of a clip with the others' gaze."""
        stay, spread_px = self.alone if len(clip.gaze.observers) == 1 else self.together
        width = float(np.hypot(spread_px, self.info.sigma_px))
        densities = np.empty((len(frames), *self.info.image_shape))
        for at, frame in enumerate(frames):
            x, y = clip.gaze.at(frame)
            densities[at] = self.mean
            if len(x):
                near = saliency_map(x, y, self.info.image_shape, width)
                densities[at] += stay * (near - self.mean)
        return densities


def fit_agreement(known: Known) -> tuple[float, float]:
    """Chance that gaze is shared, and its spread in pixels, by expectation maximisation.

    Of a mixture, a point's density is ``stay`` times the mean of isotropic Gaussians about the
    points that predict it, plus ``1 - stay`` times the density elsewhere.

    Examples
    --------
    >>> far, near = np.array([1e4]), np.array([2.0])
    >>> stay, spread_px = fit_agreement([(near, np.array(1e-4))] * 3 + [(far, np.array(1e-4))])
    >>> round(stay, 2), round(spread_px, 2)
    (0.75, 1.0)
    """
    counts = np.array([len(squares) for squares, _ in known])
    begins = np.concatenate([[0], np.cumsum(counts)[:-1]])
    squares = np.concatenate([squares for squares, _ in known])
    elsewhere = np.array([float(density) for _, density in known])
    stay, variance = 0.5, FIRST_SPREAD_PX**2
    for _ in range(ROUNDS):
        each = np.exp(-0.5 * squares / variance) / (2 * np.pi * variance)
        each *= stay / np.repeat(counts, counts)
        total = np.add.reduceat(each, begins) + (1 - stay) * elsewhere
        share = each / np.repeat(total, counts)
        stay = float(np.clip(share.sum() / len(counts), 0.0, 0.999))
        variance = max(float(share @ squares / (2 * share.sum() + 1e-12)), LEAST_VARIANCE)
    return stay, float(np.sqrt(variance))


def _left_out(gaze: GazePoints) -> Iterator[tuple[GazePoints, GazePoints]]:
    """Each observer, and all the others."""
    for who in gaze.observers:
        yield gaze.of(who), gaze.of(*(set(gaze.observers) - {who}))


def _paired(gaze: GazePoints) -> Iterator[tuple[GazePoints, GazePoints]]:
    """Each observer, and each other one."""
    for who in gaze.observers:
        for other in gaze.observers:
            if other != who:
                yield gaze.of(who), gaze.of(other)


def _known(pairs: Iterable[Iterable[tuple[GazePoints, GazePoints]]], mean: np.ndarray) -> Known:
    known: Known = []
    for target, others in (pair for each in pairs for pair in each):
        for frame in np.intersect1d(target.frames(), others.frames()):
            old_x, old_y = others.at(frame)
            for x, y in zip(*target.at(frame), strict=True):
                elsewhere = mean[round(float(y)), round(float(x))] + 1e-12
                known.append(((x - old_x) ** 2 + (y - old_y) ** 2, elsewhere))
    return known
