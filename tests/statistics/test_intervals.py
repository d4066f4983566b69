"""Intervals over scans."""

import numpy as np
import pytest
from scipy import stats

from fusbench.statistics.intervals import scan_interval, scan_means


def test_whole_scans_are_resampled():
    """Against a plain loop that draws scans, concatenates their frames and studentises."""
    rng = np.random.default_rng(0)
    scan = np.repeat(np.arange(8), rng.integers(3, 9, 8))
    values = rng.normal(size=len(scan)) + scan
    mean, low, high = (end.item() for end in scan_interval(values[:, None], scan, level=0.9))

    def error(parts):
        whole = np.concatenate(parts)
        apart = [(part - whole.mean()).sum() for part in parts]
        return np.sqrt(np.square(apart).sum()) / len(whole)

    parts = [values[scan == s] for s in range(8)]
    reach = []
    for _ in range(2500):
        drawn = [parts[s] for s in rng.integers(0, 8, 8)]
        with np.errstate(divide="ignore"):
            reach.append((np.concatenate(drawn).mean() - values.mean()) / error(drawn))
    want = values.mean() - np.quantile(reach, [0.95, 0.05]) * error(parts)
    assert mean == pytest.approx(values.mean())
    assert (low, high) == pytest.approx(tuple(want), abs=0.06 * (high - low))


def test_frames_of_a_scan_are_not_independent():
    """Repeating every frame changes nothing: there are no more scans than before."""
    rng = np.random.default_rng(1)
    values, scan = rng.normal(size=(40, 1)), np.repeat(np.arange(10), 4)
    once = scan_interval(values, scan)
    often = scan_interval(np.repeat(values, 25, axis=0), np.repeat(scan, 25))
    np.testing.assert_allclose(once, often)


DRAWS = {
    "normal": (lambda rng, size: rng.normal(size=size), 0.0),
    "skewed": (lambda rng, size: rng.gamma(2, 1, size), 2.0),
    "heavy": (lambda rng, size: rng.lognormal(0, 1, size), np.exp(0.5)),
}


@pytest.mark.parametrize(
    ("kind", "scans", "least"),
    [("normal", 5, 0.92), ("normal", 23, 0.93), ("skewed", 5, 0.91), ("skewed", 23, 0.92),
     ("heavy", 8, 0.88), ("heavy", 23, 0.90)],
)  # fmt: skip
def test_coverage(kind, scans, least):
    """95 % intervals hold the true mean about as often as the docs say."""
    draw, true = DRAWS[kind]
    rng = np.random.default_rng(2)
    studies = 500
    scan = np.repeat(np.arange(scans), 3)
    values = np.repeat(draw(rng, (scans, studies)), 3, axis=0)
    _, low, high = scan_interval(values, scan, resamples=600)
    assert least <= ((low <= true) & (high >= true)).mean() <= 0.975


def test_it_is_students_interval_where_scores_are_normal_and_scans_many():
    values = np.random.default_rng(3).normal(size=(400, 1))
    _, low, high = scan_interval(values, np.arange(400))
    want = stats.t.interval(0.95, 399, values.mean(), values.std(ddof=1) / 20)
    assert (low.item(), high.item()) == pytest.approx(want, abs=0.012)


@pytest.mark.parametrize("scans", [1, 2, 3, 4])
def test_too_few_scans_have_no_interval(scans):
    """With 2, 3 and 4 scans what was printed as 95 % held the truth in 48, 75 and 87 %."""
    mean, low, high = scan_interval(np.arange(scans * 2.0)[:, None], np.arange(scans * 2) // 2)
    assert mean.item() == scans - 0.5
    assert np.isnan([low, high]).all()


def test_scores_without_scatter_have_an_interval_of_no_width():
    values = np.column_stack([np.zeros(12), np.full(12, 4.04)])
    mean, low, high = scan_interval(values, np.arange(12) // 2)
    np.testing.assert_array_equal(low, mean)
    np.testing.assert_array_equal(high, mean)


def test_samples_of_scans_that_are_alike_do_not_blow_an_interval_up():
    """Of nine scans eight are equal: a third of the samples has these alone, and no error.

    Measured by an error of nearly nothing, their means put the ends a million deviations away.
    """
    values = np.r_[np.zeros(8), 0.3]
    mean, low, high = (end.item() for end in scan_interval(values[:, None], np.arange(9)))
    own = np.sqrt(np.square(values - mean).sum()) / 9
    rng, reach = np.random.default_rng(5), []
    for _ in range(20_000):
        drawn = values[rng.integers(0, 9, 9)]
        error = np.sqrt(np.square(drawn - drawn.mean()).sum()) / 9
        reach.append((drawn.mean() - mean) / (error or own))
    want = mean - np.quantile(reach, [0.975, 0.025]) * own
    assert (low, high) == pytest.approx(tuple(want), abs=0.05 * (high - low))
    assert high - low < 6 * own


def test_the_same_seed_gives_the_same_interval():
    rng = np.random.default_rng(3)
    values, scan = rng.normal(size=(60, 3)), np.repeat(np.arange(12), 5)
    np.testing.assert_array_equal(scan_interval(values, scan), scan_interval(values, scan))


def test_scan_means_by_hand():
    values = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 9.0]])
    assert scan_means(values, np.array([0, 0, 1])).tolist() == [[2.0, 3.0], [5.0, 9.0]]
