"""Boards and comparisons from the command line: organiser, submitter, private test."""

import json

import numpy as np
import pytest
from support.faults import content

from fusbench.data.checking import check_dataset
from fusbench.data.dataset import open_dataset


def test_one_command_evaluates_under_the_rules_and_adds_the_row(call, folder, board, tmp_path):
    out = call(
        "evaluate", "--model", "uniform", "--board", board, "--dataset", folder, "--out",
        tmp_path / "runs",
    )  # fmt: skip
    assert "Small" in out
    rows = json.loads(call("leaderboard", "show", board, "--json"))["rows"]
    assert [row["name"] for row in rows if row["role"] == "floor"] == sorted(
        ["centre-bias", "mean-map", "uniform"],
        key=[row["name"] for row in rows].index,
    )
    assert {row["name"] for row in rows} == {"uniform", "centre-bias", "mean-map", "previous-gaze"}
    assert {row["role"] for row in rows} == {"floor", "hint"}
    assert "no findings" in call("leaderboard", "check", board, "--dataset", folder)
    for name in (
        "README.md",
        "leaderboard.csv",
        "leaderboard.json",
        "leaderboard.tex",
        "index.html",
    ):
        assert (board / name).is_file()
    again = (board / "index.html").read_bytes()
    call("leaderboard", "build", board)
    assert (board / "index.html").read_bytes() == again


def test_a_board_filled_twice_has_the_same_bytes(call, folder, tmp_path):
    """From nothing, with rows of both kinds; how long it took is told beside the runs alone."""
    for place in (tmp_path / "one", tmp_path / "two"):
        call("leaderboard", "new", place / "board", "--dataset", folder, "--title", "Small")
        line = ("--board", place / "board", "--dataset", folder)
        call("evaluate", "--model", "uniform", *line, "--out", place / "runs")
        call("predict", "--model", "centre-bias", "--dataset", folder, "--out", place / "sent")
        call("leaderboard", "add", place / "board", place / "sent", "--name", "sent",
             "--predictions", "--dataset", folder, "--out", place / "runs")  # fmt: skip
    assert content(tmp_path / "one" / "board") == content(tmp_path / "two" / "board")
    assert len(list((tmp_path / "one" / "runs").glob("*/timing.json"))) > 1


def test_the_rules_win_over_the_line(call, folder, board):
    line = ("evaluate", "--model", "uniform", "--board", board, "--dataset", folder)
    assert "--split val is not the board's, test" in call(*line, "--split", "val", code=1)
    assert "--profile mit is not the board's" in call(*line, "--profile", "mit", code=1)
    assert call(*line[:-4], "--name", "x", "--dataset", folder, code=2) == ""
    assert "holds no board.toml" in call(*line[:4], folder, *line[5:], code=1)


def test_a_finished_run_is_added_and_run_again(call, folder, board, tmp_path):
    runs = tmp_path / "runs"
    call("evaluate", "--model", "centre-bias", "--dataset", folder, "--out", runs, "--json")
    (run,) = runs.iterdir()
    assert "board is built: 1 row." in call("leaderboard", "add", board, run, "--name", "mine")
    out = call("leaderboard", "check", board, "--rerun", "centre-bias", code=1)
    assert "no row above the line is called 'centre-bias'. Known: mine" in out
    out = call("leaderboard", "check", board, "--dataset", folder, "--rerun", "mine")
    assert "run again, the largest difference of a score is 0" in out
    path = folder / "gaze.csv"
    path.write_text(path.read_text().replace("s3-c1,9,", "s3-c1,8,", 1))
    out = call("leaderboard", "check", board, "--dataset", folder, code=1)
    assert "its fingerprint is not the board's" in out


