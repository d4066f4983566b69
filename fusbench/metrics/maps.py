"""Metrics that compare a predicted with an empirical saliency map: KLD, SIM and CC."""

from __future__ import annotations

import numpy as np

from fusbench.metrics.profile import EPS, check_profile, pair

ROUNDING = 1e-12  # of a constant float64 map that was resized


def share(m: np.ndarray) -> np.ndarray:
    """A map divided by its sum."""
    shares: np.ndarray = m / m.sum(-1, keepdims=True)
    return shares


def stretched(m: np.ndarray) -> np.ndarray:
    """Scaled to [0, 1]; a constant map becomes all ones, so that its shares are equal."""
    low, high = m.min(-1, keepdims=True), m.max(-1, keepdims=True)
    flat = high == low
    return np.where(flat, 1.0, (m - low) / np.where(flat, 1.0, high - low))


def kld(predicted: np.ndarray, empirical: np.ndarray, profile: str = "tuebingen") -> np.ndarray:
    r"""Kullback-Leibler divergence of a predicted density from the empirical one.

    Parameters
    ----------
    predicted, empirical : array_like, shape (..., H, W)
        Maps: finite, not negative, with a positive sum.
    profile : {"tuebingen", "mit"}
        Both define it alike.

    Returns
    -------
    ndarray of float64, shape (...)
        In nats; 0 is best, larger is worse.

    Raises
    ------
    PredictionError, ConfigError
        If the shapes differ; if the empirical map is empty.

    Notes
    -----
    With p and g the maps divided by their sums and :math:`\epsilon = 2^{-52}`,

    .. math:: \sum_i g_i \ln\left(\epsilon + \frac{g_i}{p_i + \epsilon}\right).

    The two epsilons keep a missed fixation costly but finite, and make a pixel with g = 0 count 0,
    as the limit of g ln g does. A perfect prediction may therefore score about -1e-15.

    References
    ----------
    .. [1] Bylinskii et al., What do different evaluation metrics tell us about saliency models?
       TPAMI 41(3), 2018; ``KLdiv.m`` of its code.

    Examples
    --------
    A uniform prediction for gaze that stays in one of four pixels is wrong by ln 4 nats:

    >>> uniform, point = np.full((2, 2), 0.25), np.array([[1.0, 0.0], [0.0, 0.0]])
    >>> round(float(kld(uniform, point)), 4)
    1.3863
    """
    check_profile(profile)
    p, g = (share(m) for m in pair(predicted, empirical, "saliency map", shares=True))
    nats: np.ndarray = (g * np.log(EPS + g / (p + EPS))).sum(-1)
    return nats


def sim(predicted: np.ndarray, empirical: np.ndarray, profile: str = "tuebingen") -> np.ndarray:
    r"""Similarity, or histogram intersection: the mass that two densities share.

    Parameters
    ----------
    predicted, empirical : array_like, shape (..., H, W)
        Maps: finite, not negative, with a positive sum.
    profile : {"tuebingen", "mit"}
        "mit" scales both maps to [0, 1] before dividing by their sums, which removes the floor of a
        softmax output and so changes the score.

    Returns
    -------
    ndarray of float64, shape (...)
        From 0 to 1, which is best.

    Raises
    ------
    PredictionError, ConfigError
        As `kld`.

    Notes
    -----
    :math:`\sum_i \min(p_i, g_i)`. In profile "mit", a constant map counts as uniform, where the
    MATLAB code divides by zero.

    References
    ----------
    .. [1] As `kld`; ``similarity.m``.

    Examples
    --------
    >>> float(sim(np.full((2, 2), 0.25), np.array([[0.5, 0.5], [0.0, 0.0]])))
    0.5
    """
    check_profile(profile)
    p, g = pair(predicted, empirical, "saliency map", shares=True)
    if profile == "mit":
        p, g = stretched(p), stretched(g)
    common: np.ndarray = np.minimum(share(p), share(g)).sum(-1)
    return common


def cc(predicted: np.ndarray, empirical: np.ndarray, profile: str = "tuebingen") -> np.ndarray:
    r"""Pearson's linear correlation coefficient over the pixels of two maps.

    Parameters
    ----------
    predicted, empirical : array_like, shape (..., H, W)
        Maps: finite.
    profile : {"tuebingen", "mit"}
        Both define it alike.

    Returns
    -------
    ndarray of float64, shape (...)
        From -1 to 1, which is best; 0, chance, where either map is constant.

    Raises
    ------
    PredictionError, ConfigError
        As `kld`.

    Notes
    -----
    .. math:: \frac{\sum_i (p_i - \bar p)(g_i - \bar g)}
              {\sqrt{\sum_i (p_i - \bar p)^2 \sum_i (g_i - \bar g)^2}}

    References
    ----------
    .. [1] As `kld`; ``CC.m``.

    Examples
    --------
    >>> round(float(cc(np.array([[1, 2], [3, 4]]), np.array([[2, 4], [6, 8]]))), 12)
    1.0
    """
    check_profile(profile)
    p, g = pair(predicted, empirical, "saliency map")
    p, g = centred(p), centred(g)
    scale = np.sqrt((p * p).sum(-1) * (g * g).sum(-1))
    return np.where(scale > 0, (p * g).sum(-1) / np.where(scale > 0, scale, 1.0), 0.0)


def constant(m: np.ndarray) -> np.ndarray:
    """Whether maps (..., N) are constant, but for what rounding left; bool (..., 1)."""
    high, low = m.max(-1, keepdims=True), m.min(-1, keepdims=True)
    flat: np.ndarray = high - low <= ROUNDING * np.maximum(np.abs(high), np.abs(low))
    return flat


def centred(m: np.ndarray) -> np.ndarray:
    """A map less its mean; exactly zero where it is constant."""
    return np.where(constant(m), 0.0, m - m.mean(-1, keepdims=True))
