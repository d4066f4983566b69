"""Boards: what is built, how it is ranked, and that the same input gives the same bytes."""

import csv
import itertools
import json
import os
import shutil
import time

import numpy as np
import pytest
from support.fake_board import add_fake, fake_board, fake_result, fake_run, fake_scores

from fusbench.board.adding import write_row
from fusbench.board.build import OUTPUTS, outputs, write_outputs
from fusbench.board.clips import TargetClip
from fusbench.board.published import bundled, read_published
from fusbench.board.rows import Facts
from fusbench.board.rules import Board, check_data, new_board, read_board
from fusbench.board.standings import read_table
from fusbench.data.dataset import open_dataset
from fusbench.data.window import Window
from fusbench.errors import ConfigError, DatasetError, UnknownName
from fusbench.metrics import METRICS
from fusbench.statistics.intervals import scan_interval


def filled(root, **rules):
    board = fake_board(root, scans=12, **rules)
    add_fake(board, "good", seed=1)
    add_fake(board, "as-good", seed=2, worse=0.01, backend="torch")
    add_fake(board, "worse", seed=3, worse=0.5, backend="keras")
    add_fake(board, "floor", seed=4, worse=1.2, role="floor", weights_sha256=None, parameters=None)
    add_fake(board, "ceiling", seed=5, worse=-0.8, role="ceiling")
    add_fake(board, "hint", seed=6, worse=-0.2, role="hint")
    return board


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


def test_outputs_are_the_same_bytes_elsewhere_and_later(tmp_path):
    board = filled(tmp_path / "board")
    (board.root / "published.toml").write_bytes(bundled())
    write_outputs(read_table(board), board.root)
    copy = shutil.copytree(board.root, tmp_path / "far" / "away" / "copy")
    for path in copy.rglob("*"):
        os.utime(path, (time.time() - 1e6,) * 2)
    again = outputs(read_table(read_board(copy)))
    assert set(again) == set(OUTPUTS)
    for name, content in again.items():
        assert content == (board.root / name).read_bytes()
        assert str(tmp_path).encode() not in content


def test_order_of_adding_does_not_matter(tmp_path):
    one, other = fake_board(tmp_path / "one"), fake_board(tmp_path / "other")
    for name, seed in (("a", 1), ("b", 2)):
        add_fake(one, name, seed=seed)
    for name, seed in (("b", 2), ("a", 1)):
        add_fake(other, name, seed=seed)
    assert outputs(read_table(one)) == outputs(read_table(other))


def test_csv_holds_all_a_row_carries(tmp_path):
    board = filled(tmp_path / "board")
    rows = list(csv.DictReader(outputs(read_table(board))["leaderboard.csv"].decode().splitlines()))
    row = next(row for row in rows if row["name"] == "worse")
    assert (row["place"], row["letters"], row["backend"], row["licence"]) == (
        "3", "b", "keras", "MIT",
    )  # fmt: skip
    assert float(row["kld_p"]) < 0.05
    assert float(row["kld_low"]) < float(row["kld"]) < float(row["kld_high"])
    assert row["parameters"] == "1470000"
    assert row["weights_sha256"] == "a" * 64
    assert len(row["seal"]) == 64


def test_published_numbers_stand_in_a_block_of_their_own(tmp_path):
    board = filled(tmp_path / "board")
    (board.root / "published.toml").write_bytes(bundled())
    readme = outputs(read_table(board))["README.md"].decode()
    ours, theirs = readme.split("## Reported, private data")
    assert "ISBI" not in ours
    assert "| 2.08 | 0.28 | 4.53 | 0.42 |" in theirs
    assert "| 3.17 | 0.21 | 2.92 | 0.28 |" in theirs
    assert "not one model" in theirs
    (board.root / "published.toml").write_text('[[row]]\nmodel = "x"\nkld = "low"\n')
    with pytest.raises(ConfigError, match="scores = {'kld': 'low'} holds a text, not a number"):
        read_published(board.root)


def test_a_margin_leaves_frames_where_windows_are_complete():
    """Against the windows themselves, for every placement and every length up to margin + 1."""
    n, margin, horizon = 30, 4, 3
    clip = TargetClip(scan_id="s", clip_id="c", n_frames=n, with_gaze=np.arange(n))
    rules = fake_rules(margin=margin, horizon=0)
    kept = set(np.flatnonzero(Board(root=None, rules=rules, clips=(clip,)).counted))
    complete = [
        set(Window(length=length, placement=placement).complete_targets(n))
        for length in range(1, margin + 2)
        for placement in ("before", "around", "after")
    ]
    assert kept == set.intersection(*complete)
    rules = fake_rules(margin=margin, horizon=horizon)
    kept = set(np.flatnonzero(Board(root=None, rules=rules, clips=(clip,)).counted))
    ahead = set(Window(length=margin + 1, horizon=horizon).complete_targets(n))
    assert kept == ahead & set(range(n - margin))


