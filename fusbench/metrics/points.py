"""Metrics that read a prediction at the gaze points: NSS and IG."""

from __future__ import annotations

import numpy as np

from fusbench.errors import ConfigError
from fusbench.metrics.lasting import once
from fusbench.metrics.maps import centred, share, stretched
from fusbench.metrics.profile import EPS, check_profile, numbers, pair, shared, with_gaze
from fusbench.metrics.rows import baseline_sum, each_frame, gazed, prediction_sum


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


def ig(
    predicted: np.ndarray,
    fixations: np.ndarray,
    baseline: np.ndarray,
    profile: str = "tuebingen",
) -> np.ndarray:
    r"""Information gain: how many bits better than a baseline a prediction describes a gaze point.

    Parameters
    ----------
    predicted : array_like, shape (..., H, W)
        Map: finite, not negative, with a positive sum.
    fixations : array_like, shape (..., H, W)
        Gaze points a pixel, at least one.
    baseline : array_like, shape (..., H, W) or (H, W)
        Map of the gaze whatever the picture shows, as the mean map of a train split.
    profile : {"tuebingen", "mit"}
        "tuebingen" compares the densities at every gaze point; "mit" scales both maps to [0, 1]
        first, and counts each fixated pixel once.

    Returns
    -------
    ndarray of float64, shape (...)
        In bits a gaze point; 0 is as good as the baseline, larger is better.

    Raises
    ------
    PredictionError, ConfigError
        If the shapes differ; if there is no gaze point, or the baseline is empty.

    Notes
    -----
    With p and b the maps divided by their sums, "tuebingen" is

    .. math:: \frac{1}{N} \sum_{k=1}^{N} \log_2 p(x_k) - \log_2 b(x_k).

    A density of less than :math:`\epsilon = 2^{-52}` counts as :math:`\epsilon` there, so that a
    gaze point where the prediction is zero costs at most 52 bits, and not infinitely many. "mit"
    adds :math:`\epsilon` to both.

    References
    ----------
    .. [1] Kuemmerer et al., Information-theoretic model comparison unifies saliency metrics, PNAS
       112(52), 2015.
    .. [2] pysaliency, ``Model.information_gain``.
    .. [3] Bylinskii et al., TPAMI 41(3), 2018; ``InfoGain.m`` of its code.

    Examples
    --------
    Half of the mass where a uniform baseline has a quarter is one bit:

    >>> p, gaze = np.array([[2.0, 1.0], [1.0, 0.0]]), np.array([[3, 0], [0, 0]])
    >>> float(ig(p, gaze, np.ones((2, 2))))
    1.0
    """
    check_profile(profile)
    p, gaze = with_gaze(predicted, fixations, "fixation map", finite=False)
    b = numbers(baseline, "baseline", ConfigError).astype(np.float64, copy=False)
    shared(b, "baseline", np.shape(predicted))
    known = once(baseline_sum, b) if b.ndim == 2 else None

    def one(p: np.ndarray, gaze: np.ndarray, b: np.ndarray) -> float:
        totals = prediction_sum(p), baseline_sum(b) if known is None else known
        at = gazed(gaze)
        if profile == "mit":
            return _gain_mit(p, b, at)
        points = gaze[at].astype(np.float64)
        own, other = (np.maximum(m[at] / s, EPS) for m, s in zip((p, b), totals, strict=True))
        gain = np.log2(own) - np.log2(other)
        return float(gain @ points / points.sum())

    return each_frame(one, p, gaze, b.reshape(*b.shape[:-2], -1))


def _gain_mit(p: np.ndarray, b: np.ndarray, at: np.ndarray) -> float:
    """Bits a gazed pixel of maps that are scaled to [0, 1] and then divided by their sums."""
    own, other = (EPS + share(stretched(m))[at] for m in (p, b))
    return float((np.log2(own) - np.log2(other)).mean())
