"""From the tracker's coordinates to pixels of the stored frame: screen, picture, crop, size.

On the way, the left edge of a picture is 0 and pixel k covers [k, k + 1), as trackers count; the
stored frame has pixel centres at whole numbers, so half a pixel is taken off at the end.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fusbench.errors import ConfigError
from fusbench.footage.box import Box, numbers

SPACES = {
    "screen": "pixels of the screen",
    "normalised": "0 to 1 over the screen",
    "pixel": "pixels of the video's picture",
    "picture": "0 to 1 over the video's picture",
    "degrees": "degrees of visual angle from the screen's centre",
    "psychopy-pix": "PsychoPy's pix: pixels of the screen from its centre, upwards",
    "psychopy-norm": "PsychoPy's norm: -1 to 1 over the screen, upwards",
    "psychopy-height": "PsychoPy's height: heights of the screen from its centre, upwards",
    "psychopy-cm": "PsychoPy's cm: centimetres from the screen's centre, upwards",
    "psychopy-deg": "PsychoPy's deg: degrees as all wide as at the screen's centre, upwards",
}
ON_SCREEN = {space: space not in ("pixel", "picture") for space in SPACES}
CENTRED = {"top-left": "centre", "bottom-left": "centre-up"}  # as degrees count, from the centre
ORIGINS = ("top-left", "bottom-left", "centre", "centre-up")


def parse_size(text: str, option: str = "the size") -> tuple[float, float]:
    """Width and height from "W,H" or "WxH".

    Examples
    --------
    >>> parse_size("1920,1080")
    (1920.0, 1080.0)
    """
    width, height = numbers(text.replace("x", ","), 2, option, "W,H")
    if width <= 0 or height <= 0:
        raise ConfigError(f"{option} '{text}' is empty", fix="Give a width and height above 0.")
    return width, height


def extent_mm(angle_deg: float, distance_mm: float) -> float:
    """How wide a visual angle is on a screen, in the middle of what the eye is before.

    Examples
    --------
    >>> round(extent_mm(1.0, 600.0), 2)
    10.47
    """
    return 2 * math.tan(math.radians(angle_deg / 2)) * distance_mm


def letterbox(shape: tuple[float, float], screen: tuple[float, float]) -> Box:
    """The largest rectangle of a picture's aspect ratio, centred on the screen.

    Examples
    --------
    >>> str(letterbox((480, 640), (1920, 1080)))
    '240,0,1440,1080'
    """
    scale = min(screen[0] / shape[1], screen[1] / shape[0])
    width, height = shape[1] * scale, shape[0] * scale
    return Box((screen[0] - width) / 2, (screen[1] - height) / 2, width, height)


@dataclass(frozen=True, kw_only=True)
class View:
    """How a video was shown, and what of it is stored.

    Parameters
    ----------
    space, origin : str
        What the tracker's numbers mean: a key of `SPACES`, one of `ORIGINS`.
    picture : (int, int)
        Rows and columns of the video's frames.
    crops : tuple of Box
        What of the picture is kept; several where that changes.
    frame : (int, int)
        Rows and columns that a crop is resized to.
    screen : (float, float), optional
        Width and height of the screen, in pixels.
    rect : Box, optional
        Where on the screen the picture was shown.
    screen_mm, distance_mm : optional
        Width and height of the screen, and the eye's distance; needed for degrees.
    """

    space: str
    origin: str
    picture: tuple[int, int]
    crops: tuple[Box, ...]
    frame: tuple[int, int]
    screen: tuple[float, float] | None = None
    rect: Box | None = None
    screen_mm: tuple[float, float] | None = None
    distance_mm: float | None = None

    def to_frame(
        self, x: np.ndarray, y: np.ndarray, part: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Tracker's coordinates as x_px, y_px of the stored frame; NaN stays NaN.

        `part` is the number of the crop that the frame on screen is cut to, for each sample.
        """
        x, y = self.to_picture(x, y)
        boxes = np.array([(box.x, box.y, box.width, box.height) for box in self.crops])
        left, top, width, height = boxes[part].T
        x = (x - left) * (self.frame[1] / width)
        y = (y - top) * (self.frame[0] / height)
        return x - 0.5, y - 0.5

    def to_picture(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Tracker's coordinates as pixels of the video's picture, its edges at 0."""
        height, width = self.picture
        if self.space in ("pixel", "picture"):
            unit = (1.0, 1.0) if self.space == "picture" else (width, height)
            x, y = _from_top_left(x, y, self.origin, unit)
            return (x * width, y * height) if self.space == "picture" else (x, y)
        if self.screen is None or self.rect is None:
            raise ConfigError(f"gaze in {SPACES[self.space]} needs the screen", fix="Describe it.")
        origin = self.origin
        if self.space == "degrees":
            x, y = self._degrees_to_screen(x), self._degrees_to_screen(y, axis=1)
            origin = CENTRED.get(origin, origin)
        elif self.space.startswith("psychopy-"):
            (wide, high), origin = self._psychopy_unit(), "centre-up"
            x, y = x * wide, y * high
        unit = (1.0, 1.0) if self.space == "normalised" else self.screen
        x, y = _from_top_left(x, y, origin, unit)
        if self.space == "normalised":
            x, y = x * self.screen[0], y * self.screen[1]
        return (
            (x - self.rect.x) * (width / self.rect.width),
            (y - self.rect.y) * (height / self.rect.height),
        )

    def _psychopy_unit(self) -> tuple[float, float]:
        """Width and height of one unit, in pixels of the screen."""
        assert self.screen is not None
        width, height = self.screen
        unit = self.space.removeprefix("psychopy-")
        of_screen = {"pix": (1.0, 1.0), "norm": (width / 2, height / 2), "height": (height, height)}
        if unit in of_screen:
            return of_screen[unit]
        if self.screen_mm is None or (unit == "deg" and self.distance_mm is None):
            fix = f"Give --screen-mm W,H{' and --distance-mm D' if unit == 'deg' else ''}."
            what = f"gaze in {SPACES[self.space]}, cannot be placed without the screen's geometry"
            raise ConfigError(what, fix=fix)
        unit_mm = 10.0 if unit == "cm" else math.tan(math.radians(1)) * (self.distance_mm or 0)
        return width / self.screen_mm[0] * unit_mm, height / self.screen_mm[1] * unit_mm

    def _degrees_to_screen(self, angle: np.ndarray, axis: int = 0) -> np.ndarray:
        if self.screen is None or self.screen_mm is None or self.distance_mm is None:
            raise ConfigError(
                "gaze in degrees cannot be placed without the screen's geometry",
                fix="Give --screen-size, --screen-mm W,H and --distance-mm D.",
            )
        shift_mm = np.tan(np.radians(angle)) * self.distance_mm
        shift: np.ndarray = shift_mm * (self.screen[axis] / self.screen_mm[axis])
        return shift

    def facts(self) -> dict[str, Any]:
        """The view as plain values."""
        rect = str(self.rect) if self.rect else None
        facts = {**asdict(self), "crop": "; ".join(map(str, self.crops)), "rect": rect}
        del facts["crops"]
        return facts


def _from_top_left(
    x: np.ndarray, y: np.ndarray, origin: str, size: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    if origin == "bottom-left":
        return x, size[1] - y
    if origin == "centre":
        return x + size[0] / 2, y + size[1] / 2
    if origin == "centre-up":
        return x + size[0] / 2, size[1] / 2 - y
    return x, y
