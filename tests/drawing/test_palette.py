"""Colours of pictures: words can be read on what they are drawn on."""

import pytest

from fusbench.drawing.palette import palette, rgb


def luminance(colour):
    """Relative luminance of WCAG 2.1."""
    parts = [part / 255 for part in rgb(colour)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_contrast_is_that_of_black_and_white():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_can_be_read(theme):
    """WCAG's stricter grade for words, its grade for large ones for what is said softly."""
    colours = palette(theme)
    for ground in (colours.paper, colours.card):
        assert contrast(colours.ink, ground) >= 7
        assert contrast(colours.soft, ground) >= 4.5
    assert (luminance(colours.paper) > 0.5) == (theme == "light")
