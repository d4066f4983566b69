"""Paired tests by scan, against plain enumeration, SciPy and simulation."""

import itertools

import numpy as np
import pytest
from scipy import stats

from fusbench.statistics import tests_of_scans
from fusbench.statistics.tests_of_scans import beyond, effect_size, holm, sign_flip_p

ONE = np.ones


@pytest.mark.parametrize("scans", [1, 2, 3, 7, 10])
def test_exact_p_values_by_enumeration(scans):
    """All sign vectors, one by one; the numbers are whole, so that sums tie."""
    rng = np.random.default_rng(scans)
    values = rng.integers(-4, 5, (scans, 6)).astype(float)
    want = []
    for column in values.T:
        sums = [sum(s * v for s, v in zip(signs, column, strict=True)) for signs in
                itertools.product((-1, 1), repeat=scans)]  # fmt: skip
        want.append(np.mean([abs(total) >= abs(column.sum()) for total in sums]))
    np.testing.assert_allclose(sign_flip_p(values, ONE(scans), negligible=0), want, rtol=1e-15)


def test_exact_p_values_agree_with_scipy():
    values = np.random.default_rng(0).normal(0.3, 1, (12, 3))
    for column, p in zip(values.T, sign_flip_p(values, ONE(12), negligible=0), strict=True):
        test = stats.permutation_test(
            (column,), np.mean, permutation_type="samples", n_resamples=np.inf
        )
        assert p == pytest.approx(test.pvalue, rel=1e-12)


def test_drawn_p_values_are_near_the_exact_ones(monkeypatch):
    values = np.random.default_rng(1).normal(0.4, 1, (20, 5))
    exact = sign_flip_p(values, ONE(20))
    monkeypatch.setattr(tests_of_scans, "EXACT_SCANS", 0)
    drawn = sign_flip_p(values, ONE(20))
    error = np.sqrt(exact * (1 - exact) / 100_000)
    assert (np.abs(drawn - exact) <= 4 * error + 1e-5).all()
    np.testing.assert_array_equal(drawn, sign_flip_p(values, ONE(20)))
    assert drawn.min() >= 1 / 100_001


def test_longer_scans_count_for_more_as_in_the_mean():
    """One scan of 6 frames is the same as its difference carried by weight 6."""
    gaps, count = np.array([[0.5], [-0.2], [0.4]]), np.array([6, 1, 2])
    sums = gaps * count[:, None]
    totals = [abs(np.dot(signs, sums[:, 0])) for signs in itertools.product((-1, 1), repeat=3)]
    want = np.mean(np.array(totals) >= abs(sums.sum()) - 1e-12)
    assert sign_flip_p(sums, count, negligible=0).item() == want
    mean, effect = sums.sum() / 9, effect_size(sums, count).item()
    assert effect == pytest.approx(mean / np.std((sums[:, 0] - mean * count) / 3, ddof=0)
                                   / np.sqrt(3 / 2))  # fmt: skip


def test_the_sign_of_the_effect_is_that_of_the_mean_over_frames():
    """Better on most scans and worse on the mean over frames: all numbers follow the latter."""
    sums, count = np.array([[-0.1]] * 9 + [[30.0]]), np.array([1] * 9 + [20])
    assert effect_size(sums, count).item() > 0
    assert sign_flip_p(sums, count).item() > 0.05


def test_what_is_negligible_is_no_difference():
    """Always 5e-4 apart, or 1e-7 as between two frameworks: p is 1; 0.05 apart it is the least."""
    count = np.full(23, 84)
    for gap, want in ((5e-4, 1.0), (1e-7, 1.0), (0.05, 2.0**-22)):
        assert sign_flip_p(gap * count[:, None], count).item() == want
    parts, total = beyond(np.array([[3.0], [-1.0]]), np.array([1, 1]), 0.25)
    assert parts.ravel().tolist() == [1.375, -0.625]
    assert total.item() == 0.75


def test_equal_models_are_never_different():
    assert sign_flip_p(np.zeros((5, 2)), ONE(5)).tolist() == [1, 1]
    assert sign_flip_p(np.zeros((40, 1)), ONE(40)).tolist() == [1]


def test_holm_by_hand():
    # smallest times 4, next times 3 and so on, never falling, never above 1
    p = np.array([0.02, 0.9, 0.001, 0.6])
    np.testing.assert_allclose(holm(p), [0.06, 1, 0.004, 1])
    np.testing.assert_allclose(holm(np.array([0.01, 0.011])), [0.02, 0.02])


def test_effect_size_of_degenerate_differences():
    assert effect_size(np.zeros((4, 1)), ONE(4)).item() == 0
    assert np.isnan(effect_size(np.ones((4, 1)), ONE(4))).item()
    assert np.isnan(effect_size(np.ones((1, 1)), ONE(1))).item()
