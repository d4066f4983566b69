"""Runs sorted into rows, restricted to common frames, and refused where they do not belong."""

import gzip
import json
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from support.invented import invented_run, invented_runs
from support.small_dataset import small_clip, small_info

from fusbench.board.published import BASELINE, papers
from fusbench.data.dataset import open_dataset
from fusbench.data.window import PLACEMENTS, Window
from fusbench.data.writer import write_dataset
from fusbench.errors import ConfigError, DatasetError
from fusbench.reproduction.board import common_frames, read_board
from fusbench.reproduction.rows import MARGIN, ROWS, TABLES
from fusbench.reproduction.runs import find_runs, runs_on
from fusbench.zoo.entries import ENTRIES


@pytest.fixture
def data(tmp_path):
    clips = [small_clip(n, "test", n_frames=30 + n) for n in range(1, 5)]
    clips += [small_clip(9, "test", n_frames=12), small_clip(10, "val", n_frames=30)]
    return open_dataset(write_dataset(tmp_path / "data", small_info(), clips))


def test_common_frames_are_those_where_every_window_is_complete(data):
    """Derived again from the windows: lengths up to 10, and every placement."""
    lengths = {clip.clip_id: clip.n_frames for clip in data.clips}
    every = pd.DataFrame(
        [(clip, frame) for clip, n in lengths.items() for frame in range(n)],
        columns=["clip_id", "frame"],
    )
    kept = common_frames(every, lengths, MARGIN)
    for clip, n in lengths.items():
        complete = set(range(n))
        for length, placement in product(range(1, 11), PLACEMENTS):
            window = Window(length=length, placement=placement)
            complete &= set(window.complete_targets(n).tolist())
        assert set(kept.loc[kept["clip_id"] == clip, "frame"]) == complete


def test_every_zoo_window_is_complete_there():
    for entry in ENTRIES.values():
        targets = entry.window.complete_targets(90)
        assert targets[0] <= MARGIN
        assert targets[-1] >= 89 - MARGIN


def test_a_board_aligns_rows_and_seeds(data, tmp_path):
    runs = invented_runs(
        tmp_path / "runs", data, ("unet", "clstmunet", "uniform"), seeds=("clstmunet",)
    )
    board = read_board(runs, data)
    assert {key: len(scores) for key, scores in board.scores.items()} == {
        "uniform": 1, "unet": 1, "clstmunet": 3,
    }  # fmt: skip
    assert set(board.frames["clip_id"]) == {f"s{n}-c1" for n in range(1, 5)}  # not the short one
    assert board.frames["frame"].between(9, 25).all()
    assert set(board.scan_index) == set(range(4))
    stored = pd.read_csv(runs["unet"][0] / "scores.csv", dtype={"nss": str})
    stored = stored.set_index(["clip_id", "frame"])
    for (clip, frame), value in zip(
        board.frames[["clip_id", "frame"]].itertuples(index=False),
        board.column("unet", "nss")[0],
        strict=True,
    ):
        assert float(stored.loc[(clip, frame), "nss"]) == value


def test_rows_of_a_leaderboard_are_runs_too(data, tmp_path):
    """There the scores are packed: a committed board is enough to test the claims."""
    run = invented_run(tmp_path / "run", data, "unet")
    plain = read_board({"unet": (run,)}, data).scores["unet"][0]
    (run / "scores.csv.gz").write_bytes(gzip.compress((run / "scores.csv").read_bytes()))
    (run / "scores.csv").unlink()
    assert np.array_equal(read_board({"unet": (run,)}, data).scores["unet"][0], plain)
    (run / "scores.csv.gz").write_bytes(b"no gzip")
    with pytest.raises(DatasetError, match="damaged"):
        read_board({"unet": (run,)}, data)


def test_the_same_weights_count_once(data, tmp_path):
    both = [
        invented_run(tmp_path / backend, data, "unet", backend=backend)
        for backend in ("keras", "torch")
    ]
    assert len(read_board({"unet": tuple(both)}, data).scores["unet"]) == 1


def test_a_control_has_its_seeds_in_the_order_of_its_model(data, tmp_path):
    rows = ("clstmunet", "clstmunet-frozen")
    board = read_board(invented_runs(tmp_path / "runs", data, rows, seeds=rows), data)
    assert board.weights["clstmunet"] == board.weights["clstmunet-frozen"]
    assert len(board.weights["clstmunet"]) == 3


