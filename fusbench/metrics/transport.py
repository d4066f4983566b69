"""The metric that knows distances in the picture: EMD."""

from __future__ import annotations

from functools import cache

import numpy as np

from fusbench.metrics.moving import least_cost
from fusbench.metrics.profile import check_profile, pair

BIN_PX = 32
LEVELS = 256  # of the histograms that profile "mit" matches


def emd(predicted: np.ndarray, empirical: np.ndarray, profile: str = "tuebingen") -> np.ndarray:
    r"""Earth mover's distance: how far the predicted mass must be moved to become the empirical.

    Parameters
    ----------
    predicted, empirical : array_like, shape (..., H, W)
        Maps: finite, not negative, with a positive sum.
    profile : {"tuebingen", "mit"}
        How the maps become a coarse grid of bins, 32 pixels a side: "tuebingen" adds up the mass in
        each, "mit" shrinks the maps to 1/32 and gives the prediction the empirical map's histogram.

    Returns
    -------
    ndarray of float64, shape (...)
        In bins of 32 px; 0 is best, larger is worse.

    Raises
    ------
    PredictionError, ConfigError
        If the shapes differ; if the empirical map is empty.

    Notes
    -----
    With p and g the mass in the bins, each of sum 1, and :math:`d_{ij}` the Euclidean distance
    of bins i and j,

    .. math:: \min_{f \ge 0} \sum_{ij} f_{ij} d_{ij}
              \quad\text{with}\quad \sum_j f_{ij} = p_i, \; \sum_i f_{ij} = g_j,

    found exactly (`fusbench.metrics.moving`). As d is a metric, mass that both share stays where
    it is, and only the differences are moved.

    "tuebingen" divides both maps by their sums and adds them up over tiles of 32 x 32 pixels from
    the top left; tiles at the right and lower edges may be smaller. pysaliency has no EMD: this
    definition is fusbench's own, and as the tiles keep the mass, it is the distance of densities.

    "mit" follows the MATLAB code: both maps shrunk by the antialiased bicubic filter to a
    ceil(H / 32) x ceil(W / 32) grid; then the prediction's values are replaced, rank by rank in 256
    steps, so that their histogram becomes the empirical map's, scaled to a maximum of 1; then both
    are divided by their sums. It sees where a prediction is high, not how high, and the matching
    leaves a perfect prediction with a few hundredths.

    References
    ----------
    .. [1] Rubner et al., The earth mover's distance as a metric for image retrieval, IJCV 2000.
    .. [2] Pele and Werman, Fast and robust earth mover's distances, ICCV 2009.
    .. [3] Bylinskii et al., TPAMI 41(3), 2018; ``EMD.m`` of its code.

    Examples
    --------
    All mass lies two bins away, or 64 pixels:

    >>> p, g = np.zeros((32, 96)), np.zeros((32, 96))
    >>> p[5, 5], g[9, 80] = 1, 1
    >>> float(emd(p, g))
    2.0
    """
    check_profile(profile)
    pair(predicted, empirical, "saliency map", shares=True)
    p, g = np.asarray(predicted, dtype=np.float64), np.asarray(empirical, dtype=np.float64)
    binned = _binned_mit if profile == "mit" else _binned
    shape = p.shape[:-2]
    maps = zip(p.reshape(-1, *p.shape[-2:]), g.reshape(-1, *g.shape[-2:]), strict=True)
    return np.array([least_cost(*binned(*both)) for both in maps]).reshape(shape)


def _binned(p: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = (np.arange(0, n, BIN_PX) for n in p.shape)
    p, g = (np.add.reduceat(np.add.reduceat(m, rows, 0), columns, 1) for m in (p, g))
    return p / p.sum(), g / g.sum()


def _binned_mit(p: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    down, across = (shrink(n, -(-n // BIN_PX)) for n in p.shape)
    p, g = (down @ m @ across.T for m in (p, g))
    p = _with_histogram(p, g / g.max())
    return p / p.sum(), g / g.sum()


@cache
def shrink(n: int, m: int) -> np.ndarray:
    """Weights (m, n) of MATLAB's ``imresize``, antialiased bicubic, from n pixels to m.

    The filter is Keys' cubic with a = -1/2, widened by n / m; beyond the border the picture is its
    own mirror image; weights of a pixel sum to 1.
    """
    scale = n / m
    centre = (np.arange(m) + 0.5) * scale - 0.5
    reach = np.arange(np.floor(-2 * scale), np.ceil(2 * scale) + 2)
    at = np.floor(centre)[:, None] + reach
    x = np.abs(centre[:, None] - at) / scale
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    weight = np.where(x <= 1, near, np.where(x <= 2, far, 0.0))
    weight /= weight.sum(1, keepdims=True)
    mirrored = at.astype(np.intp) % (2 * n)
    mirrored = np.where(mirrored < n, mirrored, 2 * n - 1 - mirrored)
    result = np.zeros((m, n))
    np.add.at(result, (np.arange(m)[:, None], mirrored), weight)
    return result


def _with_histogram(p: np.ndarray, g: np.ndarray) -> np.ndarray:
    """`p` with its values moved, in order, so that their histogram becomes that of `g` in [0, 1].

    Both histograms have 256 cells, that of `g` about the grey levels 0, 1/255, ..., 1 and that of
    `p` between its extremes; the cumulative ones are matched by linear interpolation.
    """
    if np.ptp(p) <= 1e-9 * np.abs(p).max():  # constant but for rounding
        return np.full_like(p, g.mean())
    step = 1 / (LEVELS - 1)
    level = np.clip(np.floor(g.ravel() / step + 0.5), 0, LEVELS - 1).astype(np.intp)
    wanted = np.bincount(level, minlength=LEVELS).astype(np.float64)
    wanted += wanted.mean() / 1e8  # no empty cell, so that the cumulative histogram can be inverted
    found, edges = np.histogram(p, LEVELS)
    have = np.append(0.0, np.cumsum(found)) / found.sum()
    want = np.append(0.0, np.cumsum(wanted)) / wanted.sum()
    values = np.interp(have, want, (np.arange(LEVELS + 1) - 0.5) * step)
    quantile: np.ndarray = np.interp(p, edges, values)
    return quantile
