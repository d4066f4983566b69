"""Public video-saliency data in their own layouts, on small folders that are made here."""

import json

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from support import recordings

from fusbench.cli import cli
from fusbench.cli.intake import import_dataset
from fusbench.data.checking import check_dataset
from fusbench.data.dataset import open_dataset
from fusbench.errors import DatasetError, UnknownName
from fusbench.importing.described import Study
from fusbench.importing.gazecom import read_arff
from fusbench.importing.layouts import LAYOUTS, import_layout

SHAPE = (60, 80)


def picture(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), value)


def video_of_pictures(folder, stem, points, shape=SHAPE):
    """Frames of one grey each, and the gazed pixels of each as (row, column)."""
    for number, gazed in enumerate(points, start=1):
        name = f"{stem}_{number:03d}.png"
        picture(folder / "images" / name, np.full(shape, 10 * number, np.uint8))
        fixated = np.zeros(shape, np.uint8)
        for row, column in gazed:
            fixated[row, column] = 255
        picture(folder / "fixation" / name, fixated)
        picture(folder / "maps" / name, fixated)


def test_hollywood2_shots_are_clips_of_one_scan(tmp_path):
    source = tmp_path / "Hollywood2_actions"
    for clip in range(1, 12):
        for shot in (1, 2)[: 2 if clip == 1 else 1]:
            name = f"actionclip{'train' if clip < 11 else 'test'}{clip:05d}"
            part = "training" if clip < 11 else "testing"
            video_of_pictures(
                source / part / f"{name}_{shot}", name, [[(30, 40)], [(5, 6), (5, 7)]]
            )
    assert import_layout(tmp_path / "out", source, "hollywood2") == (11, 12)
    data = open_dataset(tmp_path / "out")
    assert check_dataset(tmp_path / "out") == []
    splits = {clip.scan_id: clip.split for clip in data.clips}
    assert list(splits.values()).count("train") == 9  # of ten, the tenth is val
    assert sorted(splits.values())[-1] == "val"
    shots = [clip for clip in data.clips if clip.split == "train"]
    assert len(shots) == 10
    assert data.info.sigma_px == 20.0  # of pictures as large as they are stored
    assert data.info.frame_rate_hz == 24
    assert "research only" in data.info.licence
    assert "10.1109/TPAMI.2014.2366154" in data.info.citation
    assert sorted(zip(*shots[0].gaze.at(1), strict=True)) == [(6.0, 5.0), (7.0, 5.0)]
    assert shots[0].gaze.time_s.tolist() == [0.0, 0.041667, 0.041667]


def test_ucf_sports_and_a_sigma_that_shrinks_with_the_picture(tmp_path):
    source = tmp_path / "ucf"
    video_of_pictures(source / "training" / "Diving-001", "Diving_001", [[(30, 40)]] * 3)
    video_of_pictures(source / "testing" / "Golf-002", "Golf_002", [[(0, 0)]] * 3, (120, 160))
    study = Study(frame_size=(30, 40), licence="mine")
    import_layout(tmp_path / "out", source, "ucf-sports", study)
    data = open_dataset(tmp_path / "out")
    assert {clip.split for clip in data.clips} == {"train", "test"}
    assert data.info.licence == "mine"
    assert data.info.sigma_px == pytest.approx(20 / 4)  # the first by name, Golf, is 160 wide
    by_split = {clip.split: clip for clip in data.clips}
    assert by_split["train"].gaze.at(0)[0][0] == pytest.approx((40 + 0.5) / 2 - 0.5)
    assert by_split["test"].gaze.at(0)[0][0] == pytest.approx((0 + 0.5) / 4 - 0.5)


def test_dhf1k_has_its_own_sigma_and_an_export_in_its_layout_has_not(tmp_path):
    source = tmp_path / "DHF1K"
    for number in (1, 650):
        video_of_pictures(source / "annotation" / f"{number:04d}", "f", [[(3, 4)]] * 2)
    import_layout(tmp_path / "out", source, "dhf1k")
    info = open_dataset(tmp_path / "out").info
    assert info.sigma_px == pytest.approx(12.74)  # full width of 30 px at half maximum
    assert "arXiv:1801.07424" in info.citation
    (source / "annotation").rename(source / "others")
    import_layout(tmp_path / "plain", source, "dhf1k")
    info = open_dataset(tmp_path / "plain").info
    assert (info.sigma_px, info.citation, info.licence) == (2.22, "none", "private")


