"""Neighbours of the handed cases: gaze as other programs write it, and what is judged of it.

Each right value is read off the few rows that a test writes, by hand.
"""

import json
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from support import recordings
from support.gaze_texts import MS, ONE, SILENT, pairing, read, told

from fusbench.errors import ConfigError, DatasetError
from fusbench.footage.box import Box
from fusbench.footage.crops import constant
from fusbench.footage.pictures import open_pictures
from fusbench.footage.rows import read_rows
from fusbench.importing.clip_files import Stored, write_clips
from fusbench.importing.findings import judge
from fusbench.importing.gaze_file import read_gaze
from fusbench.importing.placing import screen_remarks, view_of
from fusbench.importing.quality import Evidence
from fusbench.importing.recording import GazeRecording, ReadOptions

EYES = {"time": "t", "left_x": "lx", "left_y": "ly", "right_x": "rx", "right_y": "ry"}


@pytest.mark.parametrize(
    "lost", ["0,0", "0.00,0.00", "-1,-1", "-999,-999", "-9999,-9999", "1e8,1e8"]
)
def test_an_eye_at_a_filler_is_lost_and_not_averaged(lost, tmp_path):
    rows = f"t,lx,ly,rx,ry\n0,100,50,104,54\n10,{lost},300,60\n20,100,50,{lost}\n30,{lost},{lost}\n"
    gaze = read(tmp_path, rows, {**EYES, "space": "screen"})
    assert np.array_equal(gaze.x, [102, 300, 100, np.nan], equal_nan=True)
    assert np.array_equal(gaze.y, [52, 60, 50, np.nan], equal_nan=True)
    assert "of the left 2, of the right 2 lie at a filler" in gaze.eyes


def test_both_eyes_of_smi_are_averaged_where_both_are_seen(tmp_path):
    head = "## Calibration Area:\t1920\t1080\nTime\tType\tTrial\t"
    for names in ("L POR", "Point of Regard Left"):
        other = names.replace("Left", "Right").replace("L ", "R ")
        columns = "\t".join(f"{eye} {axis} [px]" for eye in (names, other) for axis in "XY")
        rows = "1000\tSMP\t1\t0.00\t0.00\t700\t300\n12000\tSMP\t1\t100\t50\t104\t54\n"
        gaze = read(tmp_path, f"{head}{columns}\n{rows}", {}, "smi", time_unit="")
        assert (gaze.x.tolist(), gaze.y.tolist()) == ([700, 102], [300, 52])
        assert gaze.screen == (1920, 1080)


def test_a_column_that_stands_twice_is_told(tmp_path):
    gaze = read(tmp_path, "t,x,y,x\n0,1,2,9\n10,3,4,9\n")
    assert gaze.x.tolist() == [1, 3]
    assert "'x' stands in the header more than once: the first one was taken" in told(gaze)


def test_a_rule_of_which_a_column_is_missing_is_told(tmp_path):
    rows = "gaze_timestamp,x_norm,y_norm,on_surf\n0,0.5,0.5,True\n1,0.5,0.5,False\n"
    gaze = read(tmp_path, rows, {}, "pupil-surface", time_unit="")
    assert np.isfinite(gaze.x).tolist() == [True, False]
    assert "no column 'confidence'" in told(gaze)


@pytest.mark.parametrize(
    ("keep", "what", "cure"),
    [
        ("kind is gaze", "no row holds gaze: 'kind' says 'eye', 'mouse'", "--map keep='kind is"),
        ("sort is eye", "rule of the rows to keep; looked for sort", "the file has t, x, y, kind"),
    ],
)
def test_a_rule_that_keeps_nothing_says_what_is_there(keep, what, cure, tmp_path):
    with pytest.raises((DatasetError, ConfigError)) as error:
        read(tmp_path, "t,x,y,kind\n0,1,2,eye\n5,,,mouse\n10,3,4,eye\n", {**ONE, "keep": keep})
    assert what in str(error.value)
    assert cure in str(error.value)


