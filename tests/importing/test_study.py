"""Studies of several recordings, and options that cannot be: the data set stays as it was."""

import hashlib
from contextlib import nullcontext

import pytest
from support import recordings
from support.imported import BASE, imported, line

from fusbench.errors import ConfigError, DatasetError, FusbenchError
from fusbench.importing.described import Study
from fusbench.importing.manifest import read_manifest
from fusbench.importing.pairing import pairing_of
from fusbench.importing.study import import_recordings


def content(folder):
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


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
        import_recordings(tmp_path / "out", pairings, progress=lambda _: nullcontext(told.append))
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
