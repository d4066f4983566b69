"""Kinds that stand near a handed case and went wrong: each right value is worked by hand."""

import pytest
from support import recordings
from support.gaze_texts import MS, SILENT, pairing, read, told
from support.imported import BASE, imported, line

from fusbench.errors import ConfigError, DatasetError
from fusbench.importing.anchoring import anchors_of
from fusbench.importing.bids import read_bids
from fusbench.importing.events import read_events
from fusbench.importing.manifest import read_manifest
from fusbench.importing.pairing import pairing_of
from fusbench.importing.recording import ReadOptions
from fusbench.importing.study import import_recordings

ONE_EYE = "START\t{0}\t{1}\nSAMPLES\tGAZE\t{1}\tRATE\t{2}\n"


def asc(folder, text, encoding="utf-8", **options):
    return read(folder, text, {}, "eyelink-asc", "t.asc", encoding, time_unit="", **options)


@pytest.mark.parametrize("cells", [("998", "1.003", "999", "997"), ("998", "1,003", "999", "997")])
def test_whole_pixels_with_thousands_of_either_kind(cells, tmp_path):
    rows = "".join(f"{n}0\t{cell}\t500\n" for n, cell in enumerate(cells, start=1))
    gaze = read(tmp_path, f"t\tx\ty\n{rows}")
    assert gaze.x.tolist() == [998, 1003, 999, 997]
    assert f"separates thousands, as in '{cells[1]}'" in told(gaze)


@pytest.mark.parametrize(
    "cells",
    [("1.003", "2.5", "7", "8", "9"), ("0.125", "7", "8", "9"), ("1.003", "1.250", "0", "-1")],
)  # fmt: skip
def test_decimals_beside_whole_numbers_separate_nothing(cells, tmp_path):
    rows = "".join(f"{n}0\t{cell}\t500\n" for n, cell in enumerate(cells, start=1))
    assert read(tmp_path, f"t\tx\ty\n{rows}").x.tolist() == [*map(float, cells)]


def test_a_block_at_2_khz_after_a_longer_one_at_1_khz(tmp_path):
    slow = "".join(f"{1000 + n}\t{n}\t50\t900\n" for n in range(40))
    fast = "".join(f"{2000 + n // 2}\t{n}\t50\t900\n" for n in range(10))
    head = ONE_EYE.format(1000, "RIGHT", 1000), ONE_EYE.format(2000, "RIGHT", 2000)
    gaze = asc(tmp_path, head[0] + slow + head[1] + fast)
    assert (gaze.time_ns[40:] / MS).tolist() == [2000 + n / 2 for n in range(10)]
    assert gaze.duplicates == 0
    assert len(gaze) == 50


def test_the_eye_that_changes_between_blocks_is_told(tmp_path):
    left = ONE_EYE.format(1000, "LEFT", 500) + "1000\t10\t50\t900\n1002\t11\t50\t900\n"
    right = ONE_EYE.format(2000, "RIGHT", 500) + "2000\t20\t50\t900\n"
    gaze = asc(tmp_path, left + right)
    assert gaze.eyes == "mean of both eyes in no samples, left eye alone in 2, right eye alone in 1"
    assert asc(tmp_path, left + right, eye="left").valid.tolist() == [True, True, False]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_eyelink_in_other_encodings(encoding, tmp_path):
    text = "MSG\t900 DISPLAY_COORDS 0 0 1919 1079\n" + ONE_EYE.format(1000, "LEFT", 500)
    gaze = asc(tmp_path, text + "1000\t10\t50\t900\n", encoding)
    assert gaze.screen == (1920, 1080)
    assert gaze.x.tolist() == [10]


def test_samples_of_begaze_have_their_own_clock(tmp_path):
    head = "RecordingTime [ms]\tPoint of Regard Right X [px]\tPoint of Regard Right Y [px]\n"
    gaze = read(tmp_path, head + "5.5\t700\t300\n16.5\t-\t-\n", {}, "smi", time_unit="")
    assert gaze.time_ns.tolist() == [5_500_000, 16_500_000]
    assert gaze.valid.tolist() == [True, False]


def test_an_event_of_neon_has_its_name_once(tmp_path):
    (tmp_path / "e.csv").write_text("recording id,timestamp [ns],name,type\nr,10,video,cloud\n")
    assert read_events(tmp_path / "e.csv", SILENT) == ((10, "video"),)


@pytest.mark.parametrize(
    "text",
    [
        "0,10\n3,13.03\n", "video,gaze\n0s,10s\n3s,13.03s\n", "# lab\ngaze,video\n10,0\n13.03,3\n",
        "video [ms],gaze [ms]\n0,10000\n3000,13030\n", "gaze [ms];video [s]\n10000;0\n13030;3\n",
    ],
)  # fmt: skip
def test_anchors_say_in_their_header_which_clock_is_which(text, tmp_path):
    (tmp_path / "a.csv").write_text(text)
    found = anchors_of(pairing(anchors=tmp_path / "a.csv"), SILENT)
    assert sorted(found.pairs) == [(10_000 * MS, 0), (13_030 * MS, 3_000 * MS)]


def test_a_row_of_three_times_is_no_pair(tmp_path):
    (tmp_path / "a.csv").write_text("video,gaze\n0,10,20\n")
    with pytest.raises(DatasetError, match="row 2: is no pair of times"):
        anchors_of(pairing(anchors=tmp_path / "a.csv"), SILENT)


def test_a_clock_slower_than_can_be_is_one_line(video, tmp_path):
    file = recordings.tobii_pro(tmp_path, label=False)
    with pytest.raises(DatasetError) as error:
        imported(tmp_path, video, file, time_unit="s")
    assert "the gaze would come at 0 samples a second: the time unit looks wrong" in line(error)


def test_a_column_of_a_manifest_stands_once(tmp_path):
    (tmp_path / "m.csv").write_text("scan,video,gaze,gaze_format,scan\nA,v,g,table,B\n")
    with pytest.raises(ConfigError, match="the column 'scan' stands in the header twice"):
        read_manifest(tmp_path / "m.csv")


def test_another_observer_adds_no_clip(video, tmp_path):
    file = recordings.tobii_pro(tmp_path)
    texts = {**BASE, "video": str(video), "gaze": str(file)}
    one = import_recordings(tmp_path / "out", [pairing_of({**texts, "observer": "A"})])
    copy = tmp_path / "copy.tsv"
    copy.write_bytes(file.read_bytes())
    two = [pairing_of({**texts, "gaze": str(copy), "observer": "B"})]
    assert (one.clips, import_recordings(tmp_path / "out", two).clips) == (1, 0)


def test_an_origin_of_n_a_is_the_usual_one(tmp_path):
    file = recordings.bids(tmp_path)
    events = tmp_path / "task-scan_events.json"
    events.write_text(events.read_text().replace('"top", "left"', '"n/a", "n/a"'))
    assert read_bids(file, "bids", ReadOptions()).origin == "top-left"
