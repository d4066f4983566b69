"""What can be wrong with a recording: one line or a finding; the data set stays as it was."""

import hashlib
import sys

import numpy as np
import pytest
from support import recordings

from fusbench.errors import ConfigError, DatasetError, FusbenchError
from fusbench.footage.open import open_footage
from fusbench.footage.record import Missing
from fusbench.footage.source import open_source
from fusbench.importing.described import Study
from fusbench.importing.gaze_file import read_gaze
from fusbench.importing.manifest import read_manifest
from fusbench.importing.pairing import pairing_of
from fusbench.importing.quality import LowQuality
from fusbench.importing.recording import ReadOptions
from fusbench.importing.study import import_recordings

BASE = {
    "scan": "S01", "crop": "40,30,240,180", "screen_size": "1920,1080", "display_rect": "fit",
    "gaze_format": "tobii-pro", "video_start_event": "VideoStimulusStart",
}  # fmt: skip


def line(error):
    text = str(error.value)
    assert "\n" not in text
    return text


def imported(folder, video, gaze, accept="", changes=None, **options):
    texts = {**BASE, "video": str(video), "gaze": str(gaze), **options}
    texts = {key: value for key, value in texts.items() if value is not None}
    one = pairing_of({**texts, "accept": accept}, changes=changes)
    return import_recordings(folder / "out", [one])[0]


def content(folder):
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def rows(folder, times_ms, x, y, name="log.csv"):
    file = folder / name
    table = "".join(f"{t},{a},{b}\n" for t, a, b in zip(times_ms, x, y, strict=True))
    file.write_text("t [ms],x,y\n" + table)
    return file


COLUMNS = {"time": "t [ms]", "x": "x", "y": "y", "space": "screen"}
TABLE = {"gaze_format": "table", "video_start_event": None, "video_start": "0"}


def known_rows(folder, **changes):
    time_us, x, y = recordings.samples()
    keep = np.isfinite(x)
    values = {"times_ms": time_us[keep] / 1000, "x": x[keep], "y": y[keep]} | changes
    return rows(folder, **values)


def test_an_import_that_fails_leaves_the_data_set_as_it_was(video, tmp_path):
    imported(tmp_path, video, recordings.tobii_pro(tmp_path))
    before = content(tmp_path / "out")
    other = recordings.write_video(tmp_path / "other.mkv", "ffv1", "gray")
    for breaks in ({"video_start": "99h"}, {"crop": "0,0,999,999"}, {"video_start_event": "none"}):
        with pytest.raises(FusbenchError):
            imported(tmp_path, other, tmp_path / "PDOE_gaze.tsv", scan="S02", **breaks)
    two = [
        pairing_of({**BASE, "video": str(v), "gaze": str(g), "scan": s})
        for s, v, g in (
            ("S02", other, tmp_path / "PDOE_gaze.tsv"),
            ("S03", tmp_path / "no.mp4", tmp_path / "PDOE_gaze.tsv"),
        )
    ]
    with pytest.raises(DatasetError, match="no video is here"):
        import_recordings(tmp_path / "out", two)
    assert content(tmp_path / "out") == before
    hidden = [p for p in tmp_path.iterdir() if p.name.startswith(".")]
    assert hidden == []


def test_a_truncated_video(video, tmp_path):
    gaze = recordings.tobii_pro(tmp_path)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    with pytest.raises(DatasetError) as error:
        imported(tmp_path, cut, gaze)
    assert "is no video that can be read, or is cut off" in line(error)
    whole = recordings.write_video(tmp_path / "whole.mkv", "ffv1", "gray")
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    with pytest.raises(LowQuality) as error:
        imported(tmp_path, cut, gaze)
    assert "the video ends after" in line(error)
    assert "it is cut off" in line(error)
    assert imported(tmp_path, cut, gaze, accept="cut-off").frames < 60


def test_videos_without_frames(tmp_path):
    empty = tmp_path / "empty.mp4"
    empty.write_bytes(b"")
    with pytest.raises(DatasetError, match="the video file is empty"):
        open_footage(empty)
    empty.write_bytes(b"no video at all" * 100)
    with pytest.raises(DatasetError, match="is no video that can be read"):
        open_footage(empty)
    none = tmp_path / "pictures"
    none.mkdir()
    with pytest.raises(DatasetError, match="holds no picture"):
        open_footage(none)


