"""From a name to a model: bundled and own weights, and what is wrong with them."""

from dataclasses import replace

import numpy as np
import pytest

from fusbench.data.window import Window
from fusbench.doors.registry import load_model, model_card
from fusbench.errors import CheckpointError, PluginError
from fusbench.models.card import ModelCard
from fusbench.zoo.checkpoint import describe, initial_weights, write_checkpoint
from fusbench.zoo.entries import build, card
from fusbench.zoo.weights import card_of_weights, checkpoint_path


@pytest.fixture
def own(tmp_path):
    """Weights of a user's own: another size, another horizon."""
    window = Window(length=6, horizon=15)
    network = build("clstmunet", window=window, base=2, levels=1, input_shape=(16, 24))
    path = tmp_path / "own.safetensors"
    weights = initial_weights(network, np.random.default_rng(0))
    write_checkpoint(path, weights, describe(network, "clstmunet", window))
    return path


def zoo_card(name="clstmunet"):
    return card(name, backend="torch", loader="none:load", learner="none:learner")


def test_own_weights_bring_their_window_and_size(own):
    changed = card_of_weights(zoo_card(), own)
    assert changed.window == Window(length=6, horizon=15)
    assert changed.input_shape == (16, 24)


def test_weights_of_another_network_are_refused(own):
    with pytest.raises(CheckpointError) as error:
        card_of_weights(zoo_card("unet"), own)
    assert str(error.value).endswith(
        "holds the network 'clstmunet', not 'unet'. Use --model clstmunet-torch."
    )


def test_missing_weights_say_how_to_get_them(tmp_path):
    missing = replace(zoo_card(), checkpoint="checkpoints/none.safetensors")
    with pytest.raises(CheckpointError, match="no weights are bundled. Train them with: fusbench"):
        checkpoint_path(missing)
    with pytest.raises(CheckpointError, match="no file is here. Check --checkpoint"):
        checkpoint_path(zoo_card(), tmp_path / "none.safetensors")


def test_a_missing_framework_says_what_to_install():
    absent = ModelCard(name="x", title="X", backend="torch", loader="no_such_framework:load")
    with pytest.raises(PluginError) as error:
        load_model(absent)
    assert str(error.value) == (
        "model 'x': cannot be loaded: No module named 'no_such_framework'. "
        "From a clone of fusbench: pip install . ./plugins/fusbench-torch."
    )


def test_a_loader_of_another_form_is_told():
    odd = ModelCard(name="x", title="X", loader="math:sqrt")
    with pytest.raises(PluginError, match="Its loader takes \\(card\\)"):
        load_model(odd)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "Upper"}, "name is not a lower-case word"),
        ({"loader": "nothing"}, "loader is not of the form"),
        ({"channels": 2}, "channels is neither 1 nor 3"),
        ({"role": "winner"}, "role is not one of"),
        ({"sees": "all"}, "sees is not one of"),
    ],
)
def test_impossible_cards(fields, words):
    with pytest.raises(PluginError, match=words):
        ModelCard(**{"name": "x", "title": "X", "loader": "a:b"} | fields)


def test_baselines():
    shape = (1, 1, 20, 30)
    frames = np.zeros(shape, np.uint8)
    flat = load_model(model_card("uniform")).predict(frames)
    assert np.ptp(flat) == 0
    centre = load_model(model_card("centre-bias")).predict(frames)[0]
    rows, columns = np.mgrid[:20, :30]
    assert (centre * rows).sum() == pytest.approx(9.5)
    assert (centre * columns).sum() == pytest.approx(14.5)
    assert centre[10, 15] / centre[10, 15 + 7] == pytest.approx(np.exp((7.5**2 - 0.5**2) / 112.5))
