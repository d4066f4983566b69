"""Intervals over scans."""

import numpy as np
import pytest

from fusbench.statistics.intervals import scan_interval


def test_whole_scans_are_resampled():
    """Against a plain loop that draws scans and concatenates their frames."""
    rng = np.random.default_rng(0)
    scan = np.repeat(np.arange(8), rng.integers(3, 9, 8))
    values = rng.normal(size=(len(scan), 2)) + scan[:, None]
    mean, low, high = scan_interval(values, scan, level=0.9, resamples=4000)
    np.testing.assert_allclose(mean, values.mean(0))
    means = []
    for _ in range(4000):
        drawn = rng.integers(0, 8, 8)
        means.append(np.concatenate([values[scan == s] for s in drawn]).mean(0))
    spread = np.std(means, axis=0)
    # the interval is symmetric percentiles, widened by Student's t and by n / (n - 1)
    plain = np.quantile(means, [0.05, 0.95], axis=0)
    assert (low < plain[0]).all()
    assert (high > plain[1]).all()
    np.testing.assert_allclose(high - low, 2 * spread * 1.895 * np.sqrt(8 / 7), rtol=0.08)


def test_frames_of_a_scan_are_not_independent():
    """Repeating every frame changes nothing: there are no more scans than before."""
    rng = np.random.default_rng(1)
    values, scan = rng.normal(size=(40, 1)), np.repeat(np.arange(10), 4)
    once = scan_interval(values, scan)
    often = scan_interval(np.repeat(values, 25, axis=0), np.repeat(scan, 25))
    np.testing.assert_allclose(once, often)


@pytest.mark.parametrize("scans", [8, 23])
def test_coverage(scans):
    """95 % intervals hold the true mean in about 95 of 100 simulated studies."""
    rng = np.random.default_rng(2)
    studies, frames = 600, 5
    scan = np.repeat(np.arange(scans), frames)
    effect = np.repeat(rng.normal(size=(scans, studies)), frames, axis=0)
    values = effect + rng.normal(size=(scans * frames, studies))
    _, low, high = scan_interval(values, scan, resamples=2000)
    covered = ((low <= 0) & (high >= 0)).mean()
    assert 0.925 <= covered <= 0.975


def test_one_scan_has_no_interval():
    mean, low, high = scan_interval(np.array([[1.0], [3.0]]), np.array([0, 0]))
    assert mean.item() == 2.0
    assert np.isnan(low).all()
    assert np.isnan(high).all()


def test_the_same_seed_gives_the_same_interval():
    rng = np.random.default_rng(3)
    values, scan = rng.normal(size=(60, 3)), np.repeat(np.arange(12), 5)
    np.testing.assert_array_equal(scan_interval(values, scan), scan_interval(values, scan))
