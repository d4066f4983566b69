"""Metrics that rank pixels: areas under ROC curves, with gazed pixels as positives."""

from __future__ import annotations

import numpy as np

from fusbench.errors import ConfigError
from fusbench.metrics.areas import area, gazed_values, judd, judd_mit, shuffled
from fusbench.metrics.lasting import once
from fusbench.metrics.profile import check_profile, empty_map, shared, target, with_gaze
from fusbench.metrics.rows import each_frame, finite, gazed

OTHER = "map of other fixations"


def auc_judd(
    predicted: np.ndarray, fixations: np.ndarray, profile: str = "tuebingen"
) -> np.ndarray:
    r"""AUC of telling gazed pixels from all others, after Judd.

    Parameters
    ----------
    predicted : array_like, shape (..., H, W)
        Map: finite.
    fixations : array_like, shape (..., H, W)
        Gaze points a pixel: at least one, and at least one pixel without.
    profile : {"tuebingen", "mit"}
        "tuebingen" takes every threshold, so that a tie counts one half, and every gaze point;
        "mit" takes the values at the gazed pixels as the only thresholds, and each pixel once.

    Returns
    -------
    ndarray of float64, shape (...)
        From 0 to 1, which is best. A constant prediction has 1/2.

    Raises
    ------
    PredictionError, ConfigError
        If the shapes differ; if there is no gaze point, or no pixel without one.

    Notes
    -----
    With K gaze points at x_k and M pixels q without gaze, "tuebingen" is the probability of ranking
    a gaze point above a pixel without,

    .. math:: \frac{1}{KM} \sum_k \sum_q \left([p(x_k) > p(q)] + \tfrac12 [p(x_k) = p(q)]\right).

    "mit" joins (0, 0), the K points of the ROC curve at the gazed pixels' values, and (1, 1) by
    straight lines. With few gaze points a frame this curve lies well above the true one: K points
    placed by chance score 1/2 + 1/(2 K + 2), three quarters for one gaze point. The MATLAB code
    adds noise of 1e-7 to part ties; here, as in its text, nothing is added.

    References
    ----------
    .. [1] Judd et al., Learning to predict where humans look, ICCV 2009.
    .. [2] Bylinskii et al., TPAMI 41(3), 2018; ``AUC_Judd.m`` of its code.
    .. [3] pysaliency, ``SaliencyMapModel.AUC`` with unfixated pixels as nonfixations.

    Examples
    --------
    The gazed pixel lies above one of the others, ties with one, and lies below one:

    >>> p, gaze = np.array([[2, 1], [2, 3]]), np.array([[1, 0], [0, 0]])
    >>> float(auc_judd(p, gaze))
    0.5

    At its value, 2, two of the three others count as false: the curve turns at (2/3, 1).

    >>> round(float(auc_judd(p, gaze, "mit")), 4)
    0.6667
    """
    check_profile(profile)
    one = judd_mit if profile == "mit" else judd
    return each_frame(one, *with_gaze(predicted, fixations, "fixation map", finite=False))


def auc_borji(
    predicted: np.ndarray,
    fixations: np.ndarray,
    profile: str = "tuebingen",
    *,
    splits: int | None = None,
    seed: int = 0,
) -> np.ndarray:
    r"""AUC of telling gazed pixels from pixels anywhere in the picture, after Borji.

    Parameters
    ----------
    predicted : array_like, shape (..., H, W)
        Map: finite.
    fixations : array_like, shape (..., H, W)
        Gaze points a pixel, at least one.
    profile : {"tuebingen", "mit"}
        "tuebingen" takes every threshold and every gaze point; "mit" moves the threshold in tenths
        of the prediction's range, and counts each gazed pixel once.
    splits : int, optional
        Draw as many negatives as there are positives, this many times, and average, as the MATLAB
        code does 100 times. By default the exact expectation over all draws is returned.
    seed : int
        Of the draws.

    Returns
    -------
    ndarray of float64, shape (...)
        From 0 to 1, which is best. A constant prediction has 1/2.

    Raises
    ------
    PredictionError, ConfigError
        If the shapes differ; if there is no gaze point.

    Notes
    -----
    As `auc_judd` in "tuebingen", with all pixels as negatives: what the Tuebingen benchmark calls
    AUC. A threshold that moves in steps cannot part two values within a step, and the straight line
    across it counts them one half: so "mit" is the same sum over the prediction rounded down to
    tenths of its range. An average over draws of negatives has the sum over all pixels as its
    expectation; 100 draws scatter about it by some 0.004 a frame.

    References
    ----------
    .. [1] Borji et al., Quantitative analysis of human-model agreement in visual saliency modeling,
       IEEE TIP 2013.
    .. [2] As `auc_judd`; ``AUC_Borji.m``.
    .. [3] pysaliency, ``SaliencyMapModel.AUC`` with uniform nonfixations.

    Examples
    --------
    >>> p, gaze = np.array([[2, 1], [2, 3]]), np.array([[0, 0], [0, 1]])
    >>> float(auc_borji(p, gaze))
    0.875
    >>> float(auc_borji(p, gaze, splits=100)) == float(auc_borji(p, gaze, splits=100))
    True
    """
    check_profile(profile)
    drawing = _drawing(splits, seed)

    def one(p: np.ndarray, gaze: np.ndarray) -> float:
        positives, negatives = gazed_values(p, gaze, profile), p
        if drawing:
            times, rng = drawing
            negatives = p[rng.integers(0, len(p), (times, len(positives[0]))).ravel()]
        return area(p, positives, negatives, None, profile)

    return each_frame(one, *with_gaze(predicted, fixations, "fixation map"))


