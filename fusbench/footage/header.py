"""Values of a DICOM header that may be missing, empty or of the wrong type."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import numpy as np

from fusbench.footage.box import Box
from fusbench.numerals import fraction

TWO_DIMENSIONAL = 1
CENTIMETRES = 3
LARGEST = 10**9
LEAST = Fraction(1, 10**18)  # beyond, and beyond its inverse, a number is damage
NAMING = ("PN", "LO", "SH", "DA", "DT", "UI", "ST", "LT", "UT", "UC", "AE")
STANDARD_UIDS = "1.2.840.10008."


def number(value: Any) -> Fraction | None:
    """A decimal string, a number or the first of several; None where there is none.

    Examples
    --------
    >>> number("33,33"), number(None), number("n/a")
    (Fraction(3333, 100), None, None)
    """
    value = getattr(value, "original_string", value)
    if isinstance(value, list | tuple) or type(value).__name__ == "MultiValue":
        value = value[0] if len(value) else None
        value = getattr(value, "original_string", value)
    if value is None or isinstance(value, bool):
        return None
    try:
        found = fraction(str(value).replace(",", "."))
    except ValueError:
        return None
    return found if not found or LEAST <= abs(found) < 1 / LEAST else None


def whole(value: Any) -> int | None:
    """A whole number; None where there is none.

    Examples
    --------
    >>> whole("12 "), whole("1.5"), whole("")
    (12, None, None)
    """
    found = number(value)
    return int(found) if found is not None and found.denominator == 1 else None


def regions(header: Any) -> tuple[tuple[Box, list[float] | None], ...]:
    """The two-dimensional image regions, whose bounds are inclusive, each with its spacing.

    A region without all of its bounds, or with reversed ones, is none.
    """
    sequence = header.get("SequenceOfUltrasoundRegions")
    found: dict[Box, list[float] | None] = {}
    for region in sequence if hasattr(sequence, "__iter__") else ():
        if (
            not hasattr(region, "get")
            or whole(region.get("RegionSpatialFormat")) != TWO_DIMENSIONAL
        ):
            continue
        bounds = [
            whole(region.get(f"RegionLocation{name}"))
            for name in ("MinX0", "MinY0", "MaxX1", "MaxY1")
        ]
        left, top, right, bottom = (LARGEST if bound is None else bound for bound in bounds)
        if None in bounds or right < left or bottom < top:
            continue
        found.setdefault(Box(left, top, right - left + 1, bottom - top + 1), _spacing(region))
    return tuple(found.items())


def texts(header: Any) -> set[str]:
    """Texts of a header's elements that could name a person, and their words."""
    found: set[str] = set()
    for element in header.iterall():
        if element.VR not in NAMING or not element.value:
            continue
        for text in str(element.value).split("\\"):
            if not text.startswith(STANDARD_UIDS):
                found |= {text.strip(), *re.split(r"[\^=,\s]+", text)}
    return found


def _spacing(region: Any) -> list[float] | None:
    """Millimetres between rows and between columns."""
    if whole(region.get("PhysicalUnitsXDirection")) != CENTIMETRES:
        return None
    deltas = [region.get("PhysicalDeltaY"), region.get("PhysicalDeltaX")]
    if not all(isinstance(delta, float | int) and np.isfinite(delta) and delta for delta in deltas):
        return None
    return [round(10 * abs(float(delta)), 6) for delta in deltas]
