"""What can be wrong with a file of gaze: one line each."""

import numpy as np
import pytest
from support import recordings
from support.imported import COLUMNS, TABLE, imported, known_rows, line, rows

from fusbench.errors import ConfigError, DatasetError, FusbenchError
from fusbench.importing.gaze_file import read_gaze
from fusbench.importing.recording import ReadOptions


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
    assert "1 sample with a repeated time was dropped" in [f.text for f in quality.findings]
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
