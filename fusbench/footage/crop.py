"""What of a picture is kept: a rectangle, or a region that a DICOM file declares."""

from __future__ import annotations

import re

from fusbench.errors import ConfigError
from fusbench.footage.box import Box, parse_box
from fusbench.footage.record import Footage

REGION = re.compile(r"region(-[1-9])?")


def parse_crop(text: str) -> Box | str:
    """A rectangle from "X,Y,W,H", or the word "region", "region-2".

    Examples
    --------
    >>> parse_crop("region"), str(parse_crop("16,40,288,192"))
    ('region', '16,40,288,192')
    """
    return text if REGION.fullmatch(text) else parse_box(text, "region or rectangle")


def crop_box(crop: Box | str | None, footage: Footage, where: str) -> Box:
    """The rectangle that is meant; the whole picture for None.

    Raises
    ------
    ConfigError
        If it leaves the picture or cuts pixels, or the file declares no such region.
    """
    height, width = footage.shape
    crop = crop or Box(0, 0, width, height)
    if isinstance(crop, str):
        crop = _region(crop, footage, where)
        if not crop.inside(footage.shape):
            what = f"the declared region {crop} leaves the {width} x {height} picture"
            raise ConfigError(what, where, "Look at the picture, and give --crop X,Y,W,H.")
    if not crop.inside(footage.shape):
        what = f"the crop {crop} leaves the {width} x {height} picture"
        raise ConfigError(what, where, "Give --crop X,Y,W,H within it.")
    if any(value != int(value) for value in (crop.x, crop.y, crop.width, crop.height)):
        raise ConfigError(f"the crop {crop} cuts pixels", where, "Give whole numbers.")
    return crop


def _region(word: str, footage: Footage, where: str) -> Box:
    """The region that "region" or "region-2" names."""
    found = footage.regions
    if not found:
        fix = "Give --crop X,Y,W,H."
        raise ConfigError("the video declares no ultrasound region that is whole", where, fix)
    number = int(word[-1]) if word != "region" else 0
    if (not number and len(found) > 1) or number > len(found):
        what = f"the video declares {len(found)} image regions: {listed_regions(found)}"
        raise ConfigError(what, where, "Choose one with --crop region-1, say.")
    return found[max(number - 1, 0)]


def listed_regions(regions: tuple[Box, ...]) -> str:
    """``region-1 is 8,8,80,56; region-2 is 100,8,80,56``"""
    return "; ".join(f"region-{n} is {box}" for n, box in enumerate(regions, start=1))
