"""Tampering with a row or an output: each way is found."""

import gzip

import pytest
from support.forged import edit_json, edit_scores, findings, reseal


def reasons(board):
    """Why rows were refused; that the outputs are stale follows from it."""
    found = findings(board)
    assert "leaderboard.csv: is not what a build of these results writes" in found
    return [line for line in found if line.startswith("results/")]


def test_an_untouched_board_has_no_findings(board):
    assert findings(board) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r["summary"]["kld"].update(mean=r["summary"]["kld"]["mean"] - 0.1),
        lambda r: r["summary"]["nss"].update(high=99.0),
        lambda r: r["summary"]["sim"].update(scan_mean=0.5),
        lambda r: r.update(n_frames=r["n_frames"] + 1),
        lambda r: r.update(n_skipped=0),
        lambda r: r.update(signature=r["signature"].replace("sigma:2px", "sigma:3px")),
        lambda r: r.update(profile="mit"),
        lambda r: r.update(split="val"),
        lambda r: r.update(key="forged-fedcba9876543210"),
        lambda r: r["dataset"].update(fingerprint="0" * 64),
        lambda r: r["model"].update(weights_sha256="b" * 64),
        lambda r: r["model"].update(parameters=12),
        lambda r: r["model"].update(title="Better"),
        lambda r: r["model"].update(role="ceiling"),
        lambda r: r["environment"].update(threads=1),
        lambda r: r["config"].update(freeze_history=True),
    ],
)
def test_a_changed_result_is_found(board, change):
    edit_json(board.root / "results" / "forged" / "result.json", change)
    found = reasons(board)
    assert any("forged: the seal is broken" in line for line in found)
    assert not any("honest" in line for line in found)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\n\n", 1).replace(",2", ",1", 1),
        lambda text: "".join(text.splitlines(keepends=True)[:-1]),
        lambda text: text + text.splitlines()[-1] + "\n",
        lambda text: "".join([*text.splitlines(True)[:1], *reversed(text.splitlines(True)[1:])]),
        lambda text: text.replace("patient001", "patient099"),
    ],
)
def test_changed_scores_are_found(board, change):
    edit_scores(board, change)
    assert any("forged: " in line for line in reasons(board))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r["summary"]["kld"].update(mean=1.0), "kld mean is 1.0 in result.json and"),
        (lambda r: r["summary"]["cc"].update(low=None), "cc low is nothing in result.json and"),
        (lambda r: r.update(n_frames=9), "the number of frames is not that of the scores"),
        (lambda r: r.update(n_scans=9), "n_scans is 9 in result.json and 6 by the scores"),
        (lambda r: r.update(n_skipped=9), "n_skipped is 9 in result.json and 6 by the scores"),
        (lambda r: r.update(signature="x"), "another signature: x"),
        (lambda r: r["dataset"].update(fingerprint="0"), "other data: the fingerprint differs"),
        (lambda r: r.update(split="val"), "another split: val"),
        (lambda r: r["config"].update(freeze_history=True), "a control with frozen history"),
        (lambda r: r["summary"].pop("cc"), "the summary is not of the signature's metrics"),
        (lambda r: r["model"].update(role="best"), "no result of this schema"),
        (lambda r: r.update(schema=2), "no result of this schema"),
        (lambda r: r.update(extra=1), "the key 'extra' is unknown"),
    ],
)
def test_what_does_not_fit_is_refused_even_under_a_new_seal(board, change, words):
    edit_json(board.root / "results" / "forged" / "result.json", change)
    reseal(board, "forged")
    (line,) = reasons(board)
    assert "seal" not in line
    assert words in line


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: "".join(t.splitlines(True)[:-3]), "3 of 42 frames are missing"),
        (lambda t: t + "patient000,patient000-c1,0,1,1,1,1\n", "1 scored frames are not the board"),
        (lambda t: t.replace("kld", "kdl"), "does not hold a number a frame for kld"),
        (lambda t: t[:-9] + "x\n", "does not hold a number a frame"),
        (lambda t: t.replace("\n", ",\n", 2)[:-6] + "inf\n", "score"),
    ],
)
def test_scores_that_do_not_cover_the_board_are_refused(board, change, words):
    edit_scores(board, change)
    reseal(board, "forged")
    assert any(words in line for line in reasons(board))


def test_a_changed_fact_is_found(board):
    edit_json(board.root / "results" / "forged" / "row.json", lambda r: r.update(parameters=7))
    assert reasons(board) == [
        "results/forged: the seal is broken: a file of the row was changed after it was added"
    ]


@pytest.mark.parametrize("name", ["result.json", "scores.csv.gz", "row.json"])
def test_a_missing_or_damaged_file_is_found(board, name):
    path = board.root / "results" / "forged" / name
    path.write_bytes(path.read_bytes()[:-20] + b"}" * 3)
    assert any("forged: " in line for line in reasons(board))
    path.unlink()
    assert reasons(board) == [f"results/forged: {name}: the file is missing"]


def test_foreign_files_are_found(board):
    (board.root / "results" / "forged" / "extra.txt").write_text("")
    (board.root / "results" / "note.txt").write_text("")
    (board.root / "notes").mkdir()
    found = findings(board)
    assert "results/forged: extra.txt: is no row's file" in found
    assert "results/note.txt: belongs to no row" in found
    assert "notes: belongs to no board" in found


def test_a_row_taken_out_or_renamed_is_found(board):
    (board.root / "results" / "forged").rename(board.root / "results" / "honester")
    found = findings(board)
    assert "results/honester: row.json does not fit the row's folder" in found
    assert "README.md: is not what a build of these results writes" in found


@pytest.mark.parametrize(
    "name", ["README.md", "leaderboard.csv", "leaderboard.json", "leaderboard.tex", "index.html"]
)
def test_a_changed_output_is_found(board, name):
    path = board.root / name
    path.write_text(path.read_text().replace("2", "1", 1))
    assert findings(board) == [f"{name}: is not what a build of these results writes"]
    path.unlink()
    assert findings(board) == [f"{name}: the file is missing; build the board"]


def test_changed_rules_or_clips_are_found(board):
    path = board.root / "clips.csv"
    path.write_text(path.read_text().replace("1-7", "1-6", 1))
    found = findings(board)
    assert any("1 scored frames are not the board's" in line for line in found)


def test_a_scores_file_that_unpacks_to_more_than_scores_can_be_is_refused(board):
    bomb = gzip.compress(bytes(1 << 26))
    (board.root / "results" / "forged" / "scores.csv.gz").write_bytes(bomb)
    found = findings(board)
    assert any("forged: unpacks to more than such a file holds" in line for line in found)
