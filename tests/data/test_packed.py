"""Packed frame files: the same pixels, the same fingerprint, and nothing unpacked unasked."""

import hashlib
import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import zstandard
from support.small_dataset import small_clips, small_info

from fusbench.data.checking import check_dataset
from fusbench.data.dataset import open_dataset
from fusbench.data.packed import PackedFile, PackedFrames
from fusbench.data.samples import Samples
from fusbench.data.window import Window
from fusbench.data.writer import write_dataset
from fusbench.errors import DatasetError

TABLE = struct.Struct("<IBI")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The same data set with memory-mapped and with packed frames."""
    place = tmp_path_factory.mktemp("stores")
    for store in ("npy", "zstd"):
        write_dataset(place / store, small_info(), small_clips(), store=store)
    return place / "npy", place / "zstd"


def test_pixels_and_fingerprints_are_those_of_the_other_store(folders):
    raw, packed = map(open_dataset, folders)
    for split in ("train", "val", "test"):
        assert raw.fingerprint(split) == packed.fingerprint(split)
    for one, other in zip(raw.clips, packed.clips, strict=True):
        assert (one.store, other.store) == ("npy", "zstd")
        np.testing.assert_array_equal(one.frames, other.frames)
        assert not other.frames.flags.writeable
        for at in (slice(2, 7), slice(None, None, -3), np.array([5, 5, 0, -1])):
            np.testing.assert_array_equal(other.packed[at], one.frames[at])
        np.testing.assert_array_equal(other.packed[-2], one.frames[-2])
    assert check_dataset(folders[1]) == []


def test_threads_unpack_at_the_same_time(folders):
    """Each has memory of its own for what it unpacks."""
    packed, raw = (open_dataset(folder).split("test")[0] for folder in reversed(folders))

    def differs(number):
        at = np.random.default_rng(number).integers(0, raw.n_frames, 7)
        return any((packed.packed[at] != raw.frames[at]).any() for _ in range(50))

    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(differs, range(64)))


def test_any_program_unpacks_it(folders):
    """The whole stream is a ``.npy`` file of differences, whose sums are the pictures."""
    clip = open_dataset(folders[1]).split("test")[0]
    with clip.path.open("rb") as stream:
        whole = zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True).read()
    both = np.frombuffer(whole[-10 * 24 * 32 :], np.uint8).reshape(10, 24, 32)
    pictures = both.cumsum(axis=1, dtype=np.uint8).cumsum(axis=2, dtype=np.uint8)
    np.testing.assert_array_equal(pictures, clip.frames)
    npy = folders[0] / "frames" / f"{clip.clip_id}.npy"
    assert whole[: -both.size] == npy.read_bytes()[: -both.size]
    assert clip.sha256 == hashlib.sha256(npy.read_bytes()).hexdigest()


def test_colour_and_pictures_that_do_not_compress(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (5, 9, 7, 3), np.uint8)
    with PackedFile(tmp_path / "a.npy.zst", frames.shape[1:]) as file:
        for frame in frames:
            file.append(frame)
        file.close()
    np.testing.assert_array_equal(PackedFrames(tmp_path / "a.npy.zst")[:], frames)


@pytest.mark.parametrize("cache", ["memory", "disk", "none"])
@pytest.mark.parametrize("shape", [(24, 32), (12, 16)])
def test_windows_are_those_of_the_other_store(folders, monkeypatch, tmp_path, cache, shape):
    monkeypatch.setenv("FUSBENCH_CACHE", str(tmp_path))
    window = Window(length=4, placement="before")
    both = [
        Samples(open_dataset(folder), "train", window, shape=shape, cache=cache, complete=False)
        for folder in folders
    ]
    assert len(both[0]) == len(both[1]) > 10
    for one, other in zip(*both, strict=True):
        np.testing.assert_array_equal(one.frames, other.frames)


def damaged(path, change):
    whole = path.read_bytes()
    path.write_bytes(change(whole))
    return whole


def cut_frame(whole):
    """The first picture declares more than its pixels have: a megabyte of nothing."""
    bomb = zstandard.ZstdCompressor().compress(bytes(1 << 20))
    (count, _, _) = TABLE.unpack(whole[-9:])
    rows = np.frombuffer(whole[-9 - 8 * count : -9], "<u4").reshape(-1, 2).copy()
    begin, end = rows[0, 0], rows[0, 0] + rows[1, 0]
    rows[1, 0] = len(bomb)
    table = len(whole) - 9 - 8 * count
    return whole[:begin] + bomb + whole[end:table] + rows.tobytes() + whole[-9:]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda whole: whole[:-1], "it has no table of frames at its end"),
        (lambda whole: whole[:7], "it is too short"),
        (lambda whole: whole[:20] + whole[21:], "its table of frames does not fit its size"),
        (lambda whole: whole[:-9] + TABLE.pack(2**32 - 1, 0, 0x8F92EAB1), "no table of frames"),
        (cut_frame, "a frame declares another size than its pixels have"),
        (lambda whole: whole.replace(b"(10, 24, 32)", b"(10, 32, 24)"), "10 x 24 x 32 is declared"),
        (lambda whole: whole[:300] + bytes(50) + whole[350:], ""),
    ],
)
def test_damage_is_one_line(folders, change, words):
    clip = open_dataset(folders[1]).split("test")[0]
    whole = damaged(clip.path, change)
    try:
        with pytest.raises(DatasetError) as error:
            _ = clip.frames
        assert "s3-c1.npy.zst" in str(error.value)
        assert words in str(error.value)
        assert "\n" not in str(error.value)
        assert len(check_dataset(folders[1])) == 1
    finally:
        clip.path.write_bytes(whole)


def test_other_pixels_than_the_fingerprint_says_are_refused(folders):
    clip = open_dataset(folders[1]).split("test")[0]
    whole = clip.path.read_bytes()
    try:
        with PackedFile(clip.path, (24, 32)) as file:
            for _ in range(10):
                file.append(np.zeros((24, 32), np.uint8))
            file.close()
        with pytest.raises(DatasetError, match="does not match its sha256"):
            _ = replace(clip).frames
    finally:
        clip.path.write_bytes(whole)