def fake_rules(**changes):
    from fusbench.board.rules import Rules
    from fusbench.metrics import signature

    return Rules(
        title="", dataset="", dataset_version="", split="test", synthetic=True, fingerprint="",
        profile="tuebingen", signature=signature("tuebingen", 2.0), **changes,
    )  # fmt: skip


def test_a_margin_changes_the_numbers_without_a_new_run(tmp_path):
    board = fake_board(tmp_path / "board", scans=6, frames=12, margin=3)
    add_fake(board, "model")
    (row,) = read_table(board).standings
    scores = fake_scores(board)
    middle = scores[(scores["frame"] >= 3) & (scores["frame"] < 9)]
    assert row.intervals[0, 0] == pytest.approx(middle["kld"].mean(), rel=1e-12)
    assert read_table(board).n_frames == 36


def test_a_horizon_is_asked_of_models_alone(tmp_path):
    board = fake_board(tmp_path / "board", frames=20, horizon=5)
    window = {"length": 6, "placement": "before", "stride": 1, "horizon": 5}
    assert add_fake(board, "ahead", window=window) == []
    assert add_fake(board, "now") == ["the model's horizon is 0 frames, the board's 5"]
    assert add_fake(board, "uniform", role="floor") == []
    assert add_fake(board, "hint", role="hint") != []
    assert add_fake(board, "hint15", role="hint", window=window | {"horizon": 15}) == []


def test_an_empty_board_and_a_single_scan_are_built(tmp_path):
    board = fake_board(tmp_path / "board", scans=1)
    assert b"No row fits" in outputs(read_table(board))["index.html"]
    add_fake(board, "only")
    add_fake(board, "other", seed=9)
    table = read_table(board)
    assert table.refused == ()
    content = outputs(table)
    assert b"[one scan]" in content["README.md"]
    assert b"1 scan cannot tell any two rows apart" in content["README.md"]
    assert b"NaN" not in content["index.html"]


@pytest.mark.parametrize("chosen", [
    roles for n in (1, 2, 3) for roles in itertools.combinations(("ceiling", "hint", "floor"), n)
])  # fmt: skip
def test_a_board_without_models_is_built(chosen, tmp_path):
    """As one is whose first row is its ceiling: floors alone have letters, and nobody a place."""
    board = fake_board(tmp_path / "board")
    for role in chosen:
        add_fake(board, role, role=role)
    table = read_table(board)
    assert sorted(s.name for s in table.standings) == sorted(chosen)
    assert {s.name: s.letters for s in table.standings} == {
        role: "a" if role == "floor" else "" for role in chosen
    }
    assert [s.place for s in table.standings] == [None] * len(chosen)
    assert b"NaN" not in outputs(table)["index.html"]


def test_few_scans_show_their_range(tmp_path):
    board = fake_board(tmp_path / "board", scans=3)
    add_fake(board, "only")
    means = fake_scores(board).groupby("scan_id")["kld"].mean()
    readme = outputs(read_table(board))["README.md"].decode()
    assert f"[{means.min():.3f} to {means.max():.3f} of 3 scans]" in readme
    assert "95 %" not in readme.split("- Rows that share")[0]
    assert "range of the scans; an interval needs 5 of them" in readme


def test_anonymous_outputs_name_no_scan(tmp_path):
    board = filled(tmp_path / "board")
    scores = fake_scores(board).iloc[3:]
    add_fake(board, "partial", scores=scores)
    table = read_table(board)
    assert any(b"patient" in content for content in outputs(table).values())
    for content in outputs(table, anonymous=True).values():
        assert b"patient" not in content
    data = outputs(table, anonymous=True)["index.html"].decode()
    data = json.loads(data.split('id="data">')[1].split("</script>")[0])
    assert data["scans"] == [str(k) for k in range(1, 13)]
    best = [np.mean(scans) for scans in zip(*(r["scans"][0] for r in data["rows"]), strict=True)]
    assert best == sorted(best, reverse=True)  # numbered from hard to easy, not by name


