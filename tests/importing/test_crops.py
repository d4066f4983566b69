"""A crop that changes during a recording: gaze and pixels on both sides, worked by hand."""

import cv2
import numpy as np
import pytest

from fusbench.data.dataset import open_dataset
from fusbench.errors import FusbenchError
from fusbench.importing.described import Study
from fusbench.importing.pairing import pairing_of
from fusbench.importing.study import import_recordings

FRAMES, STEP_MS = 41, 100
SPOT = (21, 16)  # column and row of the picture's one bright pixel, which the eye follows
ROWS = "time;rectangle\n0s;0,0,32,24\n1250ms;16,12,16,12\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures of one spot at 10 a second, and gaze on its middle each 20 ms."""
    place = tmp_path_factory.mktemp("zoom")
    (place / "video").mkdir()
    for number in range(FRAMES):
        picture = np.full((48, 64), 20 + number, np.uint8)
        picture[SPOT[1], SPOT[0]] = 255
        cv2.imwrite(f"{place}/video/{number:02}.png", picture)
    lines = [f"{time},{SPOT[0] + 0.5},{SPOT[1] + 0.5}" for time in range(0, FRAMES * STEP_MS, 20)]
    (place / "gaze.csv").write_text("\n".join(["t,x,y", *lines]))
    return place


def taken_in(folder, out, rows=ROWS, study=None, **changes):
    """The report of an import and its clips in their order."""
    (folder / "crops.csv").write_text(rows)
    texts = {
        "scan": "s1", "video": "video", "gaze": "gaze.csv", "gaze_format": "table",
        "crop_file": "crops.csv", "video_start": "0s", "frame_rate": "10", **changes,
    }  # fmt: skip
    columns = {"time": "t", "time_unit": "ms", "x": "x", "y": "y", "space": "pixel"}
    (report,) = import_recordings(out, [pairing_of(texts, folder, columns)], study).reports
    return report, sorted(open_dataset(out).split("train"), key=lambda clip: clip.clip_id)


def test_gaze_and_pixels_on_both_sides_of_a_change(folder, tmp_path):
    """Frame 12 is on screen from 1.2 to 1.3 s and has the first crop, though it ends at 1.25 s.

    By hand: before, the spot's middle is 21.5 - 0 - 0.5 = 21 across and 16 down; after, pixels are
    twice as large, so it is (21.5 - 16) * 2 - 0.5 = 10.5 across and (16.5 - 12) * 2 - 0.5 = 8.5.
    """
    report, (wide, near) = taken_in(folder, tmp_path / "out")
    assert (wide.n_frames, near.n_frames) == (13, 28)
    for clip, x_px, y_px in ((wide, 21.0, 16.0), (near, 10.5, 8.5)):
        np.testing.assert_allclose(clip.gaze.x_px, x_px, atol=1e-9)
        np.testing.assert_allclose(clip.gaze.y_px, y_px, atol=1e-9)
        np.testing.assert_array_equal(clip.gaze.frame, np.repeat(np.arange(clip.n_frames), 5))
        np.testing.assert_allclose(clip.gaze.time_s[:2], [0, 0.02], atol=1e-9)
        for number, frame in enumerate(clip.frames):
            bright = frame.astype(float) - frame.min()
            rows, columns = np.indices(frame.shape)
            assert abs((bright * columns).sum() / bright.sum() - x_px) < 0.05
            assert abs((bright * rows).sum() / bright.sum() - y_px) < 0.05
            assert frame.min() == 20 + number + (13 if clip is near else 0)
    texts = [finding.text for finding in report.findings]
    assert "from 1.250 s on the crop is 16,12,16,12, in clips of its own" in texts


def test_a_part_of_a_recording_with_a_change_in_it(folder, tmp_path):
    """From 1 s on, frames 10 to 12 are too few for a clip; up to 3 s, 13 to 29 have the zoom."""
    report, (near,) = taken_in(folder, tmp_path / "out", **{"from": "1s", "to": "3s"})
    assert near.n_frames == 17
    assert near.frames[0].min() == 33
    np.testing.assert_allclose(near.gaze.x_px, 10.5, atol=1e-9)
    assert any("3 frames" in finding.text for finding in report.findings)


def test_one_of_so_many_frames_begins_anew_at_a_change(folder, tmp_path):
    """Gaze on a frame that is not kept lies on a kept one of the same crop."""
    _, clips = taken_in(folder, tmp_path / "out", study=Study(every=2, clip_length=5))
    assert [clip.n_frames for clip in clips] == [5, 5, 5]  # a rest of 2 and one of 4 are left out
    assert [clip.frames[0].min() for clip in clips] == [20, 33, 43]
    assert {float(x) for x in clips[0].gaze.x_px} == {21.0}
    assert {float(x) for clip in clips[1:] for x in clip.gaze.x_px} == {10.5}


@pytest.mark.parametrize(
    ("rows", "changes", "words"),
    [
        ("1s,0,0,32,24\n", {}, "the first crop begins at 1.000 s"),
        ("0s,0,0,32,24\n9s,0,0,32,24\n", {}, "begins at 9.000 s, and the video ends at 4.000 s"),
        ("0s,0,0,32,24\n2s,0,0,32,32\n", {}, "the crop 0,0,32,32 and the stored frame of 32 x 24"),
        ("0s,0,0,32,24\n2s,40,0,32,24\n", {}, "leaves the 64 x 48 picture"),
        ("0s,0,0,32,24\n0s,8,0,32,24\n", {}, "0.000 s does not come after 0.000 s"),
        ("0s,0,0,32,24\nlater,8,0,32,24\n", {}, "crops.csv, row 2: is no time and rectangle"),
        ("", {}, "holds no time and rectangle"),
        (ROWS, {"crop": "0,0,32,24"}, "the crop is given twice"),
        (ROWS, {"crop_file": "none.csv"}, "none.csv: the file is missing. Check --crop-file."),
    ],
)
def test_a_wrong_file_is_one_line(folder, tmp_path, rows, changes, words):
    with pytest.raises(FusbenchError) as error:
        taken_in(folder, tmp_path / "out", rows, **changes)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
