"""All metrics of one frame."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from fusbench.errors import PluginError
from fusbench.metrics.card import Metric
from fusbench.metrics.kernels import active
from fusbench.metrics.maps import cc, constant
from fusbench.metrics.points import nss
from fusbench.metrics.rows import gazed
from fusbench.metrics.table import METRICS


def score_frame(
    predicted: np.ndarray, empirical: np.ndarray, fixations: np.ndarray, profile: str = "tuebingen"
) -> dict[str, float]:
    """KLD, SIM, NSS and CC of one frame.

    Parameters
    ----------
    predicted, empirical : ndarray of float64, shape (H, W)
        Densities, each of sum 1.
    fixations : ndarray of int, shape (H, W)
        Gaze points a pixel, at least one.
    profile : {"tuebingen", "mit"}

    Returns
    -------
    dict of str to float

    Raises
    ------
    UnknownName
        If there is no such profile.

    Examples
    --------
    >>> gaze = np.array([[0.75, 0.25], [0.0, 0.0]])
    >>> scores = score_frame(gaze, gaze, np.array([[1, 0], [0, 0]]))
    >>> round(scores["sim"], 3), round(scores["nss"], 3), round(scores["cc"], 3)
    (1.0, 1.633, 1.0)
    """
    target = {"empirical": empirical, "fixations": fixations}
    return score(predicted, target, tuple(METRICS.values()), profile)


def score(
    predicted: np.ndarray,
    target: Mapping[str, np.ndarray],
    metrics: Sequence[Metric],
    profile: str = "tuebingen",
    where: str = "",
) -> dict[str, float]:
    """Any metrics of one frame.

    Where the four are among them, in profile "tuebingen", they share their sums, which makes them
    several times faster than one by one.

    Parameters
    ----------
    predicted : ndarray of float64, shape (H, W)
        A density, of sum 1.
    target : mapping
        What the metrics need, by the names in `NEEDS`.
    metrics : sequence of Metric
    profile : {"tuebingen", "mit"}
    where : str
        Clip and frame, for a message.

    Returns
    -------
    dict of str to float

    Raises
    ------
    PluginError
        If a metric's function fails, or returns what is not one finite number.

    Examples
    --------
    >>> gaze = np.array([[0.75, 0.25], [0.0, 0.0]])
    >>> score(np.full((2, 2), 0.25), {"empirical": gaze}, [METRICS["sim"]])
    {'sim': 0.5}
    """
    keys = {metric.key for metric in metrics}
    together = {}
    if profile == "tuebingen" and keys >= METRICS.keys():
        together = _four(predicted, target["empirical"], target["fixations"])
    return {
        metric.key: together[metric.key]
        if metric.key in together
        else _one(metric, predicted, target, profile, where)
        for metric in metrics
    }


def _one(
    metric: Metric,
    predicted: np.ndarray,
    target: Mapping[str, np.ndarray],
    profile: str,
    where: str,
) -> float:
    needed = (target[name] for name in metric.needs)
    if metric.function.__module__.startswith("fusbench."):  # its errors say what is wrong
        return float(metric.function(predicted, *needed, profile=profile))
    place = f"metric '{metric.key}'" + (f", {where}" if where else "")
    try:
        value = float(metric.function(predicted, *needed, profile=profile))
    except Exception as error:
        fix = f"Repair the plug-in, or leave out {metric.key}."
        raise PluginError(f"{type(error).__name__}: {error}", place, fix) from error
    if not math.isfinite(value):
        raise PluginError(f"the score is {value}", place, "Scores are finite numbers.")
    return value


def _four(predicted: np.ndarray, empirical: np.ndarray, fixations: np.ndarray) -> dict[str, float]:
    p, g = predicted.ravel(), empirical.ravel()
    total, divergence, shared, pp, gg, pg = active().four_sums(p, g)
    # both maps sum to 1, so their means are 1 / n
    n = len(p)
    mean = 1.0 / n
    variance_p, variance_g = pp / n - mean * mean, gg / n - mean * mean
    gaze = fixations.ravel()
    at = gazed(gaze)
    if variance_p > mean * mean * 1e-9:
        count = gaze[at]
        deviation = math.sqrt(variance_p)
        normalised = ((p[at] @ count) / (total * count.sum()) - mean) / deviation
        correlation = (pg / n - mean * mean) / (deviation * math.sqrt(variance_g))
    elif constant(p):
        normalised = correlation = 0.0
    else:  # too flat for one-pass sums: ask the plain functions
        normalised, correlation = float(nss(predicted, fixations)), float(cc(predicted, empirical))
    return {
        "kld": float(divergence),
        "sim": float(shared),
        "nss": float(normalised),
        "cc": float(correlation),
    }
