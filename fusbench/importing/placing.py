"""Where and when: the crop, the screen around the video, and the video's start in gaze time."""

from __future__ import annotations

import numpy as np

from fusbench.errors import ConfigError, DatasetError
from fusbench.footage.box import Box
from fusbench.footage.record import Footage
from fusbench.importing.geometry import View, letterbox
from fusbench.importing.pairing import Pairing
from fusbench.importing.recording import GazeRecording


def crop_of(pairing: Pairing, footage: Footage) -> Box:
    """What of the picture is kept."""
    height, width = footage.shape
    crop = pairing.crop or Box(0, 0, width, height)
    where = f"scan '{pairing.scan}'"
    if isinstance(crop, str):
        crop = _region(crop, footage, where)
        if not crop.inside(footage.shape):
            what = f"the declared region {crop} leaves the {width} x {height} picture"
            raise ConfigError(what, where, "Look at the picture, and give --crop X,Y,W,H.")
    if not crop.inside(footage.shape):
        what = f"the crop {crop} leaves the {width} x {height} picture"
        raise ConfigError(what, where, "Give --crop X,Y,W,H within it.")
    if any(value != int(value) for value in (crop.x, crop.y, crop.width, crop.height)):
        raise ConfigError(f"the crop {crop} cuts pixels", where, "Give whole numbers.")
    return crop


def view_of(
    pairing: Pairing, gaze: GazeRecording, footage: Footage, crop: Box, frame: tuple[int, int]
) -> View:
    """How the video was seen; whatever is not told and cannot be otherwise is filled in."""
    screen, rect, space = pairing.screen or gaze.screen, pairing.display_rect, gaze.space
    height, width = footage.shape
    where = f"scan '{pairing.scan}'"
    if space == "normalised" and screen is None and rect == "full":
        screen = (float(width), float(height))
    if space in ("screen", "normalised", "degrees"):
        if screen is None:
            fix = "Give --screen-size W,H, or --display-rect full if the video filled it."
            raise ConfigError("the size of the screen is not known", where, fix)
        shown = (height, width * float(footage.pixel_aspect))
        if rect is None and screen == (width, height):
            rect = "full"
        if rect is None:
            fix = (
                "Give --display-rect X,Y,W,H; 'fit' is the largest one of the video's shape,"
                " 'full' the whole screen."
            )
            raise ConfigError("where on the screen the video was shown is not said", where, fix)
        if rect == "fit":
            rect = letterbox(shown, screen)
        elif rect == "full":
            rect = Box(0, 0, *screen)
    return View(
        space=space,
        origin=gaze.origin,
        picture=footage.shape,
        crop=crop,
        frame=frame,
        screen=screen,
        rect=rect if isinstance(rect, Box) else None,
        screen_mm=pairing.screen_mm,
        distance_mm=pairing.distance_mm,
    )


def _region(word: str, footage: Footage, where: str) -> Box:
    """The region that "region" or "region-2" names."""
    found = footage.regions
    if not found:
        fix = "Give --crop X,Y,W,H."
        raise ConfigError("the video declares no ultrasound region that is whole", where, fix)
    number = int(word[-1]) if word != "region" else 0
    if (not number and len(found) > 1) or number > len(found):
        what = f"the video declares {len(found)} image regions: {listed_regions(found)}"
        raise ConfigError(what, where, "Choose one with --crop region-1, say.")
    return found[max(number - 1, 0)]


def listed_regions(regions: tuple[Box, ...]) -> str:
    return "; ".join(f"region-{n} is {box}" for n, box in enumerate(regions, start=1))


def seconds(time_ns: int) -> str:
    return f"{time_ns / 1e9:.3f} s"


def require_overlap(pairing: Pairing, time_ns: np.ndarray, end_ns: int) -> None:
    """Raise `DatasetError` if the gaze, timed from the first frame on, misses the video."""
    if time_ns[-1] < 0 or time_ns[0] >= end_ns:
        first, last = seconds(int(time_ns[0])), seconds(int(time_ns[-1]))
        what = (
            f"gaze and video share no time: counted from the video's first frame, the gaze runs"
            f" from {first} to {last}, the video to {seconds(end_ns)}"
        )
        fix = "Check that the files are of one recording, the video's start, and the time unit."
        raise DatasetError(what, f"scan '{pairing.scan}'", fix)
