"""KLD, SIM, NSS and CC: by hand, by other code, and what they must not depend on."""

import math

import numpy as np
import pytest
from scipy import stats
from support.metrics_by_hand import plain_scores

from fusbench import metrics
from fusbench.data.frames import fit_density
from fusbench.data.gaze import fixation_map, saliency_map
from fusbench.errors import ConfigError, PredictionError, UnknownName

FOUR = ("kld", "sim", "nss", "cc")


def case(seed, shape=(17, 23), points=4):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, shape[1] - 1, points), rng.uniform(0, shape[0] - 1, points)
    y[1], x[1] = y[0], x[0]  # two points in one pixel
    predicted = rng.gamma(0.3, size=shape)
    predicted /= predicted.sum()
    return predicted, saliency_map(x, y, shape, 2.0), fixation_map(x, y, shape), (x, y)


def matlab(predicted, empirical, fixations):
    """The MATLAB functions of Bylinskii et al., line by line in NumPy."""
    p, g = predicted / predicted.sum(), empirical / empirical.sum()
    eps = np.finfo(float).eps
    kld = np.sum(g * np.log(eps + g / (p + eps)))
    a = (predicted - predicted.min()) / (predicted.max() - predicted.min())
    b = (empirical - empirical.min()) / (empirical.max() - empirical.min())
    sim = np.sum(np.minimum(a / a.sum(), b / b.sum()))
    z = (predicted - predicted.mean()) / predicted.std(ddof=1)
    return {
        "kld": kld,
        "sim": sim,
        "nss": z[fixations > 0].mean(),
        "cc": stats.pearsonr(predicted.ravel(), empirical.ravel()).statistic,
    }


@pytest.mark.parametrize("seed", range(5))
def test_tuebingen_against_plain_python(seed):
    predicted, empirical, fixations, points = case(seed)
    want = plain_scores(predicted, *points, sigma=2.0)
    for key in FOUR:
        second = fixations if key == "nss" else empirical
        assert float(getattr(metrics, key)(predicted, second)) == pytest.approx(
            want[key], rel=1e-9
        ), key


@pytest.mark.parametrize("seed", range(5))
def test_mit_against_the_matlab_code(seed):
    predicted, empirical, fixations, _ = case(seed)
    want = matlab(predicted, empirical, fixations)
    for key in FOUR:
        second = fixations if key == "nss" else empirical
        got = float(getattr(metrics, key)(predicted, second, "mit"))
        assert got == pytest.approx(want[key], rel=1e-9), key


@pytest.mark.parametrize("seed", range(3))
def test_tuebingen_against_pysaliency(seed):
    theirs = pytest.importorskip("pysaliency.metrics")
    predicted, empirical, fixations, (x, y) = case(seed, (40, 50))
    predicted = predicted + 1e-6  # theirs writes epsilon with five digits, which a zero would show
    assert float(metrics.kld(predicted, empirical)) == pytest.approx(
        theirs.MIT_KLDiv(predicted, empirical), rel=1e-9
    )
    assert float(metrics.sim(predicted, empirical)) == pytest.approx(
        theirs.SIM(predicted, empirical), rel=1e-9
    )
    assert float(metrics.cc(predicted, empirical)) == pytest.approx(
        theirs.CC(predicted, empirical), rel=1e-9
    )
    at = np.rint(x).astype(int), np.rint(y).astype(int)
    assert float(metrics.nss(predicted, fixations)) == pytest.approx(
        np.mean(theirs.NSS(predicted, *at)), rel=1e-9
    )


def test_by_hand():
    """A 2 x 2 picture: half of the prediction on the pixel where all gaze is."""
    predicted = np.array([[0.5, 0.25], [0.125, 0.125]])
    empirical = np.array([[1.0, 0.0], [0.0, 0.0]])
    fixations = np.array([[3, 0], [0, 0]])
    assert float(metrics.kld(predicted, empirical)) == pytest.approx(math.log(2))
    assert float(metrics.sim(predicted, empirical)) == pytest.approx(0.5)
    # mean 1/4, deviations 1/4, 0, -1/8, -1/8: their squares sum to 3/32
    assert float(metrics.nss(predicted, fixations)) == pytest.approx(0.25 / math.sqrt(3 / 128))
    assert float(metrics.nss(predicted, fixations, "mit")) == pytest.approx(
        0.25 / math.sqrt(1 / 32)
    )
    assert float(metrics.cc(predicted, empirical)) == pytest.approx(0.25 / math.sqrt(3 / 32 * 0.75))
    # scaled to 0..1, the prediction is 1, 1/3, 0, 0, and 3/4 of its mass is on the first pixel
    assert float(metrics.sim(predicted, empirical, "mit")) == pytest.approx(0.75)


def test_points_in_one_pixel_count_each_or_once():
    predicted = np.array([[0.7, 0.1], [0.1, 0.1]])
    fixations = np.array([[3, 1], [0, 0]])
    z = (predicted - 0.25) / predicted.std()
    assert float(metrics.nss(predicted, fixations)) == pytest.approx((3 * z[0, 0] + z[0, 1]) / 4)
    scale = predicted.std() / predicted.std(ddof=1)
    assert float(metrics.nss(predicted, fixations, "mit")) == pytest.approx(
        scale * (z[0, 0] + z[0, 1]) / 2
    )


