"""Networks of one's own, as the page shows them, are trained like those of the zoo."""

import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from support.command import run as run_command

import fusbench
from fusbench import metrics
from fusbench.data.samples import Samples
from fusbench.errors import CheckpointError, ConfigError, PluginError, TrainingError
from fusbench.zoo.checkpoint import read_checkpoint
from fusbench.zoo.weights import training_facts

PAGE = Path(fusbench.__file__).parents[1] / "docs/how-to/train-your-own.md"
BLOCK = re.compile(r'^```python title="(?P<name>\w+)\.py"\n(?P<code>.*?)^```\n', re.M | re.S)


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """The page's files, importable; by name."""
    monkeypatch.syspath_prepend(tmp_path)
    for match in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        (tmp_path / f"{match['name']}.py").write_text(match["code"])
    return import_module


@pytest.mark.parametrize(("name", "backend"), [("my_net", "torch"), ("my_keras_net", "keras")])
def test_the_networks_of_the_page_are_trained(shown, name, backend, tmp_path):
    pytest.importorskip(f"fusbench_{backend}")
    out, module = tmp_path / "own.safetensors", shown(name)
    data = fusbench.open_dataset("phantom-tiny")
    chosen = {"max_steps": 8, "validate_every": 4, "batch_size": 4, "learning_rate": 0.01}
    done = fusbench.train(module.card, data, out, policy="ra-2-5", recipe="patient", **chosen)
    assert done.val_loss < done.curves["val_loss"][0] + 1e-9
    samples = Samples(data, "val", module.card.window, shape=(56, 72), every=10)
    batch = samples.batch(range(len(samples)))
    predicted = np.asarray(module.Model(module.card, checkpoint=out).predict(batch.frames), float)
    predicted /= predicted.sum((1, 2), keepdims=True)
    empirical = batch.densities / batch.densities.astype(float).sum((1, 2), keepdims=True)
    assert metrics.kld(predicted, empirical).mean() == pytest.approx(done.val_loss, rel=1e-4)
    assert training_facts(module.card, out)["policy"] == "ra-2-5"
    again = fusbench.train(
        module.card, data, tmp_path / "b.safetensors", policy="ra-2-5", recipe="patient", **chosen
    )
    weights = (read_checkpoint(file).weights for file in (out, again.checkpoint))
    for one, other in zip(*(each.values() for each in weights), strict=True):
        np.testing.assert_array_equal(one, other)  # a seed is a seed here too


def test_other_weights_do_not_fit(shown, tmp_path):
    pytest.importorskip("fusbench_torch")
    weights = Path(fusbench.__file__).parent / "zoo/checkpoints/unet.safetensors"
    module = shown("my_net")
    with pytest.raises(CheckpointError, match="does not fit: "):
        module.Model(module.card, checkpoint=weights)


def test_what_cannot_be_trained_is_told(shown, tmp_path, monkeypatch):
    card, out = shown("my_net").card, tmp_path / "x.safetensors"
    with pytest.raises(ConfigError, match="has no learner, so fusbench cannot train it"):
        fusbench.train(replace(card, learner=None), "phantom-tiny", out)
    with pytest.raises(PluginError, match=r"Write it as learner\(card, \*\*settings\)"):
        fusbench.train(replace(card, learner="my_net:Network"), "phantom-tiny", out)
    torch = pytest.importorskip("torch")
    module = shown("my_net")
    for error, kind, words in (
        (
            torch.OutOfMemoryError("CUDA out of memory"),
            TrainingError,
            "does not suffice for its ma",
        ),
        (ValueError("odd"), PluginError, "its learner raised ValueError in its making: odd"),
    ):
        monkeypatch.setattr(module, "Network", Mock(side_effect=error))
        with pytest.raises(kind, match=words):
            fusbench.train(card, "phantom-tiny", out)


def test_a_file_is_trained_as_its_card_is(shown, tmp_path):
    pytest.importorskip("fusbench_torch")
    data, file = fusbench.open_dataset("phantom-tiny"), tmp_path / "my_net.py"
    chosen = {"max_steps": 2, "validate_every": 1, "batch_size": 2}
    made = [
        fusbench.train(source, data, tmp_path / f"{number}.safetensors", **chosen)
        for number, source in enumerate((file, str(file), shown("my_net").card))
    ]
    upper, *_ = made[0].plot().axes
    drawn = {line.get_label(): line.get_xydata() for line in upper.lines}["validation"]
    np.testing.assert_array_equal(drawn, made[0].curves[["step", "val_loss"]])
    found = [read_checkpoint(done.checkpoint) for done in made]
    for other in found[1:]:
        for name, value in found[0].weights.items():
            np.testing.assert_array_equal(value, other.weights[name])
    lines = [each.metadata["command"] for each in found]
    assert lines[0].startswith(f"fusbench train --model {file} --dataset")
    assert lines[2].startswith("fusbench train --model my-net --dataset")
    line = ("train", "--model", file, "--dataset", data.root, "--out", tmp_path / "c.safetensors")
    run_command(*line, "--max-steps", 2, "--validate-every", 1, "--batch-size", 2)
    of_command = read_checkpoint(tmp_path / "c.safetensors").weights
    assert all((of_command[name] == value).all() for name, value in found[0].weights.items())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "no file is here. Name a Python file, or a model."),
        ("import nothing_of_the_sort", "cannot be imported: ModuleNotFoundError"),
        ("number = 1", "the file holds neither a card nor a function predict"),
        ("card = 3", "its card is a int, not a ModelCard"),
        ("def predict(frames): ...", "has no learner, so fusbench cannot train it"),
    ],
)
def test_a_file_that_cannot_be_trained(text, words, tmp_path):
    file = tmp_path / "odd_net.py"
    if text is not None:
        file.write_text(text)
    with pytest.raises(fusbench.FusbenchError, match=words):
        fusbench.train(file, "phantom-tiny", tmp_path / "w.safetensors")
