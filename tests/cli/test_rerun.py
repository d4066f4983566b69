"""Running a row again: with its own weights or not at all."""

import json
import shutil
from dataclasses import replace

import pytest
from support.fake_board import add_fake, fake_board

from fusbench.board.rerun import check_weights, own_weights
from fusbench.board.rules import read_board
from fusbench.board.standings import read_table
from fusbench.doors.registry import model_card
from fusbench.errors import CheckpointError
from fusbench.evaluation.folds import fold_files, together_sha256
from fusbench.files import file_sha256
from fusbench.zoo.checkpoint import read_checkpoint, write_checkpoint
from fusbench.zoo.weights import checkpoint_path

NAME = "unet-torch"


@pytest.fixture
def weights(tmp_path):
    """The bundled file, and one of other weights."""
    pytest.importorskip("fusbench_torch")
    bundled = checkpoint_path(model_card(NAME))
    content = read_checkpoint(bundled)
    changed = {name: value * 1.5 for name, value in content.weights.items()}
    own = tmp_path / "own.safetensors"
    write_checkpoint(own, changed, content.metadata)
    return bundled, own


def row_of(tmp_path, path):
    board = fake_board(tmp_path / "boards" / "board")
    add_fake(board, NAME, weights_sha256=path and file_sha256(path))
    (row,) = read_table(board).rows
    return row, board.root


def test_bundled_weights_are_taken_where_they_are_the_rows(tmp_path, weights):
    row, board = row_of(tmp_path, weights[0])
    assert own_weights(row, None, board) == weights[0]
    assert check_weights(row) == ""


def test_rows_of_another_version_are_not_held_against_what_is_installed(tmp_path, weights):
    """A board of older data keeps its rows when their networks are trained anew."""
    row, _ = row_of(tmp_path, weights[1])
    told = replace(row.result.model, training={"dataset": "phantom-full 1.1"})
    older = replace(row, result=replace(row.result, model=told))
    words = "the row's were trained on phantom-full 1.1, those here on phantom-full 1.2"
    assert check_weights(older) == f"weights not compared: {words}"
    told = replace(told, training={"dataset": "phantom-full 1.2"})
    same = replace(row, result=replace(row.result, model=told))
    assert check_weights(same) == "the installed weights are others than the row's"


def test_a_row_without_weights_needs_none(tmp_path):
    row, board = row_of(tmp_path, None)
    assert own_weights(row, None, board) is None


def test_other_weights_are_found_by_their_hash_or_said_to_be_missing(tmp_path, weights):
    bundled, own = weights
    row, board = row_of(tmp_path, own)
    assert check_weights(row) == "the installed weights are others than the row's"
    words = f"its weights, of SHA-256 {file_sha256(own)[:12]}..., are missing. Name their file"
    for place in (None, tmp_path / "boards"):
        with pytest.raises(CheckpointError) as error:
            own_weights(row, place, board)
        assert words in str(error.value)
    with pytest.raises(CheckpointError, match="these are not the row's weights"):
        own_weights(row, bundled, board)
    assert own_weights(row, own, board) == own
    assert own_weights(row, tmp_path, board) == own
    beside = tmp_path / "boards" / "weights"
    beside.mkdir()
    shutil.copy(own, beside / "any name")
    assert own_weights(row, None, board) == beside / "any name"


def test_weights_of_folds_are_found_by_the_hash_of_all(tmp_path):
    """A row over folds, each of which has its own weights, could not be run again at all."""
    board = fake_board(tmp_path / "boards" / "board")
    place = tmp_path / "mine"
    place.mkdir()
    for fold in (1, 2, 3):
        (place / f"net-{fold}.safetensors").write_text(f"weights {fold}")
    files = fold_files(place / "net-{fold}.safetensors", 3)
    add_fake(board, NAME, weights_sha256=together_sha256([file_sha256(path) for path in files]))
    (row,) = read_table(board).rows
    result = replace(
        row.result,
        dataset=replace(row.result.dataset, fold="all", folds=["a-1", "a-2", "a-3"]),
        config={"checkpoint": "net-{fold}.safetensors"},
    )
    row = replace(row, result=result)
    pattern = place / "net-{fold}.safetensors"
    with pytest.raises(CheckpointError, match=r"Name the folder that holds net-\{fold\}.safe"):
        own_weights(row, None, board.root)
    assert own_weights(row, place, board.root) == pattern
    assert own_weights(row, pattern, board.root) == pattern
    shutil.copytree(place, tmp_path / "boards" / "weights")
    assert own_weights(row, None, board.root).parent.name == "weights"
    files[2].write_text("others")
    for wrong in (pattern, files[0]):
        with pytest.raises(CheckpointError, match="these are not the row's weights"):
            own_weights(row, wrong, board.root)
    files[2].unlink()
    with pytest.raises(CheckpointError, match="are missing"):
        own_weights(row, place, board.root)


@pytest.mark.slow
def test_a_row_of_own_weights_is_run_again_with_them(call, folder, board, tmp_path, weights):
    """With the bundled ones an honest row would be called off by nats."""
    own = weights[1]
    line = ("evaluate", "--model", NAME, "--checkpoint", own, "--board", board)
    call(*line, "--dataset", folder, "--out", tmp_path / "runs")
    check = ("leaderboard", "check", board, "--dataset", folder, "--rerun", NAME)
    assert "are missing. Name their file, or a folder" in call(*check, code=1)
    out = call(*check, "--checkpoint", tmp_path)
    assert f"{NAME}: run again, the largest difference of a score is 0" in out
    told = json.loads((board / "results" / NAME / "result.json").read_text())
    assert told["model"]["weights_sha256"] == file_sha256(own)
    assert read_board(board).root == board


@pytest.mark.slow
def test_a_sitting_times_every_row_that_is_here(call, folder, board, tmp_path):
    line = ("evaluate", "--model", "uniform", "--board", board, "--dataset", folder)
    call(*line, "--out", tmp_path / "runs")
    out = call("leaderboard", "time", board, "--dataset", folder, "--repeats", 1)
    assert "board is built: 4 rows of 4 timed." in out
    assert "time/frame" in (board / "README.md").read_text()
    rows = json.loads((board / "times.json").read_text())["rows"]
    assert set(rows) == {"uniform", "centre-bias", "mean-map", "previous-gaze"}
    assert all(row["seconds"] > 0 and row["ratio"] > 0 for row in rows.values())
    assert "no findings" in call("leaderboard", "check", board)
