"""Burnt-in text is found on made banners, and plain ultrasound raises no alarm.

`measure` with all 115 clips of "phantom" and 8 rounds: 96 of 96 banners found, no clip alarmed.
"""

import cv2
import numpy as np

from fusbench.data.dataset import open_dataset
from fusbench.importing.burnt_in import burnt_in

SIDES, INKS = ("top", "bottom", "left", "right"), (230, 140, 80)
FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX)
LETTERS = list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def words(rng):
    """A name with a date of birth, or a number, as banners show them."""
    name = "".join(rng.choice(LETTERS, rng.integers(4, 9)))
    born = f"{rng.integers(1, 28):02}.{rng.integers(1, 12):02}.{rng.integers(40, 99)}"
    return [[f"{name},", born], ["ID", str(rng.integers(10**6, 10**8))]][rng.integers(2)]


def banner(rng, side, ink):
    """A black strip with one line, or at a side with a line for each word."""
    font, scale = FONTS[rng.integers(len(FONTS))], rng.uniform(0.4, 0.7)
    parts = words(rng)
    lines = parts if side in ("left", "right") else [" ".join(parts)]
    sizes = [cv2.getTextSize(line, font, scale, 1) for line in lines]
    step = max(height + base for (_, height), base in sizes) + 6
    strip = np.zeros((step * len(lines), max(width for (width, _), _ in sizes) + 6), np.uint8)
    for number, line in enumerate(lines):
        at = (3, step * number + sizes[number][0][1] + 3)
        cv2.putText(strip, line, at, font, scale, ink, 1, cv2.LINE_AA)
    return strip


def with_banner(rng, frames, side, ink, late):
    """Frames with a banner laid on a side, from the start or from half of the time on."""
    count, rows, columns = frames.shape
    strip = banner(rng, side, ink)[: rows - 4, : columns - 4]
    height, width = strip.shape
    y = {"top": 2, "bottom": rows - height - 2}.get(side, int(rng.integers(rows - height)))
    x = {"left": 2, "right": columns - width - 2}.get(side, int(rng.integers(columns - width)))
    shown = frames.copy()
    shown[int(count * rng.uniform(0.5, 0.7)) if late else 0 :, y : y + height, x : x + width] = (
        strip
    )
    return shown


def measure(plain, rounds, seed=0):
    """The share of banners that are found, and of plain clips that are taken for one."""
    rng = np.random.default_rng(seed)
    found = [
        bool(burnt_in(with_banner(rng, plain[rng.integers(len(plain))], side, ink, late)))
        for number in range(rounds)
        for side in SIDES
        for ink in INKS
        for late in [bool(number % 2)]
    ]
    return np.mean(found), np.mean([bool(burnt_in(frames)) for frames in plain])


def test_banners_on_four_sides_in_three_contrasts_and_late():
    clips = [np.array(clip.frames) for clip in open_dataset("phantom-tiny").clips]
    longer = [np.concatenate([frames, frames[::-1], frames]) for frames in clips]  # 3 s, as usual
    recall, alarms = measure(longer, rounds=2)
    assert recall >= 0.95
    assert alarms == 0  # of six clips
