"""A whole clip in Torch, run piece by piece."""

import numpy as np
import pytest

from fusbench.data.window import Window
from fusbench.doors.registry import model_card
from fusbench.zoo.checkpoint import describe, initial_weights, write_checkpoint
from fusbench.zoo.entries import ENTRIES, build

torch = pytest.importorskip("torch")
clips = pytest.importorskip("fusbench_torch.clip")
layers = pytest.importorskip("fusbench_torch.layers")
models = pytest.importorskip("fusbench_torch.model")
SHAPE, N_FRAMES = (16, 24), 7
NAMES = ("unet", "unet-stacked", "clstmunet", "ema", "rsis", "mmunet", "salsac", "tsen")


def model(name, folder):
    window = Window(length=1 if name == "unet" else 4)
    network = build(name, window=window, input_shape=SHAPE, base=4, levels=2)
    path = folder / f"{name}.safetensors"
    weights = initial_weights(network, np.random.default_rng(3))
    write_checkpoint(path, weights, describe(network, name, window))
    card = name if name in ENTRIES else "clstmunet"
    return models.load(model_card(f"{card}-torch"), path)


@pytest.fixture
def frames():
    return np.random.default_rng(0).integers(0, 256, (N_FRAMES, *SHAPE), dtype=np.uint8)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1, 3, 64])
def test_pieces_are_the_windows_one_by_one(name, size, frames, tmp_path, monkeypatch):
    """Against the plain layers over each window by itself."""
    made = model(name, tmp_path)
    monkeypatch.setattr(clips, "piece", lambda network, device: size)
    at = made.card.window.indices(np.arange(N_FRAMES), N_FRAMES)
    windows = torch.from_numpy(frames[at])
    with torch.no_grad():
        want = torch.cat([made.network.log_density(window[None]) for window in windows]).exp()
    for got in (made.predict_clip(frames), made.predict(frames[at])):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", ["unet", "clstmunet", "clstmunet-l8"])
@pytest.mark.parametrize("size", [1, 3])
def test_no_value_is_laid_out_anew(name, size, frames, tmp_path, monkeypatch):
    """What a kernel gives is read by the next one where it lies, also of one picture alone."""
    made, fold, copied = model(name, tmp_path), layers.fold, []

    def watched(x):
        found = fold(x)
        if found.data_ptr() != x.data_ptr():
            copied.append(tuple(x.shape))
        steps = torch.empty(found.shape, memory_format=torch.channels_last).stride()
        assert found.stride() == steps
        return found

    monkeypatch.setattr(layers, "fold", watched)
    monkeypatch.setattr(clips, "fold", watched)
    monkeypatch.setattr(clips, "piece", lambda network, device: size)
    made.predict_clip(frames)
    past = None
    for frame in frames[:3]:
        _, past = made.step(frame, past)
    assert copied == []


def test_a_picture_alone_is_convolved_as_several_are():
    rng = torch.Generator().manual_seed(0)
    for channels, kernel in ((1, 3), (8, 3), (8, 1)):
        x = torch.rand(3, 12, 16, channels, generator=rng).permute(0, 3, 1, 2)
        weight = torch.rand(4, channels, kernel, kernel, generator=rng) - 0.5
        want = torch.nn.functional.conv2d(x.double(), weight.double(), padding=kernel // 2)
        with torch.inference_mode():
            for one, wanted in zip(x.clone(), want, strict=True):
                got = layers.convolve(one[None], weight)[0]
                torch.testing.assert_close(got.double(), wanted, rtol=0, atol=1e-5)