def test_pictures_of_two_sizes_in_one_video_are_told(tmp_path):
    """As of any recording: such frames are no film of one probe."""
    folder = tmp_path / "ucf" / "training" / "Diving-001"
    video_of_pictures(folder, "Diving_001", [[(30, 40)]] * 3)
    picture(folder / "images" / "Diving_001_002.png", np.full((30, 80), 9, np.uint8))
    with pytest.raises(DatasetError, match="Diving-001: frame 1 has 80 x 30 pixels, the first 80"):
        import_layout(tmp_path / "out", tmp_path / "ucf", "ucf-sports")
    assert not (tmp_path / "out").exists()


def avimos(source, names=("a", "b", "c")):
    split = dict(zip(("train", "public_test", "private_test"), ([n] for n in names), strict=True))
    source.mkdir()
    (source / "TrainTestSplit.json").write_text(json.dumps(split))
    (source / "Videos").mkdir()
    (source / "SaliencyTrain").mkdir()
    fixations = [[[100 + n, 200], [10, 20]] if n else [] for n in range(40)]  # row, column
    made = recordings.write_video(source / "Videos" / f"{names[0]}.mp4").read_bytes()
    for name in names:
        (source / "Videos" / f"{name}.mp4").write_bytes(made)
        (source / "SaliencyTrain" / f"{name}.mp4").write_bytes(b"no frames of it")
        place = source / "FixationsTrain" / "Train" / name
        place.mkdir(parents=True)
        (place / "fixations.json").write_text(json.dumps(fixations))
    return source


def test_avimos_splits_rows_columns_and_sigma(tmp_path):
    source = avimos(tmp_path / "avimos")
    study = Study(frame_size=(120, 160), clip_length=30)
    assert import_layout(tmp_path / "out", source, "avimos", study) == (3, 6)
    data = open_dataset(tmp_path / "out")
    assert [clip.split for clip in data.clips] == ["train"] * 2 + ["val"] * 2 + ["test"] * 2
    assert [clip.n_frames for clip in data.clips[:2]] == [30, 10]
    assert len(data.clips[0].gaze.at(0)[0]) == 0
    x_px, y_px = data.clips[1].gaze.at(4)  # the video's frame 34
    assert x_px.tolist() == [(200 + 0.5) / 2 - 0.5, (20 + 0.5) / 2 - 0.5]
    assert y_px.tolist() == [(134 + 0.5) / 2 - 0.5, (10 + 0.5) / 2 - 0.5]
    assert data.info.sigma_px == 60.0  # 120 px at half the size
    assert (data.info.licence, data.info.gaze_rate_hz) == ("CC-BY-4.0", 100)


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda s: (s / "TrainTestSplit.json").unlink(), "holds no TrainTestSplit.json"),
        (lambda s: (s / "Videos" / "b.mp4").unlink(), "no video is called 'b'"),
        (
            lambda s: (s / "TrainTestSplit.json").write_text('{"extra": ["a"]}'),
            "'extra' is no split",
        ),
        (
            lambda s: next(s.rglob("fixations.json")).write_text("[[[1, 2]], [[3]]]"),
            "frame 1: is no list of fixations",
        ),
        (
            lambda s: next(s.rglob("fixations.json")).write_text(json.dumps([[]] * 500)),
            r"mp4: has 60 frames, and gaze on 500",
        ),
        (
            lambda s: [path.unlink() for path in s.rglob("fixations.json")],
            "no video of TrainTestSplit.json has its fixations.json",
        ),
    ],
)
def test_faults_of_an_avimos_folder(tmp_path, break_it, words):
    source = avimos(tmp_path / "avimos", ("a", "b", "c"))
    break_it(source)
    with pytest.raises(DatasetError, match=words):
        import_layout(tmp_path / "out", source, "avimos", Study(frame_size=(12, 16)))
    assert not (tmp_path / "out").exists()


ARFF = """@RELATION gaze_labels

%@METADATA width_px 320
%@METADATA height_px 240
%@METADATA width_mm 400
%@METADATA height_mm 225
%@METADATA distance_mm 450

@ATTRIBUTE time INTEGER
@ATTRIBUTE x NUMERIC
@ATTRIBUTE y NUMERIC
@ATTRIBUTE confidence NUMERIC
@ATTRIBUTE handlabeller_final {unassigned,fixation,'smooth pursuit'}

@DATA
"""


