"""Stages of a run: each counts for itself, together they are the whole; and cheaper stages."""

import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from support.command import run

import fusbench
from fusbench.arrays import read_array
from fusbench.data.frames import fit_density
from fusbench.evaluation.landmarks import landmark_mass
from fusbench.evaluation.targets import Targets
from fusbench.isolation.crossing import write_over
from fusbench.metrics import check_density
from fusbench.stages import stage, watched


def test_a_stage_within_another_counts_for_itself_alone():
    with watched() as stages:
        begin = time.perf_counter()
        with stage("outer"):
            time.sleep(0.02)
            with stage("inner"):
                time.sleep(0.05)
            with stage("inner"):
                time.sleep(0.05)
        whole = time.perf_counter() - begin
    assert stages.clock_s["inner"] >= 0.1
    assert 0.02 <= stages.clock_s["outer"] <= whole - 0.1
    assert sum(stages.clock_s.values()) >= whole
    assert stages.clock_s.keys() == stages.processor_s.keys()


def test_nothing_is_counted_where_nobody_watches():
    with watched() as stages:
        pass
    with stage("late"):
        pass
    assert list(stages.clock_s) == ["all else"]


def test_the_command_tells_the_stages_on_stderr(folder, tmp_path):
    line = ("evaluate", "--model", "centre-bias", "--dataset", folder, "--out", tmp_path / "r")
    told = run(*line, "--stages", "--json").stderr.splitlines()
    assert told[0].startswith("centre-bias: ")
    assert "16 frames; microseconds a frame" in told[0]
    rows = [row.split(maxsplit=3) for row in told[2:]]
    names = {name for *_, name in rows}
    assert names >= {"model", "maps of the gaze", "metrics", "densities checked and fitted"}
    assert abs(sum(float(share.rstrip("%")) for _, _, share, _ in rows) - 100) < 1
    assert run(*line, "--stages").stderr.count("microseconds") == 0  # shown again: nothing was run
    assert "--stages looks at one process" in run(*line, "--stages", "--jobs", "2", code=2).stderr


def test_the_ideal_observer_beside_a_row_is_not_counted_as_the_row_s_time(tmp_path, monkeypatch):
    heard = []
    at = Targets.at

    def noted(self, clip, frame):
        heard.append(isinstance(stage("noted"), nullcontext))
        return at(self, clip, frame)

    monkeypatch.setattr(Targets, "at", noted)
    model = tmp_path / "flat.py"
    model.write_text("def predict(frames):\n    return 0.0 * frames[:, 0] + 1 / 64512\n")
    with watched():
        row = fusbench.evaluate(model, "phantom-tiny", runs=tmp_path / "runs")
    n_frames = row.result.n_frames
    assert heard == [False] * n_frames + [True] * n_frames  # the row's, then the reference's


def test_a_density_of_the_right_shape_is_divided_once():
    """What a second division by its own sum would have made of it is the same to a few ulp."""
    given = np.random.default_rng(0).gamma(0.3, size=(50, 70)).astype(np.float32)
    given /= given.sum()
    checked = check_density(given, (50, 70), "here")
    np.testing.assert_allclose(checked, fit_density(checked, (50, 70)), rtol=1e-15)
    exact = given.astype(np.float64)
    np.testing.assert_array_equal(checked, exact / exact.sum())


def test_a_file_that_is_written_over_holds_the_new_array_alone(tmp_path):
    path = str(tmp_path / "a.npy")
    rng = np.random.default_rng(0)
    for shape, dtype in (((7, 5), "f4"), ((2, 3), "f8"), ((9, 4, 4), "u1"), ((1, 1), "f4")):
        array = (255 * rng.random(shape)).astype(dtype)
        write_over(path, array[..., ::-1])
        found = np.load(path, allow_pickle=False)
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array[..., ::-1])
        again = read_array(Path(path))
        assert again.dtype == array.dtype
        np.testing.assert_array_equal(again, found)


@pytest.mark.parametrize(
    "array", [np.float32(3), np.zeros((0, 4)), np.arange(12.0).reshape(3, 4).T]
)
def test_arrays_that_are_read_are_those_that_are_mapped(tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    found = read_array(tmp_path / "a.npy")
    np.testing.assert_array_equal(found, array)
    assert found.flags.writeable
    assert found.flags.f_contiguous == np.asarray(array).flags.f_contiguous
    whole = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(whole + b"more")
    with pytest.raises(ValueError, match="are there"):
        read_array(tmp_path / "a.npy")


def test_mass_on_landmarks_is_a_sum_over_the_circle():
    """Pixel by pixel, also where a landmark lies beside the picture or on its edge."""
    density = np.random.default_rng(0).random((9, 13))
    places = np.array([[4.3, 5.7], [-1.5, 8.0], [12.9, -0.2], [40.0, 3.0]])
    want = [
        sum(
            density[row, column]
            for row in range(9)
            for column in range(13)
            if (row - y) ** 2 + (column - x) ** 2 <= 2.5**2
        )
        for x, y in places
    ]
    assert want[1] > 0
    np.testing.assert_allclose(landmark_mass(density, places, 2.5), want, rtol=1e-13)
