"""What somebody edits in a data set while a command changes it is never lost.

At a few of its changes; with FUSBENCH_FAULTS=1 at every one, or at a part of them, as of `each`.
"""

import os
import random
import shutil

import pytest
from support import recordings
from support.faults import Faults, leftovers
from support.parts import each
from support.small_dataset import small_clips, small_info

from fusbench.data.checking import check_dataset
from fusbench.data.writer import write_dataset

pytestmark = pytest.mark.slow
WHOLE = int(os.environ.get("FUSBENCH_FAULTS", "0"))
IMPORT = (
    "--gaze-format", "tobii-pro", "--screen-size", "1920,1080", "--display-rect", "fit",
    "--video-start-event", "VideoStimulusStart", "--crop", "40,30,240,180",
)  # fmt: skip
EDITS = {  # file: what is there, what a user makes of it, and what is seen of that for ever
    "dataset.toml": ('version = "1"', 'version = "by hand"', "by hand"),
    "clips.csv": ("\n", ",by hand\n", "by hand"),
    "gaze.csv": ("\n", ",by hand\n", "by hand"),
    "import.json": ('"schema"', '"note": "by hand", "schema"', "by hand"),
    "notes.txt": ("", "by hand", "by hand"),
}
REFUSED = ("is there already", "changed meanwhile", "holds no data set", "is no valid JSON")
WAYS = ("in place", "by rename")


@pytest.fixture(scope="module")
def faults(tmp_path_factory):
    with Faults(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="module")
def add(tmp_path_factory):
    """The command that takes a video in as a scan."""
    folder = tmp_path_factory.mktemp("sources")
    video, gaze = recordings.write_video(folder / "v.mp4"), recordings.tobii_pro(folder)
    return lambda study, scan: (
        "dataset", "import", study, "--scan", scan, "--video", video, "--gaze", gaze, *IMPORT
    )  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory, faults, add):
    """A data set of one recording, beside one without any."""
    root = tmp_path_factory.mktemp("ready")
    done = faults.run(root, add(root / "study", "A"))
    assert done.code == 0, done.stderr
    write_dataset(root / "small", small_info(), small_clips())
    return root


@pytest.fixture(scope="module")
def commands(add, faults, study, tmp_path_factory):
    """By name: a command for a copy of the study, its folder, and how many changes it makes."""
    other = recordings.write_video(study / "w.mp4", shift_ms=100)

    def more(root):
        command = list(add(root / "study", "B"))
        command[command.index("--video") + 1] = other
        return command

    found = {
        "import": (more, "study"),
        "split": (lambda root: ["dataset", "split", root / "small", "--seed", "3"], "small"),
    }
    for name, (command, folder) in found.items():
        root = tmp_path_factory.mktemp(name) / "work"
        shutil.copytree(study, root)
        done = faults.run(root / folder, command(root))
        assert done.code == 0, done.stderr
        found[name] = (command, folder, done.changes)
    return found


def moments(changes, of):
    """All changes, or a few of them."""
    every = range(1, changes + 1)
    return every if WHOLE else sorted(random.Random(of).sample(every, min(changes, 4)))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("file", EDITS)
@pytest.mark.parametrize("name", ["import", "split"])
def test_an_edit_stays(name, file, way, study, faults, commands, tmp_path, record_property):
    command_of, folder, changes = commands[name]
    root, folder = tmp_path / "work", tmp_path / "work" / folder
    command = command_of(root)
    old, new, seen = EDITS[file]

    def edited(at):
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(study, root)
        edit = (str(folder / file), old, new, way)
        done = faults.run(folder, command, at=at, kind="EDIT", edit=edit)
        told = f"at {at} of {changes}: {done}"
        assert done.code == 0 or (done.is_one_line and "was changed meanwhile" in done.stderr), told
        assert seen.encode() in (folder / file).read_bytes(), told
        again = faults.run(folder, command)
        assert again.code == 0, f"{told}, then {again}"
        assert seen.encode() in (folder / file).read_bytes(), told
        assert not leftovers(folder), told
        assert check_dataset(folder) == [], told

    each(moments(changes, f"{name} {file} {way}"), edited, record_property)


@pytest.mark.parametrize("file", ["dataset.toml", "gaze.csv", "import.json", "notes.txt"])
def test_a_file_made_where_a_data_set_begins_stays(file, faults, add, tmp_path, record_property):
    study = tmp_path / "study"
    study.mkdir()
    changes = faults.run(study, add(study, "A")).changes

    def met(at):
        shutil.rmtree(study)
        study.mkdir()
        edit = (str(study / file), "by hand", "by hand", "by rename")
        done = faults.run(study, add(study, "A"), at=at, kind="EDIT", edit=edit)
        told = f"at {at} of {changes}: {done}"
        there = any(words in done.stderr for words in REFUSED)
        assert done.code == 0 or (done.is_one_line and there), told
        assert (study / file).exists(), told
        if done.code:
            assert (study / file).read_text() == "by hand", told

    each(moments(changes, file), met, record_property)
