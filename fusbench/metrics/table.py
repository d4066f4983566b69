"""The metrics as a table, their signature, and all of them for one frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fusbench.metrics.maps import cc, kld, sim
from fusbench.metrics.points import nss
from fusbench.metrics.profile import EPS, check_profile

VERSION = 1  # raised when a score changes, not when code does


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric and what is to be known of it.

    `needs` is "empirical" (a saliency map) or "fixations" (a fixation map), its second argument.
    """

    key: str
    symbol: str
    unit: str
    higher_is_better: bool
    needs: str
    function: Callable[..., np.ndarray]


METRICS = {
    metric.key: metric
    for metric in (
        Metric(
            key="kld",
            symbol="KLD",
            unit="nats",
            higher_is_better=False,
            needs="empirical",
            function=kld,
        ),
        Metric(
            key="sim", symbol="SIM", unit="", higher_is_better=True, needs="empirical", function=sim
        ),
        Metric(
            key="nss", symbol="NSS", unit="", higher_is_better=True, needs="fixations", function=nss
        ),
        Metric(
            key="cc", symbol="CC", unit="", higher_is_better=True, needs="empirical", function=cc
        ),
    )
}


def signature(profile: str, sigma_px: float) -> str:
    """How scores are made; scores of two signatures never stand in one table.

    Examples
    --------
    >>> signature("tuebingen", 8.0)
    'kld+sim+nss+cc|profile:tuebingen|sigma:8px|agg:frame-mean|v:1'
    """
    keys = "+".join(METRICS)
    return (
        f"{keys}|profile:{check_profile(profile)}|sigma:{sigma_px:g}px|agg:frame-mean|v:{VERSION}"
    )


def score_frame(
    predicted: np.ndarray, empirical: np.ndarray, fixations: np.ndarray, profile: str = "tuebingen"
) -> dict[str, float]:
    """All metrics of one frame.

    In profile "tuebingen" the metrics share their sums, which makes them several times faster than
    one by one; "mit" calls the functions.

    Parameters
    ----------
    predicted, empirical : ndarray of float64, shape (H, W)
        Densities, each of sum 1.
    fixations : ndarray of int, shape (H, W)
        Gaze points a pixel, at least one.

    Returns
    -------
    dict of str to float
    """
    if profile != "tuebingen":
        second = {"empirical": empirical, "fixations": fixations}
        return {
            key: float(metric.function(predicted, second[metric.needs], profile))
            for key, metric in METRICS.items()
        }
    p, g = predicted.ravel(), empirical.ravel()
    n, total_p, total_g = len(p), p.sum(), g.sum()
    p, g = p / total_p, g / total_g
    work = p + EPS
    np.divide(g, work, out=work)
    np.add(work, EPS, out=work)
    np.log(work, out=work)
    divergence = g @ work
    np.minimum(p, g, out=work)
    shared = work.sum()
    # both maps sum to 1, so their means are 1 / n
    mean = 1.0 / n
    variance_p, variance_g = p @ p / n - mean * mean, g @ g / n - mean * mean
    at = np.flatnonzero(fixations)
    count = fixations.ravel()[at]
    if variance_p <= mean * mean * 1e-9:  # too flat for one-pass sums: ask the plain functions
        normalised, correlation = float(nss(predicted, fixations)), float(cc(predicted, empirical))
    else:
        deviation = np.sqrt(variance_p)
        normalised = ((p[at] @ count) / count.sum() - mean) / deviation
        correlation = (p @ g / n - mean * mean) / (deviation * np.sqrt(variance_g))
    scores = {"kld": divergence, "sim": shared, "nss": normalised, "cc": correlation}
    return {key: float(scores[key]) for key in METRICS}
