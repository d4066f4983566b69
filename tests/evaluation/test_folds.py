"""Cross-validation as one run: every scan is scored once, by the model that did not see it."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.command import run as run_command
from support.small_dataset import small_clip, small_info

from fusbench import compare, evaluate, read_run, write_page
from fusbench.board.rules import read_board
from fusbench.data.dataset import open_dataset
from fusbench.data.split import fold_scans
from fusbench.data.writer import write_dataset
from fusbench.doors.options import Options
from fusbench.errors import CheckpointError, ConfigError, DatasetError
from fusbench.evaluation.folds import of_fold
from fusbench.evaluation.results import read_landmarks, summarise
from fusbench.evaluation.seen import unseen
from fusbench.verbs.board import Board
from fusbench.verbs.submit import score_predictions
from fusbench.zoo.checkpoint import TRAIN_CLIPS, short_hash, write_checkpoint


@pytest.fixture
def study(tmp_path):
    """Nine scans in three folds."""
    clips = [small_clip(n, "train", n_frames=6 + n) for n in range(1, 10)]
    root = write_dataset(tmp_path / "study", small_info(), clips)
    fold_scans(root, open_dataset(root).clips, 3)
    return root


def test_pooled_folds_score_every_scan_once_with_its_own_fold(study, tmp_path):
    """Derived again from three evaluations, one a fold."""
    run = evaluate("mean-map", study, fold="all", runs=tmp_path / "runs")
    parts = [evaluate("mean-map", study, fold=k, runs=tmp_path / "apart") for k in (1, 2, 3)]
    scores = pd.concat([part.scores for part in parts])
    scores = scores.sort_values(["scan_id", "clip_id", "frame"], ignore_index=True)
    pd.testing.assert_frame_equal(run.scores, scores, check_exact=True)
    assert run.result.summary == summarise(scores)
    assert run.result.n_scans == 9
    assert run.result.n_frames == sum(part.result.n_frames for part in parts) == len(scores)
    assert run.result.n_skipped == 9
    assert run.result.dataset.folds == [part.key for part in parts]
    assert run.title == "mean-map on small (synthetic), all folds pooled"
    again = evaluate("mean-map", study, fold="all", runs=tmp_path / "runs")
    assert (again.key, again.scores.equals(run.scores)) == (run.key, True)


def test_masses_on_landmarks_are_pooled_with_the_scores(tmp_path):
    clips = [
        replace(small_clip(n, "train"), landmarks=np.full((10, 2, 3), n + 5, np.float32))
        for n in range(1, 10)
    ]
    info = small_info(landmarks=("rump", "crown"))
    root = write_dataset(tmp_path / "marked", info, clips)
    fold_scans(root, open_dataset(root).clips, 3)
    run = evaluate("uniform", root, fold="all", runs=tmp_path / "runs")
    table = read_landmarks(run.folder)
    keys = ["scan_id", "clip_id", "frame"]
    pd.testing.assert_frame_equal(table[keys], run.scores[keys])
    shares = table.groupby("scan_id")["rump"].first()
    row, column = np.mgrid[:24, :32]
    for n in range(1, 10):
        inside = np.hypot(row - n - 5, column - n - 5) <= 4.0
        assert shares[f"s{n}"] == pytest.approx(inside.mean(), rel=1e-9)


@pytest.mark.parametrize("fold", ["\u00b2", "-1", "1.5", "some"])
def test_what_is_no_fold(study, fold):
    line = ["evaluate", "--model", "uniform", "--dataset", str(study), f"--fold={fold}"]
    assert "is neither a fold's number nor 'all'" in run_command(*line, code=2).stderr


def test_pooled_data_are_known_by_content_and_folds(study):
    data = open_dataset(study, fold="all")
    assert len(data.split("test")) == len(data.clips) == 9
    tested = [clip.scan_id for part in data.folds for clip in part.split("test")]
    assert sorted(tested) == sorted(clip.scan_id for clip in data.clips)
    before = data.fingerprint("test")
    fold_scans(study, data.clips, 3, seed=1)
    assert open_dataset(study, fold="all").fingerprint("test") != before
    (study / "folds.csv").unlink()
    with pytest.raises(DatasetError, match="the data set stores no folds"):
        open_dataset(study, fold="all")


def test_a_board_of_pooled_folds(study, tmp_path):
    board = Board.new(tmp_path / "board", study, fold="all", published=False)
    assert board.rules.pooled
    evaluate("uniform", study, board=board.folder, runs=tmp_path / "runs")
    assert set(board.frame["role"]) == {"floor", "hint"}
    assert {"uniform", "centre-bias", "mean-map"} <= set(board.frame.index)
    assert board.check(study) == []
    assert "all folds, pooled: 90 frames of 9 scans" in (board.folder / "README.md").read_text()
    single = evaluate("uniform", study, fold=1, runs=tmp_path / "runs")
    assert "other data: the fingerprint differs" in board.add(single, "single")
    with pytest.raises(ConfigError, match="--fold 1 is not the board's, all"):
        evaluate("uniform", study, fold=1, board=board.folder, runs=tmp_path / "runs")
    with pytest.raises(ConfigError, match="pooled over their test splits, not over val"):
        evaluate("uniform", study, fold="all", split="val", runs=tmp_path / "runs")


def test_predictions_are_pooled_too(study, tmp_path):
    (predicted := tmp_path / "flat").mkdir()
    for clip in open_dataset(study).clips:
        flat = np.full((clip.n_frames, 24, 32), 1 / 768, np.float32)
        np.save(predicted / f"{clip.clip_id}.npy", flat)
    run = evaluate(predicted, study, fold="all", runs=tmp_path / "runs")
    uniform = evaluate("uniform", study, fold="all", runs=tmp_path / "runs")
    assert run.summary["mean"].to_dict() == pytest.approx(uniform.summary["mean"].to_dict())
    found = compare([uniform, run], by=("scan",))
    assert found.summary["difference"].abs().max() < 1e-6


def test_submitted_predictions_are_scored_fold_by_fold(study, tmp_path):
    """IG and shuffled AUC compare with a fold's own scans: a submission's as a model's."""
    (predicted := tmp_path / "slope").mkdir()
    slope = np.linspace(1, 2, 768, dtype=np.float32).reshape(24, 32)
    for clip in open_dataset(study).clips:
        shown = np.broadcast_to(slope / slope.sum(), (clip.n_frames, 24, 32))
        np.save(predicted / f"{clip.clip_id}.npy", shown)
    terms = {"fold": "all", "metrics": ("kld", "sauc", "ig"), "published": False}
    folder = Board.new(tmp_path / "board", study, **terms).folder
    run, submitted = score_predictions(
        read_board(folder), predicted, "slope", str(study), tmp_path / "submitted"
    )
    assert submitted.name == "slope"
    assert Board(folder).add(run) == []
    model = evaluate(predicted, study, fold="all", metrics=terms["metrics"], runs=tmp_path / "runs")
    pd.testing.assert_frame_equal(read_run(run).scores, model.scores)


