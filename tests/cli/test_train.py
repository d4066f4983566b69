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

from fusbench.data.dataset import open_dataset
from fusbench.data.window import Window
from fusbench.doors.registry import load_model, model_card
from fusbench.errors import CheckpointError, ConfigError
from fusbench.training.loop import train as train_job
from fusbench.verbs.choices import Choices, command_line
from fusbench.verbs.preparing import prepared
from fusbench.zoo.checkpoint import (
    TRAIN_CLIPS,
    describe,
    initial_weights,
    network_of,
    read_checkpoint,
    window_of,
    write_checkpoint,
)
from fusbench.zoo.entries import build
from fusbench.zoo.weights import card_of_weights


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
    out, config = tmp_path / "mine.safetensors", tmp_path / "train.toml"
    config.write_text("[train]\nlevels = 2\ninput-size = [24, 32]\n")
    sizes = ("--config", config, "--base", 4)
    done = train(data, out, "--json", "--log", "tensorboard", *sizes, model=f"unet-{backend}")
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
    network = network_of(facts)
    assert (network.base, network.levels, network.input_shape) == (4, 2, (24, 32))
    scored = run(
        "evaluate", "--model", f"unet-{backend}", "--checkpoint", out, "--dataset", data,
        "--out", tmp_path / "runs", "--json",
    )  # fmt: skip
    result = json.loads(scored.stdout)
    assert result["n_frames"] + result["n_skipped"] == 30
    assert result["config"]["checkpoint"] == "mine.safetensors"
    assert result["model"]["parameters"] == network.n_parameters
    told = result["model"]["training"]
    assert (told["steps"], told["best_step"], told["seed"]) == (12, found["best_step"], 0)
    assert (told["recipe"], told["policy"], told["dataset"]) == ("fast", "none", facts["dataset"])
    assert (tmp_path / "runs" / result["key"] / "frames.png").exists()


def test_a_training_begins_with_the_layers_that_fit(data, tmp_path):
    """A network of one level, from weights of two levels that have seen another clip."""
    pytest.importorskip("fusbench_torch")
    old, window = tmp_path / "old.safetensors", Window(length=6)
    network = build("clstmunet", base=2, levels=2, input_shape=(8, 12))
    weights = initial_weights(network, np.random.default_rng(7))
    told = {**describe(network, "clstmunet", window), TRAIN_CLIPS: json.dumps(["seen before"])}
    write_checkpoint(old, weights, told)
    choices = Choices(
        base=2, levels=1, input_size=(8, 12), length=3, placement="around", init=old, max_steps=2
    )
    job, learner = prepared(model_card("clstmunet-torch"), data, choices, "")
    drawn = [
        "encoder_bottom_conv1", "encoder_bottom_conv2", "temporal_bottom_conv1",
        "temporal_bottom_conv2", "clstm", "decoder1_up",
    ]  # fmt: skip
    assert json.loads(job.metadata["init_drawn"]) == drawn
    gains = [name.removesuffix(".gain") for name in job.trained if name.endswith("gain")]
    assert gains == drawn[:4]  # what was taken has its normalisation folded in
    for layer in ("encoder1_conv1", "decoder1_conv2", "head"):
        np.testing.assert_array_equal(job.weights[f"{layer}.weight"], weights[f"{layer}.weight"])
    out = tmp_path / "new.safetensors"
    train_job(job, learner, out)
    facts = read_checkpoint(out).metadata
    assert window_of(facts) == Window(length=3, placement="around")
    clips = json.loads(facts[TRAIN_CLIPS])
    assert "seen before" in clips
    assert len(clips) == 1 + len(open_dataset(data).split("train"))
    assert facts["init"] == "old.safetensors"
    card = card_of_weights(model_card("clstmunet-torch"), out)
    assert card.title.endswith("; these weights: 3 frames around")
    assert np.isfinite(
        load_model(card, checkpoint=out).predict(np.zeros((1, 3, 8, 12), "u1"))
    ).all()


def test_what_fits_nowhere_is_told(data, tmp_path):
    pytest.importorskip("fusbench_torch")
    old, other = tmp_path / "old.safetensors", Choices(base=4)
    network = build("unet", base=2, levels=1, input_shape=(8, 12))
    weights = initial_weights(network, np.random.default_rng(7))
    write_checkpoint(old, weights, describe(network, "unet", Window()))
    with pytest.raises(CheckpointError, match="no layer fits network 'unet' of base 4. Choose"):
        prepared(model_card("unet-torch"), data, replace(other, init=old), "")
    with pytest.raises(ConfigError, match="56 x 72 pixels cannot be halved 4 times"):
        prepared(model_card("unet-torch"), data, replace(other, levels=4), "")
    with pytest.raises(ConfigError, match="a base of 4 and 13 levels .* are out of bounds"):
        prepared(model_card("unet-torch"), data, replace(other, levels=13), "")


def test_the_line_of_a_training_names_its_sizes():
    choices = Choices(base=4, input_size=(24, 32), init="bundled")
    line = command_line("unet-torch", "phantom", "x", choices, "float32")
    assert line.endswith("--out x --base 4 --input-size 24 32 --init bundled")


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
