"""Floors and ceiling on the phantom."""

import numpy as np
import pytest

from fusbench.data.dataset import open_dataset
from fusbench.errors import DatasetError
from fusbench.models.baselines import IdealObserver, mean_map
from fusbench.models.registry import load_model, model_card


def test_mean_map_is_the_mean_of_the_train_maps(folder):
    data = open_dataset(folder)
    maps = [
        clip.saliency_map(frame)
        for clip in data.clips
        if clip.split == "train"
        for frame in range(1, 10)
    ]
    np.testing.assert_allclose(mean_map(data), np.mean(maps, axis=0))
    model = load_model(model_card("mean-map"), dataset=data)
    np.testing.assert_array_equal(model.predict(np.zeros((2, 1, 24, 32)))[1], mean_map(data))


def test_the_ideal_observer_needs_a_known_density(folder):
    data = open_dataset(folder)
    ideal = IdealObserver(model_card("ideal-observer"), data)
    with pytest.raises(DatasetError, match="the density behind the gaze is not known"):
        ideal.predict_gaze(data.clips[0], np.array([1]))


def test_the_ideal_observer_is_the_mean_of_many_empirical_maps(tmp_path, monkeypatch):
    """Points drawn from the stored mixture, made into maps, average to its prediction."""
    monkeypatch.setenv("FUSBENCH_CACHE", str(tmp_path))
    data = open_dataset("phantom-tiny", ("test",))
    (clip,) = data.split("test")
    mixture = clip.mixture[12].astype(float)
    rng = np.random.default_rng(0)
    part = rng.choice(len(mixture), 20_000, p=mixture[:, 0] / mixture[:, 0].sum())
    x, y = (mixture[part, axis] + mixture[part, 3] * rng.normal(size=20_000) for axis in (1, 2))
    inside = (x >= -0.5) & (x < 287.5) & (y >= -0.5) & (y < 223.5)
    from fusbench.data.gaze import saliency_map

    simulated = saliency_map(x[inside], y[inside], (224, 288), 8.0)
    predicted = IdealObserver(model_card("ideal-observer"), data).predict_gaze(clip, np.array([12]))
    assert np.abs(simulated - predicted[0]).sum() < 0.05
