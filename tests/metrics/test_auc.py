"""The areas under ROC curves: by hand, by other code, and what they must not depend on."""

import math
from itertools import pairwise

import numpy as np
import pytest

from fusbench import metrics
from fusbench.errors import ConfigError, PredictionError

SHAPE = (19, 26)


def case(seed, *, ties=False, points=7):
    """A prediction, a fixation map with one pixel gazed at twice, and one of other pictures."""
    rng = np.random.default_rng(seed)
    predicted = rng.gamma(0.3, size=SHAPE)
    if ties:
        predicted = np.round(predicted * 3) + 1.0
    fixations, others = np.zeros(SHAPE, np.uint16), np.zeros(SHAPE, np.uint16)
    y, x = rng.integers(0, SHAPE[0], points), rng.integers(0, SHAPE[1], points)
    y[1], x[1] = y[0], x[0]
    np.add.at(fixations, (y, x), 1)
    np.add.at(others, (rng.integers(0, SHAPE[0], 60), rng.integers(0, SHAPE[1], 60)), 1)
    return predicted, fixations, others


def points_of(fixations):
    """Rows and columns, a pixel as often as it was gazed at."""
    return np.repeat(np.argwhere(fixations), fixations[fixations > 0], axis=0).T


def won(positives, negatives):
    """Mean over all pairs: 1 where the positive is higher, 1/2 where they are equal."""
    pairs = [(p > q) + 0.5 * (p == q) for p in positives for q in negatives]
    return math.fsum(pairs) / len(pairs)


def curve(points):
    """Area under straight lines through points (false, true)."""
    return math.fsum((x1 - x0) * (y0 + y1) / 2 for (x0, y0), (x1, y1) in pairwise(points))


def matlab_judd(p, fixations):
    """AUC_Judd.m without jitter, written out."""
    at = sorted((float(v) for v in p[fixations > 0]), reverse=True)
    k, n = len(at), p.size
    points = [(0.0, 0.0)]
    for i, threshold in enumerate(at, start=1):
        above = sum(float(v) >= threshold for v in p.ravel())
        points.append(((above - i) / (n - k), i / k))
    return curve([*points, (1.0, 1.0)])


def matlab_split(positives, negatives):
    """One split of AUC_Borji.m and AUC_shuffled.m: thresholds in steps of a tenth."""
    steps = [i / 10 for i in range(11) if i / 10 <= max(*positives, *negatives)]
    points = [(0.0, 0.0)]
    for threshold in reversed(steps):
        false = sum(v >= threshold for v in negatives) / len(negatives)
        points.append((false, sum(v >= threshold for v in positives) / len(positives)))
    return curve([*points, (1.0, 1.0)])


def scaled(p):
    return (p - p.min()) / (p.max() - p.min())


