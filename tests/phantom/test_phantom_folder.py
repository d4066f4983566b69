"""The phantom as a data set folder in the cache."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import numpy as np
import pytest

from fusbench.data.checking import check_dataset
from fusbench.data.dataset import open_dataset
from fusbench.data.sums import damage, write_sums
from fusbench.errors import DatasetError
from fusbench.locks import LOCK, locked
from fusbench.phantom import folder as embedded
from fusbench.phantom.folder import make_phantom
from fusbench.phantom.presets import PRESETS, VERSION


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _use_cache(cache, monkeypatch):
    monkeypatch.setenv("FUSBENCH_CACHE", str(cache))


def telling(told):
    """Progress that is put on a list."""
    return lambda _name: nullcontext(lambda *done: told.append(done))


def test_only_the_split_asked_for_is_rendered(cache):
    told = []
    data = open_dataset("phantom-tiny", ("test",), progress=telling(told))
    assert told[-1] == (6, 6)
    assert check_dataset(data.root) == []
    assert data.root.is_relative_to(cache)
    assert [bool(clip.file) for clip in data.clips] == [False] * 5 + [True]
    assert all(len(clip.gaze) for clip in data.clips)
    with pytest.raises(DatasetError, match="not its frames"):
        _ = data.split("train")[0].frames
    told.clear()
    open_dataset("phantom-tiny", ("test",), progress=telling(told))
    assert told == []  # made once


def test_two_processes_make_it_once(tmp_path, monkeypatch, caplog):
    """The second waits, says for whom, and takes what the first has made."""
    monkeypatch.setenv("FUSBENCH_CACHE", str(tmp_path))
    made = open_dataset("phantom-tiny", ("test",)).root
    away = made.rename(tmp_path / "made by the other")
    told = []
    progress = telling(told)
    with ThreadPoolExecutor(1) as pool, locked(made.parent, name=f".{made.name}{LOCK}"):
        second = pool.submit(open_dataset, "phantom-tiny", ("test",), progress=progress)
        while "waiting for it" not in caplog.text:
            assert not second.done()
            time.sleep(0.01)
        away.rename(made)
    assert second.result().root == made
    assert told == []
    assert f"process {os.getpid()}" in caplog.text


def test_sums_are_written_again_as_before(cache):
    """They do not list themselves: two processes that wrote them made each other's damaged."""
    root = open_dataset("phantom-tiny", ("test",)).root
    before = (root / "SHA256SUMS").read_bytes()
    write_sums(root)
    assert (root / "SHA256SUMS").read_bytes() == before
    assert damage(root) == ""


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


def test_damage_in_the_cache_is_mended_with_one_line(cache, caplog):
    data = open_dataset("phantom-tiny", ("test",))
    before = data.fingerprint("test")
    (clip,) = data.split("test")
    for name, edit in (
        (clip.file, lambda content: content[:-1] + bytes([content[-1] ^ 1])),
        (f"density/{clip.clip_id}.npy", lambda content: content[:-7]),
        ("gaze.csv", lambda content: content.replace(b"1", b"2", 1)),
    ):
        path = data.root / name
        content = path.read_bytes()
        path.write_bytes(edit(content))
        caplog.clear()
        again = open_dataset("phantom-tiny", ("test",))
        assert [record.getMessage() for record in caplog.records] == [
            f"{data.root}: {name} has changed; making it anew"
        ]
        assert path.read_bytes() == content
        assert again.fingerprint("test") == before
    (data.root / "SHA256SUMS").unlink()
    caplog.clear()
    open_dataset("phantom-tiny", ("test",))
    assert "SHA256SUMS is missing; making it anew" in caplog.text
    assert sorted(data.root.parent.iterdir()) == [data.root]


def test_an_older_version_is_left_with_one_line(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("FUSBENCH_CACHE", str(tmp_path))
    older = tmp_path / "datasets" / "phantom-tiny-0123456789-test"
    older.mkdir(parents=True)
    (older / "dataset.toml").write_text('version = "1.1"\n')
    data = open_dataset("phantom-tiny", ("test",))
    assert [record.getMessage() for record in caplog.records] == [
        f"{older} is of version 1.1; making {VERSION}"
    ]
    assert (data.root != older, data.info.version) == (True, VERSION)


def test_data_that_are_not_golden_are_refused(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("FUSBENCH_CACHE", str(tmp_path))
    monkeypatch.setenv("OPENCV_IPP", "sse42")
    monkeypatch.setattr(embedded, "GOLDEN", {"phantom-tiny": {"test": "0" * 64}})
    with pytest.raises(DatasetError) as error:
        open_dataset("phantom-tiny", ("test",))
    line = str(error.value)
    assert line.startswith(f"data set 'phantom-tiny' {VERSION}: the test split is not the one")
    assert "OPENCV_IPP=sse42" in line
    assert "FUSBENCH_GOLDEN=ignore goes on" in line
    assert list((tmp_path / "datasets").iterdir()) == []  # nothing false stays
    monkeypatch.setenv("FUSBENCH_GOLDEN", "ignore")
    root = open_dataset("phantom-tiny", ("test",)).root
    (record,) = caplog.records
    assert "the test split is not the one that other machines make" in record.getMessage()
    monkeypatch.delenv("FUSBENCH_GOLDEN")
    monkeypatch.undo()
    monkeypatch.setenv("FUSBENCH_CACHE", str(tmp_path))
    assert open_dataset("phantom-tiny", ("test",)).root == root


def test_an_interrupted_making_leaves_nothing(tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as pool, pytest.raises(KeyboardInterrupt):
        make_phantom(tmp_path / "half", PRESETS["phantom-tiny"], ("test",), stop, pool)
    assert list(tmp_path.iterdir()) == []
