"""What grows with the data grows no faster than they do."""

import resource
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from simulations.cluster import Cluster, dealt, makespan
from support.small_dataset import small_clip, small_info

from fusbench.arrays import npy_header
from fusbench.data import fitted
from fusbench.data.dataset import open_dataset
from fusbench.data.fitted import fitted_clip
from fusbench.data.frames import fit_frames
from fusbench.data.scan import Clip
from fusbench.data.withhold import NO_GAZE
from fusbench.data.writer import write_dataset
from fusbench.evaluation.parts import parts
from fusbench.evaluation.results import read_scores
from fusbench.files import file_sha256


def scans_of(weights):
    def clip(frames):
        return SimpleNamespace(gaze=SimpleNamespace(frames=lambda: range(frames)))

    return [(f"s{number:03}", (clip(frames),)) for number, frames in enumerate(weights)]


@pytest.mark.parametrize("count", [1, 3, 7])
def test_each_scan_goes_to_the_part_that_is_lightest_by_then(count):
    weights = np.random.default_rng(count).integers(0, 9, 40).tolist()
    order = sorted(range(40), key=lambda number: (-weights[number], number))
    sums, want = [0] * count, [[] for _ in range(count)]
    for number in order:
        lightest = sums.index(min(sums))
        sums[lightest] += weights[number]
        want[lightest].append(number)
    found = [[int(name[1:]) for name, _ in part] for part in parts(scans_of(weights), count)]
    assert sorted(found) == sorted(sorted(part) for part in want)


def test_parts_of_very_many_scans_are_alike():
    """20,000 scans: the time would be minutes if each scan looked at all before it."""
    frames = dealt(100_000, 5, 90, 64)
    assert sum(frames) == 9_000_000
    assert max(frames) - min(frames) == 5 * 90


def test_a_simulated_cluster_takes_what_can_be_counted():
    def hours(workers, storage=1e15, frames=(100, 100, 100, 100), cost_s=2.0):
        cluster = Cluster(workers=workers, storage=storage, open_s=5.0)
        return makespan(list(frames), cost_s, 10, cluster)

    assert hours(1) == pytest.approx(4 * (5 + 200))
    assert hours(2) == pytest.approx(2 * (5 + 200))
    assert hours(4) == hours(9) == pytest.approx(5 + 200)
    assert hours(4, storage=10) == pytest.approx(5 + 400)  # a frame a second for all
    # the short part ends at 5 + 20; until then two share a frame a second
    assert hours(2, storage=10, frames=(10, 50), cost_s=1.0) == pytest.approx(5 + 20 + 40)


def test_scores_of_any_size_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr("fusbench.evaluation.packed.LARGEST", 1000)
    monkeypatch.setattr("fusbench.data.long_table.PIECE_BYTES", 500)
    rows = [f"NA,c{k // 9},{k},{k / 7!r}" for k in range(200)]
    (tmp_path / "scores.csv").write_text("\n".join(["scan_id,clip_id,frame,kld", *rows]) + "\n")
    scores = read_scores(tmp_path)
    assert scores["scan_id"].unique().tolist() == ["NA"]
    assert scores["clip_id"].tolist() == [f"c{k // 9}" for k in range(200)]
    assert scores["frame"].tolist() == list(range(200))
    assert scores["kld"].tolist() == [k / 7 for k in range(200)]
    assert scores["frame"].dtype == np.int64


@pytest.mark.parametrize(("shape", "channels"), [(None, 1), ((9, 13), 1), ((9, 13), 3), (None, 3)])
def test_a_long_clip_is_fitted_piece_by_piece(shape, channels, tmp_path, monkeypatch):
    monkeypatch.setattr(fitted, "READ_FRAMES", 3)
    root = write_dataset(tmp_path / "set", small_info(), [small_clip(1, "test")])
    [clip] = open_dataset(root).clips
    want = fit_frames(np.array(clip.frames), shape, channels)
    np.testing.assert_array_equal(fitted_clip(clip, shape, channels), want)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc")
def test_of_a_long_clip_no_more_than_a_piece_is_held(tmp_path):
    """A file of 236 MB, mostly holes: it would be resident whole if it were mapped."""
    n_frames, (height, width) = 900, (512, 512)
    path = tmp_path / "long.npy"
    with path.open("wb") as file:
        file.write(npy_header((n_frames, height, width)))
        file.truncate(file.tell() + n_frames * height * width)
    info = replace(small_info(), frame_shape=(height, width))
    clip = Clip(
        clip_id="c", scan_id="s", split="test", n_frames=n_frames, gaze=NO_GAZE, info=info,
        root=tmp_path, file="long.npy", sha256=file_sha256(path),
    )  # fmt: skip
    stored = _stored_in_memory()
    assert fitted_clip(clip, (16, 16), 1).shape == (n_frames, 16, 16)
    assert _stored_in_memory() - stored < 30e6


def _stored_in_memory():
    """Bytes of this process's memory that are pages of files."""
    pages = Path("/proc/self/statm").read_text().split()[2]
    return int(pages) * resource.getpagesize()
