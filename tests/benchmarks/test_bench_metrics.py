"""Saliency maps against SciPy's filter, and four metrics against a plain NumPy version."""

import time

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from support.figures import note
from support.stopwatch import best

from fusbench import metrics
from fusbench.data.gaze import fixation_map, saliency_map

SHAPE, SIGMA = (224, 288), 12.0
PRODUCT = (
    "The matrix product over three points alone takes half of it, as long as two copies; the rest "
    "are the exponentials of a row and a column, and a dozen calls."
)


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(60, 200, 3), rng.uniform(60, 160, 3)
    logits = gaussian_filter(rng.normal(size=SHAPE), 12) * 60
    predicted = np.exp(logits - logits.max())
    return predicted / predicted.sum(), x, y


def filtered(x, y):
    impulse = np.zeros(SHAPE)
    np.add.at(impulse, (np.rint(y).astype(int), np.rint(x).astype(int)), 1.0)
    made = gaussian_filter(impulse, SIGMA)
    return made / made.sum()


def plain(p, g, fixations):
    """The four metrics as one would write them down."""
    eps = np.finfo(float).eps
    p, g = p / p.sum(), g / g.sum()
    kld = np.sum(g * np.log(eps + g / (p + eps)))
    sim = np.sum(np.minimum(p, g))
    z = (p - p.mean()) / p.std()
    nss = np.sum(z * fixations) / fixations.sum()
    return kld, sim, nss, np.corrcoef(p.ravel(), g.ravel())[0, 1]


def test_saliency_map(benchmark, frame):
    _, x, y = frame
    made = benchmark(saliency_map, x, y, SHAPE, SIGMA)
    copy = np.empty_like(made)
    times = best(
        {
            "scipy": lambda: filtered(x, y),
            "ours": lambda: saliency_map(x, y, SHAPE, SIGMA),
            "copy": lambda: np.copyto(copy, made),
        },
        calls=5,
        repeats=40,
        clock=time.process_time,
    )
    rounded = saliency_map(np.rint(x), np.rint(y), SHAPE, SIGMA)
    assert np.abs(rounded - filtered(x, y)).max() < 2e-3 * rounded.max()
    ratio = times["scipy"] / times["ours"]
    spread = times.spread("scipy", "ours")
    what = "saliency map, times faster than SciPy"
    note(benchmark, what, ratio, spread=spread, at_least=100, holds=60, why=PRODUCT)
    ratio, spread = times["ours"] / times["copy"], times.spread("ours", "copy")
    what = "saliency map, times a copy of it"
    note(benchmark, what, ratio, spread=spread, at_most=3, holds=6, why=PRODUCT)


def test_four_metrics(benchmark, frame):
    predicted, x, y = frame
    empirical, fixations = saliency_map(x, y, SHAPE, SIGMA), fixation_map(x, y, SHAPE)
    scores = benchmark(metrics.score_frame, predicted, empirical, fixations)
    np.testing.assert_allclose(list(scores.values()), plain(predicted, empirical, fixations))
    times = best(
        {
            "plain": lambda: plain(predicted, empirical, fixations),
            "ours": lambda: metrics.score_frame(predicted, empirical, fixations),
        },
        calls=5,
        repeats=40,
        clock=time.process_time,
    )
    ratio = times["plain"] / times["ours"]
    spread = times.spread("plain", "ours")
    note(
        benchmark, "four metrics, times faster than plain NumPy", ratio, spread=spread, at_least=1.3
    )
