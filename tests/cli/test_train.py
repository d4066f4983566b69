"""Training from the command line, in both backends."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from support.command import error_of, run

from fusbench.zoo.checkpoint import read_checkpoint


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A phantom of six scans."""
    folder = tmp_path_factory.mktemp("train") / "tiny"
    run("dataset", "make", "phantom-tiny", folder)
    return folder


def train(data, out, *options, model="unet-torch", steps=12):
    return run(
        "train", "--model", model, "--dataset", data, "--out", out, "--max-steps", steps,
        "--validate-every", "4", *options,
    )  # fmt: skip


@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_train_then_evaluate(data, tmp_path, backend):
    pytest.importorskip(f"fusbench_{backend}")
    out = tmp_path / "mine.safetensors"
    done = train(data, out, "--json", "--log", "tensorboard", model=f"unet-{backend}")
    found = json.loads(done.stdout)
    assert found["steps"] == 12
    assert 0 <= found["waiting"] < 1
    assert len(list(out.with_name(out.name + ".log").iterdir())) == 1
    curves = pd.read_csv(out.with_suffix(".csv"))
    assert curves["step"].tolist() == [4, 8, 12]
    assert curves["val_loss"].min() == found["val_loss"]
    assert out.with_suffix(".png").stat().st_size > 5000
    facts = read_checkpoint(out).metadata
    assert facts["command"].startswith(f"fusbench train --model unet-{backend} --dataset")
    assert facts["synthetic"] == "true"
    scored = run(
        "evaluate", "--model", f"unet-{backend}", "--checkpoint", out, "--dataset", data,
        "--out", tmp_path / "runs", "--json",
    )  # fmt: skip
    result = json.loads(scored.stdout)
    assert result["n_frames"] + result["n_skipped"] == 30
    assert result["config"]["checkpoint"] == "mine.safetensors"
    told = result["model"]["training"]
    assert (told["steps"], told["best_step"], told["seed"]) == (12, found["best_step"], 0)
    assert (told["recipe"], told["policy"], told["dataset"]) == ("fast", "none", facts["dataset"])
    assert (tmp_path / "runs" / result["key"] / "frames.png").exists()


def test_an_interrupted_training_is_resumed(data, tmp_path):
    pytest.importorskip("fusbench_torch")
    whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    command = ["train", "--model", "unet-torch", "--dataset", str(data), "--max-steps", "40"]
    command += ["--validate-every", "5", "--policy", "ra-2-5", "--out"]
    run(*command, whole)
    child = subprocess.Popen(
        [sys.executable, "-m", "fusbench", *command, str(parts)], stderr=subprocess.PIPE, text=True
    )
    state = parts.with_name(parts.name + ".state")
    while not state.exists() and child.poll() is None:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    _, words = child.communicate(timeout=60)
    assert child.returncode == 130, words
    assert "the same command continues" in words
    assert not parts.exists()
    run(*command, parts, "--resume")
    assert not state.exists()
    one, other = read_checkpoint(whole), read_checkpoint(parts)
    assert one.metadata["steps"] == other.metadata["steps"] == "40"
    for name, value in one.weights.items():
        np.testing.assert_array_equal(value, other.weights[name])


def test_what_is_chosen_is_what_is_trained(data, tmp_path):
    """From a file and from the line, which wins."""
    pytest.importorskip("fusbench_torch")
    recipe, out = tmp_path / "mine.toml", tmp_path / "x.safetensors"
    recipe.write_text('like = "fast"\noptimiser = "sgd"\nbatch_size = 3\nlearning_rate = 0.5\n')
    train(
        data, out, "--recipe", recipe, "--batch-size", "2", "--loss", "kld-nss-cc", "--stride", "2",
        "--precision", "bfloat16", "--learning-rate", "0.01", model="clstmunet-torch", steps=1,
    )  # fmt: skip
    told = read_checkpoint(out).metadata
    chosen = json.loads(told["recipe"])
    assert (chosen["name"], chosen["optimiser"], chosen["batch_size"]) == ("mine", "sgd", 2)
    assert (chosen["loss"], chosen["learning_rate"]) == ("kld-nss-cc", 0.01)
    assert json.loads(told["window"])["stride"] == 2
    assert told["precision"] == "bfloat16"


def test_wrong_choices_are_told(data, tmp_path):
    pytest.importorskip("fusbench_torch")
    base = (
        "train",
        "--model",
        "unet-torch",
        "--dataset",
        data,
        "--out",
        tmp_path / "x.safetensors",
    )
    assert "no augmentation policy is called 'ra'. Use none" in error_of(*base, "--policy", "ra")
    assert "n = 20 operations are outside 0..16" in error_of(*base, "--policy", "ra-20-5")
    assert "magnitude m = 12 is outside 0..10" in error_of(*base, "--policy", "ra-2-12")
    assert "no recipe is called 'fats'. Did you mean 'fast'" in error_of(*base, "--recipe", "fats")
    assert "there is no training to resume" in error_of(*base, "--resume")
    assert "precision 'int8' is unknown" in error_of(*base, "--precision", "int8")
    assert "device 'gpu7' cannot be used" in error_of(*base, "--device", "gpu7")
    assert "has no learner, so fusbench cannot train it" in error_of(
        "train", "--model", "uniform", "--dataset", data, "--out", tmp_path / "x.safetensors"
    )


def test_a_corrupt_checkpoint_is_one_line(data, tmp_path):
    pytest.importorskip("fusbench_torch")
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"no weights")
    line = error_of("evaluate", "--model", "unet-torch", "--checkpoint", bad, "--dataset", data)
    assert "bad.safetensors: is damaged or no safetensors file" in line
