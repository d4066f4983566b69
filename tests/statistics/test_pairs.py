"""All pairs of a board at once: false positives, power, letters and places by simulation."""

import itertools

import numpy as np
import pytest

from fusbench.statistics import pairs
from fusbench.statistics.letters import letter_groups, letters
from fusbench.statistics.pairs import all_pairs, sign_vectors
from fusbench.statistics.places import place_ranges, places
from fusbench.statistics.power import detectable, detectable_alone
from fusbench.statistics.tests_of_scans import sign_flip_p


@pytest.fixture
def quick(monkeypatch):
    """Fewer flips, so that many boards can be simulated; the test stays exact."""
    monkeypatch.setattr(pairs, "FLIPS", 499)
    monkeypatch.setattr(pairs, "FEWEST_FLIPS", 499)


def board(rng, scans, rows, kind="normal"):
    """Scan means of rows without a true difference, (scans, rows)."""
    hard = rng.normal(0, 0.5, (scans, 1))
    if kind == "uneven":  # some rows scatter much more than others
        return hard + rng.normal(0, 1, (scans, rows)) * np.geomspace(0.02, 0.5, rows)
    if kind == "families":  # rows that depend on one another
        shared = rng.normal(size=(scans, 3)) @ rng.normal(size=(3, rows))
        return hard + 0.12 * shared + rng.normal(0, 0.05, (scans, rows))
    return hard + rng.normal(0, 0.15, (scans, rows))


@pytest.mark.parametrize(
    ("rows", "kind"),
    [(2, "normal"), (5, "uneven"), (10, "families"), (20, "normal"), (40, "uneven")],
)
def test_rows_that_are_alike_are_rarely_told_apart(rows, kind, quick):
    """The measured bar: 5 % and its Monte-Carlo error, for the best and for any pair."""
    rng = np.random.default_rng(rows)
    boards, any_pair, from_best = 150, 0, 0
    for _ in range(boards):
        count = rng.integers(20, 200, 23)
        sums = board(rng, 23, rows, kind) * count[:, None]
        apart = all_pairs(sums, count).apart
        any_pair += apart.any()
        from_best += apart[sums.sum(axis=0).argmin()].any()
    assert from_best <= any_pair
    assert any_pair / boards <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / boards)


def test_the_largest_of_three_pairs_by_enumeration():
    """Six scans, three rows, all 32 sign vectors written out."""
    values = np.random.default_rng(1).normal([0, 0.4, 2.0], 1, (6, 3))
    gaps = {(a, b): values[:, b] - values[:, a] for a, b in itertools.combinations(range(3), 2)}
    size = {pair: np.sqrt((gap**2).sum()) for pair, gap in gaps.items()}
    observed = {pair: abs(gap.sum()) / size[pair] for pair, gap in gaps.items()}
    ranked, want, highest = sorted(gaps, key=observed.get, reverse=True), {}, 0.0
    for at, pair in enumerate(ranked):
        hits = [
            max(abs(np.dot(signs, gaps[one])) / size[one] for one in ranked[at:])
            >= observed[pair] - 1e-6
            for signs in itertools.product((-1, 1), repeat=6)
        ]
        highest = max(highest, np.mean(hits))
        want[pair] = highest
    found = all_pairs(values, np.ones(6), negligible=0).adjusted
    for (a, b), p in want.items():
        assert found[a, b] == found[b, a] == pytest.approx(p)


def test_a_single_pair_has_the_p_value_of_the_single_test():
    count = np.arange(3, 13)
    sums = np.random.default_rng(2).normal(0.5, 1, (10, 2)) * count[:, None]
    p = sign_flip_p(sums[:, 1:] - sums[:, :1], count).item()
    assert all_pairs(sums, count).adjusted[0, 1] == p


def test_near_copies_do_not_widen_the_family():
    """Twenty copies, apart by less than anybody would call a difference, change no verdict."""
    rng = np.random.default_rng(3)
    values = board(rng, 23, 8) + np.linspace(0, 0.3, 8)
    copies = values[:, [7]] + rng.uniform(-4e-4, 4e-4, (23, 20))
    alone, crowded = (all_pairs(v, np.ones(23)) for v in (values, np.hstack([values, copies])))
    assert alone.apart[:7, :7].any()
    np.testing.assert_array_equal(crowded.apart[:8, :8], alone.apart)
    np.testing.assert_allclose(crowded.adjusted[:8, :8], alone.adjusted, atol=0.02)
    assert not crowded.apart[7:, 7:].any()