def test_weights_of_another_fold_are_refused(study, tmp_path):
    (first, second, _) = open_dataset(study, fold="all").folds
    weights = {"a": np.zeros(1, np.float32)}
    for k, told in ((1, {"fold": "1"}), (2, {"fold": "2"})):
        write_checkpoint(tmp_path / f"w{k}.safetensors", weights, told)
    own = of_fold(Options(checkpoint=tmp_path / "w{fold}.safetensors"), second)
    assert own.weights == tmp_path / "w2.safetensors"
    assert unseen(own.weights, second, "test") == ""
    with pytest.raises(CheckpointError, match="fold 1, and has seen scans of 2. Train a model a"):
        unseen(tmp_path / "w1.safetensors", second, "test")
    name = f"{first.info.name} {first.info.version}"
    write_checkpoint(tmp_path / "all.safetensors", weights, {"dataset": name})
    with pytest.raises(CheckpointError, match="fold none, and has seen scans of 1"):
        unseen(tmp_path / "all.safetensors", first, "test")
    write_checkpoint(tmp_path / "else.safetensors", weights, {"dataset": "phantom-full 1.2"})
    assert unseen(tmp_path / "else.safetensors", first, "test") == ""


def test_weights_that_were_chosen_on_the_next_fold_are_refused_there(study, tmp_path):
    """A fold's validation split is the test split of the next."""
    folds = open_dataset(study, fold="all").folds
    first, second, third = folds
    told = {
        TRAIN_CLIPS: json.dumps([short_hash(clip.sha256) for clip in first.split("train")]),
        "val_fingerprint": first.fingerprint("val"),
    }
    path = tmp_path / "w1.safetensors"
    write_checkpoint(path, {"a": np.zeros(1, np.float32)}, told)
    assert {c.clip_id for c in first.split("val")} == {c.clip_id for c in second.split("test")}
    with pytest.raises(CheckpointError, match="was chosen by its losses on these scans"):
        unseen(path, second, "test")
    assert unseen(path, second, "test", seen_ok=True).startswith("was chosen")
    with pytest.raises(CheckpointError, match="in training"):
        unseen(path, third, "test")
    assert unseen(path, first, "test") == unseen(path, first, "val") == ""


