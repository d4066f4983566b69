"""Right gaze is never called mirrored or shifted, wherever it dwells; wrong gaze is found."""

from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest

import fusbench
from fusbench.footage.source import open_source
from fusbench.importing.beside import beside

MANY = 25
CLOSED = np.ones((31, 31), np.uint8)


def echo():
    """The ultrasound of the heart in pydicom's wheel, grey, cut to its fan."""
    (path,) = Path(pydicom.__file__).parent.rglob("examples_ybr_color.dcm")
    frames = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for _, frame in open_source(path).read())
    return np.stack(list(frames))[:, 15:207, 42:298]


def phantom():
    return np.asarray(fusbench.open_dataset("phantom-tiny", ("test",)).split("test")[0].frames)


@pytest.mark.parametrize(
    ("made", "upside_down"), [(echo, 0.15), (phantom, 0.45)], ids=["echo", "phantom"]
)
def test_random_recordings(made, upside_down):
    """Dwells on the picture, or in its dark chambers, off by 1 % of the diagonal as calibrated."""
    frames = made()
    most, shape = frames.max(axis=0), frames.shape[1:]
    shown = cv2.morphologyEx((most > 12).astype(np.uint8), cv2.MORPH_CLOSE, CLOSED)
    dark = cv2.erode(shown, np.ones((5, 5), np.uint8)) & (frames.mean(axis=0) < 12)
    count, labels = cv2.connectedComponents(dark.astype(np.uint8))
    chambers = [np.argwhere(labels == n) for n in range(1, count) if (labels == n).sum() >= 60]
    assert len(chambers) >= 4
    rng, off = np.random.default_rng(0), 0.01 * np.hypot(*shape)
    anywhere = np.argwhere(shown)
    found = {"right": 0, "mirrored": 0, "shifted": 0}
    for number in range(3 * MANY):
        places = (anywhere, np.argwhere(dark), chambers[rng.integers(len(chambers))])[number % 3]
        dwells = places[rng.integers(len(places), size=14)].repeat(30, axis=0)
        y, x = (dwells + rng.normal(0, 2, dwells.shape) + rng.normal(0, off, 2)).T
        found["right"] += any(beside(most, x, y))
        found["mirrored"] += any(beside(most, x, shape[0] - 1 - y))
        angle = rng.uniform(0, 2 * np.pi)
        x, y = x + shape[1] / 2 * np.cos(angle), y + shape[0] / 2 * np.sin(angle)
        within = (x > 0) & (x < shape[1]) & (y > 0) & (y < shape[0])
        found["shifted"] += any(beside(most, x, y)) or within.mean() < 0.8  # the report's share
    assert found["right"] == 0
    assert found["mirrored"] >= upside_down * 3 * MANY
    assert found["shifted"] >= 0.8 * 3 * MANY
