"""Tampering with a row or an output: each way is found."""

import gzip
import json
import os
import shutil

import pytest
from support.fake_board import add_fake, fake_board, fake_scores

from fusbench.board.build import outputs, write_outputs
from fusbench.board.check import check_table
from fusbench.board.rules import read_board
from fusbench.board.standings import read_table
from fusbench.errors import ConfigError


@pytest.fixture
def board(tmp_path):
    board = fake_board(tmp_path / "board")
    add_fake(board, "honest", seed=1)
    add_fake(board, "forged", seed=2, worse=0.3)
    write_outputs(read_table(board), board.root)
    return board


def findings(board):
    return [f"{f.where}: {f.what}" for f in check_table(read_table(read_board(board.root)))]


def reasons(board):
    """Why rows were refused; that the outputs are stale follows from it."""
    found = findings(board)
    assert "leaderboard.csv: is not what a build of these results writes" in found
    return [line for line in found if line.startswith("results/")]


def edit_json(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content, indent=2, sort_keys=True))


def edit_scores(board, change):
    path = board.root / "results" / "forged" / "scores.csv.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    path.write_bytes(gzip.compress(change(text).encode(), 9, mtime=0))


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


def reseal(board, name):
    """What a forger does who knows how seals are made."""
    from fusbench.board.rows import seal

    folder = board.root / "results" / name
    content = json.loads((folder / "row.json").read_text())
    facts = {key: value for key, value in content.items() if key not in ("schema", "seal")}
    scores = gzip.decompress((folder / "scores.csv.gz").read_bytes()).decode()
    content["seal"] = seal((folder / "result.json").read_text(), scores, facts)
    (folder / "row.json").write_text(json.dumps(content))


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


@pytest.mark.parametrize("name", ["=1+1", "<b>x", "unet\u0430", "a" * 101, ".hidden"])
def test_a_row_of_a_name_that_is_no_identifier_is_refused(board, name):
    folder = board.root / "results" / "forged"
    folder.rename(folder.with_name(name))
    table = read_table(board)
    assert name not in [standing.name for standing in table.standings]
    reasons = [row.reasons for row in table.refused]
    hidden = name.startswith(".")
    assert reasons == ([] if hidden else [("the row's name is no identifier",)])
    text = b"".join(outputs(table).values()).decode()
    assert hidden or name not in text


def test_refused_rows_stand_below_the_line_with_the_reason(board):
    scores = fake_scores(board).iloc[:-5]
    assert add_fake(board, "partial", scores=scores) == ["5 of 42 frames are missing"]
    table = read_table(board)
    assert "partial" not in [s.name for s in table.standings]
    write_outputs(table, board.root)
    readme = (board.root / "README.md").read_text()
    assert "**partial**: 5 of 42 frames are missing" in readme.split("## Below the line")[1]
    assert "5 of 42 frames are missing" in (board.root / "index.html").read_text()


def forge(board, **scores):
    """Replace the forged row's run by one that fits in all but its scores."""
    shutil.rmtree(board.root / "results" / "forged")
    add_fake(board, "forged", scores=fake_scores(board, 2, 0.3).assign(**scores))


def rename(board, name, **facts):
    """Put the forged row under another name, sealed."""
    results = board.root / "results"
    (results / "forged").rename(results / name)
    edit_json(results / name / "row.json", lambda r: r.update(name=name, **facts))
    reseal(board, name)


def link(board, target):
    path = board.root / "results" / "forged" / "result.json"
    path.unlink()
    path.symlink_to(target)


def fifo(board):
    path = board.root / "results" / "forged" / "row.json"
    path.unlink()
    os.mkfifo(path)


def no_folder(board):
    shutil.rmtree(board.root / "results")
    (board.root / "results").write_text("rows")


def elsewhere(board):
    away = board.root.parent / "away"
    (board.root / "results").rename(away)
    (board.root / "results").symlink_to(away)


def linked_row(board):
    row = board.root / "results" / "forged"
    row.rename(board.root.parent / "forged")
    row.symlink_to(board.root.parent / "forged")


def model_changed(**changes):
    def change(board):
        edit_json(
            board.root / "results" / "forged" / "result.json", lambda r: r["model"].update(changes)
        )
        reseal(board, "forged")

    return change


def rules_changed(old, new):
    def change(board):
        path = board.root / "board.toml"
        path.write_text(path.read_text().replace(old, new))

    return change


def result_changed(change):
    def changed(board):
        edit_json(board.root / "results" / "forged" / "result.json", change)
        reseal(board, "forged")

    return changed


def scores_changed(change):
    def changed(board):
        edit_scores(board, change)
        reseal(board, "forged")

    return changed


def facts_changed(**facts):
    return lambda board: edit_json(
        board.root / "results" / "forged" / "row.json", lambda r: r.update(facts)
    )