def test_pictures_are_read_in_natural_order(tmp_path):
    import cv2

    for number in range(12):
        cv2.imwrite(str(tmp_path / f"f{number}.png"), np.full((8, 8), number, np.uint8))
    with pytest.raises(ConfigError, match=r"pictures hold no times. Give --frame-rate"):
        open_footage(tmp_path)
    from fractions import Fraction

    read = list(open_footage(tmp_path, Fraction(30)).read())
    assert [int(frame[0, 0]) for _, frame in read] == list(range(12))
    assert read[3][0] == 100_000_000


def test_gaze_of_another_recording(video, tmp_path):
    gaze = recordings.tobii_pro(tmp_path)
    with pytest.raises(DatasetError) as error:
        imported(tmp_path, video, gaze, video_start_event=None, video_start="90s")
    assert "gaze and video share no time: counted from the video's first frame, the gaze" in line(
        error
    )
    with pytest.raises(ConfigError) as error:
        imported(tmp_path, video, gaze, video_start_event=None)
    assert "when the video starts is not said; the gaze runs from 1.278 s to" in line(error)
    assert "events begin with: VideoStimulusStart" in line(error)
    with pytest.raises(ConfigError, match=r"no event of the gaze file fits 'Stop'"):
        imported(tmp_path, video, gaze, video_start_event="Stop")


def test_mixed_recordings_in_one_file(video, tmp_path):
    first = recordings.tobii_pro(tmp_path).read_text(encoding="utf-8-sig")
    other = tmp_path / "b"
    other.mkdir()
    second = recordings.tobii_pro(other, name="Recording2").read_text(encoding="utf-8-sig")
    mixed = tmp_path / "mixed.tsv"
    mixed.write_text(first + second.split("\n", 1)[1])
    with pytest.raises(DatasetError) as error:
        imported(tmp_path, video, mixed)
    assert "holds 2 recordings: Recording1, Recording2. Choose one with --recording" in line(error)
    assert imported(tmp_path, video, mixed, recording="Recording2").frames == 60
    with pytest.raises(FusbenchError, match="Did you mean 'Recording2'"):
        read_gaze(mixed, "tobii-pro", ReadOptions(recording="Recordin2"))


def test_repeated_and_reversed_times(video, tmp_path):
    time_us, x, y = recordings.samples()
    keep = np.isfinite(x)
    time_us, x, y = time_us[keep].copy(), x[keep], y[keep]
    time_us[50] = time_us[49]
    gaze = rows(tmp_path, time_us / 1000, x, y)
    quality = imported(tmp_path, video, gaze, changes=COLUMNS, **TABLE)
    assert quality.duplicates == 1
    assert "1 samples with a repeated time were dropped" in [f.text for f in quality.findings]
    time_us[50] = time_us[30]
    gaze = rows(tmp_path, time_us / 1000, x, y, "back.csv")
    with pytest.raises(DatasetError) as error:
        imported(tmp_path / "b", video, gaze, changes=COLUMNS, **TABLE)
    assert "the time runs backwards at sample 50, by" in line(error)


def test_of_samples_with_one_time_a_valid_one_is_kept(tmp_path):
    gaze = rows(tmp_path, [0, 10, 10, 20], ["1", "", "3", "4"], ["1", "", "3", "4"])
    recording = read_gaze(gaze, "table", ReadOptions(mapping=COLUMNS))
    assert recording.x.tolist() == [1, 3, 4]
    assert recording.duplicates == 1


def test_empty_files_and_wrong_encoding(tmp_path):
    file = tmp_path / "gaze.tsv"
    file.write_bytes(b"")
    with pytest.raises(DatasetError, match="the gaze file is empty. Export it again"):
        read_gaze(file, "tobii-pro")
    header = "Recording timestamp [ms]\tGaze point X\tGaze point Y\tEvent\n"
    file.write_text(header)
    with pytest.raises(DatasetError, match="holds no gaze sample"):
        read_gaze(file, "tobii-pro")
    file.write_bytes((header + "1\t2\t3\tPrüfung\n").encode("cp1252"))
    with pytest.raises(DatasetError, match=r"is no utf-8-sig text. .*--encoding, such as cp1252"):
        read_gaze(file, "tobii-pro")
    assert read_gaze(file, "tobii-pro", ReadOptions(encoding="cp1252")).events[0][1] == "Prüfung"
    file.write_text(header + "eleven\t2\t3\t\n")
    with pytest.raises(DatasetError, match=r"row 2: 'eleven' in the column .* is no time"):
        read_gaze(file, "tobii-pro")
    with pytest.raises(DatasetError, match="no gaze file is here"):
        read_gaze(tmp_path / "none.tsv", "tobii-pro")


