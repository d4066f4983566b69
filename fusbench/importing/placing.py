"""Where and when: the crop, the screen around the video, and the video's start in gaze time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fusbench.errors import ConfigError, DatasetError
from fusbench.footage.box import Box
from fusbench.footage.record import Footage
from fusbench.importing.finding import WARN, Finding
from fusbench.importing.geometry import ON_SCREEN, View, extent_mm, letterbox
from fusbench.importing.pairing import Pairing
from fusbench.importing.recording import GazeRecording

SAME_PX, SAME_SHAPE = 2.0, 0.02


def view_of(
    pairing: Pairing, gaze: GazeRecording, footage: Footage, boxes: tuple[Box, ...],
    frame: tuple[int, int],
) -> View:  # fmt: skip
    """How the video was seen; whatever is not told and cannot be otherwise is filled in."""
    screen, rect = pairing.screen or gaze.screen, None
    if ON_SCREEN[gaze.space]:
        screen, rect = shown_on(pairing, gaze, footage)
    return View(
        space=gaze.space,
        origin=gaze.origin,
        picture=footage.shape,
        crops=boxes,
        frame=frame,
        screen=screen,
        rect=rect,
        screen_mm=pairing.screen_mm,
        distance_mm=pairing.distance_mm,
    )


def shown_on(
    pairing: Pairing, gaze: GazeRecording, footage: Footage
) -> tuple[tuple[float, float], Box]:
    """The screen's width and height in its pixels, and where on it the video was shown.

    Raises
    ------
    ConfigError
        If one of them is not told, and could be otherwise.
    """
    screen, rect = pairing.screen or gaze.screen, pairing.display_rect
    height, width = footage.shape
    where = f"scan '{pairing.scan}'"
    if gaze.space == "normalised" and screen is None and rect == "full":
        screen = (float(width), float(height))
    if screen is None:
        fix = "Give --screen-size W,H, or --display-rect full if the video filled it."
        raise ConfigError("the size of the screen is not known", where, fix)
    if rect is None and screen == (width, height):
        rect = "full"
    if rect is None:
        fix = (
            "Give --display-rect X,Y,W,H; 'fit' is the largest one of the video's shape,"
            " 'full' the whole screen."
        )
        raise ConfigError("where on the screen the video was shown is not said", where, fix)
    if isinstance(rect, Box):
        return screen, rect
    shown = (height, width * float(footage.pixel_aspect))
    return screen, letterbox(shown, screen) if rect == "fit" else Box(0, 0, *screen)


def screen_remarks(
    pairing: Pairing, gaze: GazeRecording, footage: Footage, view: View
) -> Iterator[Finding]:
    """What of the screen and the rectangle on it contradicts the files, or is seldom so."""
    told, given = gaze.screen, pairing.screen
    if told and given and max(abs(a - b) for a, b in zip(told, given, strict=True)) > SAME_PX:
        text = f"the gaze file says a screen of {told[0]:g} x {told[1]:g}, and"
        yield Finding(WARN, f"{text} {given[0]:g} x {given[1]:g} was given: that was taken")
    screen, rect = view.screen, view.rect
    if screen is None or rect is None:
        return
    right, bottom = rect.x + rect.width - screen[0], rect.y + rect.height - screen[1]
    beyond = max(-rect.x, -rect.y, right, bottom)
    if beyond > SAME_PX:
        text = f"the video's rectangle {rect} leaves the screen of {screen[0]:g} x {screen[1]:g}"
        yield Finding(WARN, f"{text} by {beyond:g} px: is one of them of another screen?")
    height, width = footage.shape
    shown = width * float(footage.pixel_aspect) / height
    stretch = rect.width / rect.height / shown
    if abs(stretch - 1) > SAME_SHAPE:
        text = f"on {rect} the picture is {stretch:.3g} times as wide for its height as it is"
        fit = letterbox((1, shown), screen)
        yield Finding(WARN, f"{text}; a player that keeps its shape shows it on {fit} ('fit')")


def sigma_px_of(
    pairing: Pairing, gaze: GazeRecording, footage: Footage, crop: Box, frame: tuple[int, int],
    sigma_deg: float,
) -> float:  # fmt: skip
    """A visual angle at the screen's centre, in pixels of the stored frame.

    Where a pixel's width and height differ, of their geometric mean.

    Raises
    ------
    ConfigError
        If the screen, its size in millimetres, or the eye's distance is not told.
    """
    if pairing.screen_mm is None or pairing.distance_mm is None:
        what = f"a sigma of {sigma_deg:g} degrees needs the screen's size and the eye's distance"
        fix = "Give --screen-mm W,H and --distance-mm D, or --sigma-px."
        raise ConfigError(what, f"scan '{pairing.scan}'", fix)
    screen, rect = shown_on(pairing, gaze, footage)
    shown_mm = extent_mm(sigma_deg, pairing.distance_mm)
    height, width = footage.shape
    along_x = screen[0] / pairing.screen_mm[0] * width / rect.width * frame[1] / crop.width
    along_y = screen[1] / pairing.screen_mm[1] * height / rect.height * frame[0] / crop.height
    return float(shown_mm * np.sqrt(along_x * along_y))


def seconds(time_ns: int) -> str:
    return f"{time_ns / 1e9:.3f} s"


def require_overlap(pairing: Pairing, time_ns: np.ndarray, end_ns: int) -> None:
    """Raise `DatasetError` if the gaze, timed from the first frame on, misses the video."""
    if not ((time_ns >= 0) & (time_ns < end_ns)).any():
        first, last = seconds(int(time_ns.min())), seconds(int(time_ns.max()))
        what = (
            f"gaze and video share no time: counted from the video's first frame, the gaze runs"
            f" from {first} to {last}, the video to {seconds(end_ns)}"
        )
        fix = "Check that the files are of one recording, the video's start, and the time unit."
        raise DatasetError(what, f"scan '{pairing.scan}'", fix)
