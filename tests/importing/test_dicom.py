"""DICOM ultrasound: the files that ship with pydicom, and what reaches a data set."""

from fractions import Fraction

import numpy as np
import pytest
from pydicom.dataset import Dataset as Header
from pydicom.uid import generate_uid
from support import recordings
from support.dicom import CINE, SHIPPED, STEPS, frames_of, gaze_log, pairing, written

from fusbench.data.checking import check_dataset
from fusbench.data.dataset import open_dataset
from fusbench.errors import ConfigError, DatasetError
from fusbench.footage.box import Box
from fusbench.footage.open import open_footage
from fusbench.importing.described import Study
from fusbench.importing.study import import_recordings


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


def test_oblong_pixels_of_dicom_are_known(tmp_path):
    tags = {**STEPS, "PixelAspectRatio": [2, 1]}  # twice as high as wide
    video = written(tmp_path, np.zeros((10, 2, 2), np.uint8), "MONOCHROME2", **tags)
    assert open_footage(video).pixel_aspect == Fraction(1, 2)
