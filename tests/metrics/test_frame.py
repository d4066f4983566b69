"""Any metrics of one frame, and the kernels that compute them."""

import math
from functools import partial

import numpy as np
import pytest

from fusbench import metrics
from fusbench.data.gaze import fixation_map, saliency_map
from fusbench.errors import ConfigError, PluginError, UnknownName
from fusbench.metrics import kernels

SHAPE = (37, 51)
ALL = ("kld", "sim", "nss", "cc", "auc-judd", "auc-borji", "sauc", "ig", "emd")


def frame(seed, sigma=2.0, power=1.0):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, SHAPE[1] - 1, 5), rng.uniform(0, SHAPE[0] - 1, 5)
    predicted = rng.gamma(0.3, size=SHAPE) ** power
    return predicted / predicted.sum(), {
        "empirical": saliency_map(x, y, SHAPE, sigma),
        "fixations": fixation_map(x, y, SHAPE),
        "gaze": np.stack([x, y], axis=1),
        "other_fixations": fixation_map(y, x % SHAPE[0], SHAPE),
        "baseline": saliency_map(np.array([20.0]), np.array([20.0]), SHAPE, 15.0),
    }


def test_all_metrics_at_once_equal_the_functions():
    predicted, target = frame(0)
    for profile in metrics.PROFILES:
        scores = metrics.score(predicted, target, metrics.select(ALL), profile)
        assert tuple(scores) == ALL
        for key, value in scores.items():
            needed = (target[name] for name in metrics.metric(key).needs)
            alone = getattr(metrics, key.replace("-", "_"))(predicted, *needed, profile)
            assert value == pytest.approx(float(alone), rel=1e-11), (key, profile)


def test_some_of_the_four_equal_all_of_them():
    predicted, target = frame(1)
    four = metrics.score_frame(predicted, target["empirical"], target["fixations"])
    for key, value in four.items():
        alone = metrics.score(predicted, target, metrics.select([key]))
        assert alone == {key: pytest.approx(value, rel=1e-11)}


def test_each_input_that_can_be_needed_is_described():
    assert {name for key in ALL for name in metrics.metric(key).needs} < set(metrics.NEEDS)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("sigma", "power"), [(2.0, 1.0), (0.7, 1.0), (9.0, 3.0), (2.0, 12.0)])
def test_both_kernels_give_the_same_scores(seed, sigma, power):
    """Sharp and smooth maps, with values from zero through the subnormal to nearly one."""
    pytest.importorskip("numba")
    predicted, target = frame(seed, sigma, power)
    predicted[:3] = [[0.0], [1e-310], [2.0**-52]]
    for scale in (1.0, 0.25 / predicted.sum()):
        maps = scale * predicted / predicted.sum(), target
        chosen = metrics.select(ALL)
        for profile in metrics.PROFILES:
            plain = metrics.score(*maps, chosen, profile)
            with metrics.kernel("numba"):
                fast = metrics.score(*maps, chosen, profile)
            for key in ALL:
                assert fast[key] == pytest.approx(plain[key], rel=1e-12, abs=1e-12), key
            for key in ("auc-judd", "auc-borji", "sauc"):
                assert fast[key] == plain[key]  # counts


@pytest.mark.parametrize("name", kernels.KERNELS)
@pytest.mark.parametrize("scale", [1.0, 3.0])
@pytest.mark.parametrize("shape", [(101, 127), (229, 331)])
@pytest.mark.parametrize("sigma", [3.0, 40.0])
def test_gaze_at_one_place_of_a_large_picture(name, scale, shape, sigma):
    """Pixel by pixel with exact sums; a prediction that is nearly nothing where nobody looked.

    The larger one is gone through in parts, of which none, one or all hold gaze.
    """
    if name == "numba":
        pytest.importorskip("numba")
    rng = np.random.default_rng(3)
    g = saliency_map(np.array([40.3, 44.0]), np.array([31.2, 30.0]), shape, sigma)
    p = rng.gamma(0.1, size=g.shape) ** 9 + 0.1 * g
    p[::3] = 0.0
    p /= p.sum()
    pairs = list(zip(p.ravel().tolist(), g.ravel().tolist(), strict=True))
    eps, n = 2.0**-52, p.size
    kld = math.fsum(b * math.log(eps + b / (a + eps)) for a, b in pairs)
    sim = math.fsum(min(a, b) for a, b in pairs)
    over = [(a - 1 / n, b - 1 / n) for a, b in pairs]
    square_p, square_g = (math.fsum(pair[k] ** 2 for pair in over) for k in (0, 1))
    cc = math.fsum(a * b for a, b in over) / math.sqrt(square_p * square_g)
    with metrics.kernel(name):
        total, divergence, shared, pp, gg, pg = kernels.active().four_sums(
            scale * p.ravel(), g.ravel() / scale
        )
    assert total == pytest.approx(scale, rel=1e-13)
    assert divergence == pytest.approx(kld, abs=1e-12)
    assert shared == pytest.approx(sim, abs=1e-12)
    found = (pg - 1 / n) / math.sqrt((pp - 1 / n) * (gg - 1 / n))
    assert found == pytest.approx(cc, abs=1e-12)


