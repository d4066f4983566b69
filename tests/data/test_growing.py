"""Clips added to a folder: a reader sees all of them or none, whatever happens meanwhile."""

import json
import resource
import tracemalloc

import numpy as np
import pytest
from support.small_dataset import small_clip, small_info

from fusbench.arrays import save_array
from fusbench.data.checking import check_dataset
from fusbench.data.dataset import open_dataset
from fusbench.data.growing import growing
from fusbench.data.tables import write_longer
from fusbench.data.writer import store_clip
from fusbench.errors import OutputError
from fusbench.locks import LOCK, locked, sweep


def content(folder):
    """Every file of a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def add(folder, clip, records=()):
    with growing(folder) as addition:
        stored = [store_clip(addition.place, clip)]
        addition.commit(small_info(), stored, list(records))


def test_a_clip_comes_in_and_what_was_there_stays(folder):
    before = content(folder)
    add(folder, small_clip(9, "test"))
    after = content(folder)
    assert set(after) - set(before) == {"frames/s9-c1.npy", "import.json"}
    for name, data in before.items():
        assert after[name].startswith(data)
    assert check_dataset(folder) == []
    assert len(open_dataset(folder).clips) == 6


def test_columns_and_line_ends_of_others_stay(folder):
    text = (folder / "clips.csv").read_text().replace("sha256\n", "sha256,note\n")
    rows = text.splitlines()
    kept = "\r\n".join([rows[0], *(row + ',"a, b"' for row in rows[1:])]) + "\r\n"
    (folder / "clips.csv").write_bytes(kept.encode())
    add(folder, small_clip(9, "test"))
    now = (folder / "clips.csv").read_bytes().decode()
    assert now.startswith(kept)
    assert now.endswith(",\n")
    assert check_dataset(folder) == []


def test_the_new_gaze_is_not_seen_before_the_clip_is(folder, monkeypatch):
    fingerprint = open_dataset(folder).fingerprint("test")
    seen = []

    def watched(path, longer, rows, columns):
        seen.append((columns[1], check_dataset(folder), open_dataset(folder).fingerprint("test")))
        write_longer(path, longer, rows, columns)

    monkeypatch.setattr("fusbench.data.growing.write_longer", watched)
    add(folder, small_clip(9, "test"))
    assert seen == [("frame", [], fingerprint), ("scan_id", [], fingerprint)]
    assert open_dataset(folder).fingerprint("test") != fingerprint


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_long_table_is_copied_and_not_read(folder, end):
    """What an addition takes in memory does not grow with the gaze that is there."""
    header, *rows = (folder / "gaze.csv").read_text().splitlines(keepends=True)
    long = "".join([header, *rows * 600])
    (folder / "gaze.csv").write_text(long.removesuffix("\n") + end)
    tracemalloc.start()
    add(folder, small_clip(9, "test"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (folder / "gaze.csv").read_text().startswith(long)
    assert len(long) > 1.2e6
    assert peak < len(long) / 2
    assert check_dataset(folder) == []


def test_an_addition_that_fails_leaves_the_folder_as_it_was(folder):
    before = content(folder)
    with pytest.raises(RuntimeError), growing(folder) as addition:
        store_clip(addition.place, small_clip(9, "test"))
        raise RuntimeError
    assert content(folder) == before
    with pytest.raises(RuntimeError), growing(folder.parent / "fresh") as addition:
        store_clip(addition.place, small_clip(9, "test"))
        raise RuntimeError
    assert not (folder.parent / "fresh").exists()


def test_a_file_of_that_name_is_not_touched(folder):
    (folder / "frames" / "s9-c1.npy").write_bytes(b"mine")
    before = content(folder)
    with pytest.raises(OutputError, match=r"s9-c1.npy: is there already"):
        add(folder, small_clip(9, "test"))
    assert content(folder) == before


def test_an_edit_during_an_addition_stays(folder):
    with growing(folder) as addition:
        stored = [store_clip(addition.place, small_clip(2, "train", clip=2))]
        text = (folder / "clips.csv").read_text()
        (folder / "clips.csv").write_text(text.replace("s2,val", "s2,test"))
        addition.commit(small_info(), stored, [])
    splits = {clip.clip_id: clip.split for clip in open_dataset(folder).clips}
    assert splits["s2-c1"] == splits["s2-c2"] == "test"


def test_one_at_a_time(folder):
    with (
        locked(folder),
        pytest.raises(OutputError, match="is being changed by process") as error,
        locked(folder, patience_s=0.1),
    ):
        pass
    assert "Wait until it is done, or stop it" in str(error.value)
    assert not (folder / ".fusbench.lock").exists()
    with locked(folder, patience_s=0):
        pass


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path):
    (tmp_path / ".x.fusbench-a1b2c3d4.png").touch()
    (tmp_path / ".x.fusbench-a1b2c3d4").mkdir()
    kept = [".x.png", "x.fusbench-a1b2c3d4.png", ".x.fusbench-a1b.png"]
    for name in kept:
        (tmp_path / name).touch()
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_a_journal_that_is_left_is_worked_off(folder):
    """As after a kill between the new gaze and the new clips: the next addition clears it away."""
    before = content(folder)
    gaze = (folder / "gaze.csv").read_text() + "s9-c1,0,0.0,1.0,1.0\n"
    (folder / "gaze.csv").write_text(gaze)
    (folder / "frames" / "s9-c1.npy").write_bytes(b"half")
    (folder / "adding.json").write_text(json.dumps({"schema": 1, "clips": ["s9-c1"], "new": False}))
    assert check_dataset(folder) == []
    with growing(folder):
        assert {k: v for k, v in content(folder).items() if k != LOCK} == before


def test_a_full_disk_is_locked_without_its_owner_and_left_clean(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    with locked(tmp_path):
        assert (tmp_path / LOCK).read_bytes() == b""
        whose = "is being changed by another process"
        with pytest.raises(OutputError, match=whose), locked(tmp_path, 0):
            pass
    assert list(tmp_path.iterdir()) == []


def test_frames_that_find_no_room_tell_why(tmp_path):
    """NumPy tells how much it wrote, and no reason."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150, limit[1]))
    try:
        with pytest.raises(OutputError, match="cannot be written: File too large"):
            store_clip(tmp_path, small_clip(9, "test"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3, 4)])
def test_arrays_are_the_bytes_that_numpy_writes(shape, tmp_path):
    array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    save_array(tmp_path / "a.npy", array)
    np.save(tmp_path / "b.npy", array)
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()