def test_strangers_texts_stay_texts_in_every_output(tmp_path):
    board = fake_board(tmp_path / "board", title="A | B <i>c</i>")
    hostile = "=cmd() </script><script>alert(1)</script> | [x](javascript:y) $\\input{z}$ ${title}"
    add_fake(board, "evil", title=hostile, cite=hostile, licence=hostile, backend=hostile)
    content = {name: text.decode() for name, text in outputs(read_table(board)).items()}
    assert "<script>alert" not in content["README.md"]
    assert "\\[x\\](" in content["README.md"]
    line = next(line for line in content["README.md"].splitlines() if "**evil**" in line)
    assert line.replace("\\|", "").count("|") == 19
    assert "<script>alert" not in content["index.html"]
    assert content["index.html"].count("<script") == 2
    assert content["index.html"].count("</script>") == 2
    assert "\\input" not in content["leaderboard.tex"]
    (row,) = csv.DictReader(content["leaderboard.csv"].splitlines())
    assert row["title"].startswith("'=cmd()")


def test_a_new_board_follows_from_its_data(folder, tmp_path):
    data = open_dataset(folder)
    board = new_board(tmp_path / "board", data, title="Small", split="test", margin=1)
    again = read_board(tmp_path / "board")
    assert again.rules == board.rules
    assert [c.clip_id for c in again.clips] == ["s3-c1", "s4-c1"]
    for old, new in zip(board.clips, again.clips, strict=True):
        np.testing.assert_array_equal(old.with_gaze, new.with_gaze)
    assert again.rules.fingerprint == data.fingerprint("test")
    assert int(again.counted.sum()) == 8 + 6


def test_another_version_of_the_data_is_refused_by_its_number(folder, tmp_path):
    board = new_board(tmp_path / "board", open_dataset(folder), title="Small", split="test")
    text = (folder / "dataset.toml").read_text()
    info = open_dataset(folder).info
    (folder / "dataset.toml").write_text(
        text.replace(f'version = "{info.version}"', 'version = "9"')
    )
    check_data(board, open_dataset(folder))  # the same content under another number
    (folder / "dataset.toml").write_text(
        text.replace(f'version = "{info.version}"', 'version = "9"').replace(
            f"sigma_px = {info.sigma_px}", f"sigma_px = {info.sigma_px + 1}"
        )
    )
    words = (
        f"this is {info.name} 9, and the board is of {info.version}. Scores of the two are never"
    )
    with pytest.raises(DatasetError, match=words):
        check_data(board, open_dataset(folder))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("schema = 1", "schema = 9", "schema 9 is unknown"),
        ("margin = 0", "margin = -1", "margin -1 is negative"),
        ("margin = 0", 'margin = "0"', "margin = '0' is a text, not a whole number"),
        ("margin = 0", "margin = 8", "leave no frame. Use a smaller margin"),
        ("margin = 0", "margni = 0", "the key 'margni' is unknown. Did you mean 'margin'"),
        ('primary = "kld"', 'primary = "klt"', "no metric of this signature is called 'klt'"),
        ('split = "test"\n', "", "the key 'split' is missing"),
        ("schema = 1", "schema", "is not valid TOML"),
    ],
)
def test_faulty_rules_are_told(tmp_path, old, new, words):
    board = fake_board(tmp_path / "board")
    path = board.root / "board.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises((ConfigError, UnknownName), match=words):
        read_board(board.root)


def test_faulty_places_are_told(tmp_path, folder):
    with pytest.raises(ConfigError, match="holds no board.toml. Make a board with"):
        read_board(tmp_path)
    board = fake_board(tmp_path / "board")
    with pytest.raises(ConfigError, match="already exists"):
        new_board(board.root, open_dataset(folder), title="", split="test")
    clips = board.root / "clips.csv"
    clips.write_text(clips.read_text().replace("1-7", "7-1", 1))
    with pytest.raises(ConfigError, match="clips.csv, row 2: is no clip of a board"):
        read_board(board.root)


def test_a_name_is_taken_once(tmp_path):
    board = fake_board(tmp_path / "board")
    add_fake(board, "model")
    run = fake_run(
        tmp_path / "run", fake_result(board, fake_scores(board, 7), "model"), fake_scores(board, 7)
    )
    facts = Facts(name="model")
    with pytest.raises(ConfigError, match="another row of this name.*--name.*--replace"):
        write_row(board, run, facts)
    assert write_row(board, run, facts, replace=True)[1] == []
    assert write_row(board, run, facts)[1] == []  # the same row again is no conflict
    with pytest.raises(ConfigError, match=r"'\.\./x' is no name for a row"):
        write_row(board, run, Facts(name="../x"))
    with pytest.raises(DatasetError, match="holds no readable result.json"):
        write_row(board, tmp_path, Facts(name="x"))


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
