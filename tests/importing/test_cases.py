"""Recordings as people report them: each handed case, and what is right of it.

The gaze of ``g_10s.csv`` lies on frame ``floor(25 (t - 10))`` of ``v.mp4``, and at the file's
position less the crop's corner and half a pixel: the truth is read off that table, not computed by
the importer.
"""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from fusbench.data.dataset import open_dataset
from fusbench.errors import FusbenchError
from fusbench.importing.pairing import pairing_of
from fusbench.importing.study import import_recordings

CASES = Path(__file__).parent / "cases"
CROP = {"scan": "S01", "crop": "16,40,288,192"}
SCREEN = {"screen_size": "1920,1080", "display_rect": "240,0,1440,1080"}
VIDEO = {"video": "v.mp4"}
MAP = {"x": "x", "y": "y", "space": "pixel", "time": "t [s]"}
TABLE = {**CROP, "gaze": "g_10s.csv", "gaze_format": "table", "video_start": "10s"}
TOBII = {**CROP, **SCREEN, **VIDEO, "gaze_format": "tobii-pro"}
START = {"video_start_event": "VideoStimulusStart"}
ASC = {**CROP, **SCREEN, **VIDEO, "gaze_format": "eyelink-asc"}
BIDS = {**CROP, **VIDEO, "gaze_format": "bids", "display_rect": "240,0,1440,1080"}
BIDS |= {"video_start": "5000ms", "screen_size": "1920,1080"}
SHOWN = {**CROP, **SCREEN, **VIDEO, "gaze_format": "table"}
PHYSIO = "sub-01/beh/sub-01_task-scan_recording-eye1_physio.tsv.gz"
SDK = {**CROP, **SCREEN, **VIDEO, "gaze_format": "tobii-4c"}
SMI_MAP = {"time": "Time", "left_x": "L POR X [px]", "left_y": "L POR Y [px]", "space": "screen"}


def truth():
    """Times since the video's start, and places in the crop, of all rows of ``g_10s.csv``."""
    rows = list(csv.DictReader((CASES / "g_10s.csv").open()))
    t, x, y = (np.array([float(row[name] or "nan") for row in rows]) for name in MAP_COLUMNS)
    return t - 10, x - 16.5, y - 40.5


MAP_COLUMNS = ("t [s]", "x", "y")


def imported(folder, texts, changes=None):
    found = {key: str(value) for key, value in texts.items()}
    for key in ("video", "gaze"):
        if not Path(found[key]).is_absolute():
            found[key] = str(CASES / found[key])
    packed = Path(found["gaze"] + ".gz")
    if packed.exists():
        found["gaze"] = str(folder / "t.asc")
        (folder / "t.asc").write_bytes(gzip.decompress(packed.read_bytes()))
    (quality,) = import_recordings(folder / "out", [pairing_of(found, changes=changes)])
    return quality, open_dataset(folder / "out")


def points(dataset):
    """Frame in the recording, seconds since the clip began, x and y of every point."""
    first, parts = 0, []
    for clip in dataset.clips:
        g = clip.gaze
        parts.append(np.stack([g.frame + first, g.time_s, g.x_px, g.y_px]))
        first += clip.n_frames
    return np.concatenate(parts, axis=1)


READ = {
    "V12": ({**TABLE, "video": "V12_last_frame_held_long/v.mp4"}, MAP),
    "V4b": ({**TABLE, "video": "V4b_avi_h264_bframes/v.avi"}, MAP),
    "E3": ({**ASC, "gaze": "E3_2000Hz_integer_ms/t.asc", "video_start_event": "VIDEO_START"}, None),
    "E11": ({**ASC, "gaze": "E11_samples_only_no_header/t.asc", "video_start": "5000s"}, None),
    "X3b": ({**ASC, "gaze": "X3b_input_ttl_as_start/t.asc",
             "video_start_event": "INPUT 255"}, None),
    "B2": ({**BIDS, "gaze": f"B2_sampling_na/{PHYSIO}"}, None),
    "B3": ({**BIDS, "gaze": f"B3_stimuluspresentation_null/{PHYSIO}"}, None),
    "T1": ({**TOBII, **START, "gaze": "T1_two_participants_same_recname/g.tsv",
            "participant": "P01"}, None),
    "T6": ({**TOBII, **START, "gaze": "T6_no_sensor_column/g.tsv"}, None),
    "T8": ({**SDK, "gaze": "T8_sdk_tuple_columns/g.tsv",
            "video_start": "1700000000000000us"}, None),
    "T9": ({**TOBII, "gaze": "T9_studio_MovieStart/g.tsv",
            "video_start_event": "MovieStart"}, None),
    "O1": ({**SHOWN, "gaze": "O1_eyetribe_msg_lines/g.tsv", "time_unit": "ms",
            "video_start_event": "video start"},
           {"time": "time", "x": "avgx", "y": "avgy", "space": "screen"}),
    "S1": ({**SHOWN, "gaze": "S1_smi_idf_text_with_header/smi.txt", "time_unit": "us",
            "video_start_event": "scan01"}, SMI_MAP),
    "S1-smi": ({**SHOWN, "gaze_format": "smi", "gaze": "S1_smi_idf_text_with_header/smi.txt",
                "video_start": "5000s"}, None),
    "R2": ({**SHOWN, "gaze": "R2_table_header_one_more_than_rows/g.csv", "video_start": "10s"},
           {**MAP, "space": "screen"}),
}  # fmt: skip
RATES_HZ = {"E3": 2000, "E11": 1000, "X3b": 1000}
LENGTHS_S = {"V12": 10.96}


