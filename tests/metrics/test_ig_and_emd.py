"""Information gain and earth mover's distance: by hand, by other code, by other solvers."""

import math
import subprocess
import sys

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from fusbench import metrics
from fusbench.errors import ConfigError, PredictionError
from fusbench.metrics import lasting, moving
from fusbench.metrics.transport import shrink

EPS = 2.0**-52


def densities(seed, shape=(15, 21), n=2):
    made = np.random.default_rng(seed).gamma(0.4, size=(n, *shape))
    return made / made.sum((1, 2), keepdims=True)


def gaze(seed, shape=(15, 21), points=6):
    rng = np.random.default_rng(seed)
    fixations = np.zeros(shape, np.uint16)
    y, x = rng.integers(0, shape[0], points), rng.integers(0, shape[1], points)
    y[1], x[1] = y[0], x[0]
    np.add.at(fixations, (y, x), 1)
    return fixations, x, y


@pytest.mark.parametrize("seed", range(3))
def test_information_gain_in_plain_python(seed):
    (p, b), (fixations, x, y) = densities(seed), gaze(seed)
    want = math.fsum(
        math.log2(p[r, c]) - math.log2(b[r, c]) for r, c in zip(y, x, strict=True)
    ) / len(x)
    assert float(metrics.ig(p, fixations, b)) == pytest.approx(want, rel=1e-12)
    q, d = ((m - m.min()) / (m.max() - m.min()) for m in (p, b))
    q, d = q / q.sum(), d / d.sum()
    once = sorted({(r, c) for r, c in zip(y.tolist(), x.tolist(), strict=True)})
    want = math.fsum(math.log2(EPS + q[at]) - math.log2(EPS + d[at]) for at in once) / len(once)
    assert float(metrics.ig(p, fixations, b, "mit")) == pytest.approx(want, rel=1e-12)


def test_information_gain_against_pysaliency():
    pysaliency = pytest.importorskip("pysaliency")

    class One(pysaliency.Model):
        def __init__(self, density):
            super().__init__()
            self.density = density

        def _log_density(self, stimulus):
            return np.log(self.density)

    (p, b), (fixations, x, y) = densities(7), gaze(7)
    stimuli = pysaliency.Stimuli([np.zeros((*p.shape, 3), np.uint8)])
    points = pysaliency.Fixations.create_without_history(x=x, y=y, n=np.zeros(len(x), int))
    want = One(p).information_gain(stimuli, points, baseline_model=One(b))
    assert float(metrics.ig(p, fixations, b)) == pytest.approx(float(want), rel=1e-12)


@pytest.mark.parametrize("profile", metrics.PROFILES)
def test_a_missed_gaze_point_costs_at_most_52_bits(profile):
    p, fixations = np.array([[0.0, 1.0]]), np.array([[1, 0]])
    uniform = np.full((1, 2), 0.5)
    assert float(metrics.ig(p, fixations, uniform, profile)) == pytest.approx(-51)
    assert float(metrics.ig(uniform, fixations, p, profile)) == pytest.approx(51)
    assert float(metrics.ig(p, fixations, p, profile)) == 0


def test_information_gain_of_batches():
    p, b = densities(1, n=6), densities(2, n=1)[0]
    fixations = np.stack([gaze(seed)[0] for seed in range(6)])
    for profile in metrics.PROFILES:
        single = [float(metrics.ig(*both, b, profile)) for both in zip(p, fixations, strict=True)]
        shape = (2, 3, *b.shape)
        batched = metrics.ig(p.reshape(shape), fixations.reshape(shape), b, profile)
        np.testing.assert_allclose(batched.ravel(), single, rtol=1e-13)
        np.testing.assert_allclose(metrics.ig(5 * p, fixations, 3 * b, profile), single, rtol=1e-9)


