"""Policy search: the grid, resuming, executors, and the command."""

import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pandas as pd
import pytest
from support import trainers
from support.command import error_of, run

import fusbench.searching.run
from fusbench.child import ChildError, command
from fusbench.errors import ConfigError
from fusbench.pools import workers
from fusbench.searching.grid import cells, grid_table, numbers, whole_numbers
from fusbench.searching.heatmap import heatmap
from fusbench.searching.run import Search, run_search, train_cell, write_tables
from fusbench.zoo.checkpoint import read_checkpoint

GRID = cells((1, 3), (5, 9), mix=True, seeds=(0, 1))


@pytest.fixture
def search(tmp_path):
    return Search(
        model="unet-torch",
        dataset="phantom-tiny",
        fingerprints={"train": "a", "val": "b"},
        folder=tmp_path / "search",
        options={"recipe": "fast", "max-steps": "10"},
    )


def test_the_grid_has_every_pair_of_both_kinds_and_seeds():
    assert len(GRID) == 2 * 2 * 2 * 2
    assert {cell.policy for cell in GRID} == {
        f"{kind}-{n}-{m}" for kind in ("ra", "mixra") for n in (1, 3) for m in (5, 9)
    }
    assert all(not cell.mix for cell in cells((1,), (5,), mix=False, seeds=(0,)))


def test_the_command_of_a_cell_is_a_plain_training(search):
    train, score = search.commands(GRID[0])
    assert " ".join(train) == (
        "train --model unet-torch --dataset phantom-tiny --policy ra-1-5 --seed 0"
        f" --recipe fast --max-steps 10 --out {search.folder}/cells/ra-1-5-seed0.safetensors"
    )
    assert score is None
    _, score = replace(search, all_metrics=True).commands(GRID[0])
    assert score[score.index("--split") + 1] == "val"
    assert "test" not in score


def test_a_search_finds_the_best_and_keeps_its_cells(search):
    with ThreadPoolExecutor(2) as pool:
        rows, failed = run_search(search, GRID, pool, train=trainers.by_formula)
    assert not failed
    assert [(row["policy"], row["seed"]) for row in rows] == [(c.policy, c.seed) for c in GRID]
    grid = grid_table(rows, ["kld"])
    assert (grid.loc[0, ["kind", "n", "m", "seeds"]] == ["ra", 3, 5.0, 2]).all()
    assert grid.loc[0, "kld"] == pytest.approx(2.0005)  # the mean over two seeds
    write_tables(search.folder, rows, ["kld"])
    assert len(pd.read_csv(search.folder / "cells.csv")) == 16
    assert len(pd.read_csv(search.folder / "grid.csv")) == 8


def test_finished_cells_are_not_done_again(search):
    done = []

    def counting(summary, *rest):
        if not summary.exists():
            done.append(summary.stem)
        return trainers.by_formula(summary, *rest)

    with ThreadPoolExecutor(1) as pool:
        run_search(search, GRID[:3], pool, train=counting)
        assert done == [cell.name for cell in GRID[:3]]
        run_search(search, GRID[:5], pool, train=counting)
    assert done == [cell.name for cell in GRID[:5]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"options": {"recipe": "paper", "max-steps": "10"}}, "begun with another --recipe"),
        ({"model": "unet-keras"}, "begun with another model"),
        ({"fingerprints": {"train": "a", "val": "c"}}, "begun with another val split"),
    ],
)
def test_a_search_is_not_continued_as_another(search, change, words):
    with ThreadPoolExecutor(1) as pool:
        run_search(search, GRID[:1], pool, train=trainers.by_formula)
        with pytest.raises(ConfigError, match=words):
            run_search(replace(search, **change), GRID[:1], pool, train=trainers.by_formula)


def test_a_cell_that_diverges_does_not_stop_the_others(search, tmp_path):
    grid = cells((3,), (5, 9), mix=False, seeds=(0,))
    with ThreadPoolExecutor(1) as pool:
        rows, failed = run_search(search, grid, pool, train=trainers.diverging)
        assert [row["policy"] for row in rows] == ["ra-3-5"]
        assert "not finite" not in failed  # the reason is the training's own
        assert failed == {
            "ra-3-9-seed0": "the loss stopped being finite at step 7. Lower the learning rate."
        }
        with pytest.raises(ChildError, match="at step 7"):
            run_search(search, grid[1:], pool, train=trainers.diverging)


def test_a_dask_cluster_does_the_same(search):
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    settings = {"n_workers": 1, "processes": False, "dashboard_address": None}
    with (
        distributed.LocalCluster(**settings) as cluster,
        workers(1, cluster.scheduler_address) as pool,
    ):
        rows, _ = run_search(search, GRID, pool, train=trainers.by_formula)
    with workers(2) as pool:
        other = replace(search, folder=search.folder / "local")
        assert run_search(other, GRID, pool, train=trainers.by_formula)[0] == rows


