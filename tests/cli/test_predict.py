"""Densities and overlays for a user's own pictures."""

import cv2
import numpy as np
import pytest
from support.command import error_of, run

from fusbench.drawing.overlay import overlay
from fusbench.footage.open import read_video


def pictures(folder, n_frames=5, shape=(48, 64)):
    folder.mkdir()
    rng = np.random.default_rng(1)
    for number in range(n_frames):
        cv2.imwrite(str(folder / f"{number:03}.png"), rng.integers(0, 255, (*shape, 3), np.uint8))
    return folder


def test_a_folder_of_pictures(tmp_path):
    source = pictures(tmp_path / "scan")
    run("predict", "--model", "centre-bias", "--video", source, "--out", tmp_path / "out")
    density = np.load(tmp_path / "out" / "scan.npy")
    assert density.shape == (5, 48, 64)
    assert density.dtype == np.float32
    np.testing.assert_allclose(density.sum((1, 2)), 1, atol=1e-5)
    overlay = list(read_video(tmp_path / "out" / "scan.mp4"))
    assert [frame.shape for frame in overlay] == [(48, 64, 3)] * 5


def test_a_video_file(tmp_path):
    path = str(tmp_path / "scan.avi")
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for level in (10, 100, 200):
        writer.write(np.full((48, 64, 3), level, np.uint8))
    writer.release()
    run("predict", "--model", "uniform", "--video", path, "--out", tmp_path, "--no-overlay")
    density = np.load(tmp_path / "scan.npy")
    assert density.shape == (3, 48, 64)
    np.testing.assert_allclose(density, 1 / (48 * 64), rtol=1e-6)
    assert not (tmp_path / "scan.mp4").exists()


def test_a_split_of_a_data_set(folder, tmp_path):
    done = run("predict", "--model", "mean-map", "--dataset", folder, "--out", tmp_path / "out")
    assert "4 files" in done.stdout
    assert np.load(tmp_path / "out" / "s3-c1.npy").shape == (10, 24, 32)
    assert (tmp_path / "out" / "s4-c1.mp4").stat().st_size > 0


def test_one_clip_of_a_split(folder, tmp_path):
    base = ("predict", "--model", "uniform", "--dataset", folder, "--out", tmp_path / "out")
    run(*base, "--clip", "s4-c1", "--no-overlay")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["s4-c1.npy"]
    assert "no clip is called 's4-c9'. Did you mean 's4-c1'" in error_of(*base, "--clip", "s4-c9")


@pytest.mark.parametrize(
    ("video", "words"),
    [
        ("none.mp4", "none.mp4: no video is here. Check the path."),
        ("broken.mp4", "broken.mp4: is no video that can be read, or is cut off. Convert it"),
        ("empty", "empty: holds no picture."),
    ],
)
def test_what_is_no_video(tmp_path, video, words):
    (tmp_path / "broken.mp4").write_bytes(b"no video at all")
    (tmp_path / "empty").mkdir()
    out = tmp_path / "out"
    line = error_of("predict", "--model", "uniform", "--video", tmp_path / video, "--out", out)
    assert words in line
    assert not out.exists()


def test_pictures_of_two_sizes(tmp_path):
    source = pictures(tmp_path / "scan")
    cv2.imwrite(str(source / "999.png"), np.zeros((20, 30), np.uint8))
    line = error_of("predict", "--model", "uniform", "--video", source, "--out", tmp_path / "out")
    assert "frame 5 has 20 x 30 pixels, the first 48 x 64. Give frames of one size." in line


def test_a_model_that_needs_gaze_is_refused_for_a_video(tmp_path):
    source = pictures(tmp_path / "scan")
    line = error_of("predict", "--model", "mean-map", "--video", source, "--out", tmp_path / "out")
    assert "model 'mean-map' needs a data set, not a video alone. Use --dataset." in line


def test_one_source_is_needed(tmp_path):
    done = run("predict", "--model", "uniform", "--out", tmp_path, code=2)
    assert "Give either --dataset or --video." in done.stderr


def test_overlays_of_recorded_clips_show_the_gaze():
    frame = np.full((48, 64), 90, np.uint8)
    y, x = np.mgrid[:48, :64]
    density, empirical = (np.exp(-((x - c) ** 2 + (y - 24) ** 2) / 40) for c in (15, 45))
    plain = overlay(frame, density)
    full = overlay(frame, density, empirical, np.array([[45.0, 24.0]]))
    changed = np.argwhere((plain != full).any(-1))
    assert full[24, 45].tolist() == [255, 210, 31]
    assert np.hypot(changed[:, 0] - 24, changed[:, 1] - 45).max() < 10  # around the gaze alone
    assert (plain > 220).all(-1).any()  # the predicted outline


def test_pictures_come_in_the_order_that_a_person_would_number_them(tmp_path):
    for number in range(12):
        cv2.imwrite(str(tmp_path / f"f{number}.png"), np.full((4, 6), number, np.uint8))
    assert [int(frame[0, 0, 0]) for frame in read_video(tmp_path)] == list(range(12))


def test_a_dicom_file(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    from pathlib import Path

    cine = Path(pydicom.__file__).parent / "data" / "test_files" / "examples_ybr_color.dcm"
    run("predict", "--model", "uniform", "--video", cine, "--out", tmp_path)
    density = np.load(tmp_path / "examples_ybr_color.npy")
    assert density.shape == (30, 240, 320)
    rate = cv2.VideoCapture(str(tmp_path / "examples_ybr_color.mp4")).get(cv2.CAP_PROP_FPS)
    assert rate == pytest.approx(30, abs=0.1)
