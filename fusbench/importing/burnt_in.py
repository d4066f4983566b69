"""Text burnt into pictures: steady strokes in a line on an even ground, at any border, any time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from fusbench.data.packed import PackedFrames

Frames = np.ndarray | PackedFrames

SPANS, SPAN_FRAMES, WIDE_FRAMES, FEWEST_FRAMES = 9, 5, 12, 3
STEADY, STEADY_LONG = 14, 8
CONTRAST, CONTRAST_LONG = 16, 40
SMALLEST, LARGEST = 6, 48  # height of a line, in pixels
GAPS = (5, 9, 17, 29)  # between letters, in pixels
SMALL_LETTERS, SHORTEST_LARGE = 18, 4.0
SHORTEST_LINE = 2.0  # times its height
FEWEST_STROKES, FEWEST_STROKES_LONG = 5, 8
LATER = (0.0, 0.5, 0.75)  # from these shares of the time on, to the end, text may stand
OUTER = 0.2
INK = (0.10, 0.72)
CLEAR, CLEAR_SHARE = 0.4, 0.75
EVEN, EVEN_SHARE, MOVING_SHARE, FEWEST_GROUND = 10, 0.85, 0.9, 0.08


def burnt_in(clips: np.ndarray | Sequence[Frames]) -> str:
    """Border nearest to which text seems to be burnt in, such as "top"; "" where none does.

    Parameters
    ----------
    clips : ndarray of uint8, shape (T, H, W) or (T, H, W, 3), or several of them
        The clips of one recording in their order. Frames are taken from all of its time, a few
        neighbouring ones at a time; fewer than three cannot tell what stands still.

    Examples
    --------
    >>> burnt_in(np.zeros((3, 64, 96), np.uint8))
    ''
    """
    listed: list[Frames] = [clips] if isinstance(clips, np.ndarray) else list(clips)
    for frames, wide in _groups(listed):
        box = text_line(frames, wide)
        if box is not None:
            return _side(box, (frames.shape[1], frames.shape[2]))
    return ""


def _groups(clips: list[Frames]) -> Iterator[tuple[np.ndarray, bool]]:
    """Some frames at a time, grey: evenly over all, over the later half, and of short spans."""
    length = np.cumsum([0, *(len(clip) for clip in clips)])
    total = int(length[-1])

    def frame(index: int) -> np.ndarray:
        clip = int(np.searchsorted(length, index, side="right")) - 1
        return _brightest(clips[clip][index - length[clip]])

    spans = [(int(share * total), total, WIDE_FRAMES, True) for share in LATER]
    reach = max(total // SPANS, SPAN_FRAMES)
    begins = {*range(0, total - reach + 1, reach), max(total - reach, 0)}
    spans += [(begin, begin + reach, SPAN_FRAMES, False) for begin in sorted(begins)]
    for begin, end, count, wide in spans:
        chosen = np.unique(np.linspace(begin, min(end, total) - 1, count).astype(int))
        if len(chosen) >= min(count if not wide else FEWEST_FRAMES, total) >= FEWEST_FRAMES:
            yield np.stack([frame(int(index)) for index in chosen]), wide


def _brightest(picture: np.ndarray) -> np.ndarray:
    return picture if picture.ndim == 2 else picture.max(axis=2)


def text_line(frames: np.ndarray, wide: bool) -> tuple[int, int, int, int] | None:
    """Place of a line of text that stands still in some frames (T, H, W): x, y, width, height.

    Strokes are thin parts brighter or darker than their surroundings that do not change. Letters
    in a row are joined into a line; a line of text is longer than high, holds many strokes side by
    side, and what lies between its strokes is of one grey or, over a `wide` time, moves: speckle
    that stands still does neither.
    """
    low, high = frames.min(axis=0), frames.max(axis=0)
    still = high.astype(int) - low <= (STEADY_LONG if wide else STEADY)
    least = CONTRAST_LONG if wide else CONTRAST
    ground = cv2.getStructuringElement(cv2.MORPH_RECT, (13, 13))
    for way, seen in ((cv2.MORPH_TOPHAT, low), (cv2.MORPH_BLACKHAT, high)):
        strokes = (cv2.morphologyEx(seen, way, ground) > least) & still
        if not strokes.any():
            continue
        for gap in GAPS:
            box = _line(strokes.astype(np.uint8), seen, still | (not wide), gap)
            if box is not None:
                return box
    return None


def _line(
    strokes: np.ndarray, seen: np.ndarray, still: np.ndarray, gap: int
) -> tuple[int, int, int, int] | None:
    joined = cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    for x, y, width, height, _area in stats[1:]:
        longer = SHORTEST_LINE if height <= SMALL_LETTERS else SHORTEST_LARGE
        if not (SMALLEST <= height <= LARGEST and width >= longer * height):
            continue
        ink = strokes[y : y + height, x : x + width].astype(bool)
        if not INK[0] <= ink.mean() <= INK[1]:
            continue
        here = (slice(y, y + height), slice(x, x + width))
        count = _strokes_a_row(ink)
        moves = count >= FEWEST_STROKES_LONG and not still[here].all()
        if count >= FEWEST_STROKES and _ground(ink, seen[here], still[here] | (not moves)):
            return int(x), int(y), int(width), int(height)
    return None


def _strokes_a_row(ink: np.ndarray) -> float:
    """Strokes side by side, in the middle of the rows."""
    edges = np.diff(np.pad(ink, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    count = (edges == 1).sum(axis=1)
    inner = count[len(count) // 5 : len(count) - len(count) // 5]
    return float(np.median(inner)) if len(inner) else 0.0


def _ground(ink: np.ndarray, grey: np.ndarray, still: np.ndarray) -> bool:
    """Whether what lies between the strokes is nearly all of one grey, or moves."""
    near = cv2.dilate(ink.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    ground = ~near if (~near).sum() >= FEWEST_GROUND * near.size else ~ink
    if not ground.any():
        return False
    if (~still[ground]).mean() >= MOVING_SHARE:
        return True
    values = grey[ground].astype(int)
    even = (np.abs(values - np.median(values)) <= EVEN).mean() >= EVEN_SHARE
    return bool(even and _clear(ink, grey.astype(int), float(np.median(values))))


def _clear(ink: np.ndarray, grey: np.ndarray, ground: float) -> bool:
    """Whether the ground shows between the strokes, in the middle of the rows, as speckle's not."""
    inner = slice(len(ink) // 5, len(ink) - len(ink) // 5)
    strokes, grey = ink[inner], grey[inner]
    right = np.maximum.accumulate(strokes, axis=1)
    left = np.maximum.accumulate(strokes[:, ::-1], axis=1)[:, ::-1]
    between = right & left & ~strokes
    if not between.any():
        return False
    contrast = np.median(np.abs(grey[strokes] - ground))
    return bool((np.abs(grey[between] - ground) < CLEAR * contrast).mean() >= CLEAR_SHARE)


def _side(box: tuple[int, int, int, int], shape: tuple[int, int]) -> str:
    """The border of a line: above or below in the outer fifths, else the nearer of the sides."""
    x, y, width, height = box
    middle = (y + height / 2) / shape[0]
    if middle < OUTER or middle > 1 - OUTER:
        return "top" if middle < OUTER else "bottom"
    return "left" if x < shape[1] - x - width else "right"
