"""The phantom as a data set folder in the cache."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fusbench.data.dataset import check_dataset, open_dataset
from fusbench.errors import DatasetError
from fusbench.phantom.folder import make_phantom
from fusbench.phantom.presets import PRESETS


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _use_cache(cache, monkeypatch):
    monkeypatch.setenv("FUSBENCH_CACHE", str(cache))


def test_only_the_split_asked_for_is_rendered(cache):
    told = []
    data = open_dataset("phantom-tiny", ("test",), lambda *done: told.append(done))
    assert told[-1] == (6, 6)
    assert check_dataset(data.root) == []
    assert data.root.is_relative_to(cache)
    assert [bool(clip.file) for clip in data.clips] == [False] * 5 + [True]
    assert all(len(clip.gaze) for clip in data.clips)
    with pytest.raises(DatasetError, match="not its frames"):
        _ = data.split("train")[0].frames
    told.clear()
    open_dataset("phantom-tiny", ("test",), lambda *done: told.append(done))
    assert told == []  # made once


def test_content_does_not_depend_on_how_it_was_made(tmp_path):
    """Another worker kind and count, another order of work, another set of splits."""
    part = open_dataset("phantom-tiny", ("test",))
    with ThreadPoolExecutor(1) as pool:
        root = make_phantom(tmp_path / "whole", PRESETS["phantom-tiny"], executor=pool)
    whole = open_dataset(root)
    assert whole.fingerprint("test") == part.fingerprint("test")
    assert whole.gaze_fingerprint("train") == part.gaze_fingerprint("train")
    for one, other in zip(part.clips, whole.clips, strict=True):
        np.testing.assert_array_equal(one.gaze.x_px, other.gaze.x_px)


def test_what_only_synthetic_data_know(cache):
    data = open_dataset("phantom-tiny", ("test",))
    (clip,) = data.split("test")
    assert data.info.synthetic
    assert data.info.landmarks[0] == "nasal bone"
    assert clip.landmarks.shape == (30, 5, 3)
    np.testing.assert_allclose(clip.mixture[..., 0].sum(1), 1, atol=1e-5)
    assert {clip.segment(frame) for frame in range(30)} <= {"dwell", "sweep"}


def test_a_lag_is_a_setting_of_its_own(tmp_path):
    from dataclasses import replace

    still = replace(PRESETS["phantom-tiny"], lag_s=0.0)
    with ThreadPoolExecutor(1) as pool:
        data = open_dataset(make_phantom(tmp_path / "still", still, ("test",), executor=pool))
    assert "a lag of 0 ms" in data.info.description
    assert data.fingerprint("test") != open_dataset("phantom-tiny", ("test",)).fingerprint("test")


def test_an_interrupted_making_leaves_nothing(tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as pool, pytest.raises(KeyboardInterrupt):
        make_phantom(tmp_path / "half", PRESETS["phantom-tiny"], ("test",), stop, pool)
    assert list(tmp_path.iterdir()) == []
