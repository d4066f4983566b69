"""A known path through a letterboxed screen comes back from every tracker's format."""

import bisect

import numpy as np
import pytest
from support import recordings

from fusbench.data.checking import check_dataset
from fusbench.data.dataset import open_dataset
from fusbench.importing.described import Study
from fusbench.importing.gaze_file import read_gaze
from fusbench.importing.pairing import pairing_of
from fusbench.importing.study import import_recordings

CROP = ",".join(map(str, recordings.CROP))
FIT = {"display_rect": "fit"}
SIZED = {"screen_size": "1920,1080", "display_rect": "240,0,1440,1080"}
TABLE = {
    "time": "t", "time_unit": "ms", "x": "gx", "y": "gy", "space": "screen",
    "valid": "good is yes",
}  # fmt: skip
CASES = {
    "tobii-us": ("tobii-pro", {}, {**SIZED, "video_start_event": "VideoStimulusStart"}),
    "tobii-ms-utf16-comma": (
        "tobii-pro", {"unit": "ms", "encoding": "utf-16", "decimal": ","},
        {**SIZED, "video_start": "1500 ms"},
    ),
    "tobii-unlabelled": (
        "tobii-pro", {"label": False}, {**SIZED, "video_start": "1.5", "time_unit": "us"},
    ),
    "tobii-4c": ("tobii-4c", {}, {**SIZED, "video_start": "1700000000123456us"}),
    "eyelink-mono": ("eyelink-asc", {}, {**FIT, "video_start_event": "VIDEO_START"}),
    "eyelink-bino": (
        "eyelink-asc", {"eyes": "LR", "end": False}, {**FIT, "video_start_event": "^VIDEO"},
    ),
    "gazepoint": ("gazepoint", {}, {**SIZED, "video_start": "7"}),
    "pupil": ("pupil-surface", {}, {**SIZED, "video_start": "-50s"}),
    "neon": ("neon-surface", {}, {**SIZED, "video_start": f"{recordings.EPOCH_NS}ns"}),
    "bids": ("bids", {}, {**FIT, "video_start": "5"}),
    "bids-without-clock": ("bids", {"clock": False}, {**FIT, "video_start": "0"}),
    "table": ("table", {}, {**SIZED, "video_start": "0.1"}),
}  # fmt: skip
WRITERS = {
    "tobii-pro": recordings.tobii_pro, "tobii-4c": recordings.tobii_4c,
    "eyelink-asc": recordings.eyelink, "gazepoint": recordings.gazepoint,
    "pupil-surface": recordings.pupil_surface, "neon-surface": recordings.neon_surface,
    "bids": recordings.bids, "table": recordings.table,
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_known_path_comes_back(case, video, tmp_path):
    form, written, options = CASES[case]
    gaze = WRITERS[form](tmp_path, **written)
    texts = {
        "scan": "S01", "video": str(video), "gaze": str(gaze), "gaze_format": form, "crop": CROP,
        **options,
    }  # fmt: skip
    pairing = pairing_of(texts, changes=TABLE if form == "table" else None)
    (quality,) = import_recordings(tmp_path / "out", [pairing], Study(clip_length=25))
    assert check_dataset(tmp_path / "out") == []
    clips = open_dataset(tmp_path / "out").clips
    assert [clip.n_frames for clip in clips] == [25, 25, 10]
    assert quality.frames == 60
    assert quality.refused == ()
    time_us, x, _ = recordings.samples()
    wanted = [
        t for t, a in zip(time_us, x, strict=True) if a == a and 0 <= t < recordings.END_MS * 1e3
    ]
    assert sum(len(clip.gaze) for clip in clips) == len(wanted)
    first = 0
    for clip in clips:
        begin_s = recordings.FRAME_MS[first] / 1000
        time_s = clip.gaze.time_s + begin_s
        x_px, y_px = recordings.path(time_s)
        assert np.abs(clip.gaze.x_px - x_px).max() < 0.5
        assert np.abs(clip.gaze.y_px - y_px).max() < 0.5
        frames = [bisect.bisect(recordings.FRAME_MS, t * 1000 + 1e-6) - 1 - first for t in time_s]
        assert clip.gaze.frame.tolist() == frames
        first += clip.n_frames


def test_the_stored_frames_are_the_crop_and_the_gaze_lies_on_what_moved(video, tmp_path):
    gaze = recordings.tobii_pro(tmp_path)
    texts = {
        "scan": "S01", "video": str(video), "gaze": str(gaze), "gaze_format": "tobii-pro",
        "crop": CROP, **SIZED, "video_start_event": "VideoStimulusStart",
    }  # fmt: skip
    import_recordings(tmp_path / "out", [pairing_of(texts)])
    (clip,) = open_dataset(tmp_path / "out").clips
    assert clip.frames.shape == (60, 180, 240)
    for frame in clip.gaze.frames():
        bright = np.argwhere(np.asarray(clip.frames[frame]) > 150)
        x_px, y_px = clip.gaze.at(int(frame))
        if frame == 39:  # on screen for longer: the square stays, the gaze goes on
            continue
        assert np.abs(bright.mean(0) - (y_px.mean(), x_px.mean())).max() < 4


def test_resizing_moves_gaze_along(video, tmp_path):
    gaze = recordings.eyelink(tmp_path)
    texts = {
        "scan": "S01", "video": str(video), "gaze": str(gaze), "gaze_format": "eyelink-asc",
        "crop": CROP, **FIT, "video_start_event": "VIDEO_START",
    }  # fmt: skip
    import_recordings(tmp_path / "out", [pairing_of(texts)], Study(frame_size=(90, 120)))
    (clip,) = open_dataset(tmp_path / "out").clips
    assert clip.info.frame_shape == (90, 120)
    x_px, y_px = recordings.path(clip.gaze.time_s)
    np.testing.assert_allclose(clip.gaze.x_px, (x_px + 0.5) / 2 - 0.5, atol=0.01)
    np.testing.assert_allclose(clip.gaze.y_px, (y_px + 0.5) / 2 - 0.5, atol=0.01)


def test_degrees_with_geometry(video, tmp_path):
    time_us, x, y = recordings.samples()
    distance, width_mm, height_mm = 600.0, 530.0, 298.0
    away_x = np.degrees(np.arctan((x - 960) * width_mm / 1920 / distance))
    away_y = np.degrees(np.arctan((y - 540) * height_mm / 1080 / distance))
    rows = [f"{t},{a:.5f},{b:.5f}" for t, a, b in zip(time_us, away_x, away_y, strict=True)]
    gaze = tmp_path / "deg.csv"
    gaze.write_text("n [us],x,y\n" + "\n".join(rows) + "\n")
    texts = {
        "scan": "S01", "video": str(video), "gaze": str(gaze), "gaze_format": "table",
        "crop": CROP, "video_start": "0", "space": "degrees", "origin": "centre",
        "screen_mm": "530,298", "distance_mm": "600", **SIZED,
    }  # fmt: skip
    # the angle's origin is the screen's centre already
    columns = {"time": "n [us]", "x": "x", "y": "y"}
    import_recordings(tmp_path / "out", [pairing_of(texts, changes=columns)])
    (clip,) = open_dataset(tmp_path / "out").clips
    x_px, y_px = recordings.path(clip.gaze.time_s)
    assert np.abs(clip.gaze.x_px - x_px).max() < 0.1
    assert np.abs(clip.gaze.y_px - y_px).max() < 0.1


def test_both_eyes_are_averaged_only_where_both_are_valid_and_it_is_said(video, tmp_path):
    gaze = recordings.tobii_4c(tmp_path)
    texts = {
        "scan": "S01", "video": str(video), "gaze": str(gaze), "gaze_format": "tobii-4c",
        "crop": CROP, "video_start": "1700000000123456us", **SIZED,
    }  # fmt: skip
    (quality,) = import_recordings(tmp_path / "out", [pairing_of(texts)])
    said = [finding.text for finding in quality.findings]
    assert (
        "gaze: mean of both eyes in 228 samples, left eye alone in 1, right eye alone in 0" in said
    )
    assert quality.drift_ppm == pytest.approx(100, abs=2)
    left = import_recordings(tmp_path / "left", [pairing_of({**texts, "eye": "left"})])
    assert "gaze: left eye alone" in [finding.text for finding in left[0].findings]
    clip = open_dataset(tmp_path / "left").clips[0]
    x_px, _ = recordings.path(clip.gaze.time_s)
    # the left eye was written 0.01 of the screen to the left: 19.2 screen pixels
    assert np.median(x_px - clip.gaze.x_px) == pytest.approx(19.2 / 4.5, abs=0.02)


def test_tobii_tells_of_drift_against_the_trackers_own_clock(tmp_path):
    head = "Recording timestamp [ms]", "Eyetracker timestamp [μs]", "Sensor", "Gaze point X"
    lines = ["\t".join([*head, "Gaze point Y"])]
    for n in range(1, 101):
        tracker = "" if n == 50 else str(10_002 * n + 77)  # 10 ms on the computer's clock
        lines.append(f"{10 * n}\t{tracker}\tEye Tracker\t960\t540")
        lines.append(f"{10 * n + 1}\t\tMouse\t\t")
    file = tmp_path / "gaze.tsv"
    file.write_text("\n".join(lines), encoding="utf-8")
    gaze = read_gaze(file, "tobii-pro")
    assert len(gaze) == 100
    assert gaze.drift_ppm == pytest.approx(200)
