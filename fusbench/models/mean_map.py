"""Where gaze falls whatever the picture shows: the mean map of a train split, fitted as a floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusbench.data.dataset import Dataset
from fusbench.errors import DatasetError

BANDWIDTHS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)  # that are tried, in sigmas of the data
SHARES = tuple(np.geomspace(1e-4, 1, 17).tolist())  # of the uniform density, that are tried
UNTOLD = 0.5  # share where a single scan tells nothing of others: at most ln 2 worse than uniform


@dataclass(frozen=True, kw_only=True)
class TrainGaze:
    """Sums of the train split's saliency maps.

    Parameters
    ----------
    total : ndarray, float64 (H, W)
        Over all frames with gaze.
    by_scan : ndarray, float64 (scans, h, w)
        Over each scan's, in blocks of `block` pixels a side.
    frames : ndarray, int (scans,)
    block : int
    """

    total: np.ndarray
    by_scan: np.ndarray
    frames: np.ndarray
    block: int


def mean_map(dataset: Dataset) -> np.ndarray:
    """The train split's mean saliency map, fitted to scans that it has not seen.

    Returns
    -------
    ndarray of float64, shape (H, W)
        Sum 1. The mean over all frames with gaze, blurred and mixed with a share of the uniform
        density; see `fit`.

    Raises
    ------
    DatasetError
        If the data set's train split has no gaze.

    Notes
    -----
    The mean of few scans is all but 0 where the next one is looked at, which KLD punishes without
    bound: on small data it stood far below `uniform`, which is no floor. Baselines of where people
    look are therefore smoothed, mixed and cross-validated, as in Kuemmerer et al., PNAS 2015,
    doi:10.1073/pnas.1510393112.
    """
    gaze = train_gaze(dataset)
    bandwidth_px, share = fit(gaze, dataset.info.sigma_px)
    density = blurred(gaze.total, bandwidth_px)
    found: np.ndarray = (1 - share) * density / density.sum() + share / density.size
    return found


def train_gaze(dataset: Dataset) -> TrainGaze:
    """Sums of the train split's saliency maps, whole and by scan; errors as in `mean_map`."""
    block = max(1, int(dataset.info.sigma_px / 2))
    total, by_scan, frames = np.zeros(dataset.info.image_shape), [], []
    for _, clips in dataset.scans("train"):
        before, n_frames = total.copy(), 0
        for clip in clips:
            for frame in clip.gaze.frames():
                total += clip.saliency_map(frame)
                n_frames += 1
        if n_frames:
            by_scan.append(_pooled(total - before, block))
            frames.append(n_frames)
    if not frames:
        fix = "A mean map needs the gaze of the train split."
        raise DatasetError("the train split has no gaze", dataset.where, fix)
    return TrainGaze(total=total, by_scan=np.array(by_scan), frames=np.array(frames), block=block)


def _pooled(values: np.ndarray, block: int) -> np.ndarray:
    """Sums over blocks of pixels; those at the end may be smaller."""
    rows, columns = (np.arange(0, side, block) for side in values.shape)
    return np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1)


def blurred(values: np.ndarray, bandwidth: float) -> np.ndarray:
    """Maps (..., H, W) under a Gaussian, of which no part leaves the image.

    Examples
    --------
    >>> float(blurred(np.eye(3), 1.0).sum().round(9))
    3.0
    """
    if not bandwidth:
        return values
    for axis in (-2, -1):
        at = np.arange(values.shape[axis])
        kernel = np.exp(-0.5 * ((at[:, None] - at) / bandwidth) ** 2)
        moved = np.moveaxis(values, axis, -1) @ (kernel / kernel.sum(axis=0)).T
        values = np.moveaxis(moved, -1, axis)
    return values


def fit(gaze: TrainGaze, sigma_px: float) -> tuple[float, float]:
    """Bandwidth in pixels and share of the uniform density, by leaving out one scan at a time.

    Each scan is predicted from the others. Of all that are tried, the flattest is taken whose mean
    KLD over frames lies within one standard error of the least, the error being that of the paired
    difference over scans: few scans tell little of the next, and then a floor keeps to what is
    safe (the rule of Breiman et al., Classification and Regression Trees, 1984).
    """
    scans, n_frames = len(gaze.frames), gaze.frames.sum()
    if scans == 1:
        return 0.0, UNTOLD
    uniform = _pooled(np.ones(gaze.total.shape), gaze.block) / gaze.total.size
    others = (n_frames - gaze.frames)[:, None, None]
    tried, losses = [], []
    for bandwidth_px in (factor * sigma_px for factor in BANDWIDTHS):
        smooth = blurred(gaze.by_scan, bandwidth_px / gaze.block)
        rest = (smooth.sum(axis=0) - smooth).clip(0) / others
        for share in SHARES:
            seen = np.log((1 - share) * rest + share * uniform)
            tried.append((share, bandwidth_px))
            losses.append(-(gaze.by_scan * seen).sum(axis=(1, 2)))
    loss = np.array(losses)  # a row a pair, a column a scan
    worse = loss - loss[loss.sum(axis=1).argmin()]
    mean = worse.sum(axis=1) / n_frames
    spread = ((worse - mean[:, None] * gaze.frames) ** 2).sum(axis=1)
    error = np.sqrt(spread * scans / (scans - 1)) / n_frames
    share, bandwidth_px = max(pair for pair, near in zip(tried, mean <= error, strict=True) if near)
    return bandwidth_px, share
