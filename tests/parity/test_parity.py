"""Torch, Keras and plain NumPy on one checkpoint: the same densities, losses and gradients."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from scipy.special import entr
from support import network_runner

from fusbench.data.gaze import saliency_map
from fusbench.data.window import Window
from fusbench.zoo.checkpoint import describe, initial_weights, write_checkpoint
from fusbench.zoo.entries import ENTRIES, build

RELATED = ("ema", "rsis", "mmunet", "salsac", "tsen")
NAMES = ("unet", "unet-stacked", "clstmunet", "clstmunet-around", "clstmunet-after", *RELATED)
MODULES = ("unet", "clstmunet")  # compared as module and model of the frameworks too
BACKENDS = ("torch", "keras")
ONNX = ("onnx",) if find_spec("fusbench_onnx") else ()  # predicts, and learns nothing
SHAPE = (24, 32)
N_FRAMES, CURRENT = 9, 5


def made(name):
    window = Window(length=5 if name in RELATED else 3, placement=ENTRIES[name].window.placement)
    window = ENTRIES[name].window if name == "unet" else window
    return build(name, window=window, input_shape=SHAPE, base=4, levels=2), window


def _gains(network):
    return [(f"{layer}.gain", channels) for layer, channels in network.normalised.items()]


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """What each backend computes, by name and backend, each in a process of its own."""
    folder = tmp_path_factory.mktemp("parity")
    for number, name in enumerate(NAMES):
        rng = np.random.default_rng(number)
        network, window = made(name)
        weights = initial_weights(network, rng)
        noise = 0.1 if name == "mmunet" else 0.05  # so that its slopes are no rounding errors
        weights = {k: v + rng.normal(0, noise, v.shape).astype("f4") for k, v in weights.items()}
        write_checkpoint(folder / f"{name}.safetensors", weights, describe(network, name, window))
        points = rng.uniform(2, 20, (4, 2, 2))
        target = np.stack([saliency_map(*p, SHAPE, 2.0) for p in points]).astype(np.float32)
        clip = rng.integers(0, 256, (N_FRAMES, *SHAPE), dtype=np.uint8)
        gains = {key: rng.uniform(0.5, 1.5, n).astype(np.float32) for key, n in _gains(network)}
        np.savez(folder / f"{name}.npz", clip=clip, target=target, **weights, **gains)
    results = {}
    for backend in (*BACKENDS, *ONNX):
        script = Path(__file__).with_name("run_backend.py")
        done = subprocess.run(
            [sys.executable, str(script), backend, str(folder), *MODULES],
            capture_output=True,
            text=True,
            check=False,
        )
        if "fusbench-" in done.stderr and "Install it with" in done.stderr:
            pytest.skip(f"{backend} is not installed")
        assert done.returncode == 0, done.stderr
        for name in NAMES:
            with np.load(folder / f"{name}.{backend}.npz") as arrays:
                results[name, backend] = dict(arrays)
    for name in NAMES:
        with np.load(folder / f"{name}.npz") as arrays:
            results[name, "given"] = dict(arrays)
    return results


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_densities_are_those_of_plain_numpy(computed, name, backend):
    network, window = made(name)
    given = computed[name, "given"]
    windows = window.indices(np.arange(3), N_FRAMES)
    log_density = network_runner.run(network, given, given["clip"][windows], window.target_index)
    got = computed[name, backend]["density"][:3]
    assert np.abs(got - np.exp(log_density)).max() <= 1e-5
    assert np.abs(np.log(got) - log_density).max() <= 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_torch_and_keras_predict_alike(computed, name):
    torch, keras = (computed[name, backend]["density"] for backend in BACKENDS)
    assert np.abs(torch - keras).max() <= 1e-5
    assert np.abs(np.log(torch) - np.log(keras)).max() <= 1e-4
    assert torch.std() > 1e-6  # not two uniform maps


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_onnx_predicts_what_they_predict(computed, name, backend):
    pytest.importorskip("fusbench_onnx")
    want, got = computed[name, backend], computed[name, "onnx"]
    for key in ("density", "clip_density"):
        assert np.abs(got[key] - want[key]).max() <= 1e-5
        assert np.abs(np.log(got[key]) - np.log(want[key])).max() <= 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_torch_and_keras_learn_alike(computed, name):
    torch, keras = (computed[name, backend] for backend in BACKENDS)
    assert torch["loss"] == pytest.approx(float(keras["loss"]), rel=1e-5)
    names = [key for key in torch if "." in key and "/" not in key]
    assert names == list(made(name)[0].parameters)
    scale = max(np.linalg.norm(torch[key]) for key in names)
    for key in names:
        if key == "head.bias":  # a constant on all pixels changes no density: exactly 0
            assert max(abs(torch[key][0]), abs(keras[key][0])) <= 1e-5 * scale
        else:
            assert np.linalg.norm(torch[key] - keras[key]) <= 1e-5 * scale, key
        assert torch[key].shape == keras[key].shape == computed[name, "given"][key].shape


@pytest.mark.parametrize("name", ["clstmunet", *RELATED])
@pytest.mark.parametrize("backend", BACKENDS)
def test_gradients_are_slopes_of_the_loss(computed, name, backend):
    """Finite differences of the NumPy network along the gradient itself."""
    network, window = made(name)
    given, got = computed[name, "given"], computed[name, backend]
    frames = given["clip"][window.indices(np.arange(4), N_FRAMES)]
    names = list(network.parameters)
    norm = np.sqrt(sum((got[key].astype(float) ** 2).sum() for key in names))

    def loss(step):
        moved = {key: given[key] + step * got[key].astype(float) / norm for key in names}
        log_density = network_runner.run(network, moved, frames, window.target_index)
        target = given["target"].astype(float)
        return -(entr(target) + target * log_density).sum() / 4

    assert float(got["loss"]) == pytest.approx(loss(0), rel=1e-5)
    assert all(np.abs(got[key]).max() > 0 for key in names if key != "head.bias")  # none is idle
    slope = (loss(1e-6) - loss(-1e-6)) / 2e-6
    assert slope == pytest.approx(norm, rel=1e-3)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_fast_path_and_batches_give_the_same(computed, name, backend):
    got = computed[name, backend]
    np.testing.assert_allclose(got["clip_density"], got["density"], atol=1e-7)
    np.testing.assert_allclose(got["one_by_one"], got["density"][:3], atol=1e-7)
    np.testing.assert_allclose(got["density"].sum((1, 2)), 1, atol=1e-5)
    seen = computed[name, "given"]["target"]
    alone = -(entr(seen) + seen * got["log_densities"]).sum() / 4
    assert float(got["loss"]) == pytest.approx(alone, rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_torch_and_keras_normalise_alike(computed, name):
    torch, keras = (computed[name, backend] for backend in BACKENDS)
    assert float(torch["normal_loss"]) == pytest.approx(float(keras["normal_loss"]), rel=1e-5)
    network = made(name)[0]
    for part, shapes in (("normal", network.trained), ("statistics", network.statistics)):
        keys = [f"{part}/{key}" for key in shapes]
        scale = max(np.linalg.norm(torch[key]) for key in keys)
        apart = [np.linalg.norm(torch[key] - keras[key]) / scale for key in keys]
        assert [torch[key].shape for key in keys] == list(shapes.values())
        assert [keras[key].shape for key in keys] == list(shapes.values())
        assert np.median(apart) <= 5e-4
        assert max(apart) <= 2e-3  # where a rectifier's input is 0 but for rounding, it may pass


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_normalised_network_folded_by_its_batch_is_the_plain_one(computed, name, backend):
    """With the batch's own statistics in their place, the plain network has the same loss."""
    got, target = computed[name, backend], computed[name, "given"]["target"]
    loss = -(entr(target) + target * got["in_batch"]).sum() / 4
    assert float(got["normal_loss"]) == pytest.approx(loss, rel=1e-5)
    assert abs(float(got["normal_loss"]) - float(got["loss"])) > 1e-4


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_statistics_are_those_of_plain_numpy(computed, name, backend):
    """The first normalised layer's, worked out by hand: no layer before it is normalised."""
    network, window = made(name)
    layer = next(layer for layer in network.layers if layer.norm)
    given, got = computed[name, "given"], computed[name, backend]
    frames = given["clip"][window.indices(np.arange(4), N_FRAMES)] / 255.0
    found = []
    for w in frames:
        inputs = list(w[:, None])
        for before in network.layers[: network.layers.index(layer)]:
            if before.name == layer.inputs[0]:
                inputs = network_runner.STEPS[before.op](before, {}, [inputs], window.target_index)
        kernel = given[f"{layer.name}.weight"].astype(float)
        found += [network_runner._conv(one, kernel) for one in inputs]
    maps = np.stack(found)
    assert got[f"statistics/{layer.name}.mean"] == pytest.approx(maps.mean((0, 2, 3)), abs=1e-5)
    assert got[f"statistics/{layer.name}.variance"] == pytest.approx(
        maps.var((0, 2, 3)), abs=1e-5, rel=1e-4
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_frames_outside_the_window_do_not_matter(computed, name, backend):
    got = computed[name, backend]
    seen = made(name)[1].indices([CURRENT], N_FRAMES)[0]
    np.testing.assert_array_equal(got["seen"], seen)
    np.testing.assert_allclose(got["outside_altered"], got["clip_density"][CURRENT], atol=1e-7)
    assert np.abs(got["inside_altered"] - got["clip_density"][CURRENT]).max() > 1e-7


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_modules_say_what_the_zoo_says(computed, name, backend):
    """In training mode by the batch's statistics, afterwards by their running averages.

    After one step these are the batch's own; a checkpoint of the module has them folded in.
    """
    got, target = computed[name, backend], computed[name, "given"]["target"]
    for key in ("plain", "plain_training"):
        np.testing.assert_allclose(got[f"module/{key}"], got["log_densities"], atol=1e-5)
    loss = -(entr(target) + target * got["module/training"]).sum() / 4
    assert loss == pytest.approx(float(got["normal_loss"]), rel=1e-5)
    np.testing.assert_allclose(got["module/after"], got["in_batch"], atol=1e-4)
    for key in made(name)[0].parameters:
        np.testing.assert_allclose(
            got[f"module/written/{key}"], got[f"folded/{key}"], rtol=1e-3, atol=1e-4
        )
    assert np.abs(got["in_batch"] - got["log_densities"]).max() > 1e-2
