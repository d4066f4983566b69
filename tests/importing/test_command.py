"""Import, check and export on the command line, and the memory that an import takes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support import recordings
from support.command import error_of, run

from fusbench.importing.burnt_in import burnt_in

OPTIONS = (
    "--scan", "S01", "--gaze-format", "tobii-pro", "--screen-size", "1920,1080",
    "--display-rect", "fit", "--video-start-event", "VideoStimulusStart",
)  # fmt: skip


def test_import_check_and_export(video, tmp_path):
    gaze = recordings.tobii_pro(tmp_path)
    out = tmp_path / "study"
    sources = ("--video", video, "--gaze", gaze)
    refused = error_of("dataset", "import", out, *sources, *OPTIONS)
    assert "nothing says whether the picture shows a name" in refused
    shown = run("dataset", "import", out, *sources, *OPTIONS, "--crop", "40,30,240,180")
    assert "Quality of the recordings" in shown.stdout
    assert "S01: note: gaze: the mean of the valid eyes" in shown.stdout
    assert "1 clip added" in shown.stdout
    assert "DOE" not in shown.stdout
    assert "no findings" in run("dataset", "check", out, "--privacy", "--source", video).stdout
    record = json.loads((out / "import.json").read_text())["recordings"][0]
    assert record["view"]["rect"] == "240,0,1440,1080"
    assert record["view"]["crop"] == "40,30,240,180"
    assert record["video_start_ns"] == 1_500_000_000
    time_us, x, _ = recordings.samples()
    during = (time_us >= 0) & (time_us < recordings.END_MS * 1000)
    assert record["points"] == np.isfinite(x[during]).sum()
    assert set(record["libraries"]) >= {"fusbench", "numpy", "av"}
    everything = b"".join(p.read_bytes() + p.name.encode() for p in out.rglob("*") if p.is_file())
    for word in (b"DOE", b"JANE", b"19800102", b"Recording1", b"VideoStimulusStart", b"gaze.tsv"):
        assert word not in everything
    run("dataset", "export", out, "--format", "bids", "--out", tmp_path / "b")
    assert (tmp_path / "b" / "sub-S01").is_dir()


def test_a_refused_import_shows_its_report(video, tmp_path):
    gaze = recordings.tobii_pro(tmp_path)
    done = run(
        "dataset", "import", tmp_path / "out", "--video", video, "--gaze", gaze, *OPTIONS,
        "--crop", "0,0,60,40", code=1,
    )  # fmt: skip
    assert "S01: refuse: only" in done.stderr
    assert (
        done.stderr.strip().splitlines()[-1].startswith("error: scan 'S01': the recording is not")
    )
    assert "take it as it is with --accept beside" in done.stderr
    assert done.stdout == ""


def test_check_finds_identifiers_and_burnt_in_text(video, tmp_path):
    gaze = recordings.tobii_pro(tmp_path)
    out = tmp_path / "study"
    done = run(
        "dataset", "import", out, "--video", video, "--gaze", gaze, *OPTIONS, "--no-banner",
        "--name", "Study of DOE_JANE_19800102", "--json",
    )  # fmt: skip
    found = json.loads(done.stdout)["recordings"][0]["findings"]
    told = [(one["level"], one["text"]) for one in found]
    assert ("warn", "what looks like text is burnt in at the top") in told
    (out / "notes.txt").write_text("from /home/anna/scans, ask anna@clinic.org, recording1")
    found = run("dataset", "check", out, "--privacy", "--source", video, "--source", gaze, code=1)
    for words in (
        "clip 'S01-001': what looks like text stands still at the top",
        "dataset.toml: holds 'DOE_JANE_19800102' of a source",
        "notes.txt: holds a file path: /home/anna/scans",
        "notes.txt: holds an address of e-mail: anna@clinic.org",
        "notes.txt: holds 'Recording1' of a source",
    ):
        assert words in found.stdout
    assert "no findings" in run("dataset", "check", out).stdout


def test_the_phantom_shows_no_text(tmp_path):
    from fusbench.data.dataset import open_dataset

    for clip in open_dataset("phantom-tiny").clips:
        assert burnt_in(clip.frames) == ""


@pytest.mark.parametrize("side", ["top", "bottom"])
def test_text_is_found_at_either_border(side):
    import cv2

    rng = np.random.default_rng(1)
    frames = rng.integers(0, 90, (8, 240, 320), dtype=np.uint8)
    for frame in frames:
        cv2.putText(frame, "MUELLER, A 12.03.81", (5, 18 if side == "top" else 234), 0, 0.5, 230, 1)
    assert burnt_in(frames) == side


MEASURE = """
import sys
sys.path[:0] = sys.argv[4:]
from fusbench.importing.pairing import pairing_of
from fusbench.importing.described import Study
from fusbench.importing.study import import_recordings
video, gaze, out = sys.argv[1:4]
pairing = pairing_of({"scan": "S", "video": video, "gaze": gaze, "gaze_format": "table",
    "space": "pixel", "no_banner": "yes", "video_start": "0"},
    changes={"time": "t [ms]", "x": "x", "y": "y"})
import_recordings(out, [pairing], Study(clip_length=10**9))
lines = open("/proc/self/status").read().splitlines()
print(next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")))
"""


def memory_mb(folder, count):
    """Peak memory of importing `count` frames of 1920 x 1080 as one clip, in MB."""
    import av

    video = folder / f"{count}.mp4"
    with av.open(str(video), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        stream.options = {"preset": "ultrafast"}
        for number in range(count):
            picture = np.full((1080, 1920), 60, np.uint8)
            picture[:, number * 7 % 1900 :][:, :20] = 200
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="gray")))
        container.mux(stream.encode(None))
    gaze = folder / f"{count}.csv"
    rows = [f"{n * 10},{900 + n % 50},{500 + n % 30}" for n in range(count * 10 // 3)]
    gaze.write_text("t [ms],x,y\n" + "\n".join(rows) + "\n")
    command = [sys.executable, "-c", MEASURE, video, gaze, folder / f"out{count}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_memory_does_not_grow_with_length(tmp_path):
    short, long = memory_mb(tmp_path, 60), memory_mb(tmp_path, 240)
    assert long < 500
    assert long - short < 40  # 180 more frames are 373 MB
