"""Networks as data, their checkpoints, and the cards made of them."""

import json
import subprocess
import sys

import numpy as np
import pytest

from fusbench.data.window import Window
from fusbench.errors import CheckpointError, ConfigError, UnknownName
from fusbench.zoo.checkpoint import (
    check_weights,
    describe,
    initial_weights,
    network_of,
    read_checkpoint,
    read_metadata,
    window_of,
    write_checkpoint,
)
from fusbench.zoo.clstmunet import clstmunet
from fusbench.zoo.entries import ENTRIES, build, card
from fusbench.zoo.network import Layer
from fusbench.zoo.unet import unet


def test_what_is_normalised_has_a_rectifier():
    """Backends do both in one operation."""
    layer = {"name": "a", "op": "conv2d", "inputs": ("frames",), "in_channels": 1, "channels": 2}
    assert Layer(**layer, norm=True, relu=True).norm
    with pytest.raises(ConfigError, match="layer 'a': is normalised without a rectifier"):
        Layer(**layer, norm=True)


def test_parameters_of_a_small_unet_by_hand():
    network = unet(base=2, levels=1, input_shape=(4, 4))
    assert network.parameters == {
        "encoder1_conv1.weight": (2, 1, 3, 3),
        "encoder1_conv1.bias": (2,),
        "encoder1_conv2.weight": (2, 2, 3, 3),
        "encoder1_conv2.bias": (2,),
        "encoder_bottom_conv1.weight": (4, 2, 3, 3),
        "encoder_bottom_conv1.bias": (4,),
        "encoder_bottom_conv2.weight": (4, 4, 3, 3),
        "encoder_bottom_conv2.bias": (4,),
        "decoder1_up.weight": (4, 2, 2, 2),
        "decoder1_up.bias": (2,),
        "decoder1_conv1.weight": (2, 4, 3, 3),
        "decoder1_conv1.bias": (2,),
        "decoder1_conv2.weight": (2, 2, 3, 3),
        "decoder1_conv2.bias": (2,),
        "head.weight": (1, 2, 1, 1),
        "head.bias": (1,),
    }
    assert network.n_parameters == 18 + 2 + 36 + 2 + 72 + 4 + 144 + 4 + 32 + 2 + 72 + 2 + 36 + 2 + 3


def test_the_cell_has_four_gates():
    shapes = clstmunet(base=2, levels=1, input_shape=(4, 4)).parameters
    assert shapes["clstm.weight"] == (16, 4, 3, 3)
    assert shapes["clstm.recurrent_weight"] == (16, 4, 3, 3)
    assert shapes["decoder1_up.weight"] == (8, 2, 2, 2)  # both encoders' deepest features


def test_every_row_of_the_papers_tables_is_there():
    assert {"unet", "unet-ra-5-5", "unet-ra-7-9", "unet-ra-3-9", "unet-mixra-3-7"} <= set(ENTRIES)
    lengths = {"clstmunet-l4": 4, "clstmunet": 6, "clstmunet-l8": 8, "clstmunet-l10": 10}
    for name, length in lengths.items():
        assert ENTRIES[name].window == Window(length=length)
        assert build(name).length == length
    assert ENTRIES["clstmunet-around"].window == Window(length=6, placement="around")
    assert ENTRIES["clstmunet-after"].window == Window(length=6, placement="after")
    assert ENTRIES["unet-mixra-3-7"].policy == "mixra-3-7"


RELATED = ("ema", "rsis", "mmunet", "salsac", "tsen")


@pytest.mark.parametrize("name", RELATED)
def test_related_work_has_the_same_task_and_names_its_source(name):
    entry = ENTRIES[name]
    assert (entry.window, entry.policy) == (Window(length=6), "ra-7-9")
    assert entry.cite != ENTRIES["clstmunet"].cite
    made = card(name, backend="torch", loader="a:b", learner="a:b")
    assert made.cite == entry.cite
    size = build(name).n_parameters / build("clstmunet").n_parameters
    assert 0.4 <= size <= 1.2
    for levels in (1, 2, 4):
        build(name, levels=levels, base=2, input_shape=(16, 32))


def test_parameters_of_related_work_by_hand():
    small = {"base": 4, "levels": 2, "input_shape": (4, 4)}
    shapes = build("rsis", **small).parameters
    assert shapes["cell2.weight"] == (4 * 8, 8, 3, 3)  # the bottom's features alone
    assert shapes["cell1.weight"] == (4 * 4, 4 + 4, 3, 3)  # the coarser cell's output, and a skip
    shapes = build("mmunet", **small).parameters
    assert shapes["change2_conv1.weight"] == (8, 4 + 4, 3, 3)  # both paths, pooled
    assert shapes["bottom_conv1.weight"] == (16, 8 + 8 + 8, 3, 3)  # and what was read above
    assert shapes["clstm.weight"] == (4 * 2, 1 + 4, 3, 3)  # a map and the finest features
    shapes = build("salsac", **small).parameters
    assert shapes["clstm.weight"] == (4 * 16, 3 * 8, 3, 3)
    assert shapes["scale3_attention.weight"] == (1, 8, 3, 3)
    shapes = build("tsen", **small).parameters
    assert shapes["attention.weight"] == (1, 8 + 8, 3, 3)
    assert shapes["decoder2_up.weight"] == (8 + 8, 8, 2, 2)
    assert build("ema", **small).parameters["ema.logit"] == (1,)