def test_fillers_count_as_lost(video, tmp_path):
    time_us, x, y = recordings.samples()
    x, y = np.nan_to_num(x), np.nan_to_num(y)
    x[100:103] = y[100:103] = -1
    gaze = rows(tmp_path, time_us / 1000, x, y)
    quality = imported(tmp_path, video, gaze, changes=COLUMNS, **TABLE)
    assert quality.lost_to_fillers == 9
    assert "9 samples at exactly 0,0 or -1,-1 count as lost" in [f.text for f in quality.findings]


@pytest.mark.parametrize(
    ("header", "form", "words"),
    [
        ("gaze_timestamp,world_index,confidence,norm_pos_x,norm_pos_y", "pupil-surface", "scene"),
        ("timestamp [ns],gaze x [px],gaze y [px],worn", "neon-surface", "scene camera's picture"),
        ("fixation id,start timestamp [ns],fixation x [px],fixation y [px]", "neon-surface",
         "is a list of fixations, not of gaze samples. Export the gaze samples"),
        ("RECORDING_SESSION_LABEL,CURRENT_FIX_X,CURRENT_FIX_Y", "table", "a list of fixations"),
        ("MEDIA_ID,TIME(2026),FPOGX,FPOGY,FPOGS,FPOGD", "gazepoint", "is a list of fixations"),
        ("fixation_id,start_timestamp,duration,norm_pos_x,norm_pos_y,on_surf", "pupil-surface",
         "is a list of fixations"),
    ],
)  # fmt: skip
def test_what_is_refused_with_a_sentence(header, form, words, tmp_path):
    file = tmp_path / "gaze.csv"
    file.write_text(header + "\n1,2,3,4,5,6\n")
    with pytest.raises(DatasetError) as error:
        read_gaze(file, form)
    assert words in line(error)


def test_edf_and_spreadsheets_are_refused(tmp_path):
    file = tmp_path / "trial.edf"
    file.write_bytes(b"SR_RESEARCH_COMBINED_FILE")
    with pytest.raises(DatasetError, match="Run edf2asc on it"):
        read_gaze(file, "eyelink-asc")
    file = tmp_path / "gaze.xlsx"
    file.write_bytes(b"PK\x03\x04....")
    with pytest.raises(
        DatasetError, match="is a spreadsheet or an archive.*Export the gaze as TSV"
    ):
        read_gaze(file, "tobii-pro")


def test_degrees_without_geometry(video, tmp_path):
    gaze = recordings.bids(tmp_path, units="degree")
    with pytest.raises(ConfigError) as error:
        imported(tmp_path, video, gaze, gaze_format="bids", video_start_event=None, video_start="5")
    assert "degrees cannot be placed without the screen's geometry. Give --screen-size" in line(
        error
    )


def test_what_bids_files_may_lack(tmp_path):
    import json

    gaze = recordings.bids(tmp_path)
    sidecar = tmp_path / "task-scan_physio.json"
    good = json.loads(sidecar.read_text())
    for change, words in (
        ({"Columns": None}, "Columns is missing"),
        ({"SampleCoordinateSystem": "gaze-in-world"}, "are gaze-in-world, not on the screen"),
        ({"timestamp": {}}, "the clock has no unit. Say it with --time-unit"),
        ({"PhysioType": "generic"}, "PhysioType is generic"),
    ):
        sidecar.write_text(json.dumps({k: v for k, v in (good | change).items() if v is not None}))
        with pytest.raises(FusbenchError) as error:
            read_gaze(gaze, "bids")
        assert words in line(error)
    sidecar.write_text(json.dumps(good))
    raw = gaze.read_bytes()
    gaze.write_bytes(raw[:-20])
    with pytest.raises(DatasetError, match="is damaged or no gzip file"):
        read_gaze(gaze, "bids")


def test_an_unlabelled_clock_needs_its_unit(tmp_path):
    gaze = recordings.tobii_pro(tmp_path, label=False)
    with pytest.raises(ConfigError, match=r"the clock has no unit. Say it with --time-unit"):
        read_gaze(gaze, "tobii-pro")
    labelled = recordings.tobii_pro(tmp_path)
    with pytest.raises(ConfigError, match=r"the column's name says us, --time-unit says ms"):
        read_gaze(labelled, "tobii-pro", ReadOptions(time_unit="ms"))


