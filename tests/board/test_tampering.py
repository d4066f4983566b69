"""What a folder can show of a forger who knows how seals are made: a table of ways."""

import gzip
import os
import re
import shutil

import pytest
from support.fake_board import add_fake, fake_scores
from support.forged import edit_json, edit_scores, findings, reseal

from fusbench.board.build import write_outputs
from fusbench.board.rules import read_board
from fusbench.board.standings import read_table


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
    "infinite score": (lambda b: forge(b, nss=float("inf")), "does not hold a number a frame"),
    "too large a score": (
        scores_changed(lambda t: re.sub(r"(,\d+,)[^,]+", r"\g<1>1e999", t, count=1)),
        "a score is not finite",
    ),
    "infinite mean": (
        result_changed(lambda r: r["summary"]["nss"].update(mean=float("inf"))),
        "Infinity is no finite number",
    ),
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
