"""Every command killed, refused and short of disk at its changes: nothing that was there is lost.

Each case is a command that changes a folder which holds a user's work. After any fault the work is
as it was or as the finished command leaves it; the same command again ends in the same bytes as one
that nothing disturbed, and leaves nothing else behind. The whole run, every fault at every change
and a thousand kills at random moments, is `FUSBENCH_FAULTS=1000 pytest tests/faults`;
`FUSBENCH_PART=1/10` before it takes a tenth.
"""

import os
import random
import shutil
import time
from dataclasses import dataclass

import pytest
from support import recordings, trainable
from support.faults import Faults, content, leftovers
from support.parts import MOST_MB, each
from support.small_dataset import small_clips, small_info

from fusbench.data.checking import check_dataset
from fusbench.data.writer import write_dataset

pytestmark = pytest.mark.slow
WHOLE = int(os.environ.get("FUSBENCH_FAULTS", "0"))
CLOCKED = ("timing.json",)  # how long a run took
KINDS = ("KILL", "TERM", "HUP", "INT", "ENOSPC", "EACCES", "EIO")
IMPORT = (
    "--gaze-format", "tobii-pro", "--screen-size", "1920,1080", "--display-rect", "fit",
    "--video-start-event", "VideoStimulusStart", "--crop", "40,30,240,180",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Case:
    """A command, the folder that it changes, and what in it tells the time."""

    command: tuple
    target: str
    clocked: tuple = ()
    prepare: tuple = ()
    refuses_finished: bool = False


CASES = {
    "import-new": Case(
        command=("dataset", "import", "{study}", "--scan", "A", "--video", "{video}", "--gaze",
                 "{gaze}", *IMPORT),
        target="study",
    ),
    "import-more": Case(
        command=("dataset", "import", "{study}", "--scan", "B", "--video", "{other}", "--gaze",
                 "{gaze}", *IMPORT),
        prepare=(("dataset", "import", "{study}", "--scan", "A", "--video", "{video}", "--gaze",
                  "{gaze}", *IMPORT),),
        target="study",
    ),
    "import-observer": Case(
        command=("dataset", "import", "{study}", "--scan", "A", "--observer", "2", "--video",
                 "{video}", "--gaze", "{gaze}", *IMPORT),
        prepare=(("dataset", "import", "{study}", "--scan", "A", "--observer", "1", "--video",
                  "{video}", "--gaze", "{gaze}", *IMPORT),),
        target="study",
    ),
    "predict": Case(
        command=("predict", "--model", "centre-bias", "--dataset", "{small}", "--out", "{out}"),
        target="out",
    ),
    "split": Case(
        command=("dataset", "split", "{small}", "--seed", "3"),
        target="small",
    ),
    "export": Case(
        command=("dataset", "export", "{small}", "--format", "dhf1k", "--out", "{out}"),
        target="out",
        refuses_finished=True,
    ),
    "evaluate": Case(
        command=("evaluate", "--dataset", "{small}", "--model", "centre-bias", "--out", "{runs}"),
        target="runs",
        clocked=CLOCKED,
    ),
    "train": Case(
        command=("train", "--model", "trainable", "--dataset", "{small}", "--max-steps", "2",
                 "--validate-every", "1", "--policy", "none", "--resume", "--out",
                 "{out}/w.safetensors"),
        target="out",
    ),
    "board-new": Case(
        command=("leaderboard", "new", "{board}", "--dataset", "{small}"),
        target="board",
    ),
    "board-replace": Case(
        prepare=(
            ("evaluate", "--dataset", "{small}", "--model", "uniform", "--out", "{runs}"),
            ("evaluate", "--dataset", "{small}", "--model", "centre-bias", "--out", "{runs}"),
            ("leaderboard", "new", "{board}", "--dataset", "{small}"),
            ("leaderboard", "add", "{board}", "{runs}/uniform-*", "--name", "row"),
        ),
        command=("leaderboard", "add", "{board}", "{runs}/centre-bias-*", "--name", "row",
                 "--force"),
        target="board",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def faults(tmp_path_factory):
    plugins = [trainable.installed(tmp_path_factory.mktemp("plugins"))]
    with Faults(tmp_path_factory.mktemp("server"), plugins) as server:
        yield server


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Sources that commands read and never change."""
    folder = tmp_path_factory.mktemp("sources")
    video = recordings.write_video(folder / "one.mp4", shift_ms=500)
    other = recordings.write_video(folder / "two.mp4", shift_ms=400)
    return {"video": video, "other": other, "gaze": recordings.tobii_pro(folder)}


def filled(words, places):
    """Words of a command with their places; a star stands for the one folder that fits."""
    for word in words:
        text = str(word).format(**places)
        if "*" in text:
            found = [str(p) for p in places["root"].glob(text.removeprefix(f"{places['root']}/"))]
            (text,) = found
        yield text


def prepared(root, case, sources, faults):
    """A folder with the user's work in it, and where everything lies."""
    root.mkdir()
    write_dataset(root / "small", small_info(), small_clips())
    names = ("small", "study", "out", "runs", "board")
    places = {**sources, "root": root, **{name: root / name for name in names}}
    for command in case.prepare:
        done = faults.run(root, list(filled(command, places)))
        assert done.code == 0, done.stderr
    return places


@pytest.fixture(scope="module", params=CASES)
def case(request, tmp_path_factory, sources, faults):
    """A case, its prepared folder, what the finished command leaves, its seconds and changes."""
    case = CASES[request.param]
    base = tmp_path_factory.mktemp(request.param)
    ready = base / "ready"
    prepared(ready, case, sources, faults)
    root = base / "work"
    shutil.copytree(ready, root)
    begin = time.monotonic()
    done = run(faults, root, case, sources)
    took_s = time.monotonic() - begin
    assert done.code == 0, done.stderr
    finished = content(root, case.clocked)
    assert not leftovers(root)
    return case, ready, root, finished, took_s, done.changes


def run(faults, root, case, sources, **fault):
    names = ("small", "study", "out", "runs", "board")
    places = {**sources, "root": root, **{name: root / name for name in names}}
    return faults.run(root, list(filled(case.command, places)), **fault)


def disturbed(faults, case, ready, root, finished, sources, **fault):
    """One fault, and the same command again after it."""
    shutil.rmtree(root)
    shutil.copytree(ready, root)
    before = content(root)
    done = run(faults, root, case, sources, **fault)
    told = f"{fault}: {done}"
    assert done.memory_mb < MOST_MB, told
    if "largest" not in fault:  # which cuts that list short too
        assert set(done.outside) <= {"open /dev/null"}, told
    assert done.code != "hang", told
    if done.code not in (0, -9):
        assert done.is_one_line, told
    now = content(root, case.clocked)
    for name, data in before.items():
        if name.split("/")[-1] not in case.clocked:
            assert now.get(name) in (data, finished.get(name)) or name.endswith("gaze.csv"), told
    for name in ("small", "study"):
        if (root / name / "clips.csv").exists():
            assert check_dataset(root / name) == [], told
    again = run(faults, root, case, sources)
    refused = now == finished and case.refuses_finished and again.is_one_line
    assert again.code == 0 or refused, f"{told}, then {again}"
    assert content(root, case.clocked) == finished, told
    assert not leftovers(root), told


@pytest.fixture
def disturb(case, sources, faults):
    """The case's command under one fault, given as options of `Faults.run`."""
    case, ready, root, finished, *_ = case
    return lambda fault: disturbed(faults, case, ready, root, finished, sources, **fault)


def test_at_every_change(case, disturb, record_property):
    changes = case[-1]
    assert changes > 0
    points = [{"at": at, "kind": kind} for at in range(1, changes + 1) for kind in KINDS]
    if not WHOLE:
        points = random.Random(0).sample(points, min(len(points), 8))
    each(points, disturb, record_property)


def test_at_random_moments(case, disturb, record_property):
    moments, count = random.Random(1), -(-WHOLE // len(CASES)) or 3
    each([{"kill_s": moments.uniform(0, case[-2])} for _ in range(count)], disturb, record_property)


def test_on_a_full_disk(disturb, record_property):
    sizes = [1, 100, 2000, 50_000] if WHOLE else [100, 20_000]
    each([{"largest": largest} for largest in sizes], disturb, record_property)