def test_no_scheduler_there():
    pytest.importorskip("distributed", reason="dask.distributed is not installed")
    with pytest.raises(ConfigError, match="Check the address|check --scheduler"), workers(1, "x:y"):
        pass


def test_a_heat_map_with_a_hole(tmp_path):
    row = {"kind": "ra", "n": 1, "m": 3.0, "kld": 2.0}
    rows = [row, {**row, "n": 3, "kld": 1.9}, {**row, "m": 5.0, "kld": 2.1}]
    heatmap(grid_table(rows, ["kld"]), ["kld"], "title").savefig(tmp_path / "grid.png", dpi=150)
    assert (tmp_path / "grid.png").stat().st_size > 5000


def test_lists_of_numbers():
    assert numbers("3,5.5", "--m") == (3.0, 5.5)
    with pytest.raises(ConfigError, match=r"--m: '3;5' is no list of numbers. Give numbers with"):
        numbers("3;5", "--m")
    with pytest.raises(ConfigError, match=r"--n: '1.5' holds no whole numbers"):
        whole_numbers("1.5", "--n")
    with pytest.raises(ConfigError, match=r"n = 17 operations are outside 0..16"):
        cells((17,), (3,), mix=False, seeds=(0,))
    with pytest.raises(ConfigError, match=r"magnitude m = 11 is outside 0..10"):
        cells((1,), (11,), mix=False, seeds=(0,))


def test_a_child_tells_its_own_reason():
    with pytest.raises(ChildError) as error:
        command(["evaluate", "--model", "unfiorm"])
    assert str(error.value).startswith("no model is called 'unfiorm'. Did you mean 'uniform'?")


def test_a_cell_goes_on_from_its_state(search, monkeypatch):
    """What lies beside a cell says how it is begun: anew, from its state, or not at all."""
    lines = []

    def fake(arguments, **settings):
        lines.append(arguments)
        return [{"val_loss": 2.0, "steps": 10, "best_step": 5, "summary": {"kld": {"mean": 2.5}}}]

    monkeypatch.setattr(fusbench.searching.run, "command", fake)
    cell = GRID[0]
    summary = search.folder / "cells" / f"{cell.name}.json"
    train, score = replace(search, all_metrics=True).commands(cell)
    state = search.folder / "cells" / f"{cell.name}.safetensors.state"
    state.parent.mkdir(parents=True)
    state.touch()
    assert train_cell(summary, train, None, 1)["kld"] == 2.0
    assert lines == [[*train, "--resume"]]
    found = train_cell(summary, train, score, 1)  # trained already; only the scores are missing
    assert lines[1:] == [score]
    assert found["scores"] == {"kld": 2.5}
    assert train_cell(summary, train, score, 1) == found
    assert len(lines) == 2
    summary.write_text("{")
    with pytest.raises(ConfigError, match="is no valid JSON.*Remove it, and the cell"):
        train_cell(summary, train, score, 1)


def test_a_killed_search_continues(folder, tmp_path):
    """Interrupted within a training, it keeps the training's state and goes on from there."""
    pytest.importorskip("fusbench_torch")
    line = ["search", "--network", "unet", "--n", "2", "--m", "5", "--dataset", str(folder)]
    line += ["--max-steps", "40", "--validate-every", "4", "--json", "--out", str(tmp_path / "s")]
    child = subprocess.Popen(
        [sys.executable, "-m", "fusbench", *line], stderr=subprocess.PIPE, text=True
    )
    out = tmp_path / "s" / "cells" / "ra-2-5-seed0.safetensors"
    state = out.with_name(out.name + ".state")
    while not state.exists() and child.poll() is None:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    _, words = child.communicate(timeout=300)
    assert child.returncode == 130, words
    assert "the same command continues" in words
    assert state.exists()
    assert not out.exists()
    found = json.loads(run(*line).stdout)
    assert found["cells"][0]["steps"] == 40
    assert found["best"]["kld"] == found["cells"][0]["kld"]
    assert out.exists()
    assert not state.exists()
    assert (tmp_path / "s" / "grid.png").exists()
    assert read_checkpoint(out).metadata["policy"] == "ra-2-5"


def test_wrong_choices_are_told(folder, tmp_path):
    pytest.importorskip("fusbench_torch")
    base = ["search", "--n", "1", "--m", "3", "--out", tmp_path / "s", "--network"]
    assert "no model is called 'unte-torch'" in error_of(*base, "unte", "--dataset", folder)
    clips = folder / "clips.csv"
    rows = [row for row in clips.read_text().splitlines() if ",val," not in row]
    clips.write_text("\n".join(rows) + "\n")
    gaze = folder / "gaze.csv"
    kept = [row for row in gaze.read_text().splitlines() if not row.startswith("s2")]
    gaze.write_text("\n".join(kept) + "\n")
    segments = folder / "segments.csv"
    kept = [row for row in segments.read_text().splitlines() if not row.startswith("s2")]
    segments.write_text("\n".join(kept) + "\n")
    assert "the val split is empty" in error_of(*base, "unet", "--dataset", folder)
    assert not (tmp_path / "s").exists()
