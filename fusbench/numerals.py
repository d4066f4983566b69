"""Numbers in texts that people and programs wrote: decimal ones, and nothing else.

Python's own conversion takes ``1_0`` for 10, digits of every script, ``nan`` and ``infinity``, all
of which are a slip or a trick where a number stands in a file. Outer blanks and tabs are passed
over, as tables are often padded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

CHARACTERS = b"0123456789+-.eE \t"  # of which Python's conversion makes no more than is meant
WHOLE = re.compile(r"[0-9]{1,18}")
DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?")
LONGEST = 400  # characters: no number takes long to become exact
SHOWN = 40


def number(text: str) -> float:
    """The nearest float64 to a decimal number.

    Raises
    ------
    ValueError
        If the text is none, or too large.

    Examples
    --------
    >>> number("0.1"), number(" -1e3")
    (0.1, -1000.0)
    >>> number("1_0")
    Traceback (most recent call last):
    ...
    ValueError: '1_0' is no number
    """
    found = _number(text)
    if not math.isfinite(found):
        raise _none(text)
    return found


def numbers(texts: Sequence[str]) -> list[float]:
    """The nearest float64 to each text; NaN for what is no number, infinity for what is too large.

    Examples
    --------
    >>> numbers(["0.1", "", "1e999", "x", "1_0"])
    [0.1, nan, inf, nan, nan]
    """
    try:
        if not _others("".join(texts)):
            return [*map(float, texts)]
    except ValueError:
        pass
    return [*map(_number, texts)]


def _number(text: str) -> float:
    try:
        return math.nan if _others(text) else float(text)
    except ValueError:
        return math.nan


def _others(text: str) -> bytes:
    """What a text holds besides the characters of numbers."""
    return text.encode(errors="surrogatepass").translate(None, CHARACTERS)


def is_whole(text: str) -> bool:
    """Whether a text is a whole number from 0 on, of at most 18 digits.

    Examples
    --------
    >>> is_whole("12"), is_whole("1_2"), is_whole("\u00b2"), is_whole("")
    (True, False, False, False)
    """
    return WHOLE.fullmatch(text) is not None


def whole(text: str) -> int:
    """A whole number from 0 on, of at most 18 digits; `ValueError` where a text is none.

    Examples
    --------
    >>> whole("007")
    7
    """
    if not is_whole(text):
        raise _none(text)
    return int(text)


def fraction(text: str) -> Fraction:
    """A decimal number as it is written, or a quotient of whole ones; `ValueError` for others.

    Examples
    --------
    >>> fraction("29.97"), fraction("30000/1001")
    (Fraction(2997, 100), Fraction(30000, 1001))
    """
    from fractions import Fraction

    text = text.strip(" \t")
    above, line, below = text.partition("/")
    if line and is_whole(above) and is_whole(below) and int(below):
        return Fraction(int(above), int(below))
    found = DECIMAL.fullmatch(text) if len(text) <= LONGEST else None
    if found is None or abs(int(found[1] or 0)) > LONGEST:
        raise _none(text)
    return Fraction(text)


def _none(text: str) -> ValueError:
    return ValueError(f"'{text[:SHOWN]}' is no number")