def test_a_rerun_finds_scores_that_no_model_gave(call, folder, board, tmp_path):
    """A forger who made result, scores and seal agree is found by running the model again."""
    import pandas as pd

    from fusbench.evaluation.results import read_result, summarise, write_result

    runs = tmp_path / "runs"
    call("evaluate", "--model", "centre-bias", "--dataset", folder, "--out", runs, "--json")
    (run,) = runs.iterdir()
    scores = pd.read_csv(run / "scores.csv", dtype={"scan_id": str, "clip_id": str})
    scores.loc[3, "kld"] -= 0.5
    result = read_result(run)
    object.__setattr__(result, "summary", summarise(scores))
    write_result(run, result, scores)
    call("leaderboard", "add", board, run)
    assert "no findings" in call("leaderboard", "check", board)
    out = call("leaderboard", "check", board, "--dataset", folder, "--rerun", "centre-bias", code=1)
    assert "largest difference of a score is 0.5 (KLD of clip 's3-c1', frame 4)" in out


def test_a_private_test(call, folder, tmp_path):
    """Withhold, predict, score offline: the row is that of the model itself."""
    public, predicted, runs = tmp_path / "public", tmp_path / "predicted", tmp_path / "runs"
    board = tmp_path / "private"
    call("leaderboard", "new", board, "--dataset", folder, "--anonymous")
    out = call("dataset", "withhold", folder, public)
    assert "no gaze of the test split" in out
    assert check_dataset(public) == []
    data = open_dataset(public)
    assert all(not len(c.gaze) and not c.segments for c in data.split("test"))
    assert all(len(c.gaze) and c.segments for c in data.split("train"))
    assert "s3" not in (public / "gaze.csv").read_text()
    np.testing.assert_array_equal(
        data.split("test")[0].frames, open_dataset(folder).split("test")[0].frames
    )
    call(
        "predict", "--model", "centre-bias", "--dataset", public, "--out", predicted, "--no-overlay"
    )
    (predicted / "submission.toml").write_text(
        'name = "guess"\ntitle = "A guess"\nlicence = "CC0-1.0"\nparameters = 7\n'
        'date = "2026-11-26"\ncode = "https://example.org/net"\n'
    )
    out = call(
        "leaderboard", "add", board, predicted, "--predictions", "--dataset", folder, "--out", runs
    )  # fmt: skip
    assert "guess: added." in out
    (row,) = json.loads(call("leaderboard", "show", board, "--json"))["rows"]
    assert (row["name"], row["parameters"], row["role"]) == ("guess", 7, "model")
    assert row["origin"] == {"date": "2026-11-26", "code": "https://example.org/net"}
    call("evaluate", "--model", "centre-bias", "--dataset", folder, "--out", runs, "--json")
    (own,) = runs.glob("centre-bias-*")
    summary = json.loads((own / "result.json").read_text())["summary"]
    assert row["scores"]["kld"]["mean"] == pytest.approx(summary["kld"]["mean"], rel=1e-5)
    for name in (
        "README.md",
        "leaderboard.csv",
        "leaderboard.json",
        "leaderboard.tex",
        "index.html",
    ):
        assert "s3" not in (board / name).read_text().split("<script")[0]
    page = (board / "index.html").read_text()
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert data["scans"] == ["1", "2"]
    assert "no findings" in call("leaderboard", "check", board)