def sauc(
    predicted: np.ndarray,
    fixations: np.ndarray,
    other_fixations: np.ndarray,
    profile: str = "tuebingen",
    *,
    splits: int | None = None,
    seed: int = 0,
) -> np.ndarray:
    r"""Shuffled AUC: telling this picture's gaze from the gaze on other pictures.

    Where people look whatever the picture shows, the centre above all, is in both; a model that
    knows nothing else scores 1/2.

    Parameters
    ----------
    predicted : array_like, shape (..., H, W)
        Map: finite.
    fixations : array_like, shape (..., H, W)
        Gaze points a pixel, at least one.
    other_fixations : array_like, shape (..., H, W) or (H, W)
        Gaze points a pixel on other pictures, at least one.
    profile : {"tuebingen", "mit"}
        "tuebingen" takes every threshold and every point, of this and of other pictures; "mit"
        moves the threshold in tenths of the prediction's range, and counts each pixel once.
    splits, seed : int
        As in `auc_borji`; without replacement here, as in the MATLAB code. By default the exact
        expectation over all draws is returned.

    Returns
    -------
    ndarray of float64, shape (...)
        From 0 to 1, which is best. A constant prediction has 1/2.

    Raises
    ------
    PredictionError, ConfigError
        If the shapes differ; if either map holds no gaze point.

    Notes
    -----
    The sum of `auc_judd` in "tuebingen", with the other pictures' gaze points as negatives.

    References
    ----------
    .. [1] Tatler et al., Visual correlates of fixation selection, Vision Research 2005.
    .. [2] As `auc_judd`; ``AUC_shuffled.m``.
    .. [3] pysaliency, ``SaliencyMapModel.sAUC``.

    Examples
    --------
    Other gaze lies two times on a lower and once on the same value:

    >>> p, gaze, other = np.array([[3, 1]]), np.array([[1, 0]]), np.array([[1, 2]])
    >>> round(float(sauc(p, gaze, other)), 4)
    0.8333
    """
    check_profile(profile)
    drawing = _drawing(splits, seed)

    other = target(other_fixations, OTHER)
    shared(other, OTHER, np.shape(predicted))
    known = once(others_of, other) if other.ndim == 2 else None

    def one(p: np.ndarray, gaze: np.ndarray, other: np.ndarray) -> float:
        count, total = others_of(other) if known is None else known
        if drawing is None and profile != "mit":
            return shuffled(p, gaze, count, total)
        at = gazed(count)
        positives, level = gazed_values(p, gaze, profile), finite(p)[at]
        if drawing is None:
            return area(p, positives, level, np.ones(len(level)), profile)
        times, rng = drawing
        pool = level if profile == "mit" else np.repeat(level, count[at].astype(np.intp))
        size = min(len(positives[0]), len(pool))
        drawn = [rng.choice(pool, size, replace=False) for _ in range(times)]
        return area(p, positives, np.concatenate(drawn), None, profile)

    p, gaze = with_gaze(predicted, fixations, "fixation map", finite=False)
    return each_frame(one, p, gaze, other.reshape(*other.shape[:-2], -1))


def others_of(other: np.ndarray) -> tuple[np.ndarray, float]:
    """Gaze points on other pictures, float64 (N,) by pixel, and how many they are: at least one."""
    count = other.reshape(-1).astype(np.float64)
    total = float(count.sum())
    if not total:
        raise empty_map(OTHER)
    return count, total


def _drawing(splits: int | None, seed: int) -> tuple[int, np.random.Generator] | None:
    """How often to draw negatives, and by what; None where none are drawn."""
    if splits is None:
        return None
    if splits < 1:
        raise ConfigError(f"{splits} splits cannot be drawn", fix="Use splits=100, say.")
    return splits, np.random.default_rng(seed)
