"""Grey frames taken from their luma have the values of FFmpeg's own conversion to colour."""

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace

from fusbench.footage.planes import PLANAR, pixels


def decoded(layout, height, width, colorspace, color_range, chroma):
    """A frame of random luma, with one value in all of its colour."""
    frame = av.VideoFrame(width, height, layout)
    frame.colorspace, frame.color_range = colorspace, color_range
    rng = np.random.default_rng(width)
    for number, plane in enumerate(frame.planes):
        size = plane.height, plane.line_size
        rows = np.full(size, chroma, np.uint8) if number else rng.integers(0, 256, size, np.uint8)
        plane.update(rows)
    return frame


@pytest.mark.parametrize("layout", sorted(PLANAR))
@pytest.mark.parametrize("colorspace", [Colorspace.ITU709, Colorspace.ITU601])
@pytest.mark.parametrize("color_range", [ColorRange.MPEG, ColorRange.JPEG])
@pytest.mark.parametrize("size", [(66, 98), (2, 1282), (270, 6), (52, 37), (51, 38), (51, 37)])
def test_grey_is_that_of_the_colours(layout, colorspace, color_range, size):
    frame = decoded(layout, *size, colorspace, color_range, chroma=128)
    found, rgb = pixels(frame), frame.to_ndarray(format="rgb24")
    if size[0] % 2 or size[1] % 2:
        np.testing.assert_array_equal(found, rgb)
        return
    assert found.shape == size
    np.testing.assert_array_equal(np.repeat(found[..., None], 3, axis=-1), rgb)
    np.testing.assert_array_equal(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), found)
    assert len(np.unique(found)) > 150


@pytest.mark.parametrize("number", [1, 2])
def test_any_colour_is_kept(number):
    frame = decoded("yuv420p", 48, 64, Colorspace.ITU709, ColorRange.MPEG, chroma=128)
    plane = frame.planes[number]
    rows = np.full((plane.height, plane.line_size), 128, np.uint8)
    rows[-1, plane.width - 1] = 190
    plane.update(rows)
    found = pixels(frame)
    assert found.shape == (48, 64, 3)
    assert np.ptp(found[-1, -1].astype(int)) > 20
    assert not np.ptp(found[0, 0])


def test_what_lies_beside_a_row_is_no_colour():
    frame = decoded("yuv420p", 48, 70, Colorspace.ITU709, ColorRange.MPEG, chroma=128)
    plane = frame.planes[1]
    assert plane.line_size > plane.width
    rows = np.full((plane.height, plane.line_size), 128, np.uint8)
    rows[:, plane.width :] = 7
    plane.update(rows)
    assert pixels(frame).shape == (48, 70)
