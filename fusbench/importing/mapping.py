"""Which columns of a table hold what: a declared mapping, and its rules."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusbench.errors import ConfigError, unknown
from fusbench.footage.clock import plain
from fusbench.importing.cells import numbers
from fusbench.importing.geometry import ORIGINS, SPACES
from fusbench.importing.presets import FORMATS
from fusbench.reading import read_toml
from fusbench.records import read_record

RULE = re.compile(
    r"(?P<column>.+?)\s+(?:is\s(?P<values>.*)|>=\s*(?P<least>[0-9]+\.?[0-9]*|\.[0-9]+))"
)


@dataclass(frozen=True)
class Rule:
    """A condition on a column: one of some values, or at least a number."""

    column: str
    values: tuple[str, ...] = ()
    least: float | None = None

    @classmethod
    def parse(cls, text: str) -> Rule:
        """A rule from "COLUMN is A|B" or "COLUMN >= NUMBER".

        Examples
        --------
        >>> Rule.parse("Validity left is Valid|0")
        Rule(column='Validity left', values=('Valid', '0'), least=None)
        """
        found = RULE.fullmatch(text)
        if found is None:
            fix = "Write COLUMN is A|B, or COLUMN >= NUMBER."
            raise ConfigError(f"the rule '{text}' cannot be read", fix=fix)
        column = plain(found["column"])
        if found["least"] is not None:
            return cls(column, least=float(found["least"]))
        return cls(column, tuple(plain(value) for value in found["values"].split("|")))

    def holds(self, rows: pd.DataFrame) -> np.ndarray:
        """Which rows fulfil it, bool (N,)."""
        cells = rows[self.column].str.strip()
        if self.least is not None:
            return numbers(cells).values >= self.least
        cells = cells.str.lower().str.replace(r"^(-?\d+)[.,]0+$", r"\1", regex=True)
        return cells.isin([value.lower() for value in self.values]).to_numpy(bool)


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """Which columns of a table hold what. Names are candidates, tried in order.

    Parameters
    ----------
    frame, first_frame : number of the frame on screen, where there is no clock; of the first frame
    time, time_unit : the clock; a unit in the column's name, such as "[ms]", wins
    x, y : a gaze that is combined of both eyes already
    left_x, left_y, right_x, right_y : gaze of each eye
    space : a key of `SPACES`, or one for each candidate of `x`
    origin : one of `ORIGINS`
    valid, valid_left, valid_right : rules; a rule whose column is missing is passed over
    keep : rule for the rows that hold gaze; others are looked at for events only
    event : columns whose text makes an event
    recording, participant : columns that tell several recordings apart
    other_time : the tracker's own clock, to measure drift with; of the same unit, if not labelled
    screen_width, screen_height : columns with the screen's size in pixels
    encoding : of the text
    eyes : what `x` and `y` stand for, in words
    """

    time: tuple[str, ...] = ()
    time_unit: str = ""
    frame: tuple[str, ...] = ()
    first_frame: str = ""
    x: tuple[str, ...] = ()
    y: tuple[str, ...] = ()
    left_x: tuple[str, ...] = ()
    left_y: tuple[str, ...] = ()
    right_x: tuple[str, ...] = ()
    right_y: tuple[str, ...] = ()
    space: tuple[str, ...] = ()
    origin: str = "top-left"
    valid: tuple[str, ...] = ()
    valid_left: tuple[str, ...] = ()
    valid_right: tuple[str, ...] = ()
    keep: str = ""
    event: tuple[str, ...] = ()
    recording: tuple[str, ...] = ()
    participant: tuple[str, ...] = ()
    other_time: tuple[str, ...] = ()
    screen_width: tuple[str, ...] = ()
    screen_height: tuple[str, ...] = ()
    encoding: str = ""
    eyes: str = "as the file gives it"


SEVERAL = frozenset(each.name for each in fields(Mapping) if each.default == ())


def _named(value: Any) -> Any:
    """The candidates of a field, one or several, without empty ones."""
    names = (value,) if isinstance(value, str) else value
    return [name for name in names if name != ""] if isinstance(names, list | tuple) else names


def mapping_of(form: str, changes: dict[str, Any]) -> Mapping:
    """The mapping of a preset, with some of its keys replaced.

    Raises
    ------
    ConfigError
        If a key is unknown or has an impossible value.

    Examples
    --------
    >>> mapping_of("table", {"time": "t", "x": "gx", "y": "gy", "space": "screen"}).time
    ('t',)
    """
    told = {**FORMATS[form].columns, **changes}
    content = {key: _named(told[key]) if key in SEVERAL else told[key] for key in told}
    mapping = read_record(Mapping, content, "the mapping", ConfigError)
    for name in ("", "left_", "right_"):
        if len(getattr(mapping, f"{name}x")) != len(getattr(mapping, f"{name}y")):
            fix = "Name them in pairs."
            raise ConfigError(f"not as many candidates for {name}y as for {name}x", fix=fix)
    for space in mapping.space:
        if space not in SPACES:
            raise unknown("coordinate space", space, tuple(SPACES))
    if mapping.origin not in ORIGINS:
        raise unknown("origin", mapping.origin, ORIGINS)
    if mapping.first_frame not in ("", "0", "1"):
        raise ConfigError("the mapping's first_frame is neither 0 nor 1", fix="Give 0 or 1.")
    for rule in (*mapping.valid, *mapping.valid_left, *mapping.valid_right):
        Rule.parse(rule)
    return mapping


def read_mapping(path: Path) -> dict[str, Any]:
    """Keys of a mapping from a TOML file."""
    return read_toml(path, ConfigError, missing="Correct --mapping.")