@pytest.fixture
def theirs(monkeypatch):
    """pysaliency's model of one prediction; NumPy 2 dropped a name that it still uses."""
    pysaliency = pytest.importorskip("pysaliency")
    monkeypatch.setattr(np, "trapz", getattr(np, "trapezoid", None), raising=False)

    class One(pysaliency.SaliencyMapModel):
        def __init__(self, prediction):
            super().__init__()
            self.prediction = prediction

        def _saliency_map(self, stimulus):
            return self.prediction

    def measure(method, predicted, *maps, **options):
        stimuli = pysaliency.Stimuli([np.full((*SHAPE, 3), n, np.uint8) for n in range(len(maps))])
        where = [points_of(m) for m in maps]
        gaze = pysaliency.Fixations.create_without_history(
            x=np.concatenate([x for _, x in where]),
            y=np.concatenate([y for y, _ in where]),
            n=np.repeat(np.arange(len(maps)), [len(x) for _, x in where]),
        )
        return np.asarray(getattr(One(predicted), method)(stimuli, gaze, **options))

    return measure


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_auc_against_pysaliency(theirs, seed, ties):
    predicted, fixations, others = case(seed, ties=ties)
    judd = theirs("AUC", predicted, fixations, nonfixations="unfixated")
    assert float(metrics.auc_judd(predicted, fixations)) == pytest.approx(float(judd), rel=1e-12)
    everywhere = theirs("AUC", predicted, fixations)
    assert float(metrics.auc_borji(predicted, fixations)) == pytest.approx(
        float(everywhere), rel=1e-12
    )
    shuffled = theirs("AUCs", predicted, fixations, others, nonfixations="shuffled")
    shuffled = shuffled[: fixations.sum()].mean()
    assert float(metrics.sauc(predicted, fixations, others)) == pytest.approx(shuffled, rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_judd_of_the_mit_profile_against_pysaliency_without_jitter(theirs, seed):
    predicted, fixations, _ = case(seed)
    once = (fixations > 0).astype(np.uint16)
    want = theirs("AUC_Judd", predicted, once, jitter=False)
    assert float(metrics.auc_judd(predicted, fixations, "mit")) == pytest.approx(
        float(want), rel=1e-12
    )


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_auc_against_all_pairs_and_the_matlab_code(seed, ties):
    p, fixations, others = case(seed, ties=ties)
    every, other = p[tuple(points_of(fixations))], p[tuple(points_of(others))]
    assert float(metrics.auc_judd(p, fixations)) == pytest.approx(won(every, p[fixations == 0]))
    assert float(metrics.auc_borji(p, fixations)) == pytest.approx(won(every, p.ravel()))
    assert float(metrics.sauc(p, fixations, others)) == pytest.approx(won(every, other))
    assert float(metrics.auc_judd(p, fixations, "mit")) == pytest.approx(matlab_judd(p, fixations))


@pytest.mark.parametrize("ties", [False, True])
def test_the_exact_expectation_of_a_draw_of_the_matlab_code(ties):
    """Against every draw that can be made: two gazed pixels, six others, all pairs of negatives."""
    p = np.array([[0.0, 0.13, 0.5, 0.55], [0.31, 1.0, 0.38, 0.7]])
    if ties:
        p = np.round(p, 1)
    fixations, others = np.zeros((2, 4), int), np.zeros((2, 4), int)
    fixations[0, 2], fixations[1, 2] = 3, 1
    others[0, 1] = others[1, 0] = others[1, 1] = others[0, 3] = 1
    positives = scaled(p)[fixations > 0]
    draws = [(a, b) for a in scaled(p).ravel() for b in scaled(p).ravel()]
    want = math.fsum(matlab_split(positives, draw) for draw in draws) / len(draws)
    assert float(metrics.auc_borji(p, fixations, "mit")) == pytest.approx(want, rel=1e-12)
    pool = scaled(p)[others > 0]
    draws = [(a, b) for i, a in enumerate(pool) for j, b in enumerate(pool) if i != j]
    want = math.fsum(matlab_split(positives, draw) for draw in draws) / len(draws)
    assert float(metrics.sauc(p, fixations, others, "mit")) == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("profile", metrics.PROFILES)
def test_draws_scatter_about_their_expectation(profile):
    p, fixations, others = case(4, points=20)
    for function, maps in ((metrics.auc_borji, ()), (metrics.sauc, (others,))):
        exact = float(function(p, fixations, *maps, profile))
        drawn = [
            float(function(p, fixations, *maps, profile, splits=100, seed=seed))
            for seed in range(40)
        ]
        assert len(set(drawn)) > 30
        assert drawn[3] == float(function(p, fixations, *maps, profile, splits=100, seed=3))
        assert np.std(drawn) < 0.015
        assert np.mean(drawn) == pytest.approx(exact, abs=4 * np.std(drawn) / np.sqrt(40))


@pytest.mark.parametrize("points", [1, 2, 5, 50])
def test_few_gaze_points_flatter_the_mit_profile(points):
    """Points placed by chance: 1/2 in "tuebingen", 1/2 + 1/(2 K + 2) by straight lines."""
    rng = np.random.default_rng(points)
    predicted = rng.random((400, *SHAPE))
    fixations = np.zeros((400, predicted[0].size), int)
    for row in fixations:
        row[rng.choice(row.size, points, replace=False)] = 1
    fixations = fixations.reshape(predicted.shape)
    assert metrics.auc_judd(predicted, fixations).mean() == pytest.approx(0.5, abs=0.05)
    flattered = 0.5 + 0.5 / (points + 1)
    assert metrics.auc_judd(predicted, fixations, "mit").mean() == pytest.approx(
        flattered, abs=0.04
    )


@pytest.mark.parametrize("profile", metrics.PROFILES)
def test_constant_best_and_worst_predictions(profile):
    _, fixations, others = case(0)
    others = np.where(fixations, 0, others)
    for value in (0.1, 1 / fixations.size, 3.0):
        flat = np.full(SHAPE, value)
        assert float(metrics.auc_judd(flat, fixations, profile)) == 0.5
        assert float(metrics.auc_borji(flat, fixations, profile)) == 0.5
        assert float(metrics.auc_borji(flat, fixations, profile, splits=5)) == 0.5
        assert float(metrics.sauc(flat, fixations, others, profile)) == 0.5
    best = (fixations > 0) + 0.0
    assert float(metrics.sauc(best, fixations, others, profile)) == 1
    assert float(metrics.sauc(1 - best, fixations, others, profile)) == 0
    if profile == "tuebingen":
        assert float(metrics.auc_judd(best, fixations)) == 1
        assert float(metrics.auc_judd(1 - best, fixations)) == 0


@pytest.mark.parametrize("profile", metrics.PROFILES)
@pytest.mark.parametrize("key", ["auc_judd", "auc_borji", "sauc"])
def test_batches_scale_and_type_do_not_matter(key, profile):
    function = getattr(metrics, key)
    cases = [case(seed) for seed in range(6)]
    maps = [np.stack([c[i] for c in cases]) for i in (0, 1, 2)][: 3 if key == "sauc" else 2]
    single = [float(function(*(m[i] for m in maps), profile)) for i in range(6)]
    batched = function(*(m.reshape(2, 3, *SHAPE) for m in maps), profile)
    assert batched.shape == (2, 3)
    assert batched.dtype == np.float64
    np.testing.assert_allclose(batched.ravel(), single, rtol=1e-14)
    np.testing.assert_allclose(function(8 * maps[0], *maps[1:], profile), single, rtol=1e-14)
    small = function(maps[0].astype(np.float32), *maps[1:], profile)
    np.testing.assert_allclose(small, single, rtol=1e-3)
    if key == "sauc":
        shared = function(*maps[:2], maps[2][0], profile)
        assert shared[1] == float(function(maps[0][1], maps[1][1], maps[2][0], profile))


def test_wrong_input_is_told():
    some, none = np.array([[1, 0], [0, 0]]), np.zeros((2, 2))
    with pytest.raises(ConfigError, match="the fixation map is empty. Leave out frames without"):
        metrics.auc_judd(np.ones((2, 2)), none)
    with pytest.raises(ConfigError, match="every pixel has a gaze point. Use auc_borji"):
        metrics.auc_judd(np.eye(2), np.ones((2, 2)))
    with pytest.raises(ConfigError, match="the map of other fixations is empty"):
        metrics.sauc(np.ones((2, 2)), some, none)
    with pytest.raises(PredictionError, match=r"a prediction \(2, 3\) meets a fixation map"):
        metrics.auc_borji(np.ones((2, 3)), some)
    with pytest.raises(ConfigError, match="0 splits cannot be drawn. Use splits=100"):
        metrics.auc_borji(np.eye(2), some, splits=0)