@pytest.mark.parametrize("name", kernels.KERNELS)
@pytest.mark.parametrize("n", [3, 8, 1001, 4096])
def test_how_many_pixels_lie_below(name, n):
    if name == "numba":
        pytest.importorskip("numba")
    ranks = np.random.default_rng(n).permutation(n).astype(float)  # so r pixels lie below rank r
    with metrics.kernel(name):
        for lowest in (0, n // 2, n - 2):  # nearly all, half, and nearly no pixels left to compare
            values = np.array([n - 1, lowest, lowest + 1], dtype=float)
            assert kernels.active().below(ranks, values).tolist() == values.tolist()


def test_the_kernels_logarithm():
    """Over the whole range of doubles, and close to one, against NumPy's."""
    numba_kernel = pytest.importorskip("fusbench.metrics.kernel_numba")
    rng = np.random.default_rng(0)
    ratio = np.concatenate(
        [np.exp(rng.uniform(-700, 700, 20_000)), 1 + rng.normal(size=2000) * 1e-3, [1.0, 1.5, 2.0]]
    )
    below = np.exp(rng.uniform(-3, 3, len(ratio)))
    log = partial(numba_kernel._log_ratio)
    got = np.array([log(r * b, b) for r, b in zip(ratio, below, strict=True)])
    want = np.log(ratio * below / below)
    np.testing.assert_allclose(got, want, rtol=4e-16, atol=4e-16)
    assert log(3.0, 3.0) == 0


def test_the_kernel_is_chosen_inside_a_block_only(monkeypatch):
    assert kernels.active().__name__.endswith("kernel_numpy")
    with pytest.raises(UnknownName, match="no kernel is called 'nunba'. Did you mean 'numba'"):
        metrics.check_kernel("nunba")
    monkeypatch.setitem(kernels.KERNELS, "numba", "no_such_module")
    kernels._load.cache_clear()
    with pytest.raises(ConfigError, match="Install it with: pip install numba."):
        metrics.check_kernel("numba")
    kernels._load.cache_clear()


def plugin(function, **changes):
    facts = {
        "key": "strange",
        "symbol": "S",
        "title": "Strange",
        "function": function,
        "needs": ("gaze",),
        "higher_is_better": True,
    }
    return metrics.Metric(**facts | changes)


def fails(predicted, gaze, profile):
    raise ValueError("no such luck")


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (fails, "metric 'strange', here: ValueError: no such luck. Repair the plug-in, or leave"),
        (lambda p, gaze, profile: float("nan"), "metric 'strange', here: the score is nan"),
        (lambda p, gaze, profile: gaze[:, 0], "metric 'strange', here: TypeError"),
        (lambda p: 1.0, "metric 'strange', here: TypeError: .*profile"),
    ],
)
def test_a_plugin_that_fails_is_named(function, words):
    with pytest.raises(PluginError, match=words):
        metrics.score(*frame(0), [plugin(function)], where="here")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"needs": ("empirical", "pupil")}, "metric 'strange': needs names pupil; known are"),
        ({"needs": "gaze"}, "needs is not a tuple of names"),
        ({"key": "a+b|c"}, r"key is not lower-case words joined by hyphens"),
        ({"function": "module:name"}, "function cannot be called"),
    ],
)
def test_a_metric_that_cannot_be_used_is_refused(changes, words):
    with pytest.raises(PluginError, match=words):
        plugin(**{"function": fails} | changes)


def test_the_signature_names_what_the_scores_follow_from():
    assert metrics.signature("mit", 12.5) == (
        "kld+sim+nss+cc|profile:mit|sigma:12.5px|agg:frame-mean|v:1"
    )
    chosen = (*metrics.select(["sauc", "cc", "ig"]), plugin(fails, version=3))
    signature = metrics.signature("tuebingen", 8.0, chosen, "centre-bias")
    assert signature == (
        "cc+sauc+ig+strange|profile:tuebingen|sigma:8px|baseline:centre-bias"
        "|others:all-other-scans|strange:v3|agg:frame-mean|v:1"
    )
    with pytest.raises(UnknownName, match="no metric is called 'strange'"):
        metrics.of_signature(signature)
    assert [m.key for m in metrics.of_signature("cc+ig|profile:mit")] == ["cc", "ig"]


@pytest.mark.parametrize("name", kernels.KERNELS)
def test_what_every_kernel_says_of_a_map(name):
    """Its sum, whether any is negative, and its shares, where it is nearly a density."""
    if name == "numba":
        pytest.importorskip("numba")
    m = np.random.default_rng(0).gamma(0.3, size=(37, 53))
    m[-1, -1] = 0
    whole = math.fsum(m.ravel().tolist())
    with metrics.kernel(name):
        own = kernels.active()
        for sign in (1.0, -1.0):
            m[-1, -1] = sign * 1e-9
            total, negative = own.total(m.ravel())
            assert total == pytest.approx(whole + sign * 1e-9, rel=1e-13)
            assert negative == (sign < 0)
        assert own.shares(m / whole, 1e-3) is None  # for its negative value
        m[-1, -1] = 0
        for dtype in (np.float32, np.float64, ">f4", np.longdouble):
            given = (m / m.sum() * 1.0005).astype(dtype)
            share = own.shares(given[:, ::-1], 1e-3)
            assert share.dtype == np.float64
            want = given[:, ::-1].astype(np.float64)
            np.testing.assert_allclose(share, want / want.sum(), rtol=1e-13)
            assert own.shares(given, 1e-4) is None
            given[3, 4] = np.nan
            assert own.shares(given, 1e-3) is None
