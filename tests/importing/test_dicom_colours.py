"""Greys and colours of DICOM, as a viewer shows them."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset as Header
from support.dicom import CINE, SHIPPED, STEPS, frames_of, written

from fusbench.errors import DatasetError
from fusbench.footage.open import open_footage


def test_colours_are_red_green_blue_not_ybr():
    _, frames = frames_of(CINE)
    mean = np.mean(frames, axis=(0, 1, 2))
    assert np.abs(mean - mean.mean()).max() < 3  # a grey picture; read raw, its mean is 88.8
    assert mean.mean() == pytest.approx(10.5, abs=1)


def test_a_palette_is_looked_up():
    path = SHIPPED / "examples_palette.dcm"
    _, (frame,) = frames_of(path)
    header = pydicom.dcmread(path)
    stored = header.pixel_array
    assert frame.shape == (*stored.shape, 3)
    tables = [
        np.frombuffer(header[f"{c}PaletteColorLookupTableData"].value, np.uint16)
        for c in ("Red", "Green", "Blue")
    ]
    for row, column in ((60, 300), (200, 250), (10, 10), (300, 700)):
        wanted = [int(table[stored[row, column]]) >> 8 for table in tables]
        assert frame[row, column].tolist() == wanted


def test_monochrome_in_both_senses_and_sixteen_bits(tmp_path):
    pixels = np.arange(12 * 24, dtype=np.uint8).reshape(1, 12, 24).repeat(3, 0)
    for photometric, wanted in (("MONOCHROME2", pixels), ("MONOCHROME1", 255 - pixels)):
        file = written(tmp_path, pixels, photometric, FrameTime="40")
        times, frames = frames_of(file)
        assert times == [0, 40_000_000, 80_000_000]
        np.testing.assert_array_equal(frames, wanted)
    deep = written(tmp_path, pixels.astype(np.uint16) * 257, "MONOCHROME2", FrameTime="40")
    np.testing.assert_array_equal(frames_of(deep)[1], pixels)


def test_uncompressed_ybr_becomes_rgb(tmp_path):
    pixels = np.empty((2, 4, 6, 3), np.uint8)
    pixels[0], pixels[1] = (100, 128, 128), (76, 85, 255)  # a grey, and red by BT.601
    _, frames = frames_of(written(tmp_path, pixels, "YBR_FULL", FrameTime="40"))
    assert frames[0][2, 3].tolist() == [100, 100, 100]
    assert np.abs(frames[1][2, 3].astype(int) - (254, 0, 0)).max() <= 1


def test_uncompressed_ybr_of_two_bytes_a_pixel_is_read_frame_by_frame(tmp_path):
    pixels = np.empty((6, 4, 6, 3), np.uint8)
    for number in range(6):  # all three of a colour's values differ, and change with the frame
        pixels[number] = (60 + 20 * number, 110 + number, 140 - number)
    file = written(tmp_path, pixels, "YBR_FULL_422", FrameTime="40")
    header = pydicom.dcmread(file)
    pairs = pixels.reshape(6, 4, 3, 2, 3)  # Y1 Y2 Cb Cr of two neighbours, DICOM PS3.3 C.7.6.3.1.2
    header.PixelData = np.concatenate([pairs[..., 0], pairs[..., 0, 1:]], axis=-1).tobytes()
    header.save_as(file)
    _, frames = frames_of(file)
    for y, cb, cr, frame in zip(*pixels[:, 0, 0].T.astype(float), frames, strict=True):
        wanted = y + np.array([1.402 * (cr - 128), -0.344136 * (cb - 128) - 0.714136 * (cr - 128),
                               1.772 * (cb - 128)])  # fmt: skip
        assert np.abs(frame[3, 5] - wanted).max() <= 1


@pytest.mark.parametrize(
    ("file", "syntax", "plain"),
    [
        ("SC_rgb_jpeg_gdcm.dcm", "1.2.840.10008.1.2.4.70", "SC_rgb_rle.dcm"),
        ("MR_small_jpeg_ls_lossless.dcm", "1.2.840.10008.1.2.4.80", "MR_small.dcm"),
    ],
)
def test_lossless_jpeg_equals_the_uncompressed_copy(file, syntax, plain):

    import pydicom

    from fusbench.footage.jpeg import compressed_frames

    folder = Path(pydicom.__file__).parent / "data" / "test_files"
    true = pydicom.dcmread(folder / plain).pixel_array
    (found,) = compressed_frames(folder / file, syntax, 1)
    assert (found.astype(true.dtype) == true).all()


def test_windows_are_shown_by_their_own_function(tmp_path):
    values = np.arange(0, 4096, 16, dtype=np.uint16).reshape(1, 16, 16).repeat(2, 0)
    window = {"WindowCenter": 2000, "WindowWidth": 1000, "FrameTime": "40"}

    def shown(**tags):
        return frames_of(written(tmp_path, values, "MONOCHROME2", **window, **tags))[1][0]

    share = (values[0].astype(float) - 2000) / 1000
    curved = 255 / (1 + np.exp(-4 * share))
    assert np.abs(shown(VOILUTFunction="SIGMOID") - curved).max() <= 0.5
    exact = np.clip(255 * (share + 0.5), 0, 255)
    assert np.abs(shown(VOILUTFunction="LINEAR_EXACT") - exact).max() <= 0.5 + 1e-9
    # C.11.2.1.2: 999 steps around 1999.5
    linear = np.clip(255 * ((values[0] - 1999.5) / 999 + 0.5), 0, 255)
    assert np.abs(shown() - linear).max() <= 0.5 + 1e-9
    assert np.array_equal(shown(PresentationLUTShape="INVERSE"), 255 - shown())


def greys(entries, first=0, bits=8, data=None):
    table = Header()
    table.add_new(0x00283002, "US", [len(entries) % 2**16, first, bits])
    table.add_new(0x00283006, "OW", np.array(entries, "<u2").tobytes() if data is None else data)
    return [table]


NEGATIVE = [255 - value for value in range(256)]
WIDE = {"WindowCenter": 128, "WindowWidth": 256}  # shows 0 to 255 as they are


@pytest.mark.parametrize(
    ("dtype", "tags", "right"),
    [
        (np.uint8, {"VOILUTSequence": greys(NEGATIVE)}, [255, 205, 55]),
        (np.uint8, {"VOILUTSequence": greys(NEGATIVE, data=bytes(NEGATIVE))}, [255, 205, 55]),
        (np.uint8, {"VOILUTSequence": greys(NEGATIVE), **WIDE}, [0, 50, 200]),  # a window is there
        (np.uint8, {"ModalityLUTSequence": greys(NEGATIVE)}, [255, 205, 55]),
        (np.uint8, {"ModalityLUTSequence": greys(NEGATIVE), "VOILUTSequence": greys(NEGATIVE)},
         [0, 50, 200]),
        (np.uint8, {"ModalityLUTSequence": greys(NEGATIVE), "WindowCenter": 100.5,
                    "WindowWidth": 201}, [255, 255, 70]),  # 55 of 0 to 200, as 255 * 55 / 200
        (np.uint8, {"VOILUTSequence": greys([0, 100, 200], first=49)}, [0, 100, 200]),
        (np.uint16, {"VOILUTSequence": greys([16 * v for v in range(256)], bits=12)},
         [0, 50, 199]),  # 255 * 16 v / 4095
        (np.uint16, {"VOILUTSequence": greys(list(range(256)), bits=16)}, [0, 50, 200]),
    ],
)  # fmt: skip
def test_tables_of_greys_are_used_as_a_viewer_does(dtype, tags, right, tmp_path):
    pixels = np.array([[[0, 50, 200]]], dtype)
    footage = open_footage(written(tmp_path, pixels, "MONOCHROME2", **STEPS, **tags))
    ((_, frame),) = footage.read()
    assert frame[0].tolist() == right


@pytest.mark.parametrize("data", [b"", b"ab"])
def test_a_damaged_table_of_greys_is_one_line(data, tmp_path):
    tags = {"VOILUTSequence": greys([0, 1], data=data)}
    if data:
        tags["VOILUTSequence"][0].LUTDescriptor = [2, 0, 99]
    video = written(tmp_path, np.zeros((1, 1, 3), np.uint8), "MONOCHROME2", **STEPS, **tags)
    with pytest.raises(DatasetError, match="table of greys is missing or damaged"):
        list(open_footage(video).read())
