"""A board's rules hold for whatever is scored under them, and for what is refused."""

import json

import numpy as np
import pytest

from fusbench import open_dataset

BRIGHT = """
def predict(frames):
    density = frames[:, -1] + 1.0
    return density / density.sum((1, 2), keepdims=True)
"""


def rows_of(call, board):
    shown = json.loads(call("leaderboard", "show", board, "--json"))
    return {row["name"]: row for row in shown["rows"]}


def test_a_board_of_other_metrics(call, folder, tmp_path):
    board, runs = tmp_path / "board", tmp_path / "runs"
    line = ("leaderboard", "new", board, "--dataset", folder, "--metrics", "auc-judd,ig")
    assert "no metric of this signature is called 'kld'" in call(*line, "--primary", "kld", code=1)
    call(*line)
    assert 'primary = "auc-judd"' in (board / "board.toml").read_text()
    line = ("evaluate", "--board", board, "--dataset", folder, "--out", runs)
    assert "AUC-Judd" in call(*line, "--model", "centre-bias")
    rows = rows_of(call, board)
    assert set(rows["centre-bias"]["scores"]) == {"auc-judd", "ig"}
    assert rows["mean-map"]["scores"]["ig"]["mean"] == 0  # the baseline of IG is the mean map
    words = "--metrics kld,cc is not the board's, auc-judd,ig. Leave --metrics out"
    assert words in call(*line, "--model", "uniform", "--metrics", "cc,kld", code=1)
    out = call("leaderboard", "check", board, "--dataset", folder, "--rerun", "uniform")
    assert "run again, the largest difference of a score is 0" in out
    predicted = tmp_path / "predicted"
    predicted.mkdir()
    for clip, frames in (("s3-c1", 10), ("s4-c1", 8)):
        np.save(predicted / f"{clip}.npy", np.full((frames, 24, 32), 1 / 768, np.float32))
    line = ("leaderboard", "add", board, predicted, "--predictions", "--dataset", folder)
    assert "flat: added." in call(*line, "--name", "flat", "--out", runs)
    rows = rows_of(call, board)
    assert rows["flat"]["scores"] == rows["uniform"]["scores"]


def test_runs_of_other_metrics_are_compared(call, folder, tmp_path):
    runs, picture, table = tmp_path / "runs", tmp_path / "c.png", tmp_path / "c.csv"
    for model in ("uniform", "centre-bias"):
        call("evaluate", "--model", model, "--dataset", folder, "--out", runs, "--json",
             "--metrics", "cc,auc-judd")  # fmt: skip
    folders = sorted(runs.iterdir())
    out = call("compare", *folders, "--by", "scan", "--plot", picture, "--csv", table)
    assert "Better than centre-bias: CC above 0, AUC-Judd above 0." in out
    assert picture.read_bytes()[:4] == b"\x89PNG"
    lines = table.read_text().splitlines()
    assert sum(line.endswith(",by scan") for line in lines) == 2 * 2
    assert "of these runs is called 'kld'. Known: auc-judd, cc" in call(
        "compare", *folders, "--metric", "kld", code=1
    )


def test_other_data_never_reach_a_board(call, folder, board, tmp_path):
    """A row that is there is not replaced by one that cannot fit."""
    line = ("evaluate", "--model", "uniform", "--board", board, "--out", tmp_path / "runs")
    call(*line, "--dataset", folder)
    before = (board / "results" / "uniform" / "row.json").read_bytes()
    words = "its fingerprint is not the board's. Use the copy of"
    assert words in call(*line, "--dataset", "phantom-tiny", code=1)
    assert (board / "results" / "uniform" / "row.json").read_bytes() == before


@pytest.mark.parametrize("verb", ["evaluate", "add"])
def test_data_that_are_not_here_are_named_by_their_option(verb, call, folder, board, tmp_path):
    """The name in the board's rules is none that the user has typed."""
    lines = {
        "evaluate": ("evaluate", "--model", "uniform", "--board", board),
        "add": ("leaderboard", "add", board, tmp_path / "maps", "--predictions", "--name", "x"),
    }
    (tmp_path / "maps").mkdir()
    told = call(*lines[verb], "--out", tmp_path / "runs", code=1)
    words = "are no folder here and no installed data set. Name their folder with --dataset."
    assert f"the board's data '{open_dataset(folder).info.name}' {words}" in told
    assert len(told.splitlines()) == 1


def test_an_impossible_name_is_told_before_anything_is_scored(call, folder, board, tmp_path):
    line = ("evaluate", "--model", "uniform", "--board", board, "--dataset", folder)
    out = call(*line, "--name", "a b", "--out", tmp_path / "runs", code=1)
    assert "'a b' is no name for a row. Use letters" in out
    assert not (tmp_path / "runs").exists()


def test_a_python_file_is_a_row_that_can_be_run_again(call, folder, board, tmp_path):
    path = tmp_path / "My Net (2).py"
    path.write_text(BRIGHT)
    call("evaluate", "--model", path, "--board", board, "--dataset", folder, "--out",
         tmp_path / "runs")  # fmt: skip
    assert "my-net-2" in rows_of(call, board)
    line = ("leaderboard", "check", board, "--dataset", folder, "--rerun", "my-net-2")
    assert "Name a model that is a Python file with --model" in call(*line, code=1)
    assert "the largest difference of a score is 0" in call(*line, "--model", path)
    path.write_text(BRIGHT.replace("+ 1.0", "+ 9.0"))
    words = "! results/my-net-2: run again with other code than the row's, the largest"
    assert words in call(*line, "--model", path, code=1)


def test_integer_maps_stand_below_the_line(call, folder, board, tmp_path):
    (predicted := tmp_path / "rounded").mkdir()
    for clip, frames in (("s3-c1", 10), ("s4-c1", 8)):
        np.save(predicted / f"{clip}.npy", np.full((frames, 24, 32), 7, np.uint8))
    out = call("evaluate", "--predictions", predicted, "--allow-8-bit", "--board", board,
               "--dataset", folder, "--out", tmp_path / "runs")  # fmt: skip
    assert "below the line: rounded: predicted in integer maps, whose rounding shifts KLD" in out
    assert "rounded" not in rows_of(call, board)


def test_what_is_no_run_is_told(call, board, tmp_path):
    out = call("leaderboard", "add", board, tmp_path / "none", code=1)
    assert "holds no result.json. Name the folder of a finished run" in out
