"""Damaged video, DICOM and pictures: read as far as they are whole, or one line; no hang."""

import os
import random
import time
from fractions import Fraction

import pytest
from support import recordings
from support.parts import each

from fusbench.cli.ending import line_of
from fusbench.errors import FusbenchError
from fusbench.footage.open import open_footage

EACH = int(os.environ.get("FUSBENCH_FUZZ", "300")) // 50
LONGEST_S = 20


def video(folder, codec):
    return recordings.write_video(folder / f"{codec}.mp4", codec=codec)


def dicom(folder, name):
    data = pytest.importorskip("pydicom.data")
    file = folder / name
    with open(data.get_testdata_file(name), "rb") as stream:
        file.write_bytes(stream.read())
    return file


def picture(folder, name):
    import cv2

    file = folder / "pictures" / name
    file.parent.mkdir()
    cv2.imwrite(str(file), recordings.picture(0))
    return file


SOURCES = {
    "H.264": (video, "libx264"),
    "MPEG-4": (video, "mpeg4"),
    "DICOM, JPEG": (dicom, "examples_ybr_color.dcm"),
    "DICOM, RLE": (dicom, "MR_small_RLE.dcm"),
    "DICOM, JPEG-LS": (dicom, "MR_small_jpeg_ls_lossless.dcm"),
    "PNG": (picture, "1.png"),
    "TIFF": (picture, "1.tif"),
    "JPEG": (picture, "1.jpg"),
}


def damaged(data, seed):
    """Bytes with flipped bits, most of them near the start where headers lie, perhaps cut off."""
    rng = random.Random(seed)
    data = bytearray(data)
    for _ in range(rng.randint(1, 60)):
        end = len(data) if rng.random() < 0.6 else min(len(data), 2000)
        data[rng.randrange(end)] ^= 1 << rng.randrange(8)
    return bytes(data[: rng.randint(len(data) // 2, len(data))] if seed % 3 == 0 else data)


@pytest.mark.parametrize("name", SOURCES)
def test_damaged_footage_never_hangs(name, tmp_path, record_property):
    make, word = SOURCES[name]
    file = make(tmp_path, word)
    source = file.parent if make is picture else file
    good = file.read_bytes()

    def read(seed):
        file.write_bytes(damaged(good, seed))
        begin = time.monotonic()
        try:
            sum(1 for _ in open_footage(source, Fraction(30)).read())
        except FusbenchError as error:
            line = line_of(error)
            assert "\n" not in line
            assert "one step of decoding" not in line
            assert "fusbench does not expect" not in line
        assert time.monotonic() - begin < LONGEST_S

    each(range(EACH), read, record_property)
    file.write_bytes(good)
    assert sum(1 for _ in open_footage(source, Fraction(30)).read())


def test_a_dicom_file_that_declares_more_frames_than_bytes_is_refused(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    file = dicom(tmp_path, "examples_ybr_color.dcm")
    header = pydicom.dcmread(file)
    header.NumberOfFrames = "5000000"
    header.save_as(file)
    with pytest.raises(FusbenchError, match="declares 5,000,000 frames, and has not a byte"):
        open_footage(file)
