"""ONNX files at the door of all verbs: scored, checked, and followed live in their own process."""

import json
import subprocess
import sys

import numpy as np
import pytest
from support.command import error_of, run
from support.small_dataset import small_clips, small_info

import fusbench
from fusbench.data.writer import write_dataset
from fusbench.discovery import find
from fusbench.errors import CheckpointError, ConfigError, PluginError, UnknownName
from fusbench.installed import registrars
from fusbench.testing import check_model
from fusbench.zoo.checkpoint import describe, initial_weights, short_hash, write_checkpoint
from fusbench.zoo.entries import ENTRIES, build

pytest.importorskip("fusbench_onnx.model")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A checkpoint that has seen a clip of ours, and the ONNX file that was made of it."""
    folder = tmp_path_factory.mktemp("door")
    window = ENTRIES["clstmunet"].window
    network = build("clstmunet", base=2, levels=2, input_shape=(24, 32))
    data = fusbench.open_dataset(write_dataset(folder / "small", small_info(), small_clips()))
    seen = [short_hash(clip.sha256) for clip in data.split("train")]
    told = {**describe(network, "clstmunet", window), "train_clips": json.dumps(seen)}
    path = folder / "w.safetensors"
    write_checkpoint(path, initial_weights(network, np.random.default_rng(0)), told)
    out = folder / "out.onnx"
    run("model", "export", "clstmunet-onnx", out, "--checkpoint", path)
    return path, out, data


def test_a_file_is_scored_as_its_checkpoint_is(files, tmp_path):
    path, out, data = files
    given = {"dataset": data, "runs": tmp_path, "metrics": ("kld", "nss")}
    mine = fusbench.evaluate(str(out), **given)
    theirs = fusbench.evaluate("clstmunet-onnx", **given, checkpoint=path)
    assert mine.result.model.name == theirs.result.model.name == "clstmunet-onnx"
    assert mine.result.model.distribution == "out.onnx"
    assert mine.folder != theirs.folder
    for key in given["metrics"]:
        np.testing.assert_array_equal(mine.scores[key], theirs.scores[key])
    with pytest.raises(CheckpointError, match=r"out\.onnx: has seen 2 of the 2 clips in training"):
        fusbench.evaluate(out, **given, split="train")
    with pytest.raises(ConfigError, match="holds its own weights"):
        fusbench.evaluate(out, **given, checkpoint=path)


def test_a_file_keeps_every_rule(files):
    report = check_model(str(files[1]))
    assert report.passed, [f for f in report.findings if f.passed is False]
    assert {f.rule for f in report.findings if f.passed} >= {"fast-path", "causal", "repeatable"}


def test_a_file_is_followed_live(files):
    path, out, _ = files
    frames = np.random.default_rng(0).integers(0, 256, (8, 24, 32), np.uint8)
    with fusbench.Stream(out) as stream:
        found = [stream.predict(frame) for frame in frames]
    want = fusbench.load_model("clstmunet-onnx", checkpoint=path).predict_clip(frames)
    np.testing.assert_allclose(np.stack(found), want, atol=1e-7)


def test_neither_torch_nor_tensorflow_is_imported(files, tmp_path):
    """Though both may be installed: such an import would raise."""
    path, *_ = files
    script = (
        "import sys\n"
        "for name in ('torch', 'tensorflow', 'keras'):\n"
        "    sys.modules[name] = None\n"
        "import numpy as np, fusbench\n"
        f"out = fusbench.export_model('clstmunet-onnx', {str(tmp_path / 'o.onnx')!r},"
        f" checkpoint={str(path)!r})\n"
        f"model = fusbench.load_model('clstmunet-onnx', checkpoint=out)\n"
        "print(model.predict_clip(np.zeros((3, 24, 32), np.uint8)).shape)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "(3, 24, 32)", done.stderr


def test_files_that_are_none_are_told_in_one_line(tmp_path):
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"no such message")
    what = error_of("model", "show", bad)
    assert "bad.onnx: is damaged or no ONNX file: it is no such message. Export it again" in what
    with pytest.raises(PluginError, match="no file is here. Name a Python file, an ONNX file"):
        fusbench.Stream(tmp_path / "none.onnx")


def test_a_backend_that_is_not_installed_is_told_with_its_command(monkeypatch):
    without = {k: v for k, v in registrars().items() if k != "fusbench-onnx"}
    monkeypatch.setattr("fusbench.discovery.registrars", lambda: without)
    with pytest.raises(UnknownName, match=r"pip install \. \./plugins/fusbench-onnx"):
        find("fusbench.models", "model", "clstmunet-onnx")
    with pytest.raises(UnknownName, match="Did you mean"):
        find("fusbench.models", "model", "centre-bios")