NET = """
from fusbench import ModelCard
card = ModelCard(name='net', title='T', loader='net:Model')
class Model:
    def __init__(self, card, checkpoint): ...
    def predict(self, frames):
        return (frames[:, -1] + 1.0) / (frames[:, -1] + 1.0).sum((1, 2), keepdims=True)
"""


def test_weights_that_name_their_clips_are_refused_wherever_these_are_scored(study, tmp_path):
    """By the frames: whatever the fold, the split, or the data set's name."""
    first, *others = open_dataset(study, fold="all").folds
    seen = [short_hash(clip.sha256) for clip in first.split("train")]
    told = {"dataset": "of another name", TRAIN_CLIPS: json.dumps(seen)}
    path = tmp_path / "w.safetensors"
    write_checkpoint(path, {"a": np.zeros(1, np.float32)}, told)
    given = Options(checkpoint=path)
    assert unseen(given.weights, first, "test") == ""
    trained = {clip.clip_id for clip in first.split("train")}
    tested = [{clip.clip_id for clip in fold.split("test")} for fold in others]
    second, shared = max(zip(others, tested, strict=True), key=lambda pair: len(pair[1] & trained))
    shared &= trained
    assert shared
    words = f"has seen {len(shared)} of the {len(second.split('test'))} clips in training"
    with pytest.raises(CheckpointError, match=words):
        unseen(given.weights, second, "test")
    model = tmp_path / "net.py"
    model.write_text(NET)
    asked = {"runs": tmp_path / "runs", "checkpoint": path, "split": "train", "fold": 1}
    with pytest.raises(CheckpointError, match="or take it, marked, with --seen-ok"):
        evaluate(model, study, **asked)
    with pytest.warns(UserWarning, match="clips in training"):
        run = evaluate(model, study, **asked, seen_ok=True)
    assert run.result.config["seen"].startswith(f"has seen {len(seen)} of the {len(seen)} clips")
    shown = {"out": tmp_path / "page.html", "models": [model], "checkpoint": path}
    shown |= {"runs": tmp_path / "viewed", "split": "train", "fold": 1}
    with pytest.raises(CheckpointError, match="or take it, marked, with --seen-ok"):
        write_page(study, **shown)
    with pytest.warns(UserWarning, match="clips in training"):
        write_page(study, **shown, seen_ok=True)
    (stored,) = (tmp_path / "viewed").glob("net-*")
    assert read_run(stored).result.config["seen"] == run.result.config["seen"]


def test_weights_that_a_card_names_are_asked_as_well(study, tmp_path):
    """Those of a plug-in, or of a changed card, were scored on what they saw without a word."""
    first = open_dataset(study, fold="all").folds[0]
    seen = [short_hash(clip.sha256) for clip in first.split("train")]
    path = tmp_path / "own.safetensors"
    write_checkpoint(path, {"a": np.zeros(1, np.float32)}, {TRAIN_CLIPS: json.dumps(seen)})
    model = tmp_path / "net.py"
    model.write_text(
        NET.replace("loader='net:Model'", f"loader='net:Model', checkpoint={str(path)!r}")
    )
    asked = {"runs": tmp_path / "runs", "fold": 1}
    with pytest.raises(CheckpointError, match="or take it, marked, with --seen-ok"):
        evaluate(model, study, **asked, split="train")
    with pytest.warns(UserWarning, match="net: has seen .* clips in training"):
        run = evaluate(model, study, **asked, split="train", seen_ok=True)
    assert run.result.config["seen"] == f"has seen {len(seen)} of the {len(seen)} clips in training"
    assert "seen" not in evaluate(model, study, **asked).result.config
    rows = evaluate([model, "uniform"], study, **asked, split="train")
    assert [row.name for row in rows.runs] == ["uniform"]


def test_a_run_that_is_stored_says_so(study, tmp_path):
    run = evaluate("uniform", study, fold="all", runs=tmp_path / "runs")
    told = json.loads((run.folder / "result.json").read_text())
    assert told["dataset"]["fold"] == "all"
    assert read_run(run.folder) == run
