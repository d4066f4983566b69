"""Boards: what is built, and that the same input gives the same bytes."""

import csv
import itertools
import json
import os
import shutil
import time

import numpy as np
import pytest
from support.fake_board import add_fake, fake_board, fake_result, fake_run, fake_scores, filled

from fusbench.board.adding import write_row
from fusbench.board.build import OUTPUTS, outputs, write_outputs
from fusbench.board.published import bundled, read_published
from fusbench.board.rows import Facts
from fusbench.board.rules import read_board
from fusbench.board.standings import read_table
from fusbench.errors import ConfigError, DatasetError


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


def test_a_column_is_one_entry(tmp_path, monkeypatch):
    """All that is built has it; the table for a paper where the entry says so."""
    from fusbench.board import columns, record, tables

    new = columns.Column(
        key="house", label="house", value=lambda s, row, table: f"House of {row.facts.name}",
        shown=lambda s, table: f"House of {s.name}", about="Whose", text=True, printed=True,
    )  # fmt: skip
    for module in (columns, record, tables):
        if hasattr(module, "COLUMNS"):
            monkeypatch.setattr(module, "COLUMNS", (*columns.COLUMNS, new))
    board = fake_board(tmp_path / "board", scans=6)
    add_fake(board, "alone")
    content = outputs(read_table(board))
    assert len(content) == 5
    for name, text in content.items():
        assert b"House of alone" in text, name
    assert b"{rrllrrrrrl}" in content["leaderboard.tex"]
    assert b"CC $\\uparrow$ & Parameters & House" in content["leaderboard.tex"]
