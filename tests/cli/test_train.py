"""Training from the command line, in both backends."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.command import error_of, run

from fusbench.doors.registry import model_card
from fusbench.training.loop import train as train_job
from fusbench.verbs.train import Choices, prepared
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
    done = train(data, out, "--json", model=f"unet-{backend}")
    found = json.loads(done.stdout)
    assert found["steps"] == 12
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
    assert (tmp_path / "runs" / result["key"] / "frames.png").exists()


@pytest.mark.parametrize(("normalise", "bound"), [(False, 1e-3), (True, 1e-2)])
def test_backends_take_the_same_steps(data, tmp_path, normalise, bound):
    """From the same weights over the same batches, Torch and Keras end in nearly the same place.

    A normalised network's gradients are right to 5e-4 in either backend, for where a rectifier's
    input is 0 but for rounding it may pass; Adam's first steps are all of one size, so that weights
    with hardly a gradient go where rounding sends them.
    """
    tables = []
    for backend in ("torch", "keras"):
        pytest.importorskip(f"fusbench_{backend}")
        card, choices = model_card(f"unet-{backend}"), Choices(max_steps=8, validate_every=4)
        job, learner = prepared(card, data, choices, "")
        job = replace(job, recipe=replace(job.recipe, normalise=normalise))
        train_job(job, learner, tmp_path / f"{backend}.safetensors")
        tables.append(pd.read_csv(tmp_path / f"{backend}.csv"))
    torch, keras = (
        read_checkpoint(tmp_path / f"{b}.safetensors").weights for b in ("torch", "keras")
    )
    moved = sum(float(np.abs(torch[name] - keras[name]).sum()) for name in torch)
    size = sum(float(np.abs(torch[name]).sum()) for name in torch)
    assert moved < bound * size
    for column in ("train_loss", "val_loss"):
        one, other = (table[column].to_numpy() for table in tables)
        np.testing.assert_allclose(one, other, rtol=0.2 * bound)


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
