"""Paired tests on scan means, against plain enumeration, SciPy and simulation."""

import itertools

import numpy as np
import pytest
from scipy import stats

from fusbench.board.ties import tie_groups
from fusbench.statistics import tests_of_scans
from fusbench.statistics.tests_of_scans import (
    effect_size,
    holm,
    sign_flip_p,
    smallest_difference,
    smallest_p,
)


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
    np.testing.assert_allclose(sign_flip_p(values), want, rtol=1e-15)


def test_exact_p_values_agree_with_scipy():
    values = np.random.default_rng(0).normal(0.3, 1, (12, 3))
    for column, p in zip(values.T, sign_flip_p(values), strict=True):
        test = stats.permutation_test(
            (column,), np.mean, permutation_type="samples", n_resamples=np.inf
        )
        assert p == pytest.approx(test.pvalue, rel=1e-12)


def test_drawn_p_values_are_near_the_exact_ones(monkeypatch):
    values = np.random.default_rng(1).normal(0.4, 1, (20, 5))
    exact = sign_flip_p(values)
    monkeypatch.setattr(tests_of_scans, "EXACT_SCANS", 0)
    drawn = sign_flip_p(values)
    error = np.sqrt(exact * (1 - exact) / 100_000)
    assert (np.abs(drawn - exact) <= 4 * error + 1e-5).all()
    np.testing.assert_array_equal(drawn, sign_flip_p(values))
    assert drawn.min() >= smallest_p(20)


def test_equal_models_are_never_different():
    assert sign_flip_p(np.zeros((5, 2))).tolist() == [1, 1]
    assert sign_flip_p(np.zeros((40, 1))).tolist() == [1]


def test_holm_by_hand():
    # smallest times 4, next times 3 and so on, never falling, never above 1
    p = np.array([0.02, 0.9, 0.001, 0.6])
    np.testing.assert_allclose(holm(p), [0.06, 1, 0.004, 1])
    np.testing.assert_allclose(holm(np.array([0.01, 0.011])), [0.02, 0.02])


def test_effect_size_of_degenerate_differences():
    assert effect_size(np.zeros((4, 1))).item() == 0
    assert np.isnan(effect_size(np.ones((4, 1)))).item()
    assert np.isnan(effect_size(np.ones((1, 1)))).item()


def test_the_smallest_difference_is_found_four_times_in_five():
    """Simulated studies with exactly that difference, tested with the sign-flip test."""
    rng = np.random.default_rng(2)
    scans, studies = 23, 1500
    noise = rng.normal(size=(scans, studies))
    true = smallest_difference(np.array([[-1.0], [1.0]] * 11 + [[0.0]])).item()
    true /= np.std([-1.0, 1.0] * 11 + [0.0], ddof=1)  # for a deviation of 1
    found = (sign_flip_p(noise + true) <= 0.05).mean()
    assert 0.77 <= found <= 0.83


def test_tie_groups_rarely_split_what_is_alike():
    """400 boards of 6 models on 23 scans without a true difference: the measured bar."""
    rng = np.random.default_rng(3)
    split = 0
    for _ in range(400):
        scan = rng.normal(0, 0.5, (23, 1))  # hard and easy scans, shared by all models
        means = scan + rng.normal(0, 0.15, (23, 6))
        split += tie_groups(means[:, means.mean(0).argsort()]).groups.max() > 1
    assert split / 400 <= 0.07


def test_tie_groups_find_what_differs():
    rng = np.random.default_rng(4)
    true = np.repeat([0.0, 0.4, 0.8], 3)
    means = rng.normal(0, 0.5, (23, 1)) + true + rng.normal(0, 0.12, (23, 9))
    assert tie_groups(means).groups.tolist() == [1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_too_many_pairs_for_so_few_scans_are_left_untested():
    ties = tie_groups(np.arange(5.0)[None, :] + np.zeros((4, 5)))
    assert not ties.resolved  # 2 of 16 sign vectors, times 10 pairs
    assert ties.groups.tolist() == [1] * 5
