"""The colours of every picture: those of the pages, read from their style sheet."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from fusbench.web.document import tokens

TOKEN = re.compile(
    r"--(?P<name>[a-z0-9-]+): "
    r"(?:light-dark\((?P<light>#\w{6}), (?P<dark>#\w{6})\)|(?P<both>#\w{6}));"
)


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Colours as "#rrggbb", by what they are for; `series` are those of lines side by side."""

    paper: str
    card: str
    ink: str
    soft: str
    line: str
    accent: str
    predicted: str
    empirical: str
    series: tuple[str, ...]


def palette(theme: str) -> Palette:
    """The colours of the "light" or the "dark" theme: what a style sheet says first, not in print.

    Examples
    --------
    >>> palette("light").card, palette("dark").empirical
    ('#ffffff', '#ffd21f')
    """
    found: dict[str, str] = {}
    for each in TOKEN.finditer(tokens()):
        found.setdefault(each["name"], each[theme] or each["both"])
    names = [field.name for field in fields(Palette) if field.name != "series"]
    series = tuple(colour for name, colour in found.items() if name.startswith("series-"))
    return Palette(**{name: found[name] for name in names}, series=series)


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of a "#rrggbb".

    Examples
    --------
    >>> rgb("#ffd21f")
    (255, 210, 31)
    """
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


LIGHT, DARK = palette("light"), palette("dark")