def test_a_wrong_unit_is_noticed(video, tmp_path):
    gaze = recordings.tobii_pro(tmp_path, label=False)
    with pytest.raises(LowQuality, match="the time unit looks wrong"):
        imported(
            tmp_path, video, gaze, time_unit="ns", video_start_event=None, video_start="1500us"
        )


def test_normalised_read_as_pixels_and_the_reverse(video, tmp_path):
    _, x, y = recordings.samples()
    small = known_rows(tmp_path, x=(x / 1920)[np.isfinite(x)], y=(y / 1080)[np.isfinite(x)])
    with pytest.raises(LowQuality, match="shares of the screen, not pixels"):
        imported(tmp_path, video, small, changes=COLUMNS, **TABLE)
    large = known_rows(tmp_path)
    with pytest.raises(LowQuality, match="they are pixels, not shares of the screen"):
        imported(tmp_path, video, large, changes={**COLUMNS, "space": "normalised"}, **TABLE)


def test_a_mirrored_axis_is_noticed(tmp_path):
    """The picture is lit below only, and the gaze, on the lit part, is read upside down."""

    def lit_below(number):
        image = np.zeros((240, 320), np.uint8)
        image[150:230, 60:260] = 100 + number
        return image

    clear = recordings.write_video(tmp_path / "lit.mkv", "ffv1", "gray", make=lit_below)
    time_ms = np.arange(0, 2000, 10)
    x = np.linspace(70, 250, len(time_ms))
    y = 190 + 30 * np.sin(time_ms / 300)
    log = rows(tmp_path, time_ms, x, y)
    options = {**TABLE, "crop": None, "no_banner": "yes"}
    columns = {**COLUMNS, "space": "pixel"}
    with pytest.raises(LowQuality, match="y looks mirrored: 0% of the gaze is on the image"):
        imported(tmp_path, clear, log, changes={**columns, "origin": "bottom-left"}, **options)
    assert imported(tmp_path, clear, log, changes=columns, **options).refused == ()


def test_low_shares_refuse_unless_accepted(video, tmp_path):
    time_us, x, y = recordings.samples()
    x[60:180] = y[60:180] = np.nan
    lost = rows(tmp_path, time_us / 1000, x, y)
    with pytest.raises(LowQuality) as error:
        imported(tmp_path, video, lost, changes=COLUMNS, **TABLE)
    assert "only 3" in line(error)
    assert "% of the samples during the video are valid" in line(error)
    quality = imported(tmp_path, video, lost, "lost-gaze", changes=COLUMNS, **TABLE)
    assert not quality.refused
    assert [f.level for f in quality.findings if f.kind == "lost-gaze"] == ["warn"]
    beside = known_rows(tmp_path)
    with pytest.raises(LowQuality, match=r"only \d+% of the gaze lies in the image"):
        imported(tmp_path / "b", video, beside, changes=COLUMNS, **{**TABLE, "crop": "40,30,40,30"})


def test_frozen_frames_gaps_and_blinks_are_told(tmp_path):
    def frozen(number):
        return recordings.picture(min(number, 30) if number < 50 else number)

    film = recordings.write_video(tmp_path / "f.mkv", "ffv1", "gray", make=frozen)
    gaze = recordings.eyelink(tmp_path)
    quality = imported(
        tmp_path, film, gaze, gaze_format="eyelink-asc", video_start_event="VIDEO_START"
    )
    assert quality.unchanged == round(19 / 60, 4)
    assert quality.longest_freeze_s == pytest.approx(
        (recordings.FRAME_MS[50] - 1023) / 1e3, abs=1e-3
    )
    assert quality.blinks == 1
    assert quality.claimed_rate_hz == 90
    time_us, x, _ = recordings.samples()
    seen = {recordings.frame_at(t / 1e6) for t, a in zip(time_us, x, strict=True) if a == a}
    assert quality.frames_without_gaze == len(set(range(60)) - seen) == 1
    assert any("a step of" not in f.text and "stands still for" in f.text for f in quality.findings)


def test_blink_margins_drop_what_is_near(video, tmp_path):
    gaze = recordings.eyelink(tmp_path)
    options = {"gaze_format": "eyelink-asc", "video_start_event": "VIDEO_START"}
    plain = imported(tmp_path, video, gaze, **options)
    (tmp_path / "b").mkdir()
    wide = imported(tmp_path / "b", video, gaze, **options, blink_margin="50")
    assert wide.valid < plain.valid
    assert wide.frames_without_gaze > plain.frames_without_gaze


