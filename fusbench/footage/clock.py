"""Times as whole nanoseconds: exact for every tracker's clock, epochs included."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import numpy as np

from fusbench.errors import ConfigError

UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
SPELLINGS = {"μs": "us", "secs": "s", "sec": "s", "in secs": "s", "seconds": "s"}
TIME = re.compile(r"\s*([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)\s*([a-zμ]*)\s*")
LONGEST = 2**63 - 1
MOST_DIGITS = 40  # before the point: nothing is multiplied out that cannot be a time


def plain(text: str) -> str:
    """Text in one Unicode form (both micro signs become one), without outer blanks."""
    return unicodedata.normalize("NFKC", text).strip()


def unit_of(name: str) -> str:
    """Unit in the name of a column, such as "Recording timestamp [μs]"; "" where none stands.

    Examples
    --------
    >>> unit_of("Recording timestamp [µs]"), unit_of("Time (in secs)"), unit_of("t")
    ('us', 's', '')
    """
    found = re.search(r"[\[(]([^\])]*)[\])]\s*$", plain(name))
    label = found.group(1) if found else ""
    label = SPELLINGS.get(label, label)
    return label if label in UNITS else ""


def parse_time(text: str, unit: str = "s") -> int:
    """A time with an optional unit, in whole nanoseconds.

    Raises
    ------
    ConfigError
        If it is no time.

    Examples
    --------
    >>> parse_time("1.5"), parse_time("1500 ms"), parse_time("1700000000123456789ns")
    (1500000000, 1500000000, 1700000000123456789)
    """
    found = TIME.fullmatch(plain(text))
    label = (found.group(2) or unit) if found else ""
    label = SPELLINGS.get(label, label)
    if found is None or label not in UNITS:
        fix = "Give a number with an optional unit of s, ms, us or ns, such as 12.5s."
        raise ConfigError(f"'{text}' is no time", fix=fix)
    return _exact(found.group(1), UNITS[label])


def _exact(number: str, scale: int) -> int:
    exact = Decimal(number)
    large = exact.is_finite() and exact.adjusted() > MOST_DIGITS
    value = 0 if large else int((exact * scale).to_integral_value())
    if large or abs(value) > LONGEST:
        raise ConfigError(f"the time {number} is too large", fix="Check its unit.")
    return value


def nanoseconds(texts: Sequence[str], unit: str) -> np.ndarray:
    """Numbers written as text, in `unit`, as int64 nanoseconds, shape (N,).

    Raises
    ------
    ValueError
        With the first text that is no number.

    Examples
    --------
    >>> nanoseconds(["0.5", "1700000000123456.789"], "us").tolist()
    [500, 1700000000123456789]
    """
    scale = UNITS[unit]
    result = np.empty(len(texts), np.int64)
    for index, text in enumerate(texts):
        try:
            result[index] = int(text) * scale if text.isdecimal() else _exact(text, scale)
        except (InvalidOperation, ValueError, OverflowError):
            raise ValueError(text) from None
    return result


def whole_nanoseconds(time: Fraction) -> int:
    """An exact time in seconds, rounded up to nanoseconds.

    A sample's time is a whole number of nanoseconds, so ``sample >= frame`` has the same answer for
    the rounded time of a frame as for the exact one.

    Examples
    --------
    >>> whole_nanoseconds(Fraction(1, 30))
    33333334
    """
    return -((-time.numerator * 10**9) // time.denominator)


def frame_of(time_ns: np.ndarray, frame_ns: np.ndarray, end_ns: int) -> np.ndarray:
    """Frame on screen at each time, -1 before the first and after the last.

    Frame k is on screen for ``frame_ns[k] <= t < frame_ns[k + 1]``, the last one until `end_ns`.

    Examples
    --------
    >>> frame_of(np.array([-1, 0, 9, 10, 30, 39, 40]), np.array([0, 10, 30]), 40).tolist()
    [-1, 0, 0, 1, 2, 2, -1]
    """
    frame = np.searchsorted(frame_ns, time_ns, side="right") - 1
    return np.where(time_ns < end_ns, frame, -1)
