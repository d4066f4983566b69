"""Paired differences: one test everywhere, and coverage by simulation."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from fusbench.statistics.pairs import all_pairs
from fusbench.statistics.seeds import contrast, mean_score, paired_difference, pooled_spread


def test_a_claim_has_the_p_value_of_a_board():
    """All 2^12 sign vectors of the differences, each a thousandth nearer to 0, written out."""
    means = np.random.default_rng(9).normal(0.3, 0.55, 12)
    index = np.repeat(np.arange(12), 4)
    first = np.random.default_rng(0).normal(size=48)
    second = first - means[index]
    parts = means - 0.001
    sums = [abs(np.dot(signs, parts)) for signs in product((-1, 1), repeat=12)]
    want = np.mean(np.array(sums) >= parts.sum() - 1e-9)
    assert paired_difference([first], [second], index).p == want
    fast = np.tile([True, False], 24)
    gain = np.where(fast, first - second, 0.0)
    assert contrast(gain, fast, ~fast, index).p == want
    both = np.stack([np.bincount(index, weights=scores) for scores in (first, second)], axis=1)
    assert all_pairs(both, np.bincount(index)).adjusted[0, 1] == want


@pytest.mark.parametrize("scans", [10, 23, 40])
def test_differences_of_a_rounding_are_none(scans):
    """The same weights in two frameworks differ by so much, perhaps always in one direction."""
    index = np.repeat(np.arange(scans), 3)
    first = np.random.default_rng(1).normal(size=len(index))
    assert paired_difference([first + 3e-7], [first], index).p == 1


def data(rng, *, scans=23, frames=20, seeds=3, scan_sd=1.0, seed_sd=0.1, true=0.0):
    """Two rows with the same hard scans, and a difference that varies by scan and by seed."""
    index = np.repeat(np.arange(scans), frames)
    hard = rng.normal(0, 1, scans)[index]
    own = rng.normal(0, scan_sd, scans)[index] * 0.2
    first = [hard + own + true + rng.normal(0, seed_sd) + rng.normal(0, 0.3, len(index))
             for _ in range(seeds)]  # fmt: skip
    second = [hard + rng.normal(0, seed_sd) + rng.normal(0, 0.3, len(index)) for _ in range(seeds)]
    return first, second, index


def test_pairing_takes_out_what_makes_scans_hard():
    first, second, index = data(np.random.default_rng(0), seeds=1, seed_sd=0, true=0.5)
    found = paired_difference(first, second, index)
    alone = mean_score(first, index)
    assert found.low > 0.3
    assert found.high < 0.7
    assert alone.high - alone.low > 3 * (found.high - found.low)
    assert found.covers == alone.covers == "scans"


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_an_interval_over_seeds_finds_the_truth(seeds):
    rng = np.random.default_rng(seeds)
    hit = 0
    for _ in range(400):
        found = paired_difference(*data(rng, frames=3, seeds=seeds, true=0.3))
        assert found.covers == "scans and seeds"
        hit += found.low <= 0.3 <= found.high
    assert 0.92 <= hit / 400 <= 0.995


def test_scans_alone_miss_the_truth_when_seeds_differ():
    """Why the page says which intervals know of seeds: one seed each covers far too seldom."""
    rng = np.random.default_rng(3)
    hit = 0
    for _ in range(200):
        found = paired_difference(*data(rng, frames=3, seeds=1, seed_sd=0.2, true=0.3))
        hit += found.low <= 0.3 <= found.high
    assert hit / 200 < 0.6


def test_a_row_of_one_seed_takes_the_spread_of_others():
    """Coverage by simulation, where scans alone cover less than six times in ten."""
    rng = np.random.default_rng(7)
    hit = 0
    for _ in range(400):
        first, second, index = data(rng, frames=3, seeds=1, seed_sd=0.2, true=0.3)
        others = pooled_spread(rng.normal(0, 0.2, (3, 3)).tolist())
        found = paired_difference(first, second, index, spread=others)
        assert found.covers == "scans and other rows' seeds"
        hit += found.low <= 0.3 <= found.high
    assert 0.92 <= hit / 400 <= 0.985


def test_one_estimate_of_the_spread_counts_its_freedom_once():
    """Scans without noise: what is left is a t interval of that variance for two rows."""
    index = np.repeat(np.arange(6), 2)
    spread = pooled_spread([[0.0, 2.0], [1.0, 1.0], [3.0, 5.0]])
    assert (spread.variance, spread.freedom) == (4 / 3, 3)
    found = paired_difference([np.full(12, 4.0)], [np.zeros(12)], index, spread=spread)
    reach = stats.t(3).ppf(0.975) * np.sqrt(4 / 3 * 2)
    assert (found.low, found.high) == pytest.approx((4 - reach, 4 + reach))
    assert paired_difference([np.ones(12)], [np.zeros(12)], index).covers == "scans"


def test_a_contrast_counts_seeds():
    """A gain that is the same in every scan: what is left is the spread of the seeds."""
    index = np.repeat(np.arange(8), 2)
    fast = np.tile([True, False], 8)
    gain = np.where(fast, 1.0, 0.5)
    seeds = [[0.4, 0.6, 0.5], [0.0, 0.1]]
    found = contrast(gain, fast, ~fast, index, seeds=seeds)
    parts = [np.var(side, ddof=1) / len(side) for side in seeds]
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / 2 + parts[1] ** 2 / 1)
    reach = stats.t(freedom).ppf(0.975) * np.sqrt(sum(parts))
    assert found.high - found.mean == pytest.approx(reach)
    assert found.covers == "scans and seeds"
    assert contrast(gain, fast, ~fast, index, seeds=[[0.4], [0.0, 0.1]]).covers == "scans"


def test_one_scan_has_no_interval():
    found = paired_difference([np.ones(4)], [np.zeros(4)], np.zeros(4, int))
    assert found.mean == 1
    assert np.isnan([found.low, found.high]).all()
    assert found.p == 1


def test_a_contrast_of_one_frame_a_kind_is_a_t_interval():
    """With one fast and one slow frame in every scan it is the paired t interval of SciPy."""
    rng = np.random.default_rng(4)
    scans = 12
    index = np.repeat(np.arange(scans), 2)
    fast = np.tile([True, False], scans)
    gain = rng.normal(0.2, 1, 2 * scans)
    found = contrast(gain, fast, ~fast, index)
    want = stats.ttest_rel(gain[fast], gain[~fast])
    interval = want.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.mean == pytest.approx(np.mean(gain[fast] - gain[~fast]))


def test_a_contrast_finds_the_truth_with_unequal_scans():
    rng = np.random.default_rng(5)
    hit = 0
    for _ in range(300):
        size = rng.integers(4, 12, 23)
        index = np.repeat(np.arange(23), size)
        fast = rng.random(len(index)) < rng.uniform(0, 0.8, 23)[index]
        gain = rng.normal(0, 0.3, 23)[index] + 0.25 * fast + rng.normal(0, 0.5, len(index))
        found = contrast(gain, fast, ~fast, index)
        hit += found.low <= 0.25 <= found.high
    assert 0.91 <= hit / 300 <= 0.985


def test_a_control_of_the_same_weights_is_paired_by_seed():
    """What a seed does to both rows alike does not widen the interval of their difference."""
    rng = np.random.default_rng(6)
    index = np.repeat(np.arange(12), 10)
    own = [rng.normal(0, 0.5) for _ in range(3)]
    first = [seed + rng.normal(0.3, 0.1, len(index)) for seed in own]
    second = [seed + rng.normal(0.0, 0.1, len(index)) for seed in own]
    apart = paired_difference(first, second, index)
    together = paired_difference(first, second, index, same_weights=True)
    assert together.mean == apart.mean
    assert together.covers == "scans and seeds"
    assert together.high - together.low < 0.2 * (apart.high - apart.low)
    assert together.low > 0.2
