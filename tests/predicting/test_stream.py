"""Frames one at a time: the same densities as the whole clip at once."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.command import error_of, run
from support.fake_models import card

from fusbench import Stream
from fusbench.data.window import Window
from fusbench.doors.registry import load_model
from fusbench.errors import ConfigError, DatasetError, PredictionError, WindowError
from fusbench.predicting.videos import predict_video
from fusbench.zoo.checkpoint import describe, initial_weights, write_checkpoint
from fusbench.zoo.entries import build

SHAPE = (24, 32)
WINDOWS = {
    "unet": Window(),
    "unet-stacked": Window(length=3, stride=2),
    "clstmunet": Window(length=4),
    "clstmunet-l4": Window(length=3, stride=2, horizon=5),
}


def checkpoint(folder, name, window):
    network = build(name, window=window, input_shape=SHAPE, base=4, levels=2)
    rng = np.random.default_rng(3)
    weights = initial_weights(network, rng)
    weights = {k: v + rng.normal(0, 0.05, v.shape).astype("f4") for k, v in weights.items()}
    path = folder / f"{name}.safetensors"
    write_checkpoint(path, weights, describe(network, name, window))
    return path


@pytest.mark.parametrize("backend", ["torch", "keras", "onnx"])
def test_zoo_streams(backend, tmp_path):
    """In a process of its own, as the frameworks never share one."""
    pytest.importorskip(f"fusbench_{backend}")
    for name, window in WINDOWS.items():
        checkpoint(tmp_path, name, window)
    done = subprocess.run(
        [sys.executable, "-m", "support.stream_backend", backend, str(tmp_path)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == set(WINDOWS)
    for name, facts in found.items():
        assert facts["apart"] <= 1e-6, name
        assert facts["again"] == 0, name  # after reset
        assert facts["moved"] > 1e-5, name  # a stream that ignored its frames would be found out
        window = WINDOWS[name]
        at = window.indices([facts["current"] + window.horizon], facts["n_frames"])[0]
        assert facts["memory"] == sorted({int(k) for k in at}), name
        assert set(facts["frames_a_layer"]) == {1}, name


def live(card, frames):
    stream = Stream(card)
    return np.stack([stream.predict(frame) for frame in frames])


@pytest.mark.parametrize("loader", ["Brightness", "BrightnessByClip"])
@pytest.mark.parametrize("window", [Window(length=3), Window(length=3, stride=2, horizon=4)])
def test_a_model_without_steps_gets_its_window(loader, window):
    frames = np.random.default_rng(0).integers(0, 255, (9, 12, 16), np.uint8)
    at = window.indices(np.arange(9) + window.horizon, 9)  # the current frame is t, not t + k
    want = load_model(card(loader, window=window)).predict(frames[at])
    np.testing.assert_allclose(live(card(loader, window=window), frames), want, atol=1e-15)


def test_frames_of_any_size_and_colour():
    stream = Stream(card("Brightness", window=Window(length=2), input_shape=(6, 8)))
    frames = np.random.default_rng(0).integers(0, 255, (3, 31, 47, 3), np.uint8)
    for frame in frames:
        density = stream.predict(frame)
        assert density.shape == (31, 47)
        assert density.sum() == pytest.approx(1, abs=1e-12)
    stream.reset()
    assert stream.predict(frames[0, :20, :20, 0]).shape == (20, 20)
    assert stream.n_frames == 1


def test_what_is_no_frame():
    stream = Stream("uniform")
    stream.predict(np.zeros((8, 9), np.uint8))
    for frame, words in (
        (np.zeros((8, 8), np.uint8), "frame 1: has 8 x 8 pixels, the first 8 x 9. Call reset()"),
        (np.zeros((8, 9)), "frame 1: is float64, 8 x 9, and no frame. Give uint8 arrays (H, W)"),
        (np.zeros((8, 9, 4), np.uint8), "is uint8, 8 x 9 x 4, and no frame"),
        (np.zeros((0, 9), np.uint8), "is uint8, 0 x 9, and no frame"),
        (np.uint8(3), "is uint8, a single number, and no frame"),
    ):
        with pytest.raises(DatasetError) as error:
            stream.predict(frame)
        assert words in str(error.value)
    assert stream.predict(np.zeros((8, 9), np.uint8)).shape == (8, 9)  # it goes on


@pytest.mark.parametrize("placement", ["around", "after"])
def test_frames_still_to_come_are_refused(placement):
    with pytest.raises(WindowError) as error:
        Stream(card("Brightness", window=Window(length=3, placement=placement)))
    assert str(error.value) == (
        f"model 'fake': its window ({placement}) holds frames that are still to come. "
        "Use a model with placement 'before' for live use."
    )


def test_models_that_look_at_gaze_are_refused():
    for name in ("mean-map", "ideal-observer"):
        with pytest.raises(ConfigError, match="use a model that sees frames only"):
            Stream(name)


def test_a_prediction_that_is_no_density():
    stream = Stream(card("Broken", options={"fault": "sum"}))
    with pytest.raises(PredictionError, match="model 'fake', frame 0: the density sums to 0.5"):
        stream.predict(np.zeros((8, 9), np.uint8))


def test_live_writes_what_predict_writes(tmp_path):
    import cv2

    source = tmp_path / "scan"
    source.mkdir()
    for number, frame in enumerate(
        np.random.default_rng(0).integers(0, 255, (5, 24, 32), np.uint8)
    ):
        cv2.imwrite(str(source / f"{number}.png"), frame)
    run(
        "predict", "--model", "centre-bias", "--video", source, "--out", tmp_path / "whole"
    )  # fmt: skip
    done = run(
        "predict", "--model", "centre-bias", "--video", source, "--out", tmp_path / "live",
        "--live", "--json",
    )  # fmt: skip
    assert json.loads(done.stdout)["frames_per_second"] > 0
    for name in ("scan.npy", "scan.mp4"):
        assert (tmp_path / "live" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert "--live needs --video." in run(
        "predict", "--model", "uniform", "--dataset", "x", "--live", "--out", "y", code=2
    ).stderr  # fmt: skip


def test_live_follows_a_window(tmp_path):
    """The same densities for a model whose window spans frames, through both ways of a video."""
    import cv2

    from fusbench.predicting.videos import predict_live

    source = tmp_path / "scan"
    source.mkdir()
    for number, frame in enumerate(
        np.random.default_rng(0).integers(0, 255, (7, 24, 32), np.uint8)
    ):
        cv2.imwrite(str(source / f"{number}.png"), frame)
    fake = card("Brightness", window=Window(length=3, horizon=2), input_shape=(12, 16))
    how = {"frame_rate_hz": 30.0, "with_overlay": False}
    (whole,) = predict_video(load_model(fake), fake, source, tmp_path / "whole", **how)
    (followed,), _ = predict_live(Stream(fake), source, tmp_path / "live", **how)
    assert np.load(whole).shape == (7, 24, 32)
    np.testing.assert_allclose(np.load(followed), np.load(whole), atol=1e-6)


def test_a_model_of_the_future_is_refused_by_the_command(tmp_path):
    pytest.importorskip("fusbench_torch")
    path = checkpoint(tmp_path, "clstmunet-around", Window(length=3, placement="around"))
    (tmp_path / "scan").mkdir()
    import cv2

    cv2.imwrite(str(tmp_path / "scan" / "0.png"), np.zeros((24, 32), np.uint8))
    line = error_of(
        "predict", "--model", "clstmunet-around-torch", "--checkpoint", path, "--live",
        "--video", tmp_path / "scan", "--out", tmp_path / "out",
    )  # fmt: skip
    assert "its window (around) holds frames that are still to come." in line
    assert not (tmp_path / "out").exists()