def test_a_run_of_other_data_is_refused(data, tmp_path):
    good = invented_run(tmp_path / "a", data, "unet")
    val = invented_run(tmp_path / "b", data, "clstmunet", split="val")
    with pytest.raises(ConfigError, match="clstmunet-torch-val-0: the split is another than"):
        read_board({"unet": (good,), "clstmunet": (val,)}, data)
    path = good / "result.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "signature": "kld|v:0"}))
    other = invented_run(tmp_path / "c", data, "clstmunet")
    with pytest.raises(ConfigError, match="the metric signature is another than the other runs'"):
        read_board({"unet": (good,), "clstmunet": (other,)}, data)
    path.write_text(
        json.dumps({**content, "dataset": {**content["dataset"], "fingerprint": "else"}})
    )
    with pytest.raises(ConfigError, match="the data set is another than the other runs'"):
        read_board({"unet": (good,)}, data)


def test_a_run_of_weights_of_another_policy_or_window_is_of_no_row(data, tmp_path):
    runs = invented_runs(tmp_path / "runs", data, ("unet", "clstmunet"))
    path = runs["clstmunet"][0] / "result.json"
    content = json.loads(path.read_text())
    content["model"]["training"] = {"policy": "ra-3-5"}
    content["model"]["window"]["length"] = 3
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match="trained with ra-3-5, 3 frames before, not as"):
        read_board(runs, data)
    found = find_runs(tmp_path / "runs")
    assert set(found.rows) == {"unet"}
    assert "is of no row, its weights being trained with ra-3-5, 3 frames before" in found.notes[0]


def test_a_run_that_lacks_a_frame_is_refused(data, tmp_path):
    runs = invented_runs(tmp_path / "runs", data, ("unet", "clstmunet"))
    path = runs["clstmunet"][0] / "scores.csv"
    table = pd.read_csv(path)
    table[table["frame"] != 12].to_csv(path, index=False)
    with pytest.raises(DatasetError, match="does not score the frames that the others do"):
        read_board(runs, data)


def test_no_frame_is_common(data, tmp_path):
    runs = invented_runs(tmp_path / "runs", data, ("unet",))
    with pytest.raises(DatasetError, match="no scored frame is 20 frames from both ends"):
        read_board(runs, data, margin=20)


def test_runs_are_found_by_what_they_say(data, tmp_path):
    rows = ("unet", "clstmunet", "clstmunet-frozen", "mean-map")
    runs = invented_runs(tmp_path / "runs", data, rows, seeds=("clstmunet",))
    invented_run(tmp_path / "runs" / "val", data, "unet", split="val")
    found = find_runs(tmp_path / "runs")
    assert len(found.rows["unet"]) == 2
    found = runs_on(found, data.fingerprint("test"), "test")
    assert {key: set(paths) for key, paths in found.rows.items()} == {
        key: set(paths) for key, paths in runs.items()
    }
    assert "is of other data or another split and was left out" in found.notes[0]
    with pytest.raises(ConfigError, match="no run here is of this data set's test split"):
        runs_on(find_runs(tmp_path / "runs"), "else", "test")
    with pytest.raises(ConfigError, match="holds no runs of any row"):
        find_runs(tmp_path / "data")
    with pytest.raises(ConfigError, match="no folder of runs is here. Check --runs"):
        find_runs(tmp_path / "nowhere")


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_a_manifest_sorts_runs(data, tmp_path, suffix):
    text = (
        'dataset = "data"\n[rows]\nunet = ["a", "b"]\nclstmunet = "c"\n'
        '[lag.100]\ndataset = "data"\nclstmunet = ["d"]\n[lag.0]\ndataset = "phantom"\n'
    )
    if suffix == ".json":
        content = {
            "dataset": "data",
            "rows": {"unet": ["a", "b"], "clstmunet": "c"},
            "lag": {"100": {"dataset": "data", "clstmunet": ["d"]}, "0": {"dataset": "phantom"}},
        }
        text = json.dumps(content)
    (tmp_path / f"runs{suffix}").write_text(text)
    found = find_runs(tmp_path)
    assert found == find_runs(tmp_path / f"runs{suffix}")
    assert found.dataset == str(tmp_path / "data")  # beside the manifest
    assert found.rows == {"unet": (tmp_path / "a", tmp_path / "b"), "clstmunet": (tmp_path / "c",)}
    assert [(lag.lag_ms, lag.dataset) for lag in found.lags] == [
        (0.0, "phantom"),
        (100.0, str(tmp_path / "data")),
    ]
    assert found.lags[1].rows == {"clstmunet": (tmp_path / "d",)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[rows", "is not valid TOML"),
        ("[row]\nunet = []", "runs.toml: the key 'row' is unknown. Did you mean 'rows'?"),
        ("rows = 3", "runs.toml: rows = 3 is a whole number, not a table."),
        ("lag = 3", "runs.toml: lag = 3 is a whole number, not a table."),
        ("[lag]\n100 = 3", "lag = {'100': 3} holds a whole number, not a table."),
        ("dataset = 3", "runs.toml: dataset = 3 is a whole number, not a text or nothing."),
        ("[lag.100]\ndataset = 3", "names no data set"),
        ('[rows]\nunte = ["a"]', "no row is called 'unte'. Did you mean 'unet'?"),
        ("[rows]\nunet = 3", "'unet' lists no run folders"),
        ('[lag.fast]\ndataset = "a"', "'fast' is no lag. Name it by its lag in milliseconds"),
        ('[lag.100]\nunet = ["a"]', "names no data set"),
    ],
)
def test_what_is_no_manifest(tmp_path, text, words):
    (tmp_path / "runs.toml").write_text(text)
    with pytest.raises(ConfigError) as error:
        find_runs(tmp_path)
    assert words in str(error.value)
    assert "runs.toml" in str(error.value)
    assert "?." not in str(error.value)