@pytest.mark.parametrize("profile", metrics.PROFILES)
def test_a_constant_prediction_is_chance(profile):
    _, empirical, fixations, _ = case(0)
    for value in (1 / 391, 1.0, 0.1):
        flat = np.full((17, 23), value)
        assert float(metrics.nss(flat, fixations, profile)) == 0
        assert float(metrics.cc(flat, empirical, profile)) == 0
        assert np.isfinite(metrics.sim(flat, empirical, profile))
        assert np.isfinite(metrics.kld(flat, empirical, profile))


@pytest.mark.parametrize("profile", metrics.PROFILES)
def test_a_perfect_prediction_is_best(profile):
    _, empirical, _, _ = case(1)
    assert abs(float(metrics.kld(empirical, empirical, profile))) < 1e-12
    assert float(metrics.sim(empirical, empirical, profile)) == pytest.approx(1)
    assert float(metrics.cc(empirical, empirical, profile)) == pytest.approx(1)


@pytest.mark.parametrize("profile", metrics.PROFILES)
@pytest.mark.parametrize("key", FOUR)
def test_batches_scale_and_type_do_not_matter(key, profile):
    function = getattr(metrics, key)
    cases = [case(seed) for seed in range(6)]
    first = np.stack([c[0] for c in cases])
    second = np.stack([c[2 if key == "nss" else 1] for c in cases])
    single = [float(function(p, q, profile)) for p, q in zip(first, second, strict=True)]
    shape = (2, 3, 17, 23)
    batched = function(first.reshape(shape), second.reshape(shape), profile)
    np.testing.assert_allclose(batched.ravel(), single, rtol=1e-12)
    np.testing.assert_allclose(function(7 * first, second, profile), single, rtol=1e-9)
    small = function(first.astype(np.float32), second, profile)
    assert small.dtype == np.float64
    np.testing.assert_allclose(small, single, rtol=1e-5)


@pytest.mark.parametrize("profile", metrics.PROFILES)
@pytest.mark.parametrize("seed", range(4))
def test_all_at_once_equals_one_by_one(profile, seed):
    predicted, empirical, fixations, _ = case(seed)
    scores = metrics.score_frame(predicted, empirical, fixations, profile)
    assert list(scores) == list(metrics.METRICS)
    for key, metric in metrics.METRICS.items():
        second = fixations if metric.needs == ("fixations",) else empirical
        alone = float(metric.function(predicted, second, profile))
        assert scores[key] == pytest.approx(alone, rel=1e-11), key


@pytest.mark.parametrize("level", [0.0, 1e-12, 1e-7, 1e-3])
def test_all_at_once_of_nearly_flat_maps(level):
    """Where one-pass sums would cancel."""
    predicted, empirical, fixations, _ = case(3)
    flat = np.full((17, 23), 1 / 391)
    near = (1 - level) * flat + level * predicted
    near /= near.sum()
    scores = metrics.score_frame(near, empirical, fixations)
    assert scores["nss"] == pytest.approx(float(metrics.nss(near, fixations)), rel=1e-6, abs=1e-9)
    assert scores["cc"] == pytest.approx(float(metrics.cc(near, empirical)), rel=1e-6, abs=1e-9)


def test_wrong_input_is_told():
    with pytest.raises(
        PredictionError, match=r"a prediction \(2, 3\) meets a saliency map \(3, 2\)"
    ):
        metrics.kld(np.ones((2, 3)), np.ones((3, 2)))
    with pytest.raises(
        ConfigError, match="the fixation map is empty. Leave out frames without gaze"
    ):
        metrics.nss(np.ones((2, 2)), np.zeros((2, 2)))
    with pytest.raises(UnknownName, match="Did you mean 'mit'"):
        metrics.sim(np.ones((2, 2)), np.ones((2, 2)), "mti")


@pytest.mark.parametrize(
    ("density", "words"),
    [
        (np.full((2, 3), 1 / 4), "here: the density has shape 2 x 3, not 2 x 2"),
        (
            np.array([[0.5, 0.6], [-0.1, 0.0]]),
            "here: the density has negative values, down to -0.1",
        ),
        (np.array([[0.5, np.nan], [0.5, 0.0]]), "here: the density has values that are not finite"),
        (np.array([[0.5, np.inf], [0.5, 0.0]]), "here: the density has values that are not finite"),
        (np.full((2, 2), 0.2), "here: the density sums to 0.8000, not 1. Normalise the output"),
        (np.array([["a", "b"], ["c", "d"]]), "here: the density holds"),
        (np.full((2, 2), 0.25, np.float16), "here: the density holds float16, whose small values"),
    ],
)
def test_what_is_no_density(density, words):
    with pytest.raises(PredictionError) as error:
        metrics.check_density(density, (2, 2), "here")
    assert str(error.value).startswith(words)


