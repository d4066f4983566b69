"""EMD against POT's own call on all bins, and against a limit on large frames."""

import time

import numpy as np
import pytest
from support.figures import note
from support.stopwatch import best

from fusbench import metrics
from fusbench.data.gaze import saliency_map
from fusbench.metrics.moving import by_pot


def maps(shape, sigma):
    """A prediction that is near the gaze, and the map of three gaze points."""
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0.2, 0.7, (2, 3)) * np.array(shape[::-1])[:, None]
    predicted = 0.6 * saliency_map(x + 9, y - 5, shape, 2 * sigma)
    predicted += 0.4 * rng.random(shape) / (0.5 * shape[0] * shape[1])
    return predicted / predicted.sum(), saliency_map(x, y, shape, sigma)


@pytest.fixture(scope="module")
def peer():
    pytest.importorskip("ot")
    by_pot()  # the first to import it does so without frameworks
    return pytest.importorskip("ot")


def test_distance_on_few_bins(benchmark, peer):
    """The whole metric of 224 x 288 pixels; POT's call is given the bins and their distances."""
    both = maps((224, 288), 12.0)
    bins = [m.reshape(7, 32, 9, 32).sum((1, 3)).ravel() for m in both]
    at = np.argwhere(np.ones((7, 9)))
    distance = np.linalg.norm(at[:, None] - at[None], axis=-1)

    def theirs():
        return peer.emd2(*bins, distance)

    def ours():
        return metrics.emd(*both)

    assert float(ours()) == pytest.approx(theirs(), rel=1e-12)
    benchmark(ours)
    times = best({"theirs": theirs, "ours": ours}, repeats=300, clock=time.process_time)
    ratio = times["ours"] / times["theirs"]
    spread = times.spread("ours", "theirs")
    note(benchmark, "EMD of 224 x 288, times POT's call", ratio, spread=spread, at_most=1.5)


def test_distance_on_large_frames(benchmark, peer):
    both = maps((1080, 1920), 50.0)
    times = best({"ours": lambda: metrics.emd(*both)}, repeats=3, clock=time.process_time)
    benchmark.pedantic(metrics.emd, args=both, rounds=1)
    note(benchmark, "EMD of 1080 x 1920, seconds a frame", times["ours"], at_most=1, held=False)
