"""Text burnt into pictures: steady strokes in a line on an even ground, at any border, any time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

GROUPS, FEWEST_FRAMES = 12, 3
STEADY = 14
CONTRAST = 16
SMALLEST, LARGEST = 5, 48  # height of a line, in pixels
GAPS = (5, 9, 17, 29)  # between letters, in pixels
SHORTEST_LINE = 1.6  # times its height
FEWEST_STROKES = 5
INK = (0.10, 0.72)
EVEN, EVEN_SHARE = 12, 0.72


def burnt_in(clips: np.ndarray | Sequence[np.ndarray]) -> str:
    """Border nearest to which text seems to be burnt in, such as "top"; "" where none does.

    Parameters
    ----------
    clips : ndarray of uint8, shape (T, H, W) or (T, H, W, 3), or several of them
        The clips of one recording in their order. Frames are taken from all of its time, three
        neighbouring ones at a time; fewer than three cannot tell what stands still.

    Examples
    --------
    >>> burnt_in(np.zeros((3, 64, 96), np.uint8))
    ''
    """
    listed = [clips] if isinstance(clips, np.ndarray) else list(clips)
    for frames in _groups(listed):
        box = text_line(frames)
        if box is not None:
            return _side(box, (frames.shape[1], frames.shape[2]))
    return ""


def _groups(clips: list[np.ndarray]) -> Iterator[np.ndarray]:
    """Three frames at a time, grey, as far apart as a clip allows."""
    clips = [clip for clip in clips if len(clip) >= FEWEST_FRAMES]
    total = sum(len(clip) for clip in clips)
    for clip in clips:
        count = max(1, round(GROUPS * len(clip) / total)) if total else 0
        count = min(count, len(clip))
        reach = len(clip) // count
        for begin in range(0, reach * count, reach):
            places = np.linspace(begin, begin + max(reach, FEWEST_FRAMES) - 1, FEWEST_FRAMES)
            chosen = np.clip(places.astype(int), 0, len(clip) - 1)
            yield np.stack([_brightest(clip[index]) for index in chosen])


def _brightest(picture: np.ndarray) -> np.ndarray:
    return picture if picture.ndim == 2 else picture.max(axis=2)


def text_line(frames: np.ndarray) -> tuple[int, int, int, int] | None:
    """Place of a line of text that stands still in some frames (T, H, W): x, y, width, height.

    Strokes are thin parts brighter or darker than their surroundings that do not change. Letters
    in a row are joined into a line; a line of text is longer than high, holds many strokes side by
    side, and what lies between its strokes is of one grey: speckle that stands still is not.
    """
    still = frames.max(axis=0).astype(int) - frames.min(axis=0) <= STEADY
    middle = np.median(frames, axis=0).astype(np.uint8)
    ground = cv2.getStructuringElement(cv2.MORPH_RECT, (13, 13))
    for way in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT):
        strokes = (cv2.morphologyEx(middle, way, ground) > CONTRAST) & still
        if not strokes.any():
            continue
        for gap in GAPS:
            box = _line(strokes.astype(np.uint8), middle, gap)
            if box is not None:
                return box
    return None


def _line(strokes: np.ndarray, middle: np.ndarray, gap: int) -> tuple[int, int, int, int] | None:
    joined = cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    for x, y, width, height, _area in stats[1:]:
        if not (SMALLEST <= height <= LARGEST and width >= SHORTEST_LINE * height):
            continue
        ink = strokes[y : y + height, x : x + width].astype(bool)
        if not INK[0] <= ink.mean() <= INK[1]:
            continue
        if _strokes_a_row(ink) < FEWEST_STROKES:
            continue
        if _even_ground(ink, middle[y : y + height, x : x + width]):
            return int(x), int(y), int(width), int(height)
    return None


def _strokes_a_row(ink: np.ndarray) -> float:
    """Strokes side by side, in the middle of the rows."""
    edges = np.diff(np.pad(ink, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    count = (edges == 1).sum(axis=1)
    inner = count[len(count) // 5 : len(count) - len(count) // 5]
    return float(np.median(inner)) if len(inner) else 0.0


def _even_ground(ink: np.ndarray, grey: np.ndarray) -> bool:
    """Whether most of what is no stroke, and not at a stroke's edge, is of one grey."""
    near = cv2.dilate(ink.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    ground = grey[~near] if (~near).sum() >= 0.08 * near.size else grey[~ink]
    if not len(ground):
        return False
    return bool((np.abs(ground.astype(int) - np.median(ground)) <= EVEN).mean() >= EVEN_SHARE)


def _side(box: tuple[int, int, int, int], shape: tuple[int, int]) -> str:
    x, y, width, height = box
    distance = {
        "top": y, "bottom": shape[0] - y - height, "left": x, "right": shape[1] - x - width,
    }  # fmt: skip
    return min(distance, key=lambda side: distance[side])
