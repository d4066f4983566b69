"""Where and when: the crop, the screen around the video, and the video's start in gaze time."""

from __future__ import annotations

import re

import numpy as np

from fusbench.errors import ConfigError, DatasetError
from fusbench.footage.box import Box
from fusbench.footage.record import Footage
from fusbench.importing.finding import WARN, Finding
from fusbench.importing.geometry import View, letterbox
from fusbench.importing.pairing import Pairing
from fusbench.importing.recording import GazeRecording


def crop_of(pairing: Pairing, footage: Footage) -> Box:
    """What of the picture is kept."""
    height, width = footage.shape
    crop = pairing.crop or Box(0, 0, width, height)
    where = f"scan '{pairing.scan}'"
    if crop == "region":
        if footage.region is None:
            fix = "Give --crop X,Y,W,H."
            raise ConfigError("the video declares no ultrasound region", where, fix)
        crop = footage.region
        if not crop.inside(footage.shape):
            what = f"the declared region {crop} leaves the {width} x {height} picture"
            raise ConfigError(what, where, "Look at the picture, and give --crop X,Y,W,H.")
    assert isinstance(crop, Box)
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


def start_of(pairing: Pairing, gaze: GazeRecording) -> tuple[int, list[Finding]]:
    """Time of the first frame in the gaze file's clock."""
    if pairing.video_start_ns is not None:
        return pairing.video_start_ns, []
    where = f"scan '{pairing.scan}'"
    listed = "; ".join(text for _, text in gaze.events[:5])
    events = f" The file's events begin with: {listed}." if listed else ""
    if pairing.video_start_event is None:
        first, last = (seconds(int(t)) for t in (gaze.time_ns[0], gaze.time_ns[-1]))
        what = f"when the video starts is not said; the gaze runs from {first} to {last}"
        fix = f"Give --video-start TIME or --video-start-event REGEX.{events}"
        raise ConfigError(what, where, fix)
    try:
        pattern = re.compile(pairing.video_start_event)
    except re.error as error:
        what = f"'{pairing.video_start_event}' is no regular expression: {error}"
        raise ConfigError(what, where, "Correct --video-start-event.") from None
    found = [time for time, text in gaze.events if pattern.search(text)]
    if not found:
        what = f"no event of the gaze file fits '{pairing.video_start_event}'"
        fix = f"Correct --video-start-event.{events or ' The file holds no event.'}"
        raise ConfigError(what, where, fix)
    many = f"{len(found)} events fit '{pairing.video_start_event}': the first was taken"
    return found[0], [Finding(WARN, many)] if len(found) > 1 else []


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
