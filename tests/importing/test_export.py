"""What is exported is read back: by the importers here, and by pysaliency."""

import cv2
import numpy as np
import pytest
from support import recordings

from fusbench.data.checking import check_dataset
from fusbench.data.dataset import open_dataset
from fusbench.errors import DatasetError, FusbenchError, OutputError
from fusbench.exporting.formats import export_dataset
from fusbench.importing.described import Study
from fusbench.importing.layouts import import_layout
from fusbench.importing.pairing import pairing_of
from fusbench.importing.study import import_recordings


def test_dhf1k_there_and_back(folder, tmp_path):
    data = open_dataset(folder)
    out = export_dataset(data, "dhf1k", tmp_path / "d")
    picture = cv2.imread(str(out / "train" / "0001" / "maps" / "0003.png"), cv2.IMREAD_UNCHANGED)
    exact = data.clips[0].saliency_map(2)
    np.testing.assert_allclose(picture / 255, exact / exact.max(), atol=0.51 / 255)
    assert not cv2.imread(str(out / "train" / "0001" / "maps" / "0001.png")).any()  # no gaze there
    study = Study(sigma_px=2.0)
    assert import_layout(tmp_path / "back", out, "dhf1k", study) == (5, 5)
    back = open_dataset(tmp_path / "back")
    assert check_dataset(tmp_path / "back") == []
    assert [c.split for c in back.clips] == ["test", "test", "train", "train", "val"]
    by_frames = {c.frames.tobytes(): c for c in back.clips}
    for clip in data.clips:
        copy = by_frames[clip.frames.tobytes()]
        assert copy.split == clip.split
        for frame in range(clip.n_frames):
            one = (copy.fixation_map(frame) > 0, clip.fixation_map(frame) > 0)
            np.testing.assert_array_equal(*one)


def test_dhf1k_numbers_tell_the_split_and_videos_do_for_frames(tmp_path):
    from support import recordings

    source = tmp_path / "dhf1k"
    (source / "video").mkdir(parents=True)
    for number in (1, 650):
        recordings.write_video(source / "video" / f"{number:03d}.AVI", "mpeg4")
        place = source / "annotation" / f"{number:04d}" / "fixation"
        place.mkdir(parents=True)
        for frame in range(12):
            points = np.zeros((240, 320), np.uint8)
            points[10 + frame, [20, 30]] = 255
            points[40, 5] = 255
            cv2.imwrite(str(place / f"{frame + 1:04d}.png"), points)
    import_layout(tmp_path / "out", source, "dhf1k", Study(frame_size=(120, 160), clip_length=8))
    data = open_dataset(tmp_path / "out")
    assert [(c.scan_id, c.split, c.n_frames) for c in data.clips] == [
        ("v0001", "train", 8), ("v0001", "train", 4), ("v0002", "val", 8), ("v0002", "val", 4),
    ]  # fmt: skip
    x_px, y_px = data.clips[0].gaze.at(3)
    # three points, not every combination of their rows and columns
    assert sorted(zip(x_px, y_px, strict=True)) == [(2.25, 19.75), (9.75, 6.25), (14.75, 6.25)]


def test_faults_of_a_dhf1k_folder(folder, tmp_path):
    with pytest.raises(DatasetError, match="holds no folder named fixation"):
        import_layout(tmp_path / "out", tmp_path, "dhf1k", Study())
    out = export_dataset(open_dataset(folder), "dhf1k", tmp_path / "d")
    (out / "val" / "0003" / "images" / "0009.png").unlink()
    with pytest.raises(DatasetError, match=r"0003: has 9 frames, and gaze on 10"):
        import_layout(tmp_path / "out", out, "dhf1k", Study())
    assert not (tmp_path / "out").exists()