def test_rows_are_the_zoo_s_and_the_paper_s():
    trained = {row.model for row in ROWS.values() if row.trained}
    related_work = {"rsis", "mmunet", "salsac", "tsen", "ema"}
    assert trained == set(ENTRIES) - related_work
    assert {row.key for row in papers().rows} - {BASELINE} <= set(ROWS)
    assert all(set(keys) <= set(ROWS) for keys in TABLES.values())
    for key, row in ROWS.items():
        assert row == replace(row)
        assert row.freeze_history == (key != row.model)


def test_the_reported_numbers_agree_with_the_paper_s_words():
    """ "a decrease in KLD score of 0.08. SIM and CC improved by 0.01 and 0.03 ... 0.19"."""
    proposed, baseline = (papers().scores(key) for key in ("clstmunet", BASELINE))
    change = {m: proposed[m] - baseline[m] for m in ("kld", "sim", "cc", "nss")}
    assert change == pytest.approx({"kld": -0.08, "sim": 0.01, "cc": 0.03, "nss": 0.19})


def retrained(run, **training):
    """A run whose result tells another training."""
    path = run / "result.json"
    content = json.loads(path.read_text())
    content["model"]["training"] |= training
    path.write_text(json.dumps(content))
    return run


@pytest.mark.parametrize(
    ("training", "words"),
    [
        ({"steps": 300}, "steps is 300, and 3000 in the other"),
        ({"recipe": "paper"}, "recipe is paper, and fast in the other"),
        ({"dataset": "mine 1"}, "dataset is mine 1, and phantom 1.2 in the other"),
        ({"recipe_sha256": "b" * 64}, "recipe_sha256 is bbb"),
        ({"seed": 0}, "the seed of both is 0"),
    ],
)
def test_only_seeds_of_one_training_are_averaged(data, tmp_path, training, words):
    common = {"steps": 3000, "recipe": "fast", "dataset": "phantom 1.2", "recipe_sha256": "a" * 64}
    both = [invented_run(tmp_path, data, "clstmunet", seed=seed) for seed in (0, 1)]
    outcome = {"best_step": 2100, "val_loss": 1.5, "history": 0.2, "history_sweep": 0.6}
    retrained(both[0], **common)
    retrained(both[1], **common, **outcome)
    assert len(read_board({"clstmunet": tuple(both)}, data).scores["clstmunet"]) == 2
    retrained(both[1], **training)
    with pytest.raises(ConfigError) as error:
        read_board({"clstmunet": tuple(both)}, data)
    assert "is no other seed of row 'clstmunet' beside" in str(error.value)
    assert words in str(error.value)


def test_a_ceiling_is_no_row(data, tmp_path):
    """A manifest could set the ideal observer's scores beside those that a paper reports."""
    run = invented_run(tmp_path, data, "clstmunet", seed=0)
    path = run / "result.json"
    content = json.loads(path.read_text())
    content["model"] |= {"role": "ceiling", "name": "ideal-observer"}
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match="is of 'ideal-observer', a ceiling, not of row 'clst"):
        read_board({"clstmunet": (run,)}, data)


def test_seeds_under_patience_may_take_other_numbers_of_steps(data, tmp_path):
    """And stand in the order of their seeds, however their folders and weights are called."""
    runs = [invented_run(tmp_path, data, "clstmunet", seed=seed) for seed in (0, 1, 2)]
    for run, seed, steps in zip(runs, (7, 5, 6), (4200, 4500, 3900), strict=True):
        retrained(run, recipe="patient", recipe_sha256="a" * 64, steps=steps, seed=seed)
    board = read_board({"clstmunet": tuple(runs)}, data)
    assert [one["steps"] for one in board.trainings["clstmunet"]] == [4500, 3900, 4200]
    assert len(board.scores["clstmunet"]) == 3


def test_runs_that_tell_no_training_are_not_averaged(data, tmp_path):
    both = [invented_run(tmp_path, data, "clstmunet", seed=seed) for seed in (0, 1)]
    path = both[0] / "result.json"
    content = json.loads(path.read_text())
    del content["model"]["training"]
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match="does not tell how its weights were trained"):
        read_board({"clstmunet": tuple(both)}, data)