def written(name, content=b"?"):
    return lambda board: (board.root / name).write_bytes(content)


def retold(name, old, new):
    def change(board):
        path = board.root / name
        path.write_text(path.read_text().replace(old, new, 1))

    return change


def copied_with(**changed):
    """The leader's scores, but for some metrics."""
    return lambda b: add_fake(b, "mine", scores=fake_scores(b, 1).assign(**{
        key: change(fake_scores(b, 1)[key]) for key, change in changed.items()
    }))  # fmt: skip


def leaders_copy(name, **model):
    return lambda board: add_fake(board, name, scores=fake_scores(board, 1), **model)


TAMPERINGS = {
    "copy": (leaders_copy("mine", weights_sha256="b" * 64), "has the scores of 'honest'"),
    "copy of other weights": (leaders_copy("mine", weights_sha256=None), "has the scores of"),
    "copy as another backend": (leaders_copy("mine", backend="torch"), "has the scores of"),
    "copy as a ceiling": (leaders_copy("bound", role="ceiling"), "there for another role"),
    "near copy": (
        lambda b: add_fake(b, "mine", scores=fake_scores(b, 1).assign(
            kld=fake_scores(b, 1)["kld"] + 1e-7)),
        "has the scores of 'honest'",
    ),
    "KLD below 0": (lambda b: forge(b, kld=-0.5), "a score of kld is -0.5, outside"),
    "SIM above 1": (lambda b: forge(b, sim=1.5), "a score of sim is 1.5, outside"),
    "CC above 1": (lambda b: forge(b, cc=1.01), "a score of cc is 1.01, outside"),
    "CC below -1": (lambda b: forge(b, cc=-7.0), "a score of cc is -7, outside"),
    "Cyrillic name": (lambda b: rename(b, "h\u043enest"), "the row's name is no identifier"),
    "blank name": (lambda b: rename(b, "a b"), "the row's name is no identifier"),
    "long name": (lambda b: rename(b, "x" * 150), "the row's name is no identifier"),
    "option as name": (lambda b: rename(b, "-rf"), "the row's name is no identifier"),
    "other case": (lambda b: rename(b, "Honest"), "can be taken for that of"),
    "digit for letter": (lambda b: rename(b, "h0nest"), "can be taken for that of"),
    "link to a device": (lambda b: link(b, "/dev/zero"), "is a link, not a file"),
    "link to a file": (lambda b: link(b, "../honest/result.json"), "is a link, not a file"),
    "pipe": (fifo, "cannot be read: it is a folder, pipe"),
    "linked row": (linked_row, "is a link, not a folder"),
    "linked results": (elsewhere, "results: is no folder"),
    "results a file": (no_folder, "results: is no folder"),
    "floor as a model": (model_changed(name="mean-map"), "'mean-map' is a floor, not a model"),
    "hint as a model": (model_changed(name="previous-gaze"), "is a hint, not a model"),
    "ceiling as a model": (model_changed(name="ideal-observer"), "is a ceiling, not a model"),
    "model named as a floor": (lambda b: rename(b, "uniform"), "bears the name of a baseline"),
    "other margin": (rules_changed("margin = 0", "margin = 1"), "taken in under other rules"),
    "other primary": (rules_changed('"kld"', '"cc"'), "taken in under other rules"),
    "rules not told": (lambda b: rename(b, "newer", rules=""), "under rules that it does not tell"),
    "copy, better by .01": (
        copied_with(kld=lambda v: v - 0.01, sim=lambda v: v + 0.01, cc=lambda v: v + 0.01),
        "has the KLD of 'mine' on every frame, but for a shift",
    ),
    "copy of three metrics": (
        copied_with(kld=lambda v: v * 0.9), "has the NSS of 'mine' on every frame"
    ),
    "summary": (result_changed(lambda r: r["summary"]["kld"].update(mean=1.0)), "kld mean is 1.0"),
    "interval": (result_changed(lambda r: r["summary"]["cc"].update(low=0.3)), "cc low is 0.3"),
    "number of scans": (result_changed(lambda r: r.update(n_scans=9)), "n_scans is 9"),
    "hard frames left out": (
        scores_changed(lambda t: "".join(t.splitlines(True)[:-3])), "3 of 42 frames are missing"
    ),
    "a frame twice": (
        scores_changed(lambda t: t + t.splitlines(True)[-1]), "1 scored frames are not the board"
    ),
    "frames reversed": (
        scores_changed(lambda t: "".join([*t.splitlines(True)[:1], *t.splitlines(True)[:0:-1]])),
        "the frames are out of order",
    ),
    "infinite score": (lambda b: forge(b, nss=float("inf")), "a score is not finite"),
    "other signature": (result_changed(lambda r: r.update(signature="x")), "another signature"),
    "other profile": (result_changed(lambda r: r.update(profile="mit")), "another metric profile"),
    "other split": (result_changed(lambda r: r.update(split="val")), "another split: val"),
    "other data": (
        result_changed(lambda r: r["dataset"].update(fingerprint="0")), "other data: the fingerpri"
    ),
    "frozen history": (
        result_changed(lambda r: r["config"].update(freeze_history=True)), "control with frozen his"
    ),
    "integer maps": (model_changed(backend="integer maps"), "predicted in integer maps"),
    "later frames seen": (
        result_changed(lambda r: r["model"]["window"].update(horizon=-5)), "horizon is -5 frames"
    ),
    "unknown role": (model_changed(role="winner"), "result.json is no result of this schema"),
    "text that turns round": (model_changed(title="U-Net \u202e"), "no result of this schema"),
    "endless title": (model_changed(title="x" * 400), "no result of this schema"),
    "bomb": (
        lambda b: (b.root / "results" / "forged" / "scores.csv.gz").write_bytes(
            gzip.compress(bytes(1 << 26))),
        "unpacks to more than such a file holds",
    ),
    "broken gzip": (
        lambda b: (b.root / "results" / "forged" / "scores.csv.gz").write_bytes(b"\x1f\x8b"),
        "results/forged: ",
    ),
    "negative size": (facts_changed(parameters=-1), "row.json does not fit"),
    "a time unsealed": (facts_changed(seconds_per_frame=1.0), "the seal is broken"),
    "parameters unsealed": (facts_changed(parameters=1), "the seal is broken"),
    "foreign file of a row": (written("results/forged/a.pkl"), "a.pkl: is no row's file"),
    "foreign file of the board": (written("setup.py"), "setup.py: belongs to no board"),
    "file among rows": (written("results/a.txt"), "results/a.txt: belongs to no row"),
    "row taken out after the build": (
        lambda b: shutil.rmtree(b.root / "results" / "honest"),
        "README.md: is not what a build",
    ),
    "script in the page": (
        retold("index.html", "</main>", "<script src=x></script></main>"),
        "index.html: is not what a build",
    ),
    "table retouched": (retold("README.md", "1.", "0."), "README.md: is not what a build"),
    "another size": (
        lambda b: rename(b, "fast", parameters=1),
        "leaderboard.csv: is not what a build",
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", list(TAMPERINGS))
def test_what_a_folder_can_show_is_found_even_sealed_and_built_anew(board, way):
    change, words = TAMPERINGS[way]
    change(board)
    if "build" not in words:
        write_outputs(read_table(read_board(board.root)), board.root)
    found = findings(board)
    assert any(words in line for line in found), found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("patient000-c1,8", "patient000-c1,99999999999"),
        ("1-7", "1-999999999"),
        ("patient000-c1,8", "patient000-c1,-8"),
        ("1-7", "7-1"),
    ],
)
def test_impossible_clips_are_refused_at_once(board, old, new):
    path = board.root / "clips.csv"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ConfigError, match="is no clip of a board"):
        read_board(board.root)


