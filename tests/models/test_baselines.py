"""Floors and ceiling on the phantom."""

import os
from dataclasses import replace

import numpy as np
import pytest

from fusbench.data.dataset import open_dataset
from fusbench.data.gaze import GazePoints, saliency_map
from fusbench.data.window import Window
from fusbench.doors.registry import load_model, model_card
from fusbench.errors import DatasetError
from fusbench.metrics import kld
from fusbench.models.baselines import IdealObserver
from fusbench.models.mean_map import (
    BANDWIDTHS,
    SHARES,
    TrainGaze,
    blurred,
    fit,
    mean_map,
    train_gaze,
)
from fusbench.models.persistence import PreviousGaze, fit_persistence


def test_mean_map_is_the_mean_of_the_train_maps_blurred_and_mixed(folder):
    """Derived again point by point: a Gaussian's share of each pixel, none of it lost."""
    data = open_dataset(folder)
    maps = [
        clip.saliency_map(frame)
        for clip in data.clips
        if clip.split == "train"
        for frame in range(1, 10)
    ]
    gaze = train_gaze(data)
    np.testing.assert_allclose(gaze.total, np.sum(maps, axis=0))
    bandwidth_px, share = fit(gaze, data.info.sigma_px)
    expected = np.zeros((24, 32))
    row, column = np.mgrid[:24, :32]
    for (y, x), weight in np.ndenumerate(np.mean(maps, axis=0)):
        if bandwidth_px:
            far = ((row - y) ** 2 + (column - x) ** 2) / bandwidth_px**2
            near = np.exp(-0.5 * far)
            expected += weight * near / near.sum()
        else:
            expected[y, x] += weight
    expected = (1 - share) * expected + share / (24 * 32)
    np.testing.assert_allclose(mean_map(data), expected, rtol=1e-9)
    model = load_model(model_card("mean-map"), dataset=data)
    np.testing.assert_array_equal(model.predict(np.zeros((2, 1, 24, 32)))[1], mean_map(data))


def invented_gaze(centres):
    """Train gaze of scans that look about these centres, in one frame each."""
    points = [(np.array([x]), np.array([y])) for x, y in centres]
    maps = np.array([saliency_map(x, y, (24, 32), 2.0) for x, y in points])
    return TrainGaze(total=maps.sum(axis=0), by_scan=maps, frames=np.ones(len(maps), int), block=1)


def test_few_scans_that_look_elsewhere_give_a_flat_floor_and_many_alike_a_sharp_one():
    corners = invented_gaze([(2, 2), (29, 2), (2, 21), (29, 21)])
    assert fit(corners, 2.0)[1] == 1.0  # no scan tells of the next: the uniform density
    rng = np.random.default_rng(0)
    alike = invented_gaze(rng.normal((16, 12), 2, (60, 2)))
    bandwidth_px, share = fit(alike, 2.0)
    assert share < 0.05
    assert bandwidth_px <= 4.0
    assert fit(invented_gaze([(16, 12)]), 2.0) == (0.0, 0.5)  # one scan: at most ln 2 from uniform


def test_the_fit_is_the_flattest_near_the_least_loss_of_scans_left_out():
    """Derived again with plain loops, over every pair that is tried."""
    rng = np.random.default_rng(1)
    gaze = invented_gaze(rng.normal((16, 12), 5, (8, 2)))
    losses = {}
    for factor in BANDWIDTHS:
        for share in SHARES:
            each = []
            for k in range(8):
                rest = blurred(np.delete(gaze.by_scan, k, axis=0).mean(axis=0), 2.0 * factor)
                density = (1 - share) * rest + share / (24 * 32)
                each.append(-(gaze.by_scan[k] * np.log(density)).sum())
            losses[share, 2.0 * factor] = np.array(each)
    best = min(losses.values(), key=np.mean)
    near = [
        pair
        for pair, each in losses.items()
        if (each - best).mean() <= (each - best).std(ddof=1) / np.sqrt(8)
    ]
    share, bandwidth_px = max(near)
    assert fit(gaze, 2.0) == (bandwidth_px, share)


def test_mean_map_on_little_data_is_near_uniform_at_worst(tmp_path, monkeypatch):
    """Four train scans look elsewhere than the test scan: unfitted, 13.2 against 4.0 nats."""
    monkeypatch.setenv("FUSBENCH_CACHE", os.environ.get("FUSBENCH_CACHE", str(tmp_path)))
    data = open_dataset("phantom-tiny", ("test",))
    (clip,) = data.split("test")
    gaze = train_gaze(data)
    plain, fitted = gaze.total / gaze.total.sum(), mean_map(data)
    uniform = np.full_like(fitted, 1 / fitted.size)
    loss = [
        np.mean([float(kld(density, clip.saliency_map(t))) for t in clip.gaze.frames()])
        for density in (plain, fitted, uniform)
    ]
    assert loss[0] > 10
    assert loss[1] < loss[2] + 0.2


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
    simulated = saliency_map(x[inside], y[inside], (224, 288), 8.0)
    predicted = IdealObserver(model_card("ideal-observer"), data).predict_gaze(clip, np.array([12]))
    assert np.abs(simulated - predicted[0]).sum() < 0.05


def test_previous_gaze_knows_nothing_after_its_lag(folder):
    """Its density for frame t follows from gaze up to t - 15 alone; before that, the mean map."""
    data = open_dataset(folder)
    card = replace(model_card("previous-gaze"), window=Window(horizon=3))
    model = PreviousGaze(card, data)
    (clip, _) = data.split("test")
    density = model.predict_gaze(clip, np.arange(10))
    np.testing.assert_allclose(density.sum((1, 2)), 1)
    for frame in range(4):  # frame 0 has no gaze, so that frame 3 has nothing to go by
        np.testing.assert_array_equal(density[frame], mean_map(data))
    x, y = clip.gaze.at(1)
    shown = np.unravel_index((density[4] - (1 - model.stay) * mean_map(data)).argmax(), (24, 32))
    assert min(np.hypot(x - shown[1], y - shown[0])) < model.spread_px + 1
    moved = clip.gaze.x_px + (clip.gaze.frame > 5)
    later = replace(clip, gaze=replace(clip.gaze, x_px=moved))
    np.testing.assert_array_equal(model.predict_gaze(later, np.arange(9)), density[:9])


def test_previous_gaze_is_fitted_to_how_gaze_stays(folder):
    """Simulated: 7 in 10 points lie within a Gaussian of 2 px about the earlier one."""
    rng = np.random.default_rng(0)
    data = open_dataset(folder)
    n = 4000
    x, y = np.empty(n), np.empty(n)
    x[0], y[0] = 16, 12
    for t in range(1, n):
        near = x[t - 1] + rng.normal(0, 2), y[t - 1] + rng.normal(0, 2)
        inside = 0 <= near[0] < 31 and 0 <= near[1] < 23
        anew = rng.uniform(0, 31), rng.uniform(0, 23)
        x[t], y[t] = near if inside and rng.random() < 0.7 else anew
    gaze = GazePoints(frame=np.arange(n), time_s=np.arange(n) / 30, x_px=x, y_px=y)
    long = replace(data.split("train")[0], n_frames=n, gaze=gaze)
    stay, spread = fit_persistence(replace(data, clips=(long,)), 1, np.full((24, 32), 1 / 768))
    assert 0.5 < stay < 0.75
    assert 1.7 < spread < 2.2
