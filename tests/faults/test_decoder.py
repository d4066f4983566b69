"""Footage that hangs, ends or fills its decoder: one clear line, and the next file is read."""

import os
import struct
import time
import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from support import recordings
from support.command import error_of

from fusbench.errors import ConfigError, DatasetError
from fusbench.footage import apart
from fusbench.footage.open import open_footage, read_video
from fusbench.footage.source import open_source
from fusbench.isolation.parent import Limits

DECODER = """
import ctypes, os, sys
import fusbench.footage.source as source
whole = source.open_source
def damaged(path, rate):
    footage = whole(path, rate)
    frames = footage.read
    def read():
        for number, found in enumerate(frames()):
            if number == 3 and "bad" in path.name:
                {harm}
            yield found
    object.__setattr__(footage, "read", read)
    return footage
source.open_source = damaged
from fusbench.footage.decoder import Answers, serve
stdin = os.fdopen(0, "rb")
serve(stdin, Answers(stdin, os.fdopen(1, "wb"), int(sys.argv[1])))
"""
HARM = {
    "a deadlock that holds Python's lock": (
        "ctypes.PyDLL(None).sleep(60)", "one step of decoding it took more than 1 s"
    ),
    "a crash": ("os.kill(os.getpid(), 11)", r"its decoder ended \(Segmentation fault\)"),
    "an exit": ("os._exit(3)", r"its decoder ended \(exit code 3\)"),
    "want of memory": ("bytearray(2 << 30)", "needs more than 1 GB of memory to be decoded"),
    "a fault of ours": ("1 / 0", "cannot be decoded: ZeroDivisionError: division by zero"),
}  # fmt: skip


@pytest.fixture
def files(tmp_path):
    good = recordings.write_video(tmp_path / "good.mp4", count=12)
    (tmp_path / "bad.mp4").write_bytes(good.read_bytes())
    return good, tmp_path / "bad.mp4"


@pytest.mark.parametrize("name", HARM)
def test_a_harmful_file_is_one_line_and_the_next_is_read(name, files, monkeypatch):
    harm, told = HARM[name]
    good, bad = files
    apart.end_idle()
    monkeypatch.setattr(apart, "COMMAND", ("-P", "-c", DECODER.format(harm=harm)))
    list(read_video(good))  # by the decoder that reads on, which imports what it needs
    monkeypatch.setenv(apart.STEP_S, "1" if "sleep" in harm else "20")
    frames = open_footage(bad).read()
    assert [next(frames)[0] for _ in range(3)] == [0, 33_000_000, 66_000_000]
    start = time.monotonic()
    with pytest.raises(DatasetError, match=rf"{bad}: {told}\. The file is damaged, or"):
        next(frames)
    assert time.monotonic() - start < 15
    monkeypatch.setenv(apart.STEP_S, "20")
    assert len(list(read_video(good))) == 12
    apart.end_idle()


def test_a_frame_is_the_same_apart(files):
    good, _ = files
    here, there = open_source(good), open_footage(good)
    assert (here.kind, here.shape, here.nominal_hz) == (there.kind, there.shape, there.nominal_hz)
    for mine, other in zip(here.read(), there.read(), strict=True):
        assert mine[0] == other[0]
        np.testing.assert_array_equal(mine[1], other[1])
    assert (here.held_ns, here.remarks) == (there.held_ns, there.remarks)


def test_frames_that_are_kept_do_not_change(files):
    """More frames than there are places in the shared memory."""
    kept = [frame for _, frame in open_footage(files[0]).read()]
    again = [frame.copy() for _, frame in open_footage(files[0]).read()]
    np.testing.assert_array_equal(kept, again)


def test_pictures_of_several_sizes_share_the_memory(tmp_path):
    import cv2

    pictures = [np.full((8 * n, 9 * n), n, np.uint8) for n in range(1, 9)]
    for number, picture in enumerate(pictures):
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture)
    for (_, frame), picture in zip(
        open_footage(tmp_path, Fraction(30)).read(), pictures, strict=True
    ):
        np.testing.assert_array_equal(frame, picture)


def test_one_process_reads_one_file_after_the_other_and_ends_with_a_reader_who_leaves(files):
    apart.end_idle()
    list(read_video(files[0]))
    (decoder,) = apart._idle
    list(read_video(files[1]))
    assert apart._idle == [decoder]
    frames = read_video(files[0])
    next(frames)
    frames.close()
    assert decoder.process.poll() is not None
    assert not apart._idle


def test_a_small_picture_that_declares_a_large_one(tmp_path):
    """80 bytes that would be 900 MB, three times over."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    data = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"0")), chunk(b"IEND", b"")]
    (tmp_path / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(data))
    with pytest.raises(DatasetError, match="needs more than 1 GB of memory to be decoded"):
        open_footage(tmp_path, Fraction(30))


@pytest.mark.parametrize("text", [
    "ffconcat version 1.0\nfile good.mp4\n",
    "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\ngood.mp4\n#EXT-X-ENDLIST\n",
])  # fmt: skip
def test_a_list_of_files_opens_none(text, files, tmp_path):
    path = tmp_path / "list.m3u8"
    path.write_text(text)
    with av.open(str(path)) as container:
        assert container.streams.video  # FFmpeg by itself reads the other file
    with pytest.raises(DatasetError, match="is no video that can be read"):
        open_footage(path)


def test_a_colon_in_a_name_is_no_protocol(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.rename(files[0], "scan:1.mp4")
    assert len(list(read_video(Path("scan:1.mp4")))) == 12


@pytest.mark.parametrize("text", ["0", "-1", "much", "1.5", "²", "9" * 30])
def test_limits_are_whole_numbers(text, files, monkeypatch):
    monkeypatch.setenv(apart.MEMORY_GB, text)
    with pytest.raises(ConfigError, match="is no whole number above 0. Set FUSBENCH_DECODER_GB=1"):
        open_footage(files[0])


def test_where_the_system_limits_no_memory_nobody_is_told_that_it_does(files, monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(ConfigError, match="--memory-limit: this system holds no process to"):
        Limits(memory_gb=4)
    assert Limits(timeout_s=9).memory_gb is None
    assert len(list(read_video(files[0]))) == 12
    monkeypatch.setenv(apart.MEMORY_GB, "4")
    with pytest.raises(ConfigError, match=f"{apart.MEMORY_GB}: this system holds no process to"):
        open_footage(files[0])


def test_a_command_tells_of_what_is_too_large_in_one_line(files, tmp_path, monkeypatch):
    monkeypatch.setenv(apart.MEMORY_GB, "none")
    line = error_of("predict", "--model", "uniform", "--video", files[0], "--out", tmp_path / "out")
    assert "FUSBENCH_DECODER_GB: 'none' is no whole number above 0" in line