@pytest.mark.parametrize("name", READ)
def test_every_point_is_on_its_frame_and_in_its_place(name, tmp_path):
    quality, dataset = imported(tmp_path, *READ[name])
    assert not [f.text for f in quality.findings if f.level != "note" and "text" not in f.text]
    frame, _, x, y = points(dataset)
    t, true_x, true_y = truth()
    rate, length_s = RATES_HZ.get(name, 90), LENGTHS_S.get(name, 8)
    assert len(frame) == int(np.ceil(length_s * rate - 1e-9))
    # the k-th sample of the video is at k / rate seconds, and its frame begins every 1/25 s
    time_s = np.arange(len(frame)) / rate
    assert (frame == np.minimum(np.floor(time_s * 25 + 1e-6), 199)).all()
    off = np.hypot(x - np.interp(time_s, t, true_x), y - np.interp(time_s, t, true_y))
    assert off.max() < 0.1


def test_frames_that_a_log_numbers_keep_their_gaze(tmp_path):
    texts = {**CROP, **VIDEO, "gaze_format": "table", "gaze": "O6_frame_index_log/g.csv"}
    _, dataset = imported(tmp_path, texts, {**MAP, "time": "", "frame": "frame"})
    rows = [[float(c) for c in row] for row in csv.reader((CASES / texts["gaze"]).open())
            if row[0] != "frame" and 0 <= int(row[0]) < 200]  # fmt: skip
    frame, _, x, y = points(dataset)
    assert np.allclose(np.array(rows).T, [frame, x + 16.5, y + 40.5], atol=1e-3)


def test_thousands_are_read_and_told(tmp_path):
    texts = {**TOBII, **START, "gaze": "T2f_thousands_silent_loss_no_word/g.tsv"}
    quality, dataset = imported(tmp_path, texts)
    _, _, x, _ = points(dataset)
    lines = (CASES / texts["gaze"]).read_text(encoding="utf-8-sig").splitlines()
    rows = [line.split("\t") for line in lines if "\tEye Tracker\t" in line]
    cells = [row[6] for row in rows if 2_000_000 <= int(row[0]) < 10_000_000]
    true = [float(cell.replace(".", "").replace(",", ".")) for cell in cells]
    assert len(x) == 720
    assert np.allclose((x + 16.5) * 4.5 + 240, true, atol=1e-3)
    assert any("separates thousands, as in '1.001,09'" in f.text for f in quality.findings)


def test_a_slow_playback_is_told_and_mended_by_its_end(tmp_path):
    texts = {**TOBII, **START, "gaze": "T10_playback_2_percent_slow/g.tsv"}
    told, _ = imported(tmp_path, texts)
    (warning,) = [f.text for f in told.findings if f.level == "warn"]
    assert "8.160 s apart, the video lasts 8.000 s: it was shown +2.00% longer" in warning
    assert "--video-end-event 'VideoStimulusEnd'" in warning
    (tmp_path / "b").mkdir()
    mended, dataset = imported(tmp_path / "b", {**texts, "video_end_event": "VideoStimulusEnd"})
    frame, _, _, _ = points(dataset)
    assert (frame == np.floor(np.arange(735) / 90 / 1.02 * 25 + 1e-6)).all()
    assert mended.clock_ppm == pytest.approx((1 / 1.02 - 1) * 1e6, abs=1)