def test_distance_along_a_line_is_that_of_cumulative_sums():
    rng = np.random.default_rng(0)
    p, g = rng.gamma(0.3, size=(2, 20, 32 * 40))
    bins = [m.reshape(20, 40, 32).sum((0, 2)) for m in (p, g)]
    p_bins, g_bins = (b / b.sum() for b in bins)
    want = np.abs(np.cumsum(p_bins - g_bins)).sum()
    assert float(metrics.emd(p, g)) == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_distance_in_the_plane_against_an_assignment(seed):
    """Maps of equal grains: the cheapest pairing of grains, by another algorithm."""
    rng = np.random.default_rng(seed)
    grains = 60
    maps, places = [], []
    for _ in range(2):
        at = rng.integers(0, (5, 6), (grains, 2))
        m = np.zeros((5 * 32 - 9, 6 * 32 - 20))  # tiles at the edges are smaller
        np.add.at(m, tuple((at * 32 + rng.integers(0, 12, at.shape)).T), 1.0)
        maps.append(m)
        places.append(at)
    cost = np.linalg.norm(places[0][:, None] - places[1][None], axis=-1)
    want = cost[linear_sum_assignment(cost)].sum() / grains
    assert float(metrics.emd(*maps)) == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_solvers_of_the_transport_problem_agree(seed):
    """HiGHS and POT, and either against an assignment: mass in grains, some of them shared."""
    rng = np.random.default_rng(seed)
    grains = 40
    p, g = (np.zeros((4, 5)) for _ in range(2))
    at = rng.integers(0, p.shape, (2, grains, 2))
    for m, places in zip((p, g), at, strict=True):
        np.add.at(m, tuple(places.T), 1 / grains)
    cost = np.linalg.norm(at[0][:, None] - at[1][None], axis=-1)
    want = cost[linear_sum_assignment(cost)].sum() / grains
    assert moving.least_cost(p, g, moving.by_linear_programming) == pytest.approx(want, rel=1e-12)
    pytest.importorskip("ot")
    assert moving.least_cost(p, g, moving.by_pot()) == pytest.approx(want, rel=1e-12)
    uneven = densities(seed, (4, 5))
    by_both = [
        moving.least_cost(*uneven, s) for s in (moving.by_linear_programming, moving.by_pot())
    ]
    assert by_both[0] == pytest.approx(by_both[1], rel=1e-12)


def test_a_transport_problem_that_is_not_solved_to_its_end_has_no_cost(monkeypatch):
    pytest.importorskip("ot")
    monkeypatch.setattr(moving, "MOST_PIVOTS", 1)
    with pytest.raises(PredictionError, match="no solution: numItermax reached"):
        moving.least_cost(*densities(0, (4, 5)), moving.by_pot())


def test_no_framework_is_imported_for_distances():
    pytest.importorskip("ot")
    code = """if True:
        import os, sys
        from fusbench.metrics.moving import by_pot
        by_pot()
        assert "ot" in sys.modules
        print({"torch", "tensorflow", "jax", "cupy"} & set(sys.modules))
        print([name for name in os.environ if name.startswith("POT_")])
    """
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["set()", "[]"]


def bicubic(signal, m):
    """`imresize` of a line, pixel by pixel, from the definition of its filter."""

    def kernel(x):
        x = abs(x)
        if x <= 1:
            return 1.5 * x**3 - 2.5 * x**2 + 1
        return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x <= 2 else 0.0

    scale = m / len(signal)
    ring = [*signal, *reversed(signal)]
    out = []
    for i in range(1, m + 1):
        u = i / scale + 0.5 * (1 - 1 / scale)  # counted from 1
        taps = range(math.floor(u - 2 / scale), math.ceil(u + 2 / scale) + 1)
        weights = [scale * kernel(scale * (u - j)) for j in taps]
        values = [ring[(j - 1) % len(ring)] for j in taps]
        out.append(
            math.sumprod(weights, values)
            if hasattr(math, "sumprod")
            else float(np.dot(weights, values))
        )
        out[-1] /= math.fsum(weights)
    return out


@pytest.mark.parametrize(("n", "m"), [(224, 7), (288, 9), (100, 4), (33, 2), (20, 1)])
def test_shrinking_is_that_of_matlab(n, m):
    signal = np.random.default_rng(n).random(n)
    np.testing.assert_allclose(shrink(n, m) @ signal, bicubic(signal.tolist(), m), rtol=1e-12)
    np.testing.assert_allclose(shrink(n, m).sum(1), 1)


def test_the_mit_distance_sees_ranks_not_heights():
    """Its histogram matching undoes what a monotone change of the prediction did."""
    rng = np.random.default_rng(3)
    tiles = rng.random((2, 6, 7))
    p, g = (np.kron(m, np.ones((32, 32))) for m in tiles)
    same = float(metrics.emd(p, g, "mit"))
    assert float(metrics.emd(3 * p + 2, g, "mit")) == pytest.approx(same, rel=1e-6)
    assert float(metrics.emd(3 * p + 2, g)) < 0.8 * float(metrics.emd(p, g))
    assert float(metrics.emd(g, g, "mit")) < 0.05  # the matching itself is worth this much
    assert float(metrics.emd(g, g)) == 0


