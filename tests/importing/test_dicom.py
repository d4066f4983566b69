"""DICOM ultrasound: the files that ship with pydicom, and files written here."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset as Header
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from support import recordings

from fusbench.data.dataset import check_dataset, open_dataset
from fusbench.errors import ConfigError, DatasetError
from fusbench.footage.box import Box
from fusbench.footage.open import open_footage
from fusbench.importing.described import Study
from fusbench.importing.pairing import pairing_of
from fusbench.importing.study import import_recordings

SHIPPED = Path(pydicom.__file__).parent / "data" / "test_files"
CINE = SHIPPED / "examples_ybr_color.dcm"


def gaze_log(folder, seconds=1.1, x=150.0, y=110.0):
    """Gaze at one place of the picture, a sample every 10 ms."""
    file = folder / "log.csv"
    rows = [f"{n * 10},{x},{y}" for n in range(round(seconds * 100))]
    file.write_text("t [ms],x,y\n" + "\n".join(rows) + "\n")
    return file


def pairing(folder, video, **options):
    texts = {
        "scan": "S01", "video": str(video), "gaze": str(gaze_log(folder)), "gaze_format": "table",
        "space": "pixel", "video_start": "0", **options,
    }  # fmt: skip
    return pairing_of(texts, changes={"time": "t [ms]", "x": "x", "y": "y"})


def written(folder, pixels, photometric, name="made.dcm", **tags):
    """A multi-frame ultrasound file of `pixels`, (T, H, W) or (T, H, W, 3)."""
    header = Header()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = header.SOPClassUID = "1.2.840.10008.5.1.4.1.1.3.1"
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID = generate_uid()
    header.Modality, header.PatientName = "US", "Doe^Jane"
    header.NumberOfFrames, header.Rows, header.Columns = pixels.shape[:3]
    header.SamplesPerPixel = 3 if pixels.ndim == 4 else 1
    header.PhotometricInterpretation = photometric
    if pixels.ndim == 4:
        header.PlanarConfiguration = 0
    bits = 8 * pixels.dtype.itemsize
    header.BitsAllocated, header.BitsStored, header.HighBit = bits, bits, bits - 1
    header.PixelRepresentation = 0
    header.PixelData = pixels.tobytes()
    for key, value in tags.items():
        setattr(header, key, value)
    header.save_as(folder / name, enforce_file_format=True)
    return folder / name


def frames_of(path, rate=None):
    read = list(open_footage(path, rate).read())
    return [time for time, _ in read], [frame for _, frame in read]


def test_the_shipped_cine_loop_comes_in_cropped_with_its_times(tmp_path):
    (quality,) = import_recordings(
        tmp_path / "out", [pairing(tmp_path, CINE, crop="42,16,256,192")], Study(colour=True)
    )
    assert check_dataset(tmp_path / "out") == []
    (clip,) = open_dataset(tmp_path / "out").clips
    assert clip.n_frames == 30
    assert clip.info.frame_shape == (192, 256, 3)
    assert clip.info.frame_rate_hz == pytest.approx(30.0, abs=0.01)
    times, frames = frames_of(CINE)
    assert times[:3] == [0, 33_333_000, 66_666_000]
    np.testing.assert_array_equal(clip.frames[7], frames[7][16:208, 42:298])
    # every sample at 150.0, 110.0 of the picture, by hand less the crop's corner and half a pixel
    assert set(clip.gaze.x_px) == {150 - 42 - 0.5}
    assert set(clip.gaze.y_px) == {110 - 16 - 0.5}
    assert clip.gaze.at(1)[0].size == 3  # 40, 50 and 60 ms lie in 33.333 <= t < 66.666
    assert any("region 84,31,512,384 leaves the 320 x 240" in f.text for f in quality.findings)


def test_colours_are_red_green_blue_not_ybr():
    _, frames = frames_of(CINE)
    mean = np.mean(frames, axis=(0, 1, 2))
    assert np.abs(mean - mean.mean()).max() < 3  # a grey picture; read raw, its mean is 88.8
    assert mean.mean() == pytest.approx(10.5, abs=1)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("examples_rgb_color.dcm", (240, 320)),
        ("examples_palette.dcm", (350, 800)),
        ("examples_jpeg2k.dcm", (480, 640)),
    ],
)
def test_the_shipped_stills_come_in(name, shape, tmp_path):
    still = SHIPPED / name
    with pytest.raises(ConfigError, match=r"a single frame has no duration. Give --frame-rate"):
        import_recordings(tmp_path / "no", [pairing(tmp_path, still, crop="0,40,300,200")])
    one = pairing(tmp_path, still, crop="0,40,300,200", frame_rate="1", split="test")
    import_recordings(tmp_path / "out", [one], Study(colour=True))
    (clip,) = open_dataset(tmp_path / "out").clips
    assert clip.n_frames == 1
    assert open_footage(still).shape == shape
    assert clip.frames.std() > 5


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


def test_frame_time_vector_is_summed_up_exactly(tmp_path):
    pixels = np.zeros((4, 8, 8), np.uint8)
    vector = ["0", "33.3", "33.4", "100"]
    tags = {"FrameTimeVector": vector, "FrameIncrementPointer": 0x00181065}
    times, _ = frames_of(written(tmp_path, pixels, "MONOCHROME2", **tags))
    assert times == [0, 33_300_000, 66_700_000, 166_700_000]
    short = written(tmp_path, pixels, "MONOCHROME2", **{**tags, "FrameTimeVector": vector[:3]})
    with pytest.raises(DatasetError, match="FrameTimeVector has 3 entries for 4 frames"):
        open_footage(short)


def test_rates_that_are_hints_only_are_not_believed(tmp_path):
    file = written(tmp_path, np.zeros((3, 8, 8), np.uint8), "MONOCHROME2", CineRate="25")
    with pytest.raises(ConfigError, match=r"neither FrameTime nor .*a hint only, says 25"):
        open_footage(file)
    assert frames_of(file, Fraction(25))[0] == [0, 40_000_000, 80_000_000]


def test_a_region_is_inclusive_and_must_lie_within_the_picture(tmp_path):
    region = Header()
    region.RegionSpatialFormat, region.PhysicalUnitsXDirection = 1, 3
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 4, 3
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 19, 10
    region.PhysicalDeltaX = region.PhysicalDeltaY = 0.05
    pixels = np.arange(30 * 12 * 24, dtype=np.uint32).astype(np.uint8).reshape(30, 12, 24)
    tags = {"FrameTime": "33", "SequenceOfUltrasoundRegions": [region]}
    file = written(tmp_path, pixels, "MONOCHROME2", **tags)
    assert open_footage(file).regions == (Box(4, 3, 16, 8),)
    assert open_footage(file).facts["pixel_spacing_mm"] == [0.5, 0.5]
    log = tmp_path / "in"
    log.mkdir()
    gaze_log(log, x=8.0, y=6.0)
    one = pairing(tmp_path, file, crop="region")
    one = type(one)(**{**vars(one), "gaze": log / "log.csv"})
    import_recordings(tmp_path / "out", [one])
    (clip,) = open_dataset(tmp_path / "out").clips
    np.testing.assert_array_equal(clip.frames, pixels[:, 3:11, 4:20])
    with pytest.raises(ConfigError, match=r"region 84,31,512,384 leaves the 320 x 240 picture"):
        import_recordings(tmp_path / "no", [pairing(tmp_path, CINE, crop="region")])
    assert not (tmp_path / "no").exists()


def test_cut_off_and_wrong_dicom_files(tmp_path):
    raw = CINE.read_bytes()
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(DatasetError, match=r"the pixels are cut off or damaged at frame \d+"):
        frames_of(cut)
    cut.write_bytes(raw[:300])
    with pytest.raises(DatasetError, match=r"is no DICOM image, or is damaged"):
        open_footage(cut)


def test_identity_needs_a_word(tmp_path):
    with pytest.raises(ConfigError, match=r"nothing says whether the picture shows a name.*--crop"):
        pairing(tmp_path, CINE)
    assert pairing(tmp_path, CINE, no_banner="yes").no_banner


def test_no_identifier_reaches_the_data_set(tmp_path):
    secrets = {
        "PatientName": "Musterfrau^Erika", "PatientID": "PID-4711-77",
        "AccessionNumber": "ACC98765",
        "PatientBirthDate": "19640812", "InstitutionName": "Charite Nordhaus",
        "ReferringPhysicianName": "Weissbrodt^Ulf", "StudyDescription": "OBSTETRIC-XKCD",
        "ManufacturerModelName": "SONOTRON9000", "StudyInstanceUID": generate_uid(),
    }  # fmt: skip
    pixels = np.random.default_rng(0).integers(0, 255, (30, 60, 80), dtype=np.uint8)
    file = written(
        tmp_path, pixels, "MONOCHROME2", name="Musterfrau_Erika_19640812.dcm", FrameTime="33",
        **secrets,
    )  # fmt: skip
    one = pairing(tmp_path, file, crop="10,10,60,40")
    log = tmp_path / "subject_Musterfrau.csv"
    gaze_log(tmp_path, x=30.0, y=25.0).rename(log)
    import_recordings(tmp_path / "out", [type(one)(**{**vars(one), "gaze": log})])
    everything = b""
    for path in (tmp_path / "out").rglob("*"):
        everything += str(path.relative_to(tmp_path)).encode()
        everything += path.read_bytes() if path.is_file() else b""
    words = [part for text in secrets.values() for part in text.split("^")]
    for word in [*words, "subject_", "Charite", "DICM", recordings.__name__ + ".py", str(tmp_path)]:
        for spelled in (word, word.lower(), word.upper()):
            assert spelled.encode() not in everything, word


@pytest.mark.parametrize(
    ("file", "syntax", "plain"),
    [
        ("SC_rgb_jpeg_gdcm.dcm", "1.2.840.10008.1.2.4.70", "SC_rgb_rle.dcm"),
        ("MR_small_jpeg_ls_lossless.dcm", "1.2.840.10008.1.2.4.80", "MR_small.dcm"),
    ],
)
def test_lossless_jpeg_equals_the_uncompressed_copy(file, syntax, plain):
    from pathlib import Path

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


def test_times_that_stand_still_are_none(tmp_path):
    pixels = np.zeros((3, 8, 8), np.uint8)
    still = written(tmp_path, pixels, "MONOCHROME2", FrameTimeVector=[0, 0, 0])
    with pytest.raises(DatasetError, match="FrameTimeVector is no time. Give --frame-rate"):
        open_footage(still)
    assert frames_of(still, Fraction(25))[0] == [0, 40_000_000, 80_000_000]


def greys(entries, first=0, bits=8, data=None):
    table = Header()
    table.add_new(0x00283002, "US", [len(entries) % 2**16, first, bits])
    table.add_new(0x00283006, "OW", np.array(entries, "<u2").tobytes() if data is None else data)
    return [table]


NEGATIVE = [255 - value for value in range(256)]
STEPS = {"FrameTime": 40.0, "FrameIncrementPointer": 0x00181063}
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


@pytest.mark.parametrize(
    ("rate", "tags", "word"),
    [
        (None, {}, ""),
        (25, {"CineRate": 25, "RecommendedDisplayFrameRate": 25, "EffectiveDuration": 0.4}, ""),
        (10, {}, "25 frames a second, and were taken: --frame-rate 10 was passed over"),
        (None, {"CineRate": 10}, "25 frames a second, CineRate says 10"),
        (None, {"RecommendedDisplayFrameRate": 50}, "RecommendedDisplayFrameRate says 50"),
        (None, {"EffectiveDuration": 4}, "the frames last 0.400 s, EffectiveDuration says 4 s"),
    ],
)
def test_what_contradicts_the_frames_times_is_told(rate, tags, word, tmp_path):
    video = written(tmp_path, np.zeros((10, 2, 2), np.uint8), "MONOCHROME2", **STEPS, **tags)
    footage = open_footage(video, rate and Fraction(rate))
    assert footage.step_ns == 40_000_000
    assert [level for level, _ in footage.remarks] == ["warn"] * bool(word)
    assert word in " ".join(text for _, text in footage.remarks)


def test_a_vector_of_times_is_no_vector_of_steps(tmp_path):
    tags = {"FrameTimeVector": [40 * n for n in range(10)], "FrameIncrementPointer": 0x00181065}
    video = written(tmp_path, np.zeros((10, 2, 2), np.uint8), "MONOCHROME2", **tags)
    times, _ = frames_of(video)
    assert times == [40_000_000 * n for n in range(10)]
    assert "taken for times since the start" in open_footage(video).remarks[0][1]


def test_steps_that_happen_to_grow_are_steps(tmp_path):
    steps = [0, 40, 41, 42, 43, 44]
    tags = {"FrameTimeVector": steps, "FrameIncrementPointer": 0x00181065}
    video = written(tmp_path, np.zeros((6, 2, 2), np.uint8), "MONOCHROME2", **tags)
    assert frames_of(video)[0] == [0, 40_000_000, 81_000_000, 123_000_000, 166_000_000, 210_000_000]
    assert open_footage(video).remarks == []


def test_of_a_vector_that_does_not_count_nothing_is_said(tmp_path):
    tags = {**STEPS, "FrameTimeVector": [33 * n for n in range(10)]}
    video = written(tmp_path, np.zeros((10, 2, 2), np.uint8), "MONOCHROME2", **tags)
    assert frames_of(video)[0] == [40_000_000 * n for n in range(10)]
    assert open_footage(video).remarks == []


def test_oblong_pixels_of_dicom_are_known(tmp_path):
    tags = {**STEPS, "PixelAspectRatio": [2, 1]}  # twice as high as wide
    video = written(tmp_path, np.zeros((10, 2, 2), np.uint8), "MONOCHROME2", **tags)
    assert open_footage(video).pixel_aspect == Fraction(1, 2)