def test_eyelink_events_without_samples(tmp_path):
    file = tmp_path / "events.asc"
    file.write_text("START\t1\tLEFT\tEVENTS\nEFIX L 1 2 3 4 5 6\nEND\t9\n")
    with pytest.raises(DatasetError, match="events but no gaze sample. Run edf2asc without its"):
        read_gaze(file, "eyelink-asc")


def test_damaged_eyelink_lines(tmp_path):
    gaze = recordings.eyelink(tmp_path)
    text = gaze.read_text()
    gaze.write_text(text.replace("\t   .\t   .\t0.0\t  127.0", "\t   .", 1))
    with pytest.raises(DatasetError, match=r"trial.asc, line \d+: the line is damaged"):
        read_gaze(gaze, "eyelink-asc")
    gaze.write_text(text.replace("SAMPLES\tGAZE", "SAMPLES\tHREF"))
    with pytest.raises(DatasetError, match="the samples are HREF, not gaze on the screen"):
        read_gaze(gaze, "eyelink-asc")
    gaze.write_text(text)
    with pytest.raises(ConfigError, match="the left eye was not recorded. Leave out --eye, or use"):
        read_gaze(gaze, "eyelink-asc", ReadOptions(eye="left"))
    gaze.write_text("nothing of the kind\n")
    with pytest.raises(DatasetError, match="is no EyeLink recording with gaze samples"):
        read_gaze(gaze, "eyelink-asc")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"crop": "300,0,100,100"}, "the crop 300,0,100,100 leaves the 320 x 240 picture"),
        ({"crop": "0.5,0,100,100"}, "the crop 0.5,0,100,100 cuts pixels"),
        ({"crop": "1,2,3"}, "is not X,Y,W,H"),
        ({"crop": "region"}, "the video declares no ultrasound region"),
        ({"display_rect": None}, "where on the screen the video was shown is not said"),
        ({"screen_size": None}, "the size of the screen is not known"),
        ({"scan": "a b"}, "the scan 'a b' is no identifier"),
        ({"split": "dev"}, "no split is called 'dev'"),
        ({"gaze_format": "tobi-pro"}, "Did you mean 'tobii-pro'"),
        ({"video_start": "soon"}, "'soon' is no time"),
        ({"frame_rate": "0"}, "the frame rate '0' is none"),
        ({"video_start_event": "("}, "is no regular expression"),
        ({"space": "scren"}, "Did you mean 'screen'"),
        ({"blink_margin": "x"}, "'x' is no time"),
        ({"video_start": "1.5"}, "the video starts twice. Give the time or the event."),
    ],
)
def test_impossible_options(change, words, video, tmp_path):
    with pytest.raises(FusbenchError) as error:
        imported(tmp_path, video, recordings.tobii_pro(tmp_path), **change)
    assert words in line(error)
    assert not (tmp_path / "out").exists()


def test_mappings_are_checked(tmp_path):
    log = known_rows(tmp_path)
    for changes, words in (
        ({"tiem": "t [ms]"}, "the key 'tiem' is unknown. Did you mean 'time'"),
        ({"time": "clock"}, "no column holds the time; looked for clock"),
        ({"time": "t [ms]"}, "the mapping names no column for the gaze"),
        ({**COLUMNS, "space": ""}, "what the coordinates mean is not said"),
        ({**COLUMNS, "valid": "x above 3"}, "the rule 'x above 3' cannot be read"),
        ({**COLUMNS, "y": ["y", "z"]}, "as many candidates for y as for x"),
    ):
        with pytest.raises(FusbenchError) as error:
            read_gaze(log, "table", ReadOptions(mapping=changes))
        assert words in line(error)


