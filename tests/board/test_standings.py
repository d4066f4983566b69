"""Who stands where on a board: ranks, ties, and what copies and ceilings change."""

import csv
import json

import numpy as np
import pytest
from support.fake_board import add_fake, fake_board, fake_scores, filled

from fusbench.board.build import outputs
from fusbench.board.standings import read_table
from fusbench.metrics import METRICS
from fusbench.statistics.intervals import scan_interval


def test_places_letters_and_effects(tmp_path):
    table = read_table(filled(tmp_path / "board"))
    assert table.refused == ()
    rows = {s.name: s for s in table.standings}
    assert list(rows) == ["ceiling", "hint", "good", "as-good", "worse", "floor"]
    assert {n: s.place for n, s in rows.items() if s.place} == {"good": 1, "as-good": 1, "worse": 3}
    letters = {name: row.letters for name, row in rows.items()}
    assert letters == {
        "ceiling": "", "hint": "", "good": "a", "as-good": "a", "worse": "b", "floor": "c",
    }  # fmt: skip
    assert rows["good"].effect is None
    assert rows["worse"].effect > 2
    assert (rows["worse"].p < 0.05).all()
    assert (rows["as-good"].p > 0.05).all()
    assert rows["as-good"].with_the_best.all()
    assert np.isnan(rows["hint"].p).all()
    assert rows["worse"].place_range == (3, 3)
    assert rows["good"].place_range[0] == 1


def test_numbers_follow_from_the_scores(tmp_path):
    """Means and intervals against the plain function, a row at a time."""
    board = filled(tmp_path / "board")
    row = next(s for s in read_table(board).standings if s.name == "worse")
    scores = fake_scores(board, 3, 0.5)
    want = scan_interval(scores[list(METRICS)].to_numpy(), board.scan_index)
    np.testing.assert_allclose(row.intervals, np.stack(want, axis=-1), rtol=1e-12)
    gap = fake_scores(board, 3, 0.5).groupby("scan_id")["kld"].mean()
    gap -= fake_scores(board, 1).groupby("scan_id")["kld"].mean()
    assert row.behind == pytest.approx(gap.mean(), rel=1e-9)
    assert row.effect == pytest.approx(gap.mean() / gap.std(), rel=1e-9)


def test_one_average_ranks_and_tests(tmp_path):
    """Better on 22 short scans, worse on a long one: no number says the opposite of another."""
    board = fake_board(tmp_path / "board", lengths=[5] * 22 + [201])
    plain = fake_scores(board, 1)
    short = plain["scan_id"] != plain["scan_id"].max()
    add_fake(board, "plain", scores=plain)
    add_fake(board, "other", scores=plain.assign(kld=plain["kld"] + np.where(short, -0.1, 0.3)))
    table = read_table(board)
    assert [s.name for s in table.standings] == ["plain", "other"]
    other = table.standings[1]
    assert other.scan_means[:, 0].mean() < table.leader.scan_means[:, 0].mean()
    assert other.behind > 0
    assert other.effect > 0
    assert (other.place, other.letters) == (1, "a")
    assert other.p[0] > 0.05
    assert other.intervals[0, 0] - table.leader.intervals[0, 0] == pytest.approx(other.behind)


def test_another_primary_metric_ranks(tmp_path):
    table = read_table(filled(tmp_path / "board", primary="nss"))
    assert [s.name for s in table.standings if s.place] == ["good", "as-good", "worse"]
    assert next(s for s in table.standings if s.name == "worse").behind > 0


def test_the_same_weights_in_two_frameworks_are_one_row(tmp_path):
    board = fake_board(tmp_path / "board", scans=20)
    scores = fake_scores(board, 1)
    add_fake(board, "net-torch", scores=scores, backend="torch")
    twin = scores.assign(kld=scores["kld"] + 2e-6)
    add_fake(board, "net-keras", scores=twin, backend="keras")
    (net,) = read_table(board).standings
    assert (net.name, net.competitor.backends) == ("net", ("keras", "torch"))
    assert net.competitor.parity == pytest.approx(2e-6)
    assert net.competitor.copies == ()
    content = {name: text.decode() for name, text in outputs(read_table(board)).items()}
    assert "keras, torch (apart by 2e-06)" in content["README.md"]
    rows = list(csv.DictReader(content["leaderboard.csv"].splitlines()))
    assert [(r["competitor"], r["name"]) for r in rows] == [
        ("net", "net-keras"), ("net", "net-torch"),
    ]  # fmt: skip


def test_copies_change_no_verdict(tmp_path):
    """However often a row is entered, and by whatever name: the others' numbers stay."""
    board = fake_board(tmp_path / "board", scans=12)
    for k in range(4):
        add_fake(board, f"row{k}", seed=k, worse=0.08 * k)
    before = {s.row.seal: s for s in read_table(board).standings}
    for k in range(6):
        add_fake(board, f"zz{k}", scores=fake_scores(board, 3, 0.24), weights_sha256=f"{k}" * 64)
    after = {s.row.seal: s for s in read_table(board).standings}
    assert set(after) == set(before)
    for seal, standing in after.items():
        old = before[seal]
        assert (standing.place, standing.letters) == (old.place, old.letters)
        assert standing.place_range == old.place_range
        assert (standing.behind, standing.detectable) == (old.behind, old.detectable)
        np.testing.assert_array_equal(standing.p, old.p)
    assert sum(len(s.competitor.copies) for s in after.values()) == 6


def test_a_row_beyond_the_ideal_observer_is_marked_everywhere(tmp_path):
    """Better in NSS alone, and better in all: each is marked for what it is."""
    board = fake_board(tmp_path / "board", scans=12)
    add_fake(board, "ideal-observer", seed=5, worse=-0.4, role="ceiling")
    add_fake(board, "honest", seed=1)
    add_fake(board, "cheat", seed=2, worse=-0.9)
    ideal = fake_scores(board, 5, -0.4)
    sharp = fake_scores(board, 3).assign(nss=ideal["nss"] + 0.1, cc=ideal["cc"])
    add_fake(board, "sharp", scores=sharp)
    table = read_table(board)
    found = {s.name: s.beyond for s in table.standings}
    assert found == {
        "cheat": ("kld", "sim", "nss", "cc"), "ideal-observer": (), "honest": (), "sharp": ("nss",),
    }  # fmt: skip
    content = {name: text.decode() for name, text in outputs(table).items()}
    readme = content["README.md"]
    assert "**cheat \\!**" in readme
    assert "**honest**" in readme
    assert "! cheat is better than the ideal observer in KLD, SIM, NSS, CC: it may" in readme
    assert "! sharp is better than the ideal observer in NSS: it may" in readme
    rows = {r["name"]: r for r in csv.DictReader(content["leaderboard.csv"].splitlines())}
    assert {name: row["beyond_ideal"] for name, row in rows.items()} == {
        "cheat": "kld sim nss cc", "ideal-observer": "", "honest": "", "sharp": "nss",
    }  # fmt: skip
    rows = json.loads(content["leaderboard.json"])["rows"]
    assert {row["name"]: row["beyond_ideal"] for row in rows}["sharp"] == ["nss"]
    assert content["index.html"].count('class="mark"') == 2
    assert "CHEAT !" in content["leaderboard.tex"]
    (board.root / "results" / "ideal-observer").rename(tmp_path / "gone")
    assert not any(s.beyond for s in read_table(board).standings)