def test_faulty_predictions_are_told(call, folder, board, tmp_path):
    predicted = tmp_path / "predicted"
    line = ("leaderboard", "add", board, predicted, "--predictions", "--dataset", folder)
    line += ("--out", tmp_path / "runs")
    assert "predicted: no folder is here. Name the folder that holds" in call(
        *line, "--name", "x", code=1
    )
    predicted.mkdir()
    assert "holds no predictions for 2 of 2 clips (s3-c1, s4-c1). Write" in call(
        *line, "--name", "x", code=1
    )
    flat = np.full((10, 24, 32), 1 / 768, np.float32)
    np.save(predicted / "s3-c1.npy", flat)
    assert "'' is no name for a row" in call(*line, code=1)
    assert "holds no predictions for 1 of 2 clips (s4-c1). Write s4-c1.npy" in call(
        *line, "--name", "x", code=1
    )
    np.save(predicted / "s4-c1.npy", flat)
    words = "s4-c1.npy: holds 10 x 24 x 32 numbers, not 8 x rows x columns"
    assert words in call(*line, "--name", "x", code=1)
    np.save(predicted / "s4-c1.npy", flat[:8] * 2)
    words = "s4-c1.npy, frame 1: the density sums to 2.0000, not 1"
    assert words in call(*line, "--name", "x", code=1)
    np.save(predicted / "s4-c1.npy", (flat[:8] * 255).astype(np.uint8))
    assert "holds uint8 maps, whose rounding shifts KLD" in call(*line, "--name", "x", code=1)
    (predicted / "s4-c1.npy").write_bytes(b"no array")
    assert "s4-c1.npy: is truncated or no array of numbers" in call(*line, "--name", "x", code=1)
    np.save(predicted / "s4-c1.npy", flat[:8])
    np.savez(predicted / "s4-c1.npz", density=flat[:8])
    assert "s4-c1.npy and s4-c1.npz predict one clip. Keep one of them." in call(
        *line, "--name", "x", code=1
    )
    (predicted / "s4-c1.npy").unlink()
    (predicted / "submission.toml").write_text("nmae = 1")
    assert "the key 'nmae' is unknown. Did you mean 'name'" in call(*line, code=1)
    (predicted / "submission.toml").write_text('name = "x"\nparameters = -1')
    assert "parameters = -1 is negative" in call(*line, code=1)
    (predicted / "submission.toml").write_text('name = "x"\ndate = "soon"')
    assert "date = 'soon' is no day. Write it as year-month-day" in call(*line, code=1)
    (predicted / "submission.toml").write_text('name = "x"\n[window]\nlength = 0')
    assert "window: these numbers make no window" in call(*line, code=1)
    (predicted / "submission.toml").write_text('name = "x"')
    assert "x: added." in call(*line)


def test_compare(call, folder, tmp_path):
    runs = tmp_path / "runs"
    for model in ("uniform", "centre-bias", "mean-map"):
        call("evaluate", "--model", model, "--dataset", folder, "--out", runs, "--json")
    folders = [next(runs.glob(f"{name}-*")) for name in ("uniform", "centre-bias", "mean-map")]
    picture, table = tmp_path / "c.png", tmp_path / "c.csv"
    out = call(
        "compare", *folders, "--dataset", folder, "--by", "segment", "--by", "scan", "--by",
        "position", "--plot", picture, "--csv", table,
    )  # fmt: skip
    for words in ("minus uniform", "dwell", "sweep", "s3", "0-1", "Better than uniform"):
        assert words in out
    frames = len((folders[0] / "scores.csv").read_text().splitlines()) - 1
    assert f"Mean over {frames} frames (a board may leave out some near clips' ends)" in out
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert table.read_text().startswith("group,run,metric,difference,low,high,p,")
    parts = json.loads(call("compare", *folders, "--json", "--by", "position"))["parts"]
    first = parts["all frames"][0]
    means = [
        json.loads((run / "result.json").read_text())["summary"]["kld"]["mean"] for run in folders
    ]
    assert first["run"] == "centre-bias"
    assert first["difference"] == pytest.approx(means[1] - means[0], rel=1e-9)
    assert first["p"] in (0.5, 1.0)  # two scans have two sign vectors up to direction


def test_what_cannot_be_compared_is_told(call, folder, tmp_path):
    runs = tmp_path / "runs"
    line = ("evaluate", "--model", "uniform", "--dataset", folder, "--out", runs, "--json")
    for change in ((), ("--split", "val"), ("--profile", "mit")):
        call(*line, *change)
    by = {}
    for run in runs.iterdir():
        result = json.loads((run / "result.json").read_text())
        by[result["split"], result["profile"]] = run
    base = by["test", "tuebingen"]
    assert "one run is no comparison" in call("compare", base, code=1)
    assert "its data is not that of" in call("compare", base, by["val", "tuebingen"], code=1)
    assert "its signature is not that of" in call("compare", base, by["test", "mit"], code=1)
    assert "no metric of these runs is called 'kdl'. Did you mean 'kld'" in call(
        "compare", base, base, "--metric", "kdl", code=1
    )
