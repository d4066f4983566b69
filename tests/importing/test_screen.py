"""What a screen's geometry gives: PsychoPy's units, degrees, and sigma as a visual angle."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from fusbench.data.dataset import open_dataset
from fusbench.errors import ConfigError
from fusbench.footage.box import Box
from fusbench.importing.described import Study
from fusbench.importing.geometry import View
from fusbench.importing.pairing import Pairing
from fusbench.importing.preflight import look
from fusbench.importing.recording import ReadOptions
from fusbench.importing.study import import_recordings

SCREEN, SCREEN_MM, DISTANCE_MM = (1600.0, 1000.0), (400.0, 260.0), 600.0
PIXELS = np.array([[800.0, 500.0], [1000.0, 300.0], [210.0, 940.0]]).T  # from the top left


def view(space, origin="top-left"):
    whole = Box(0, 0, *SCREEN)
    return View(
        space=space, origin=origin, picture=(1000, 1600), crops=(whole,), frame=(1000, 1600),
        screen=SCREEN, rect=whole, screen_mm=SCREEN_MM, distance_mm=DISTANCE_MM,
    )  # fmt: skip


FROM_CENTRE = PIXELS[0] - 800, 500 - PIXELS[1]  # upwards
MM = FROM_CENTRE[0] * 400 / 1600, FROM_CENTRE[1] * 260 / 1000


@pytest.mark.parametrize(
    ("space", "given"),
    [
        ("psychopy-pix", FROM_CENTRE),
        ("psychopy-norm", (FROM_CENTRE[0] / 800, FROM_CENTRE[1] / 500)),
        ("psychopy-height", (FROM_CENTRE[0] / 1000, FROM_CENTRE[1] / 1000)),
        ("psychopy-cm", (MM[0] / 10, MM[1] / 10)),
        ("psychopy-deg", tuple(mm / (DISTANCE_MM * 0.0174551) for mm in MM)),
    ],
)
def test_psychopy_units(space, given):
    """1 degree is as wide everywhere as at the centre: 0.0174551 times the distance."""
    found = view(space).to_picture(*given)
    np.testing.assert_allclose(found, PIXELS, atol=0.01)


@pytest.mark.parametrize("origin", ["top-left", "centre"])
def test_degrees_count_from_the_centre_whatever_the_format_says(origin):
    degrees = np.degrees(np.arctan(MM[0] / 600)), np.degrees(np.arctan(-MM[1] / 600))
    np.testing.assert_allclose(view("degrees", origin).to_picture(*degrees), PIXELS, atol=1e-9)


@pytest.fixture
def recording(tmp_path):
    video, gaze = tmp_path / "video", tmp_path / "gaze.csv"
    video.mkdir()
    for n in range(12):
        cv2.imwrite(f"{video}/{n:02}.png", np.full((50, 80), 20 * n, np.uint8))
    rows = [f"{10 * n},{800 + n % 9},500" for n in range(40)]
    gaze.write_text("\n".join(["t,x,y", *rows]))

    def pairing(scan="s1", **changes):
        facts = {
            "scan": scan, "video": video, "gaze": gaze, "gaze_format": "table",
            "frame_rate_hz": Fraction(30), "video_start_ns": 0, "crop": Box(10, 5, 40, 40),
            "screen": SCREEN, "display_rect": "full", "screen_mm": SCREEN_MM,
            "distance_mm": DISTANCE_MM,
            "options": ReadOptions(
                mapping={"time": "t", "time_unit": "ms", "x": "x", "y": "y", "space": "screen"}
            ),
        }  # fmt: skip
        return Pairing(**{**facts, **changes})

    return pairing


def test_sigma_as_a_visual_angle(recording, tmp_path):
    """1 degree at 600 mm is 10.472 mm; a stored pixel is 80/1600 of 0.25 and 0.26 mm, halved."""
    study = Study(sigma_deg=1.0, frame_size=(20, 20))
    import_recordings(tmp_path / "out", [recording()], study)
    across = 10.472 / 0.25 * 80 / 1600 * 20 / 40
    down = 10.472 / 0.26 * 50 / 1000 * 20 / 40
    found = open_dataset(tmp_path / "out").info.sigma_px
    assert found == pytest.approx(np.sqrt(across * down), abs=0.006)


def test_a_sigma_that_cannot_be_told_is_refused_before_a_frame_is_written(recording, tmp_path):
    (error,) = look([recording(distance_mm=None)], sigma_deg=1.0).errors.values()
    assert "scan 's1': a sigma of 1 degrees needs the screen's size and the eye's dist" in str(
        error
    )
    far = recording("s2", video=tmp_path, distance_mm=900.0, accept=("shared-gaze",))
    cv2.imwrite(str(tmp_path / "x.png"), np.full((50, 80), 9, np.uint8))
    (error,) = look([recording(), far], sigma_deg=1.0).errors.values()
    assert "in the first. A data set has one: give --sigma-px" in str(error)
    with pytest.raises(ConfigError, match="sigma is given twice"):
        Study(sigma_px=8.0, sigma_deg=1.0)
    with pytest.raises(ConfigError, match="a sigma of 90 degrees is none"):
        Study(sigma_deg=90)
