"""Several processes at once in one folder: nothing is lost, and nobody waits forever."""

import os
import subprocess
import sys

import pytest
from support import recordings
from support.command import error_of, run
from support.faults import content, leftovers
from support.small_dataset import small_clips, small_info

from fusbench.data.checking import check_dataset
from fusbench.data.dataset import open_dataset
from fusbench.data.writer import write_dataset
from fusbench.files import claimed

pytestmark = pytest.mark.slow
IMPORT = (
    "--gaze-format", "tobii-pro", "--screen-size", "1920,1080", "--display-rect", "fit",
    "--video-start-event", "VideoStimulusStart", "--crop", "40,30,240,180",
)  # fmt: skip


def together(*commands):
    """Exit code and stderr of commands that start at one time."""
    line = [sys.executable, "-m", "fusbench"]
    running = [
        subprocess.Popen(
            [*line, *map(str, command)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    return [(process.communicate(timeout=120)[1], process.returncode) for process in running]


@pytest.fixture
def gaze(tmp_path):
    return recordings.tobii_pro(tmp_path)


@pytest.fixture
def videos(tmp_path):
    return [recordings.write_video(tmp_path / f"{n}.mp4", shift_ms=100 * n) for n in range(2)]


def test_who_waited_for_a_new_data_set_follows_its_sizes(tmp_path, gaze, videos):
    """The crops differ; the frames of a data set do not, whoever began it."""
    study = tmp_path / "study"
    crops = ("40,30,240,180", "50,40,200,160")
    ended = together(*[
        ("dataset", "import", study, "--scan", f"S{n}", "--video", video, "--gaze", gaze,
         *IMPORT[:-1], crop)
        for n, (video, crop) in enumerate(zip(videos, crops, strict=True))
    ])  # fmt: skip
    assert any(code == 0 for _, code in ended), ended
    assert check_dataset(study) == []


def test_two_imports_into_one_new_folder(tmp_path, gaze, videos):
    study = tmp_path / "study"
    commands = [
        ("dataset", "import", study, "--scan", f"S{n}", "--video", video, "--gaze", gaze, *IMPORT)
        for n, video in enumerate(videos)
    ]
    ended = together(*commands)
    came_in = {clip.scan_id for clip in open_dataset(study).clips}
    for number, (told, code) in enumerate(ended):
        if code:
            assert "is being changed by process" in told
        assert (f"S{number}" in came_in) == (code == 0), told
    for command in commands:
        run(*command)
    assert {clip.scan_id for clip in open_dataset(study).clips} == {"S0", "S1"}
    assert check_dataset(study) == []
    assert not leftovers(study)


def test_three_rows_at_once_and_one_row_four_times(tmp_path):
    data = write_dataset(tmp_path / "small", small_info(), small_clips())
    board, runs = tmp_path / "board", tmp_path / "runs"
    names = ("uniform", "centre-bias", "mean-map")
    chosen = [word for name in names for word in ("--model", name)]
    run("evaluate", "--dataset", data, *chosen, "--out", runs)
    run("leaderboard", "new", board, "--dataset", data)
    folders = [next(runs.glob(f"{name}-*")) for name in names]
    adds = [("leaderboard", "add", board, folder) for folder in folders]
    assert [code for _, code in together(*adds)] == [0] * 3
    text = (board / "README.md").read_text()
    assert all(name in text for name in names)
    run("leaderboard", "check", board)
    other = tmp_path / "other"
    run("leaderboard", "new", other, "--dataset", data)
    run("leaderboard", "add", other, folders[2])
    before = content(other / "results" / "mean-map")
    swaps = [
        ("leaderboard", "add", other, folder, "--name", "again", "--replace")
        for folder in (*folders[:2], *folders[:2])
    ]
    assert [code for _, code in together(*swaps)] == [0] * 4
    run("leaderboard", "check", other)
    assert content(other / "results" / "mean-map") == before
    assert not leftovers(other)


def test_who_comes_second_to_an_output_is_told_so_at_once(tmp_path):
    """A training's file and a prediction's, while another process makes them; then it is free."""
    data = write_dataset(tmp_path / "small", small_info(), small_clips())
    weights, out = tmp_path / "new" / "w.safetensors", tmp_path / "out"
    train = ("train", "--model", "unet-torch", "--dataset", data, "--out", weights)
    predict = ("predict", "--model", "uniform", "--dataset", data, "--out", out)
    for command, file in ((train, weights), (predict, out / "s3-c1.npy")):
        with claimed(file):
            line = error_of(*command)
        assert f"{file}: is being changed by process {os.getpid()} on" in line
        assert not leftovers(file.parent)
    run(*predict)
    (tmp_path / "out" / ".s3-c1.npy.fusbench.lock").touch()  # of a process that was killed
    run(*predict)
    assert sorted(content(out)) == ["s3-c1.mp4", "s3-c1.npy", "s4-c1.mp4", "s4-c1.npy"]


def test_one_run_four_times_at_once(tmp_path):
    data = write_dataset(tmp_path / "small", small_info(), small_clips())
    command = ("evaluate", "--dataset", data, "--model", "centre-bias", "--out", tmp_path / "runs")
    assert [code for _, code in together(*[command] * 4)] == [0] * 4
    (folder,) = (tmp_path / "runs").glob("centre-bias-*")
    alone = ("evaluate", "--dataset", data, "--model", "centre-bias", "--out", tmp_path / "alone")
    run(*alone)
    (other,) = (tmp_path / "alone").glob("centre-bias-*")
    clock = ("timing.json",)
    assert content(folder, clock) == content(other, clock)
    assert not leftovers(folder)