def histo_match(values, grid):
    """Histogram matching as the MATLAB code's helper does it, value by value."""
    counts = [0] * 256
    for v in grid:
        counts[min(max(math.floor(v * 255 + 0.5), 0), 255)] += 1
    extra = sum(counts) / 256 / 1e8
    counts = [c + extra for c in counts]
    low, high = min(values), max(values)
    width = (high - low) / 256
    own = [0] * 256
    for v in values:
        own[min(int((v - low) / width), 255)] += 1
    nc = [math.fsum(counts[:i]) / math.fsum(counts) for i in range(257)]
    oc = [sum(own[:i]) / len(values) for i in range(257)]
    nx = [(i - 0.5) / 255 for i in range(257)]

    def line(xs, ys, x):
        for i in range(len(xs) - 1):
            if xs[i] <= x <= xs[i + 1] and xs[i + 1] > xs[i]:
                return ys[i] + (ys[i + 1] - ys[i]) * (x - xs[i]) / (xs[i + 1] - xs[i])
        return ys[-1]

    moved = [line(nc, nx, c) for c in oc]
    edges = [low + i * width for i in range(257)]
    return [line(edges, moved, v) for v in values]


def test_the_mit_distance_along_a_line():
    """A line of bins, with filter, histograms and distance each written out again.

    Inverting a histogram with cells that are all but empty loses half of a double's digits.
    """
    p, g = np.random.default_rng(5).random((2, 32 * 12)) ** 3
    p_bins, g_bins = bicubic(p.tolist(), 12), bicubic(g.tolist(), 12)
    g_bins = [v / max(g_bins) for v in g_bins]
    p_bins = histo_match(p_bins, g_bins)
    p_bins, g_bins = (np.array(b) / math.fsum(b) for b in (p_bins, g_bins))
    want = np.abs(np.cumsum(p_bins - g_bins)).sum()
    got = float(metrics.emd(np.tile(p, (32, 1)), np.tile(g, (32, 1)), "mit"))
    assert got == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize("profile", metrics.PROFILES)
def test_distances_of_batches_and_of_constant_maps(profile):
    p, g = densities(3, (70, 90), 4), densities(4, (70, 90), 4)
    single = [float(metrics.emd(*both, profile)) for both in zip(p, g, strict=True)]
    batched = metrics.emd(p.reshape(2, 2, 70, 90), g.reshape(2, 2, 70, 90), profile)
    np.testing.assert_allclose(batched.ravel(), single, rtol=1e-12)
    flat = np.full((70, 90), 0.3)
    assert np.isfinite(metrics.emd(flat, g[0], profile))
    assert float(metrics.emd(flat, 2 * flat, profile)) == pytest.approx(0, abs=1e-12)
    with pytest.raises(ConfigError, match="the saliency map is empty"):
        metrics.emd(flat, 0 * flat, profile)
    with pytest.raises(PredictionError, match="meets a saliency map"):
        metrics.emd(flat, flat.T, profile)


def test_what_is_known_of_a_map_is_of_that_map_and_only_while_it_cannot_change():
    """Another map in the same memory, or the same map written to, is looked at anew."""
    p, fixations = densities(3)[0], gaze(3)[0]
    want = {seed: float(metrics.ig(p, fixations, densities(seed)[0].copy())) for seed in range(20)}
    assert len(set(want.values())) == 20
    for seed, value in want.items():  # each in the memory that the one before has left
        baseline = lasting.settled(densities(seed)[0])
        assert [float(metrics.ig(p, fixations, baseline)) for _ in range(2)] == [value, value]
        del baseline
    changing = densities(0)[0].copy()
    assert float(metrics.ig(p, fixations, changing)) == want[0]
    changing[:] = densities(1)[0]
    assert float(metrics.ig(p, fixations, changing)) == want[1]
    changing.flags.writeable = False  # for as long as its owner wants
    assert float(metrics.ig(p, fixations, changing)) == want[1]
    changing.flags.writeable = True
    changing[:] = densities(3)[0]
    changing.flags.writeable = False
    assert float(metrics.ig(p, fixations, changing)) == want[3]
    changing.flags.writeable = True
    window = changing.view()
    window.flags.writeable = False  # whoever has the map itself may write to it
    assert float(metrics.ig(p, fixations, window)) == want[3]
    changing[:] = densities(2)[0]
    assert float(metrics.ig(p, fixations, window)) == want[2]
    assert not [known for known in lasting._found.values() if known[lasting.settled]() is None]