@pytest.mark.parametrize("name", ["board.toml", "clips.csv", "published.toml"])
def test_devices_and_pipes_in_place_of_a_boards_files_are_refused(board, name):
    (board.root / name).unlink(missing_ok=True)
    (board.root / name).symlink_to("/dev/zero")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_table(read_board(board.root))
    (board.root / name).unlink()
    os.mkfifo(board.root / name)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_table(read_board(board.root))


def test_what_a_system_leaves_behind_hurts_nobody(board):
    """A Mac's hidden files, and a name that is no UTF-8."""
    (board.root / "results" / "forged" / ".DS_Store").write_bytes(b"\0")
    (board.root / "results" / ".DS_Store").write_bytes(b"\0")
    assert findings(board) == []
    os.mkdir(os.fsencode(board.root / "results") + b"/caf\xe9")
    table = read_table(read_board(board.root))
    assert [item.name for item in table.refused] == ["caf?"]
    assert len(table.rows) == 2
    write_outputs(table, board.root)
    assert findings(board) == ["results/caf?: the row's name is no identifier"]


def test_a_title_may_change_while_the_rows_stay(board):
    path = board.root / "board.toml"
    path.write_text(path.read_text().replace('"Fake"', '"Renamed"'))
    write_outputs(read_table(read_board(board.root)), board.root)
    assert findings(board) == []


def test_a_row_is_not_overwritten_in_silence(board, tmp_path):
    """Neither by another run of its name nor by a name that looks like it."""
    with pytest.raises(ConfigError, match="the board has another row of this name"):
        add_fake(board, "forged", seed=7)
    with pytest.raises(ConfigError, match="could be taken for that of 'honest'"):
        add_fake(board, "h0nest", seed=7)
    assert add_fake(board, "forged", seed=2, worse=0.3, cite="Fake et al., 2027") == []
    assert findings(board)[0].startswith("README.md: is not what a build")
