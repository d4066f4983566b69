"""The handed manifests: what comes in, what is refused, and that all of it is told at once."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from fusbench.data.dataset import open_dataset
from fusbench.importing.manifest import read_manifest
from fusbench.importing.pairing import pairing_of
from fusbench.importing.preflight import Failed
from fusbench.importing.study import import_recordings

CASES = Path(__file__).parent / "cases"


def rows_of(name):
    return read_manifest(CASES / "manifest" / name)


def test_two_observers_share_the_frames_and_blank_rows_are_none(tmp_path):
    pairings = [row.pairing for row in rows_of("two_observers.csv")]
    found = import_recordings(tmp_path / "two", pairings)
    assert [quality.observer for quality in found] == ["1", "2"]
    dataset = open_dataset(tmp_path / "two")
    assert [clip.n_frames for clip in dataset.clips] == [60]
    (clip,) = dataset.clips
    assert np.unique(clip.gaze.observer_id, return_counts=True)[1].tolist() == [216, 216]
    (row,) = rows_of("blank_row.csv")
    assert import_recordings(tmp_path / "one", [row.pairing])[0].frames == 60


def test_a_manifest_is_imported_by_its_path(tmp_path):
    told = import_recordings(tmp_path / "a", CASES / "manifest/two_observers.csv")
    rows = rows_of("two_observers.csv")
    assert told == import_recordings(tmp_path / "b", [row.pairing for row in rows])
    assert told.frame[["scan", "observer", "frames"]].to_numpy().tolist() == [
        ["S0", "1", 60], ["S0", "2", 60],
    ]  # fmt: skip
    for report in told:
        for finding in report.findings:
            assert finding.text in told._repr_html_()
    data = [open_dataset(tmp_path / name) for name in ("a", "b")]
    assert data[0].fingerprint("train") == data[1].fingerprint("train")


def test_rows_of_a_manifest_that_describe_nothing_are_told_with_those_that_cannot_come_in(tmp_path):
    shutil.copytree(CASES / "manifest", tmp_path / "m")
    sheet = tmp_path / "m" / "two_bad_rows.csv"
    sheet.write_text(sheet.read_text() + "S3,v00.mp4,g00.csv,table,m.toml,10s,somewhere\n")
    with pytest.raises(Failed, match="3 of 4 recordings cannot come in") as error:
        import_recordings(tmp_path / "out", sheet)
    where = [str(one).partition("row ")[2][:1] for one in error.value.errors]
    assert where == ["5", "3", "4"]
    assert not (tmp_path / "out").exists()
    done = import_recordings(tmp_path / "out", sheet, keep_going=True)
    assert [quality.scan for quality in done] == ["S0"]
    assert len(done.errors) == 3


def test_all_errors_of_a_manifest_are_told_at_once_and_good_rows_can_come_in(tmp_path):
    pairings = [row.pairing for row in rows_of("two_bad_rows.csv")]
    with pytest.raises(Failed) as error:
        import_recordings(tmp_path / "out", pairings)
    told = [str(one) for one in error.value.errors]
    assert "row 3, scan 'S1': has 30 frames a second, the data set 25" in told[0]
    assert "row 4, scan 'S2': the crop 16,40,999,192 leaves the 320 x 240 picture" in told[1]
    assert not (tmp_path / "out").exists()
    dry = import_recordings(tmp_path / "out", pairings, keep_going=True, dry_run=True)
    assert (len(dry.reports), len(dry.errors), dry.size_bytes) == (1, 2, 60 * 288 * 192)
    assert not (tmp_path / "out").exists()
    done = import_recordings(tmp_path / "out", pairings, keep_going=True, jobs=2)
    assert [quality.scan for quality in done] == ["S0"]
    assert len(done.errors) == 2
    again = import_recordings(tmp_path / "out", pairings[:1])
    assert (again.skipped, again.reports) == (("S0",), ())
    other = pairing_of({**vars_of(pairings[0]), "observer": "anna"}, CASES / "manifest")
    assert import_recordings(tmp_path / "out", [other])[0].observer == "anna"
    (clip,) = open_dataset(tmp_path / "out").clips
    assert sorted(set(clip.gaze.observer_id)) == ["", "anna"]


def vars_of(pairing):
    return {
        "scan": pairing.scan, "video": pairing.video.name, "gaze": pairing.gaze.name,
        "gaze_format": "table", "mapping": "m.toml", "video_start": "10s", "crop": "16,40,288,192",
    }  # fmt: skip
