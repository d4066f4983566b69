"""Times as other programs write them; each right value is worked by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
from support import recordings
from support.gaze_texts import MS, ONE, pairing, read, told

from fusbench.errors import ConfigError, DatasetError
from fusbench.footage.clock import parse_time
from fusbench.importing.gaze_file import read_gaze
from fusbench.importing.numbered import times_of_frames


@pytest.mark.parametrize(
    ("cells", "unit", "right_ms", "word"),
    [
        (("999", "1,010", "1,020.5"), "ms", (999, 1010, 1020.5), "as in '1,010'"),
        (("9,444", "9,455", "10,001"), "ms", (9444, 9455, 10001), "as in '9,444'"),
        (("9,444", "9,455", "10,001"), "s", (9444, 9455, 10001), ""),
        (("9.444,5", "9.455,5", "10.001,5"), "ms", (9444.5, 9455.5, 10001.5), "as in"),
        (("1.444.000", "1.455.000", "2.001.000"), "us", (1444, 1455, 2001), "as in"),
        (("1 444 000", "1 455 000", "2 001 000"), "us", (1444, 1455, 2001), "as in"),
        (("12,5", "13,25", "1444,125"), "ms", (12.5, 13.25, 1444.125), ""),
        (("01:10.5", "01:10.75", "01:11"), "", (70_500, 70_750, 71_000), ""),
        (("00:59.5", "1:00.5", "61:00.5"), "", (59_500, 60_500, 3_660_500), ""),
        (("23:59:59.5", "00:00:00.5", "00:00:01"), "",
         (86_399_500, 86_400_500, 86_401_000), "passes midnight"),
        (("11:59:59.5 AM", "12:00:00.5 PM", "1:00:00 pm"), "",
         (43_199_500, 43_200_500, 46_800_000), ""),
        (("14.11.2023 22:13:20", "14.11.2023 22:13:20.5", "14.11.2023 22:13:21"), "",
         (1_700_000_000_000, 1_700_000_000_500, 1_700_000_001_000), ""),
    ],
)  # fmt: skip
def test_times_are_read_as_programs_write_them(cells, unit, right_ms, word, tmp_path):
    rows = "".join(f"{cell}\t10\t20\n" for cell in cells)
    gaze = read(tmp_path, f"t\tx\ty\n{rows}", time_unit=unit)
    assert gaze.time_ns.tolist() == [round(time * MS) for time in right_ms]
    assert word in told(gaze)
    assert word or not told(gaze)


def test_frames_of_a_timecode_are_no_fraction_of_a_second(tmp_path):
    with pytest.raises(ConfigError, match="'10:00:04:12' in the column 't' is no time"):
        read(tmp_path, "t,x,y\n10:00:04:12,1,2\n", time_unit="")
    with pytest.raises(ConfigError, match="'10:00:04:12' is no time"):
        parse_time("10:00:04:12")


def test_a_date_that_can_be_read_in_two_ways_is_shown(tmp_path):
    with pytest.raises(ConfigError, match=r"'01/02/2023 10:00:00' in the column 't'.*2026-01-31"):
        read(tmp_path, "t,x,y\n01/02/2023 10:00:00,1,2\n", time_unit="")


def test_events_of_one_file_pass_midnight_with_its_samples(tmp_path):
    rows = "23:59:59.9,1,2,\n00:00:00,,,VIDEO\n00:00:00.1,1,2,\n"
    gaze = read(tmp_path, f"t,x,y,e\n{rows}", {**ONE, "event": "e"}, time_unit="")
    assert gaze.events == ((86_400_000 * MS, "VIDEO"),)


@pytest.mark.parametrize("empty", ["", "NaN", "n/a"])
def test_gaze_without_a_time_is_counted(empty, tmp_path):
    gaze = read(tmp_path, f"t,x,y\n0,1,2\n{empty},3,4\n{empty},,\n10,5,6\n")
    assert gaze.x.tolist() == [1, 5]
    assert "1 row with gaze tells no time and was left out" in told(gaze)


def test_the_two_clocks_of_tobii_studio_are_compared(tmp_path):
    head = "RecordingTimestamp\tEyeTrackerTimestamp\tGazePointX (ADCSpx)\tGazePointY (ADCSpx)"
    rows = "".join(f"{n}\t{1001 * n}\t5\t6\n" for n in range(0, 5000, 10))  # ms, and us 0.1 % fast
    gaze = read(tmp_path, f"{head}\n{rows}", {}, "tobii-pro", time_unit="")
    assert gaze.drift_ppm == pytest.approx(1000, abs=1)


def test_a_damaged_time_of_eyelink_is_one_line(tmp_path):
    file = recordings.eyelink(tmp_path)
    lines = file.read_text().split("\n")
    at = next(n for n, line in enumerate(lines) if line[:1].isdigit())
    lines[at] = "1.001,09\t" + lines[at].split("\t", 1)[1]
    file.write_text("\n".join(lines))
    with pytest.raises(DatasetError, match=f"line {at + 1}: the line is damaged"):
        read_gaze(file, "eyelink-asc")


def test_samples_of_no_frame_are_told_and_move_none(tmp_path):
    mapping = {"frame": "n", "x": "x", "y": "y", "space": "pixel"}
    gaze = read(tmp_path, "n,x,y\nn/a,1,1\n0,2,2\n0,3,3\n2,4,4\n-1,5,5\n", mapping)
    assert gaze.frame.tolist() == [-1, 0, 0, 2, -1]
    written = SimpleNamespace(all_ns=np.array([0, 40, 80]) * MS, whole_ns=120 * MS)
    time_ns, remarks = times_of_frames(pairing(), gaze.frame, written)
    assert (time_ns[1:4] // MS).tolist() == [10, 30, 100]  # a quarter, three quarters, the middle
    assert (time_ns[[0, 4]] < 0).all()
    assert "2 samples fall to no frame" in [remark.text for remark in remarks]