ONES, POINT = np.ones((2, 2)), np.array([[1, 0], [0, 0]])
TWO_MAPS = ("kld", "sim", "cc", "emd")
AT_GAZE = ("nss", "ig", "auc_judd", "auc_borji", "sauc")


@pytest.mark.parametrize("name", [*TWO_MAPS, *AT_GAZE])
def test_metrics_refuse_what_is_no_map(name):
    """What would give a score of NaN, or a score of something else, is told."""
    more = {"ig": (ONES,), "sauc": (ONES.astype(int),)}.get(name, ())

    def score(predicted, target=ONES / 4 if name in TWO_MAPS else POINT):
        return getattr(metrics, name)(predicted, target, *more)

    assert np.isfinite(score(np.array([[0.5, 0.2], [0.2, 0.1]])))
    with pytest.raises(PredictionError, match="values that are not finite"):
        score(np.array([[np.nan, 1.0], [1.0, 1.0]]))
    with pytest.raises(PredictionError, match="float16 has lost its small values"):
        score(ONES.astype(np.float16))
    for odd in (ONES.astype(complex), ONES.astype(object), ONES.astype(str)):
        with pytest.raises(PredictionError, match="a prediction holds"):
            score(odd)
        with pytest.raises(ConfigError, match=r"the (saliency|fixation) map holds"):
            score(ONES, odd)
    hidden = np.ma.masked_array(ONES, [[True, False], [False, False]])
    with pytest.raises(PredictionError, match="a prediction has masked values"):
        score(hidden)
    with pytest.raises(ConfigError, match="map has masked values"):
        score(ONES, hidden)
    if name in TWO_MAPS:
        with pytest.raises(ConfigError, match="the saliency map of float16 has lost its small"):
            score(ONES, ONES.astype(np.float16))
    with pytest.raises(ConfigError, match="has values that are not finite"):
        score(ONES, np.array([[np.nan, 1.0], [1.0, 1.0]]))
    with pytest.raises(ConfigError, match="has negative values"):
        score(ONES, np.array([[3.0, -1.0], [1.0, 1.0]]))
    if name in AT_GAZE:
        with pytest.raises(ConfigError, match="holds fractions of points, as a density does"):
            score(ONES, ONES / 4)
    if name in (*TWO_MAPS, "ig") and name != "cc":
        with pytest.raises(PredictionError, match="has negative values, down to -1"):
            score(np.array([[3.0, -1.0], [1.0, 1.0]]))
        with pytest.raises(PredictionError, match="a prediction is empty"):
            score(0 * ONES)


def test_a_baseline_of_float16_is_refused():
    with pytest.raises(ConfigError, match="the baseline of float16 has lost its small values"):
        metrics.ig(ONES, POINT, ONES.astype(np.float16))


@pytest.mark.parametrize(("x", "y"), [(np.nan, 0.0), (-0.6, 0.0), (0.0, 1.6), (3.0, 0.0)])
def test_points_outside_are_told(x, y):
    with pytest.raises(ConfigError, match=r"a gaze point: [xy]_px is .*, outside 0 to"):
        fixation_map(np.array([x]), np.array([y]), (2, 3))


@pytest.mark.parametrize("shape", [(225, 289), (56, 72), (300, 301), (7, 500)])
def test_a_constant_prediction_is_chance_at_any_size(shape):
    """Resizing must not make a pattern of rounding, nor a ranking of it."""
    constant = np.full(shape, np.float32(1) / (shape[0] * shape[1]))
    density = fit_density(metrics.check_density(constant, shape, "here"), (224, 288))
    target = fixation_map(np.array([3.0, 80.0]), np.array([9.0, 100.0]), (224, 288))
    assert metrics.nss(density, target) == 0
    assert metrics.auc_judd(density, target) == 0.5
    assert metrics.cc(density, saliency_map(np.array([3.0]), np.array([9.0]), (224, 288), 5)) == 0
    noisy = density * (1 + 1e-14 * np.random.default_rng(0).standard_normal((224, 288)))
    assert metrics.nss(noisy, target) == 0


def test_a_sum_close_to_one_is_mended():
    checked = metrics.check_density(np.full((2, 2), 0.2502, np.float32), (2, 2), "here")
    assert checked.dtype == np.float64
    assert checked.sum() == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize("kernel", ["numpy", "numba"])
@pytest.mark.parametrize("profile", ["mit", "tuebingen"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("place", [(0, 0), (20, 30), (47, 63)])
def test_auc_judd_finds_what_is_no_number_wherever_it_is(kernel, profile, bad, place):
    """It ranks in blocks, and looks at most of them once."""
    if kernel == "numba":
        pytest.importorskip("numba")
    predicted = np.random.default_rng(0).random((48, 64)) / 100
    fixations = np.zeros((48, 64), np.uint16)
    fixations[20, 30] = 1
    predicted[20, 30] = 1
    with metrics.kernel(kernel):
        assert 0.5 < float(metrics.auc_judd(predicted, fixations, profile)) <= 1
        predicted[place] = bad
        with pytest.raises(PredictionError, match="values that are not finite"):
            metrics.auc_judd(predicted, fixations, profile)