@pytest.mark.parametrize(
    ("units", "space"),
    [(("pixel", "pixel"), "screen"), (("Normalized", "normalized"), "normalised"),
     (("n/a", None), "screen"), (("mm", "mm"), ""), (("pixel", "degree"), ""),
     (("rad", "rad"), "")],
)  # fmt: skip
def test_units_of_bids_are_known_or_asked_for(units, space, tmp_path):
    file = recordings.bids(tmp_path)
    header = tmp_path / "task-scan_physio.json"
    described = {
        f"{axis}_coordinate": {"Units": unit} for axis, unit in zip("xy", units, strict=True)
    }
    header.write_text(json.dumps({**json.loads(header.read_text()), **described}))
    if space:
        assert read_gaze(file, "bids").space == space
        return
    with pytest.raises(ConfigError, match=r"Units are '.*--space"):
        read_gaze(file, "bids")
    assert read_gaze(file, "bids", ReadOptions(space="screen")).space == "screen"


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [("g.csv.gz", b"\x1f\x8b\x08\0", "gunzip"), ("g.pkl", b"\x80\x04\x95", "to_csv"),
     ("g.db", b"SQLite format 3\0", "CSV"), ("g.jsonl", b'{"t": 1}\n', "a row each")],
)  # fmt: skip
def test_what_is_no_table_is_named_with_its_remedy(name, content, what, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DatasetError, match=what):
        read_gaze(tmp_path / name, "table", ReadOptions(mapping=ONE))


def test_a_short_table_may_be_utf_16(tmp_path):
    (tmp_path / "a.csv").write_text("video\tgaze\n0\t10\n", encoding="utf-16")
    found = read_rows(
        tmp_path / "a.csv", lambda c: tuple(map(float, c)), what="", option="", fix=""
    )
    assert found == ((0, 10),)


def judged(time_ms, x=None, space="pixel", end_ms=2000, duplicates=0):
    """Findings above a note of gaze on 50 frames of 40 ms, all of it lit."""
    x = np.full(len(time_ms), 30.0) if x is None else x
    time_ns = np.rint(np.asarray(time_ms) * MS).astype(np.int64)
    gaze = GazeRecording(time_ns=time_ns, x=x, y=x, space=space, duplicates=duplicates)
    evidence = Evidence(
        scan="S1", gaze=gaze, time_ns=time_ns, x_px=np.full(len(x), 30.0),
        y_px=np.full(len(x), 30.0), frame_ns=np.arange(0, end_ms, 40) * MS, end_ns=end_ms * MS,
        clips=1, clip_frames=end_ms // 40, unchanged=np.zeros(end_ms // 40, bool),
        most_frame=np.full((60, 60), 200, np.uint8), declared_ns=end_ms * MS,
    )  # fmt: skip
    return [f"{f.level}: {f.text}" for f in judge(evidence).findings if f.level != "note"]


TRUE_MS = np.arange(180) / 90 * 1000


@pytest.mark.parametrize(
    ("time_ms", "word"),
    [
        (TRUE_MS, ""),
        (np.rint(TRUE_MS), ""),
        (np.rint(TRUE_MS / 10) * 10, "steps of 10 ms, and samples come every"),
        (np.rint(np.rint(TRUE_MS * 0.128) / 0.128), "steps of 7."),  # 7.8 ms, written in whole ms
        (np.floor(np.arange(120) / 60 * 64) / 64 * 1000, "steps of 15.6 ms"),  # Windows' usual tick
        (np.delete(np.arange(0, 2000, 10), [5, 9, 40, 77, 120, 190]), ""),  # 100 Hz, some lost
    ],
)
def test_a_clock_coarser_than_its_samples_is_told(time_ms, word):
    found = judged(time_ms)
    assert len(found) == bool(word)
    assert word in "".join(found)


def test_many_samples_of_one_time_are_told():
    assert judged(TRUE_MS, duplicates=9) == []
    assert judged(TRUE_MS, duplicates=10) == ["warn: 10 samples with a repeated time were dropped"]


def test_gaze_that_covers_a_part_of_the_video_is_told():
    (found,) = judged(TRUE_MS + 800)
    assert "40% of the frames have no gaze sample: it runs from 0.80 to 2.79 s of the" in found


