"""A board in Python does what ``fusbench leaderboard`` does."""

import json
import shutil

import pytest
from support.command import run as command

import fusbench


def test_a_board_is_filled_as_by_the_command(folder, tmp_path):
    boards = [fusbench.Board.new(tmp_path / name, folder) for name in ("a", "b")]
    copy = shutil.copytree(folder, tmp_path / "copy")
    of_library = fusbench.evaluate(
        "uniform", folder, board=boards[0].folder, runs=tmp_path / "runs-a"
    )
    line = ("evaluate", "--model", "uniform", "--dataset", copy, "--board", boards[1].folder)
    command(*line, "--out", tmp_path / "runs-b")
    names = [sorted(p.name for p in (b.folder / "results").iterdir()) for b in boards]
    assert names[0] == names[1]
    for file in ("scores.csv.gz", "result.json"):
        first, second = ((b.folder / "results/uniform" / file).read_bytes() for b in boards)
        assert first == second
    assert boards[0].frame.loc["uniform", "kld"] == of_library.summary.loc["kld", "mean"]
    assert boards[0].check(folder) == []


def test_predictions_come_onto_a_board_and_are_run_again_as_by_the_command(folder, maps, tmp_path):
    boards = [fusbench.Board.new(tmp_path / name, folder) for name in ("a", "b")]
    data, runs = fusbench.open_dataset(folder), tmp_path / "runs"
    given = {"dataset": data, "runs": runs, "code": "https://example.org/c"}
    assert boards[0].add(maps, "mine", predictions=True, **given) == []
    line = ("leaderboard", "add", boards[1].folder, maps, "--predictions", "--name", "mine")
    command(*line, "--dataset", folder, "--out", runs, "--code", given["code"])
    for file in ("results/mine/row.json", "results/mine/scores.csv.gz", "leaderboard.csv"):
        assert (boards[0].folder / file).read_bytes() == (boards[1].folder / file).read_bytes()
    notes = []
    run = fusbench.evaluate("uniform", board=boards[0].folder, dataset=folder, runs=runs)
    (found,) = boards[0].check(data, rerun=["uniform"], tell=notes.append)
    assert found.what == "has the scores of 'mine', which is there for another role"  # it is
    assert notes == [
        "results/uniform: run again, the largest difference of a score is 0"
        f" (KLD of clip '{run.scores['clip_id'][0]}', frame {run.scores['frame'][0]})"
    ]
    with pytest.raises(fusbench.FusbenchError, match="no row above the line is called 'uniforn'"):
        boards[0].check(data, rerun=["uniforn"])


def test_a_board_says_that_data_are_others_as_the_command_does(folder, tmp_path):
    board = fusbench.Board.new(tmp_path / "board", folder)
    line = ("leaderboard", "check", board.folder, "--dataset", "phantom-tiny", "--json")
    told = json.loads(command(*line, code=1).stdout)["findings"]
    assert [vars(finding) for finding in board.check("phantom-tiny")] == told
    assert any("fingerprint" in finding["what"] for finding in told)


def test_a_board_is_timed_as_by_the_command(folder, tmp_path):
    board = fusbench.Board.new(tmp_path / "board", folder)
    fusbench.evaluate("uniform", folder, board=board.folder, runs=tmp_path / "runs")
    notes, file = [], board.folder / "times.json"
    times = board.time(folder, repeats=1, warn=notes.append)
    assert notes == []
    told = json.loads(file.read_text())["rows"]
    assert {name: (row["seconds"], row["ratio"]) for name, row in told.items()} == {
        name: (seconds, ratio) for name, seconds, ratio in times.itertuples()
    }
    assert set(times.index) == {row.facts.name for row in board.table.rows}
    assert "time/frame" in (board.folder / "README.md").read_text()
    line = ("leaderboard", "time", board.folder, "--repeats", 1, "--dataset")
    shown = command(*line, folder).stdout
    assert f"is built: {len(times)} rows of {len(times)} timed." in shown
    before = file.read_bytes()
    with pytest.raises(fusbench.FusbenchError, match="no row could be timed. See the warnings."):
        board.time("phantom-tiny", repeats=1, warn=notes.append)
    assert len(notes) == len(times)
    assert all("not timed: " in note for note in notes)
    assert file.read_bytes() == before
