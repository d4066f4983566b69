"""A rectangle of pixels."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from fusbench.errors import ConfigError

NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?"


@dataclass(frozen=True)
class Box:
    """A rectangle: its left and top edge, its width and height, in pixels."""

    x: float
    y: float
    width: float
    height: float

    def __str__(self) -> str:
        return f"{self.x:g},{self.y:g},{self.width:g},{self.height:g}"

    def inside(self, shape: tuple[int, int]) -> bool:
        """Whether it lies within a picture of `shape` (H, W)."""
        right, bottom = self.x + self.width, self.y + self.height
        return self.x >= 0 and self.y >= 0 and right <= shape[1] and bottom <= shape[0]

    def overlaps(self, other: Box) -> bool:
        """Whether it shares an area with another rectangle."""
        across = self.x < other.x + other.width and other.x < self.x + self.width
        return across and self.y < other.y + other.height and other.y < self.y + self.height

    def cut(self, picture: np.ndarray) -> np.ndarray:
        """The part of a picture (H, W, ...) that the rectangle covers, as a view."""
        x, y, width, height = (int(n) for n in (self.x, self.y, self.width, self.height))
        return picture[y : y + height, x : x + width]


def numbers(text: str, count: int, option: str, example: str) -> list[float]:
    """So many numbers with commas between them."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != count or not all(re.fullmatch(NUMBER, part) for part in parts):
        raise ConfigError(f"{option} '{text}' is not {example}", fix=f"Give {count} numbers.")
    return [float(part) for part in parts]


def parse_box(text: str, option: str = "the rectangle") -> Box:
    """A rectangle from "X,Y,W,H".

    Examples
    --------
    >>> str(parse_box("10, 20, 640, 480"))
    '10,20,640,480'
    """
    box = Box(*numbers(text, 4, option, "X,Y,W,H"))
    if box.width <= 0 or box.height <= 0:
        raise ConfigError(f"{option} '{text}' is empty", fix="Give a width and height above 0.")
    return box