def test_few_scans_tell_nobody_apart():
    values = np.arange(3.0) + np.random.default_rng(4).normal(0, 1e-3, (5, 3))
    assert not all_pairs(values, np.ones(5)).apart.any()  # 1 of 16 sign vectors is more than 5 %
    assert np.isnan(detectable(values, np.ones(5), all_pairs(values, np.ones(5)).critical)).all()
    more = np.vstack([values, values[:1]])
    assert all_pairs(more, np.ones(6)).apart.sum() == 6


def test_sign_vectors_are_all_or_drawn_alike():
    signs = sign_vectors(4, 99)
    assert {tuple(column) for column in signs.T} == {
        (*rest, 1.0) for rest in itertools.product((1.0, -1.0), repeat=3)
    }
    drawn = sign_vectors(70, 5000)
    assert drawn.shape == (70, 5001)
    assert (drawn[:, 0] == 1).all()
    assert np.abs(drawn[:, 1:].mean(axis=1)).max() < 5 / np.sqrt(5000)


def test_many_pairs_cut_into_runs_are_tested_no_looser(monkeypatch):
    rng = np.random.default_rng(5)
    values = board(rng, 12, 12) + np.linspace(0, 0.5, 12)
    fine = all_pairs(values, np.ones(12)).adjusted
    monkeypatch.setattr(pairs, "RUNS", 7)
    coarse = all_pairs(values, np.ones(12)).adjusted
    assert (coarse >= fine).all()
    assert coarse[np.triu_indices(12, 1)].mean() < fine[np.triu_indices(12, 1)].mean() + 0.05


def test_the_detectable_difference_shows_four_times_in_five(quick):
    """Boards drawn from one normal population, whole procedure; power is 0.8 on average."""
    rng = np.random.default_rng(6)
    scans, rows, found, boards = 23, 6, 0, 120
    for _ in range(boards):
        values = board(rng, scans, rows)
        gaps = values[:, [5]] - values[:, [0]]
        shows = detectable(gaps, np.ones(scans), all_pairs(values, np.ones(scans)).critical).item()
        fresh = board(rng, scans, rows)
        fresh[:, 5] += shows
        found += all_pairs(fresh, np.ones(scans)).apart[0, 5]
    assert 0.68 <= found / boards <= 0.92


def test_one_comparison_alone_shows_less():
    values = board(np.random.default_rng(7), 23, 10)
    gaps, count = values[:, [9]] - values[:, [0]], np.ones(23)
    alone = detectable_alone(gaps, count).item()
    family = detectable(gaps, count, all_pairs(values, count).critical).item()
    assert alone < family
    # a paired t-test of this scatter has 80 % power at 2.9 standard errors
    assert alone == pytest.approx(0.001 + 2.94 * gaps.std(ddof=1) / np.sqrt(23), rel=0.15)


def test_rows_share_a_letter_exactly_where_they_are_not_told_apart():
    rng = np.random.default_rng(8)
    for rows in (1, 2, 5, 12, 30):
        apart = rng.random((rows, rows)) < 0.5
        apart = np.triu(apart, 1) | np.triu(apart, 1).T
        groups = letter_groups(apart)
        share = groups.astype(int) @ groups.T > 0
        np.testing.assert_array_equal(share, ~apart)
        names = letters(groups)
        assert all(names)
        words = [set(n.split()) if " " in "".join(names) else set(n) for n in names]
        assert all(bool(words[a] & words[b]) == (not apart[a, b])
                   for a, b in itertools.combinations(range(rows), 2))  # fmt: skip


def test_letters_of_a_chain():
    """Each row is alike with its neighbours alone."""
    apart = np.abs(np.subtract.outer(np.arange(4), np.arange(4))) > 1
    assert letters(letter_groups(apart)) == ["a", "ab", "bc", "c"]


def test_places_count_who_is_better():
    apart = np.array([[0, 0, 1, 0], [0, 0, 1, 1], [1, 1, 0, 0], [0, 1, 0, 0]], dtype=bool)
    assert places(apart) == [1, 1, 3, 2]


def test_rank_ranges_hold_the_true_rank():
    """Nine times in ten and more, rows being truly a little apart, and others far."""
    rng = np.random.default_rng(9)
    true = np.array([0.0, 0.05, 0.1, 1.0])
    hit = np.zeros(4)
    for _ in range(60):
        values = board(rng, 23, 4) + true
        order = np.argsort(values.sum(axis=0))
        for rank, found in zip(order + 1, place_ranges(values[:, order], np.ones(23)), strict=True):
            hit[rank - 1] += found[0] <= rank <= found[1]
    assert (hit >= 52).all()
    assert place_ranges(np.ones((4, 2)), np.ones(4)) == [None, None]