def test_a_single_frame_has_no_change():
    with pytest.raises(ConfigError, match="a single frame has no change. Use a window of at least"):
        build("mmunet", window=Window())


def test_layers_of_a_window_and_of_a_frame():
    network = build("tsen")
    frames = {layer.name for layer in network.layers} - network.windowed
    assert {name.split("_")[0] for name in frames} == {
        "encoder1", "encoder2", "encoder3", "encoder",
    }  # fmt: skip


def test_sizes_that_cannot_be_halved_are_refused():
    with pytest.raises(ConfigError) as error:
        unet(levels=3, input_shape=(60, 72))
    assert str(error.value) == (
        "network 'unet': an input of 60 x 72 pixels cannot be halved 3 times. "
        "Use rows and columns that are multiples of 8."
    )
    with pytest.raises(UnknownName, match="Did you mean 'clstmunet-l"):
        build("clstmunet-l5")


def test_initial_weights():
    network = clstmunet()
    weights = initial_weights(network, np.random.default_rng(0))
    again = initial_weights(network, np.random.default_rng(0))
    assert all((weights[name] == again[name]).all() for name in weights)
    check_weights(network, weights, "here")
    bias = weights["clstm.bias"]
    assert bias[64:128].tolist() == [1.0] * 64  # the forget gate
    assert not bias[:64].any()
    assert not bias[128:].any()
    recurrent = weights["clstm.recurrent_weight"].reshape(256, -1).astype(float)
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(256), atol=1e-5)
    deep = weights["encoder_bottom_conv2.weight"]
    assert deep.std() == pytest.approx(np.sqrt(2 / (64 * 9)), rel=0.05)


@pytest.fixture
def stored(tmp_path):
    network = build("clstmunet-l4", base=2, levels=1, input_shape=(8, 8))
    weights = initial_weights(network, np.random.default_rng(1))
    window = ENTRIES["clstmunet-l4"].window
    path = tmp_path / "made.safetensors"
    write_checkpoint(path, weights, describe(network, "clstmunet-l4", window))
    return path, network, weights


def test_a_checkpoint_brings_its_network_back(stored):
    path, network, weights = stored
    read = read_checkpoint(path)
    assert network_of(read.metadata) == network
    assert window_of(read.metadata) == Window(length=4)
    assert read_metadata(path) == read.metadata
    for name, value in weights.items():
        np.testing.assert_array_equal(read.weights[name], value)


def test_half_precision_is_read_as_single(stored, tmp_path):
    _, _, weights = stored
    half = tmp_path / "half.safetensors"
    write_checkpoint(half, weights, {}, dtype="float16")
    read = read_checkpoint(half)
    for name, value in weights.items():
        assert read.weights[name].dtype == np.float32
        np.testing.assert_allclose(read.weights[name], value, rtol=1e-3, atol=1e-7)


def test_damaged_files_are_told_in_one_line(stored, tmp_path):
    path, _, _ = stored
    whole = path.read_bytes()
    for content in (whole[:-10], whole[: len(whole) // 2], b"", b"PK\x03\x04 no safetensors"):
        path.write_bytes(content)
        with pytest.raises(CheckpointError) as error:
            read_checkpoint(path)
        assert "is damaged or no safetensors file" in str(error.value)
        assert "\n" not in str(error.value)
    with pytest.raises(CheckpointError, match="no file is here. Check the path"):
        read_checkpoint(tmp_path / "none.safetensors")


def test_weights_of_another_network_are_refused(stored):
    _, network, weights = stored
    name = "head.weight"
    with pytest.raises(CheckpointError, match=r"the parameter 'head\.weight' .* is missing"):
        check_weights(network, {k: v for k, v in weights.items() if k != name}, "here")
    with pytest.raises(CheckpointError, match=r"'head\.weight' is 2 x 2 where .* 1 x 2 x 1 x 1"):
        check_weights(network, {**weights, name: np.zeros((2, 2))}, "here")
    with pytest.raises(CheckpointError, match=r"'other\.bias' is not part of network 'clstmunet'"):
        check_weights(network, {**weights, "other.bias": np.zeros(2)}, "here")
    with pytest.raises(CheckpointError, match=r"'head\.weight' is not finite"):
        check_weights(network, {**weights, name: np.full((1, 2, 1, 1), np.nan)}, "here")
    with pytest.raises(CheckpointError, match="its metadata name no window"):
        window_of({})
    with pytest.raises(CheckpointError, match="its metadata name no network"):
        network_of({"window": json.dumps({"length": 4})})


@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_cards_import_no_framework(backend):
    pytest.importorskip(f"fusbench_{backend}")
    code = (
        f"import fusbench_{backend}.cards as cards, sys;"
        "assert cards.clstmunet.window.length == 6;"
        "heavy = {'torch', 'keras', 'tensorflow', 'numpy'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