def test_bids_there_and_back(folder, tmp_path):
    data = open_dataset(folder)
    out = export_dataset(data, "bids", tmp_path / "b")
    clip = data.clips[1]
    stem = out / "sub-s1" / "beh" / "sub-s1_task-scan_run-02_recording-eye1_physio.tsv.gz"
    texts = {
        "scan": "s1", "video": str(out / "stimuli" / "sub-s1_run-02.mkv"), "gaze": str(stem),
        "gaze_format": "bids", "no_banner": "yes", "video_start": "0",
    }  # fmt: skip
    pairing = pairing_of(texts)
    import_recordings(tmp_path / "back", [pairing])
    (copy,) = open_dataset(tmp_path / "back").clips
    np.testing.assert_array_equal(copy.frames, clip.frames)
    np.testing.assert_allclose(copy.gaze.x_px, clip.gaze.x_px, atol=1e-4)
    np.testing.assert_allclose(copy.gaze.y_px, clip.gaze.y_px, atol=1e-4)
    np.testing.assert_allclose(copy.gaze.time_s, clip.gaze.time_s, atol=1e-9)
    assert (out / "participants.tsv").read_text().splitlines()[1] == "sub-s1\ttrain"


def test_bids_keeps_gaze_on_its_frame_where_the_steps_between_frames_vary(tmp_path):
    video = recordings.write_video(tmp_path / "v.mp4")  # 33 ms a frame, and a pause of 170 ms
    texts = {
        "scan": "s1", "video": str(video), "gaze": str(recordings.eyelink(tmp_path)),
        "gaze_format": "eyelink-asc", "video_start_event": "VIDEO_START", "no_banner": "yes",
        "display_rect": "fit",
    }  # fmt: skip
    import_recordings(tmp_path / "in", [pairing_of(texts)])
    data = open_dataset(tmp_path / "in")
    out = export_dataset(data, "bids", tmp_path / "b")
    stem = out / "sub-s1" / "beh" / "sub-s1_task-scan_run-01_recording-eye1_physio.tsv.gz"
    again = {
        "scan": "s1", "video": str(out / "stimuli" / "sub-s1_run-01.mkv"), "gaze": str(stem),
        "gaze_format": "bids", "no_banner": "yes", "video_start": "0",
    }  # fmt: skip
    import_recordings(tmp_path / "back", [pairing_of(again)])
    (copy,) = open_dataset(tmp_path / "back").clips
    assert copy.n_frames == 60
    np.testing.assert_array_equal(copy.gaze.frame, data.clips[0].gaze.frame)


def test_colour_is_written_without_loss(tmp_path):
    from fusbench.exporting.bids import write_lossless
    from fusbench.footage.open import open_footage

    frames = np.random.default_rng(0).integers(0, 255, (4, 30, 40, 3), dtype=np.uint8)
    write_lossless(tmp_path / "c.mkv", frames, np.array([0, 33, 67, 100]))
    read = list(open_footage(tmp_path / "c.mkv").read())
    np.testing.assert_array_equal([frame for _, frame in read], frames)
    assert [round(time / 1e6) for time, _ in read] == [0, 33, 67, 100]


def test_pysaliency_reads_its_files(folder, tmp_path):
    pysaliency = pytest.importorskip("pysaliency")
    data = open_dataset(folder)
    out = export_dataset(data, "pysaliency-hdf5", tmp_path / "p")
    stimuli = pysaliency.read_hdf5(str(out / "stimuli.hdf5"))
    fixations = pysaliency.read_hdf5(str(out / "fixations.hdf5"))
    keys = [(c, int(f)) for c in data.clips for f in c.gaze.frames()]
    assert len(stimuli.stimuli) == len(keys)
    assert list(stimuli.attributes["split"]) == [clip.split for clip, _ in keys]
    for index in (0, 5, len(keys) - 1):
        clip, frame = keys[index]
        np.testing.assert_array_equal(stimuli.stimuli[index], clip.frames[frame])
        of = fixations.n == index
        pixels = np.zeros(clip.info.image_shape, int)
        np.add.at(pixels, (fixations.y_int[of], fixations.x_int[of]), 1)
        np.testing.assert_array_equal(pixels, clip.fixation_map(frame))


def test_faults_of_an_export(folder, tmp_path):
    data = open_dataset(folder)
    with pytest.raises(
        FusbenchError, match="no export format is called 'bid'. Did you mean 'bids'"
    ):
        export_dataset(data, "bid", tmp_path / "x")
    with pytest.raises(OutputError, match="already exists"):
        export_dataset(data, "bids", folder)
    (folder / "frames" / "s4-c1.npy").unlink()
    for form in ("dhf1k", "bids", "pysaliency-hdf5"):
        with pytest.raises(DatasetError, match=r"s4-c1.npy: the file is missing"):
            export_dataset(open_dataset(folder), form, tmp_path / "x")
        assert not (tmp_path / "x").exists()
