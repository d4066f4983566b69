"""The ideal observer: the density that gaze was drawn from, as seen through the saliency map."""

from __future__ import annotations

import numpy as np


def ideal_density(mixture: np.ndarray, shape: tuple[int, int], sigma_px: float) -> np.ndarray:
    """Expected saliency map of gaze drawn from a mixture of Gaussians.

    Parameters
    ----------
    mixture : ndarray, shape (K, 4)
        Columns weight, x_px, y_px, sd_px: isotropic Gaussians of the gaze points.
    shape : (int, int)
        Rows and columns, H x W.
    sigma_px : float
        Standard deviation of the saliency map's Gaussian, in pixels.

    Returns
    -------
    ndarray of float64, shape (H, W)
        Not negative, sums to 1.

    Notes
    -----
    A saliency map is gaze convolved with a Gaussian, so its expectation is the mixture with
    sigma_px^2 added to every variance. Among all predictions this one has the smallest expected
    KLD; for SIM, CC and NSS it is a reference, not a bound. The Gaussians are separable: the sum is
    one matrix product. Mass beyond the image's edges is dropped by the normalisation.

    Examples
    --------
    >>> one = ideal_density(np.array([[1.0, 2.0, 1.0, 3.0]]), (4, 6), sigma_px=4.0)
    >>> float(round(one[1, 5] / one[1, 2], 6))  # exp(-3^2 / (2 * 25))
    0.83527
    """
    height, width = shape
    weight, x, y, sd = np.asarray(mixture, dtype=np.float64).T[:, :, None]
    variance = sd**2 + sigma_px**2
    profile_y = np.exp(-0.5 * (np.arange(height) - y) ** 2 / variance)  # (K, H)
    profile_x = np.exp(-0.5 * (np.arange(width) - x) ** 2 / variance)  # (K, W)
    density = (weight / variance * profile_y).T @ profile_x
    share: np.ndarray = density / density.sum()
    return share