DICOM = {"scan": "S01", "gaze": "dicom/g.csv", "gaze_format": "table", "video_start": "10s"}
WHOLE, PART = {"no_banner": "yes"}, {"crop": "8,8,80,56"}
F5 = "F5_shipped_echo_gaze_in_ventricle/g.csv"
FOUND = {
    "G5": ({**CROP, **SCREEN, **VIDEO, "gaze_format": "gazepoint", "video_start": "3s",
            "gaze": "G5_no_validity_column/User 1_all_gaze.csv"}, None, 720,
           "no validity column, looked for BPOGV"),
    "V18-ts": ({**TABLE, "video": "V18_corrupt_middle_ts/v.ts"}, MAP, 720,
               "8 pictures are missing (4.0%) and 2 are marked as damaged, from 3.88 to 4.28 s"),
    "V18-mkv": ({**TABLE, "video": "V18_corrupt_middle_mkv/v.mkv"}, MAP, 720,
                "27 pictures are missing (13.5%) and 1 is marked as damaged, from 3.88 to 5.00"),
    "burned-in": ({**DICOM, **WHOLE, "video": "dicom/burned_in_yes.dcm"}, MAP, 44,
                  "BurnedInAnnotation YES"),
    "two-regions": ({**DICOM, **WHOLE, "video": "dicom/two_image_regions.dcm"}, MAP, 44,
                    "region-1 is 0,8,48,53; region-2 is 48,8,48,53"),
    "comma": ({**DICOM, **PART, "video": "dicom/frametime_comma.dcm"}, MAP, 36, "gaze:"),
    "no-max": ({**DICOM, **PART, "video": "dicom/region_without_max.dcm"}, MAP, 44, "gaze:"),
    **{side: ({**DICOM, **WHOLE, "video": f"banner/{side}.mp4", "gaze": "banner/g.csv"}, MAP, 396,
              f"text is burnt in at the {side}") for side in ("left", "right", "top")},
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_what_is_told_of_a_recording_that_comes_in(name, tmp_path):
    texts, changes, count, words = FOUND[name]
    quality, dataset = imported(tmp_path, texts, changes)
    assert points(dataset).shape[1] == count
    assert any(words in finding.text for finding in quality.findings)


def test_gaze_on_fluid_is_no_mirrored_gaze(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    echo = Path(pydicom.__file__).parent / "data/test_files/examples_ybr_color.dcm"
    texts = {**DICOM, "crop": "42,15,256,192", "video": echo, "gaze": F5}
    quality, dataset = imported(tmp_path, texts, MAP)
    assert not quality.refused
    assert points(dataset).shape[1] == 90


def test_a_wide_palette_of_small_values_is_not_black(tmp_path):
    texts = {**DICOM, **WHOLE, "video": "dicom/palette_16bit_with_8bit_values.dcm"}
    _, dataset = imported(tmp_path, texts, MAP)
    import pydicom

    header = pydicom.dcmread(CASES / texts["video"])
    table = np.frombuffer(header.RedPaletteColorLookupTableData, "<u2")
    stored = np.frombuffer(header.PixelData, np.uint8).reshape(12, 72, 96)
    assert table.max() < 256
    assert np.abs(np.asarray(dataset.clips[0].frames).astype(int) - table[stored]).max() <= 1


REFUSED = {
    "V21": ({**TABLE, "video": "V21_size_changes/v.ts"}, MAP,
            "V21_size_changes/v.ts: from frame 100 on", "ffmpeg -i IN -vf scale="),
    "T1": ({**TOBII, **START, "gaze": "T1_two_participants_same_recname/g.tsv"}, None,
           "holds 2 participants: P01, P02", "--participant NAME"),
    "B2d": ({**BIDS, "gaze": f"B2d_starttime_na_noclock/{PHYSIO}"}, None,
            "StartTime is missing, or no number", "Write it there"),
    "O4": ({**SHOWN, "gaze": "O4_xdf/rec.xdf", "video_start": "10s"}, MAP,
           "is a recording of the Lab Streaming Layer", "pyxdf"),
    "no-max": ({**DICOM, "crop": "region", "video": "dicom/region_without_max.dcm"}, MAP,
               "no ultrasound region that is whole", "--crop X,Y,W,H"),
    "two": ({**DICOM, "crop": "region", "video": "dicom/two_image_regions.dcm"}, MAP,
            "declares 2 image regions", "--crop region-1"),
    "E11": ({**ASC, "gaze": "E11_samples_only_no_header/t.asc",
             "video_start_event": "VIDEO_START"}, None, "no event", "see --events"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_one_line_says_what_is_wrong_and_what_to_do(name, tmp_path):
    texts, changes, what, cure = REFUSED[name]
    with pytest.raises(FusbenchError) as error:
        imported(tmp_path, texts, changes)
    line = str(error.value)
    assert what in line
    assert cure in line
    assert "\n" not in line
    assert not (tmp_path / "out").exists()
