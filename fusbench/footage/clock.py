"""Times as whole nanoseconds: exact for every tracker's clock, epochs included."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import numpy as np

from fusbench.errors import ConfigError
from fusbench.numerals import DECIMAL

SHOWN = "clock"  # in place of a unit, for times as a clock shows them
UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
SPELLINGS = {"μs": "us", "secs": "s", "sec": "s", "in secs": "s", "seconds": "s"}
TIME = re.compile(r"\s*([+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)\s*([a-zμ]*)\s*")
CLOCK = re.compile(
    r"\s*(?:(?:(?P<year>\d{4})[-/.](?P<month>\d\d?)[-/.](?P<day>\d\d?)"
    r"|(?P<day2>\d\d?)\.(?P<month2>\d\d?)\.(?P<year2>\d{4}))[ T_]+)?"
    r"(?P<hours>\d{1,3}):(?P<minutes>\d\d)(?::(?P<seconds>\d\d))?"
    r"(?:[.,](?P<rest>\d{1,9})|:(?P<rest2>\d{3}|\d{6}|\d{9}))?"
    r"\s*(?P<half>[AaPp][Mm])?\s*(?P<zone>Z|UTC|[+-]\d\d(?::?\d\d)?)?\s*",
    re.ASCII,
)
LONGEST, MOST_DIGITS = 2**63 - 1, 20


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
    shown = clock_ns(text)
    if shown is not None:
        return shown
    found = TIME.fullmatch(plain(text))
    label = (found.group(2) or unit) if found else ""
    label = SPELLINGS.get(label, label)
    if found is None or label not in UNITS:
        fix = "Give a number with an optional unit of s, ms, us or ns, such as 12.5s."
        raise ConfigError(f"'{text}' is no time", fix=fix)
    return _exact(found.group(1), UNITS[label])


def clock_ns(text: str) -> int | None:
    """Nanoseconds of a time as a clock shows it; None where it is no such time.

    Dates count from 1970, in the zone that is written or else in UTC; times of day from midnight.
    Two numbers without a date are minutes and seconds. What follows a last colon is a fraction in
    three, six or nine digits: 10:00:04:12 may be a timecode, whose last number counts frames.

    Examples
    --------
    >>> clock_ns("00:01:02.5"), clock_ns("1970-01-01T00:00:01Z"), clock_ns("12.5")
    (62500000000, 1000000000, None)
    >>> clock_ns("1:30"), clock_ns("1970-01-01 00:02")
    (90000000000, 120000000000)
    >>> clock_ns("00:00:01:250"), clock_ns("00:00:01:12"), clock_ns("1970-01-01T02:00:01+02")
    (1250000000, None, 1000000000)
    >>> clock_ns("02.01.1970 00:00:00"), clock_ns("12:00:01 AM"), clock_ns("01/02/1970 1:00")
    (86400000000000, 1000000000, None)
    """
    found = CLOCK.fullmatch(text)
    if found is None:
        return None
    year, month, day = (found[part] or found[f"{part}2"] for part in ("year", "month", "day"))
    hours, minutes, seconds = (int(found[part] or 0) for part in ("hours", "minutes", "seconds"))
    rest = found["rest"] or found["rest2"]
    half, zone = (found["half"] or "").lower(), found["zone"]
    if not year and not half and found["seconds"] is None:
        hours, minutes, seconds = 0, hours, minutes
    elif minutes > 59 or (half and not 1 <= hours <= 12):
        return None
    if seconds > 60:  # a leap second
        return None
    if half:
        hours = hours % 12 + 12 * (half == "pm")
    try:
        days = (date(int(year), int(month), int(day)) - date(1970, 1, 1)).days if year else 0
    except ValueError:
        return None
    total = days * 86400 + hours * 3600 + minutes * 60 + seconds
    if zone and zone[0] in "+-":
        shift = int(zone[1:3]) * 3600 + int(zone[3:].lstrip(":") or 0) * 60
        total -= shift if zone[0] == "+" else -shift
    return total * 10**9 + int((rest or "0").ljust(9, "0"))


def _exact(number: str, scale: int) -> int:
    if not DECIMAL.fullmatch(number.strip()):
        raise ValueError(number)
    exact = Decimal(number)
    if exact.adjusted() < MOST_DIGITS:
        value = int((exact * scale).to_integral_value())
        if abs(value) <= LONGEST:
            return value
    raise _too_large(number)


def _too_large(number: str) -> ConfigError:
    return ConfigError(f"the time {number[:40]} is too large", fix="Check its unit.")


def nanoseconds(texts: Sequence[str], unit: str) -> np.ndarray:
    """Numbers written as text, in `unit`, as int64 nanoseconds, shape (N,).

    The unit `SHOWN` takes texts such as 10:00:04.444, with a date or without.

    Raises
    ------
    ValueError
        With the first text that is no number.
    ConfigError
        If a time is too large.

    Examples
    --------
    >>> nanoseconds(["0.5", "1700000000123456.789"], "us").tolist()
    [500, 1700000000123456789]
    """
    scale = UNITS.get(unit, 0)
    result = np.empty(len(texts), np.int64)
    for index, text in enumerate(texts):
        if not scale:
            shown = clock_ns(text)
            if shown is None:
                raise ValueError(text)
            result[index] = shown
            continue
        try:
            if not (text.isascii() and text.isdecimal()) or len(text) > MOST_DIGITS:
                result[index] = _exact(text, scale)
            elif (value := int(text) * scale) <= LONGEST:
                result[index] = value
            else:
                raise _too_large(text)
        except (InvalidOperation, ValueError):
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