def test_manifests(video, tmp_path):
    gaze = recordings.tobii_pro(tmp_path)
    other = recordings.write_video(tmp_path / "other.mkv", "ffv1", "gray")
    sheet = tmp_path / "pairs.csv"
    head = "scan,video,gaze,gaze-format,crop,video_start_event,split\n"
    crop = '"40,30,240,180"'
    sheet.write_text(
        head
        + f"S01,{video},{gaze.name},tobii-pro,{crop},VideoStimulusStart,val\n"
        + f"S02,{other.name},{gaze.name},,{crop},VideoStimulusStart,\n"
    )
    defaults = {
        "screen_size": "1920,1080", "display_rect": "fit", "gaze_format": "tobii-pro",
        "accept": "shared-gaze",
    }  # fmt: skip
    rows = read_manifest(sheet, defaults)
    pairs = [row.pairing for row in rows]
    found = import_recordings(tmp_path / "out", pairs, Study(clip_length=30))
    assert [quality.scan for quality in found] == ["S01", "S02"]
    from fusbench.data.dataset import open_dataset

    clips = open_dataset(tmp_path / "out").clips
    assert [(c.clip_id, c.split) for c in clips] == [
        ("S01-001", "val"), ("S01-002", "val"), ("S02-001", "train"), ("S02-002", "train"),
    ]  # fmt: skip
    for text, words in (
        (head, "holds no row"),
        (head.replace("gaze-format", "format"), "holds no row"),
        (
            head.replace("crop", "corp") + "S01,a,b,c,d,e,train\n",
            "no column of a manifest is called 'corp'",
        ),
        (head + "S01,a,b,tobii-pro,1,e,train\n", "pairs.csv, row 2: region or rectangle '1'"),
        (head + "S01,,b,tobii-pro,,e,train\n", "row 2: the video is missing"),
    ):
        sheet.write_text(text)
        with pytest.raises(FusbenchError) as error:
            for row in read_manifest(sheet):
                raise row.error
        assert words in line(error)


def test_a_missing_file_of_the_last_recording_is_told_before_the_first_is_read(video, tmp_path):
    gaze = recordings.tobii_pro(tmp_path)
    texts = {**BASE, "video": str(video), "gaze": str(gaze)}
    pairings = [pairing_of(texts), pairing_of({**texts, "scan": "S02", "gaze": "nowhere.tsv"})]
    told = []
    with pytest.raises(DatasetError, match="scan 'S02', nowhere.tsv: no gaze file is here"):
        import_recordings(tmp_path / "out", pairings, report=lambda *step: told.append(step))
    assert told == []


def test_the_same_video_does_not_come_in_twice(video, tmp_path):
    gaze = recordings.tobii_pro(tmp_path)
    imported(tmp_path, video, gaze)
    with pytest.raises(DatasetError, match="this video is in the data set already, as scan 'S01'"):
        imported(tmp_path, video, gaze, scan="S02")
    other = recordings.write_video(tmp_path / "other.mkv", "ffv1", "gray")
    with pytest.raises(ConfigError, match="differ in shape. Choose a crop of the frame's"):
        imported(tmp_path, other, gaze, scan="S02", crop="40,30,200,200")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(FusbenchError, match="exists and holds no data set"):
        import_recordings(
            tmp_path / "full", [pairing_of({**BASE, "video": str(video), "gaze": str(gaze)})]
        )
    assert (tmp_path / "full" / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize(("package", "name"), [("av", "a.mp4"), ("pydicom", "a.dcm")])
def test_missing_libraries_say_what_to_install(package, name, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / name).write_bytes(b"something" * 50)
    with pytest.raises(Missing) as error:
        open_source(tmp_path / name)
    assert f"the package '{package}' is not installed" in line(error)
    assert "From a clone of fusbench: pip install '.[import]'." in str(error.value)


def test_a_copy_of_a_video_or_of_its_gaze_is_told(video, tmp_path):
    gaze = recordings.tobii_pro(tmp_path)
    copies = [tmp_path / f"copy{video.suffix}", tmp_path / "copy.tsv"]
    for source, copy in zip((video, gaze), copies, strict=True):
        copy.write_bytes(source.read_bytes())
    first = {**BASE, "video": str(video), "gaze": str(gaze), "observer": "anna"}
    with pytest.raises(DatasetError) as error:
        changes = {"observer": "ben"}
        import_recordings(tmp_path / "out", [pairing_of(first), pairing_of({**first, **changes})])
    assert "its gaze file is that of observer 'anna' too" in line(error)
    changes = {"observer": "ben", "video": str(copies[0]), "gaze": str(copies[1])}
    found = import_recordings(
        tmp_path / "out", [pairing_of(first), pairing_of({**first, **changes})],
        Study(clip_length=60),
    )  # fmt: skip
    told = [f.text for f in found[1].findings if f.level == "warn"]
    of = "is a copy of that of scan 'S01', observer 'anna': is the path right?"
    assert told == [f"its video {of}", f"its gaze {of}"]
    assert not [f for f in found[0].findings if f.level == "warn"]
    assert len(list((tmp_path / "out").rglob("*.npy"))) == 1  # the frames are stored once
