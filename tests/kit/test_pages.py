"""The how-to pages, followed to the letter."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from support.environments import sees_all, sees_numpy, variables
from support.pages import follow, steps


@pytest.fixture(scope="module")
def env(tmp_path_factory):
    folder = tmp_path_factory.mktemp("env")
    return variables(sees_all(folder / "venv"))


def test_your_model_in_ten_minutes(env, tmp_path):
    pytest.importorskip("torch")
    outputs = follow("how-to/your-model.md", tmp_path, env)
    assert "my-net keeps every rule." in outputs["fusbench model check my-net"]
    assert "passed" in outputs["pytest -q my-net"]
    last = [json.loads(line) for line in outputs[list(outputs)[-1]].splitlines()]
    assert [row["model"]["name"] for row in last] == ["bright", "my-net"]
    assert last[1]["model"]["window"]["length"] == 3
    assert {row["n_frames"] for row in last} == {23}
    runs = sorted(path.name.rsplit("-", 1)[0] for path in (tmp_path / "runs").iterdir())
    assert runs.count("my-net") == 2  # the edit has made a new one


def test_models_that_remember(env, tmp_path):
    outputs = follow("how-to/memory.md", tmp_path, env)
    check, row = outputs.values()
    assert "trail keeps every rule." in check.replace("trail.py", "trail")
    assert json.loads(row)["model"]["memory"] == "clip"


def test_scoring_predictions_from_another_program(env, tmp_path):
    outputs = follow("how-to/predictions.md", tmp_path, env)
    rows = [json.loads(line) for line in outputs[list(outputs)[-1]].splitlines()]
    assert [row["model"]["name"] for row in rows] == ["centre-bias", "mine"]
    assert "bright" in outputs["fusbench evaluate --predictions bright --dataset tiny"]


def test_old_environments(env, tmp_path):
    sees_numpy(tmp_path / "old")
    for kind, text in steps("how-to/old-environments.md"):
        if kind.startswith("file"):
            (tmp_path / kind.removeprefix("file ")).write_text(text)
    outputs = follow("how-to/old-environments.md", tmp_path, env)
    check, table = outputs.values()
    assert "old_net.py keeps every rule." in check
    assert "old-net" in table


@pytest.mark.skipif(shutil.which("octave-cli") is None, reason="Octave is not installed")
def test_what_octave_writes_is_read(tmp_path):
    files = dict(steps("how-to/predictions.md"))
    (tmp_path / "write_npy.m").write_text(files["file write_npy.m"])
    code = "write_npy('maps.npy', reshape(0:23, 2, 3, 4))"  # column by column
    subprocess.run(
        ["octave-cli", "--no-gui", "--eval", code], cwd=tmp_path, check=True, capture_output=True
    )
    found = np.load(tmp_path / "maps.npy", allow_pickle=False)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.arange(24).reshape(4, 3, 2).swapaxes(1, 2))
    assert (tmp_path / "maps.npy").stat().st_size == 128 + 4 * 24