def test_gazecom_observers_times_and_lost_samples(tmp_path):
    source = tmp_path / "GazeCom"
    (source / "movies").mkdir(parents=True)
    recordings.write_video(source / "movies" / "doves.mp4")  # frames 1/30 s apart to begin with
    for who, shift in (("AAW", 0), ("SSK", 10)):
        place = source / "gaze_arff" / "doves"
        place.mkdir(parents=True, exist_ok=True)
        rows = [f"{4000 * n},{100.5 + shift},50.5,{int(n != 1)},fixation" for n in range(60)]
        rows[2] = "8000,0,0,1,fixation"
        rows[3] = "12000,900,50,1,'smooth pursuit'"
        (place / f"{who}_doves.arff").write_text(ARFF + "\n".join(rows) + "\n")
    import_layout(tmp_path / "out", source, "gazecom-arff")
    data = open_dataset(tmp_path / "out")
    (clip,) = data.clips
    assert clip.split == "test"
    assert clip.gaze.observers == ("AAW", "SSK")
    x_px, y_px = clip.gaze.at(0)  # 0 to 33 ms: 9 samples each, of which 3 are lost or outside
    assert sorted(x_px.tolist()) == [100.0] * 6 + [110.0] * 6
    assert set(y_px.tolist()) == {50.0}
    assert data.info.gaze_rate_hz == 250
    degree = 2 * np.tan(np.radians(0.5)) * 450 * 320 / 400
    assert data.info.sigma_px == pytest.approx(degree, abs=0.006)
    other = ARFF.replace("width_px 320", "width_px 640")
    assert other != ARFF
    (place / "SSK_doves.arff").write_text(other + "\n".join(rows) + "\n")
    with pytest.raises(DatasetError, match="SSK_doves.arff: its picture has 640 x "):
        import_layout(tmp_path / "two", source, "gazecom-arff")
    (place / "AAW_doves.arff").write_text(ARFF.replace("@ATTRIBUTE y", "@ATTRIBUTE z"))
    with pytest.raises(DatasetError, match="AAW_doves.arff: is no ARFF file of gaze"):
        read_arff(place / "AAW_doves.arff")
    (place / "AAW_doves.arff").write_text(ARFF + "1,2,x,1,fixation\n")
    with pytest.raises(DatasetError, match="cannot be read: 'x' is no number"):
        import_layout(tmp_path / "again", source, "gazecom-arff")


def test_layouts_by_name(tmp_path):
    with pytest.raises(UnknownName, match="no layout is called 'dhf2k'. Did you mean 'dhf1k'"):
        import_layout(tmp_path / "out", tmp_path, "dhf2k")
    with pytest.raises(DatasetError, match="no folder is here"):
        import_layout(tmp_path / "out", tmp_path / "none", "dhf1k")
    with pytest.raises(DatasetError, match="holds no OBSERVER_VIDEO.arff"):
        import_layout(tmp_path / "out", tmp_path, "gazecom-arff")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--dry-run"], "--dry-run is not for --layout. Leave one of them out."),
        (["--crop", "0,0,8,8"], "--crop is not for --layout"),
        (["--manifest", "pairs.csv"], "--manifest is not for --layout"),
        (["--sigma-deg", "1"], "a layout tells no screen. Give --sigma-px in its place."),
    ],
)
def test_what_a_layout_does_not_look_at_is_refused(tmp_path, given, words):
    source = tmp_path / "ucf"
    video_of_pictures(source / "training" / "Diving-001", "Diving_001", [[(30, 40)]] * 3)
    line = ["dataset", "import", str(tmp_path / "out"), "--layout", "ucf-sports"]
    line += ["--source", str(source)]
    refused = CliRunner().invoke(cli, [*line, *given])
    assert words in str(refused.exception)
    assert not (tmp_path / "out").exists()
    done = CliRunner().invoke(cli, [*line, "--json"])
    assert json.loads(done.stdout)["clips"] == 1


def test_the_command_offers_every_layout():
    option = next(o for o in import_dataset.params if o.name == "layout")
    assert tuple(option.type.choices) == tuple(LAYOUTS)