def test_gaps_in_the_gaze_of_a_whole_video_are_no_end_of_it():
    within = np.delete(TRUE_MS, slice(60, 90))
    (found,) = [line for line in judged(within) if "no gaze sample" in line]
    assert found.endswith("of the frames have no gaze sample: there are gaps in it")


def test_percent_of_the_screen_are_no_pixels():
    percent = np.linspace(20, 90, 180)
    assert "percent of the screen" in judged(TRUE_MS, percent, "screen")[0]
    assert judged(TRUE_MS, percent * 10, "screen") == []
    assert judged(TRUE_MS, percent) == []  # of a small picture


@pytest.mark.parametrize(
    ("told_by_file", "given", "rect", "words"),
    [
        ((1920, 1080), None, "fit", []),
        ((1919, 1080), (1920, 1080), "fit", []),
        ((1920, 1080), (1280, 720), "fit", ["1920 x 1080, and 1280 x 720 was given"]),
        (None, (1920, 1080), "full", ["1.33 times as wide", "shows it on 240,0,1440,1080 ('fit')"]),
        (None, (1920, 1080), Box(240, 0, 1440, 1080), []),
        (None, (1280, 720), Box(240, 0, 1440, 1080), ["leaves the screen of 1280 x 720 by 400"]),
    ],
)
def test_a_screen_that_contradicts_the_files_is_told(told_by_file, given, rect, words):
    gaze = replace(SILENT, space="screen", screen=told_by_file)
    footage = SimpleNamespace(shape=(240, 320), pixel_aspect=1)
    asked = pairing(screen=given, display_rect=rect)
    view = view_of(asked, gaze, footage, (Box(0, 0, 320, 240),), (240, 320))
    found = " ".join(f.text for f in screen_remarks(asked, gaze, footage, view))
    assert all(word in found for word in words)
    assert bool(found) == bool(words)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("f8", "f9", "f10"), []),
        (("f10", "f20", "f30"), []),  # every tenth
        (("f8", "f9", "f12"), ["2 numbers are missing", "after 'f9.png'"]),
        (("f10", "f20", "f40"), ["1 number is missing", "after 'f20.png'"]),
        (("a1", "b3", "c9"), []),
    ],
)
def test_pictures_that_are_missing_are_told(names, words, tmp_path):
    for name in names:
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.zeros((2, 3), np.uint8))
    remarks = open_pictures(tmp_path, Fraction(10)).remarks
    assert len(remarks) == bool(words)
    assert all(word in remarks[0][1] for word in words)


def test_every_second_frame_of_a_part_begins_with_its_first(tmp_path):
    shown = ((40 * n * MS, np.full((4, 6), n, np.uint8)) for n in range(50))
    footage = SimpleNamespace(facts={}, held_ns=[], declared_ns=None, step_ns=None)
    kept, crops = Stored(size=(4, 6), every=2), constant(Box(0, 0, 6, 4))
    (tmp_path / "frames").mkdir()
    part = (1000 * MS, 1400 * MS)  # frames 25 to 34
    written = write_clips(footage, shown, "v", crops, kept, tmp_path, "S1", 1, part)
    assert [time // (40 * MS) for time in written.times] == [25, 27, 29, 31, 33]
    assert np.load(written.clips[0].path)[:, 0, 0].tolist() == [25, 27, 29, 31, 33]


def test_a_last_frame_that_is_cut_short_does_not_raise_the_rate():
    gaze = replace(SILENT, time_ns=np.array([0, 10]) * MS, x=np.ones(2), y=np.ones(2))
    evidence = Evidence(
        scan="S1", gaze=gaze, time_ns=gaze.time_ns, x_px=gaze.x, y_px=gaze.y,
        frame_ns=np.arange(5) * 80 * MS, end_ns=360 * MS, clips=1, clip_frames=5,
        unchanged=np.zeros(5, bool), most_frame=np.full((4, 6), 200, np.uint8), declared_ns=None,
    )  # fmt: skip
    assert judge(evidence).frame_rate_hz == 12.5
