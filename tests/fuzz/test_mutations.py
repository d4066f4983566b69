"""Files of strangers, damaged at random: each is read rightly or ends in one clear line.

A seeded mutator flips, cuts, repeats, swaps and inflates the bytes of good files, one kind of file
after the other, and reads them in this process under a limit of time. The whole run is
`FUSBENCH_FUZZ=10000 pytest tests/fuzz`.
"""

import gzip
import os
import random
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from support.fake_board import add_fake, fake_board
from support.parts import TooLong, each
from support.small_dataset import small_clips, small_info

from fusbench.arrays import open_array, open_arrays
from fusbench.board.rules import read_board
from fusbench.board.standings import read_table
from fusbench.cli.ending import line_of
from fusbench.data.checking import check_dataset
from fusbench.data.dataset import open_dataset
from fusbench.data.writer import write_dataset
from fusbench.errors import FusbenchError
from fusbench.evaluation.results import read_result, read_scores
from fusbench.zoo.checkpoint import read_checkpoint, write_checkpoint

EACH = int(os.environ.get("FUSBENCH_FUZZ", "300")) // 10
LONGEST_S = 20
TOKENS = (
    b"NA", b"nan", b"inf", b"-1", b"1e999980", b"9" * 5000, b"=1+1", b"<script>", b"\x00", b"\xff",
    b"[" * 3000, b"{" * 3000, b"a." * 3000, b'"', b"'", b",", b"\n", b"\r\n", b"../../x",
    b"/dev/zero", b"true", b"null", b"{}", b"[]", "\u202e\u0430".encode(), b"1" * 400,
)  # fmt: skip


def mutated(data, rng):
    """A damaged copy of some bytes."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.randint(1, 40))
        how = rng.randrange(6)
        if how == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            del data[at:end]
        elif how == 2:
            data[at:at] = data[at:end] * rng.randint(1, 50)
        elif how == 3:
            del data[at:]
        elif how == 4:
            data[at:end] = rng.choice(TOKENS)
        else:
            data[at:at] = rng.choice(TOKENS)
    return bytes(data)


def ends(read):
    """Whether a reader ends in time, in a result or in an error of one line of its own kind."""

    def stop(*_):
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LONGEST_S)
    try:
        read()
    except FusbenchError as error:
        line = line_of(error)
        assert "\n" not in line
        assert len(line) < 1000
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def opened(folder):
    """Everything that is read of a data set."""
    for error in check_dataset(folder):
        line_of(error)
    data = open_dataset(folder)
    for split in ("train", "val", "test"):
        data.fingerprint(split)
    for clip in data.clips:
        _ = clip.frames, clip.landmarks, clip.mixture, clip.segment(0)


def checked(folder):
    """Everything that is read of a board."""
    read_table(read_board(folder))


def read_array(path):
    """An array, as those who read arrays of strangers do."""
    try:
        found = open_array(path) if path.suffix == ".npy" else open_arrays(path, 1 << 24)
        np.asarray(found).sum() if path.suffix == ".npy" else None
    except (ValueError, OSError, EOFError, NotImplementedError) as error:
        raise FusbenchError(str(error), str(path)) from error


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Good folders of every kind."""
    root = tmp_path_factory.mktemp("good")
    write_dataset(root / "set", small_info(), small_clips())
    board = fake_board(root / "board")
    add_fake(board, "one", seed=1)
    add_fake(board, "two", seed=2)
    run = root / "run"
    run.mkdir()
    row = root / "board" / "results" / "one"
    shutil.copy(row / "result.json", run)
    (run / "scores.csv").write_bytes(gzip.decompress((row / "scores.csv.gz").read_bytes()))
    arrays = root / "arrays"
    arrays.mkdir()
    np.save(arrays / "a.npy", np.arange(60, dtype=np.float32).reshape(3, 4, 5))
    np.savez_compressed(arrays / "b.npz", a=np.zeros((3, 4)))
    write_checkpoint(arrays / "c.safetensors", {"w": np.ones((2, 3), np.float32)}, {"x": "1"})
    return root


def runs(folder):
    read_result(folder)
    read_scores(folder)


TARGETS = {
    "dataset.toml": ("set", "dataset.toml", opened),
    "clips.csv": ("set", "clips.csv", opened),
    "gaze.csv": ("set", "gaze.csv", opened),
    "frames": ("set", "frames/s3-c1.npy", opened),
    "board.toml": ("board", "board.toml", checked),
    "board clips": ("board", "clips.csv", checked),
    "row": ("board", "results/one/row.json", checked),
    "row result": ("board", "results/one/result.json", checked),
    "row scores": ("board", "results/one/scores.csv.gz", checked),
    "result": ("run", "result.json", runs),
    "scores": ("run", "scores.csv", runs),
    "npy": ("arrays", "a.npy", lambda folder: read_array(folder / "a.npy")),
    "npz": ("arrays", "b.npz", lambda folder: read_array(folder / "b.npz")),
    "weights": ("arrays", "c.safetensors", lambda f: read_checkpoint(f / "c.safetensors")),
}


@pytest.mark.parametrize("name", TARGETS)
def test_a_damaged_file_ends_well(name, good, tmp_path, record_property):
    folder, file, read = TARGETS[name]
    work = tmp_path / folder
    shutil.copytree(good / folder, work)
    data = (work / file).read_bytes()

    def damaged(number):
        changed = mutated(data, random.Random(f"{name} {number}"))
        (work / file).write_bytes(changed)
        try:
            ends(lambda: read(work))
        except BaseException as error:
            error.add_note(repr(changed[:2000]))
            raise

    each(range(EACH), damaged, record_property)
    (work / file).write_bytes(data)
    ends(lambda: read(work))


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("kind", ["fifo", "device", "folder", "empty", "huge"])
def test_no_file_of_another_kind_is_read(name, kind, good, tmp_path):
    folder, file, read = TARGETS[name]
    work = tmp_path / folder
    shutil.copytree(good / folder, work)
    path = Path(work / file)
    path.unlink()
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    else:
        with path.open("wb") as stream:
            stream.truncate(1 << 38)
    ends(lambda: read(work))


def test_what_inflates_is_refused_before_it_does(good, tmp_path):
    """Dotted keys, nested lists, long numbers and shapes that no file could hold."""
    work = tmp_path / "set"
    shutil.copytree(good / "set", work)
    text = (work / "dataset.toml").read_text()
    for bomb in ("a." * 100_000 + "a = 1", "x = " + "[" * 100_000, "x = " + "9" * 100_000):
        (work / "dataset.toml").write_text(f"{text}{bomb}\n")
        with pytest.raises(FusbenchError, match="nested too deeply|not valid|bytes, and"):
            open_dataset(work)
    header = {"descr": "<f8", "fortran_order": False, "shape": (1 << 40, 8)}
    with (tmp_path / "x.npy").open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, header)
    with pytest.raises(ValueError, match="declares 70,368,744,177,664 bytes, and 0 are there"):
        open_array(tmp_path / "x.npy")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    from fusbench.reading import read_json

    with pytest.raises(FusbenchError, match="is no valid JSON"):
        read_json(tmp_path / "deep.json", FusbenchError)
