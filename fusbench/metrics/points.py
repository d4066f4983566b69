"""Metrics that read a prediction at the gaze points: NSS."""

from __future__ import annotations

import numpy as np

from fusbench.metrics.maps import centred
from fusbench.metrics.profile import check_profile, pair


def nss(predicted: np.ndarray, fixations: np.ndarray, profile: str = "tuebingen") -> np.ndarray:
    r"""Normalised scanpath saliency: the prediction's z-score, averaged over the gaze points.

    Parameters
    ----------
    predicted : array_like, shape (..., H, W)
        Map: finite.
    fixations : array_like, shape (..., H, W)
        Gaze points a pixel, at least one.
    profile : {"tuebingen", "mit"}
        "tuebingen" divides by the population's deviation (n) and counts every point; "mit" divides
        by the sample's (n - 1) and counts each fixated pixel once.

    Returns
    -------
    ndarray of float64, shape (...)
        In standard deviations; 0 is chance, larger is better. 0 for a constant prediction.

    Raises
    ------
    PredictionError, ConfigError
        If the shapes differ; if there is no gaze point.

    Notes
    -----
    .. math:: \frac{1}{N} \sum_{k=1}^{N} \frac{p(x_k) - \bar p}{\sigma_p}

    References
    ----------
    .. [1] Peters et al., Components of bottom-up gaze allocation in natural images, Vision Research
       2005.
    .. [2] Bylinskii et al., TPAMI 41(3), 2018; ``NSS.m`` of its code.

    Examples
    --------
    One pixel of four stands out by the square root of 3 deviations:

    >>> round(float(nss(np.array([[1, 0], [0, 0]]), np.array([[2, 0], [0, 0]]))), 6)
    1.732051
    """
    check_profile(profile)
    p, weight = pair(predicted, fixations, "fixation map")
    p = centred(p)
    n = p.shape[-1]
    if profile == "mit":
        weight, n = (weight > 0).astype(np.float64), n - 1
    deviation = np.sqrt((p * p).sum(-1) / n)
    mean = (p * weight).sum(-1) / weight.sum(-1)
    return np.where(deviation > 0, mean / np.where(deviation > 0, deviation, 1.0), 0.0)
