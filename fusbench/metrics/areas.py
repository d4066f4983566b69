"""Areas under the ROC curve of one frame, its pixels in a row (H * W,), under either profile."""

from __future__ import annotations

import numpy as np

from fusbench.metrics.kernel_numpy import reaching
from fusbench.metrics.kernels import active
from fusbench.metrics.profile import not_finite
from fusbench.metrics.rows import finite, gazed, without

FEW = 40  # bounds for which passes over the negatives are cheaper than sorting these
STEP = 10  # steps of the threshold from the lowest to the highest prediction in profile "mit"


def gazed_values(p: np.ndarray, gaze: np.ndarray, profile: str) -> tuple[np.ndarray, np.ndarray]:
    """Values at the gazed pixels, and how often each counts."""
    at = gazed(gaze)
    return p[at], np.ones(len(at)) if profile == "mit" else gaze[at].astype(np.float64)


def _ranked(p: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """How many pixels are below each bound; all are below infinity, unless there is one or NaN.

    So the one pass over the pixels also finds what is no number. Minus infinity is below all.
    """
    further = np.empty(len(bounds) + 1)
    further[:-1], further[-1] = bounds, np.inf
    below: np.ndarray = active().below(p, further)
    if below[-1] != len(p):
        raise not_finite()
    return below[:-1]


def judd(p: np.ndarray, gaze: np.ndarray) -> float:
    """Share of pairs of a gaze point and a pixel without in which the gaze point ranks higher."""
    values, weight = gazed_values(p, gaze, "tuebingen")
    others = without(p, len(values))
    bounds = np.concatenate([values, np.nextafter(values, np.inf)])  # less, less or equal
    below, upto = _ranked(p, bounds).reshape(2, -1)
    order = np.sort(values)
    own = order.searchsorted(values) + order.searchsorted(values, "right")
    wins = below + upto - own  # the gazed pixels are no negatives
    return float(wins @ weight / (2 * others * weight.sum()))


def judd_mit(p: np.ndarray, gaze: np.ndarray) -> float:
    """Area under straight lines from (0, 0) through the curve at the gazed values to (1, 1)."""
    values = p[gazed(gaze)]
    others, k = without(p, len(values)), len(values)
    below = sorted(_ranked(p, values).tolist(), reverse=True)  # thresholds from the top
    if not below[0] and p.min() == p.max():  # 0 / 0 in the MATLAB code
        return 0.5
    total = false = true = 0.0
    for rank, less in enumerate(below, start=1):
        reached = (len(p) - less - rank) / others, rank / k
        total += (reached[0] - false) * (reached[1] + true) / 2
        false, true = reached
    return total + (1 - false)


def area(
    p: np.ndarray,
    positives: tuple[np.ndarray, np.ndarray],
    negatives: np.ndarray,
    count: np.ndarray | None,
    profile: str,
) -> float:
    """Mean over positives of the share of negatives below, those at the same level counting half.

    `count` says how often each negative counts. In "mit" a level is a tenth of the range of the
    prediction `p`, else a value.
    """
    values, weight = positives
    if profile == "mit":
        low, high = p.min(), p.max()
        if low == high:
            return 0.5
        values, negatives = (values - low) / (high - low), (negatives - low) / (high - low)
        levels = np.append(np.arange(STEP + 1) / STEP, np.inf)
        level = np.searchsorted(levels, values, side="right")
        bounds = np.concatenate([levels[level - 1], levels[level]])
    else:
        bounds = np.concatenate([values, np.nextafter(values, np.inf)])  # less, less or equal
    below, upto = _below(negatives, bounds, count).reshape(2, -1)
    total = len(negatives) if count is None else count.sum()
    return float((below + upto) @ weight / (2 * total * weight.sum()))


def shuffled(p: np.ndarray, gaze: np.ndarray, count: np.ndarray, total: float) -> float:
    """As `area` in "tuebingen" over points of other pictures: how often each pixel counts, in all.

    Most pixels of most predictions lie below all values at the gaze: the rest are looked at one by
    one.
    """
    values, weight = gazed_values(p, gaze, "tuebingen")
    level, few = reaching(finite(p), values.min(), count)
    if len(values) > FEW or 2 * len(level) > len(p):
        at = gazed(count)
        return area(p, (values, weight), p[at], count[at], "tuebingen")
    less = np.concatenate([values, np.nextafter(values, -np.inf)])  # above, above or equal
    above = ((level > less[:, None]) @ few).reshape(2, -1).sum(axis=0)
    return float((2 * total - above) @ weight / (2 * total * weight.sum()))


def _below(negatives: np.ndarray, bounds: np.ndarray, count: np.ndarray | None) -> np.ndarray:
    """For each bound, how many negatives are less."""
    if count is None:
        less: np.ndarray = active().below(negatives, bounds)
        return less
    if len(bounds) <= FEW:  # whole numbers: the order of adding them does not matter
        return np.array([np.multiply(negatives < v, count).sum() for v in bounds])
    order = np.argsort(negatives)
    less = np.concatenate([[0.0], np.cumsum(count[order])])
    return less[np.searchsorted(negatives[order], bounds)]
