"""The columns of one table that hold the gaze, and what their rows come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fusbench.errors import ConfigError, DatasetError, unknown
from fusbench.footage.clock import nanoseconds, plain, unit_of
from fusbench.importing.geometry import SPACES
from fusbench.importing.mapping import Mapping, Rule
from fusbench.importing.recording import GazeRecording, ReadOptions, combined, require_unit


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns of one file that a mapping's candidates came to."""

    where: str
    mapping: Mapping
    options: ReadOptions
    time: str
    unit: str
    pairs: dict[str, tuple[str, str]]
    space: str
    origin: str
    rules: dict[str, tuple[Rule, ...]]
    keep: Rule | None
    event: tuple[str, ...]
    recording_name: str
    other_time: str
    screen: tuple[str, str] | None

    @property
    def needed(self) -> set[str]:
        rules = [rule.column for group in self.rules.values() for rule in group]
        keep = [self.keep.column] if self.keep else []
        extra = [name for name in (self.recording_name, self.other_time) if name]
        pairs = [name for pair in self.pairs.values() for name in pair]
        return {self.time, *pairs, *rules, *keep, *extra, *self.event, *(self.screen or ())}

    @classmethod
    def find(cls, header: list[str], mapping: Mapping, options: ReadOptions, where: str) -> Columns:
        time = _first(header, mapping.time)
        if not time:
            raise _missing("time", mapping.time, header, where)
        pairs, space = _pairs(header, mapping, options, where)
        screen = (_first(header, mapping.screen_width), _first(header, mapping.screen_height))
        rules = {
            name: tuple(
                rule for rule in map(Rule.parse, getattr(mapping, name)) if rule.column in header
            )
            for name in ("valid", "valid_left", "valid_right")
        }
        keep = Rule.parse(mapping.keep) if mapping.keep else None
        return cls(
            where=where,
            mapping=mapping,
            options=options,
            time=time,
            unit=require_unit(unit_of(time), options, where, mapping.time_unit),
            pairs=pairs,
            space=space,
            origin=options.origin or mapping.origin,
            rules=rules,
            keep=keep if keep and keep.column in header else None,
            event=tuple(plain(name) for name in mapping.event if plain(name) in header),
            recording_name=_first(header, mapping.recording),
            other_time=_first(header, mapping.other_time),
            screen=screen if all(screen) else None,
        )

    def take(self, rows: pd.DataFrame, delimiter: str) -> dict[str, Any]:
        """Arrays and events of some rows."""
        rows = rows[rows[self.time].str.strip() != ""]
        recordings: set[str] = set()
        if self.recording_name:
            recordings = set(rows[self.recording_name]) - {""}
            if self.options.recording:
                rows = rows[rows[self.recording_name] == self.options.recording]
        time_ns = self._times(rows, self.time, self.unit)
        gaze = np.ones(len(rows), bool) if self.keep is None else self.keep.holds(rows)
        part: dict[str, Any] = {"recordings": recordings, "events": self._events(rows, time_ns)}
        if self.screen and len(rows):
            cells = [next((c for c in rows[name] if c.strip()), "") for name in self.screen]
            part["screen"] = _numbers(pd.Series(cells), delimiter)
        rows, part["time_ns"] = rows[gaze], time_ns[gaze]
        for eye, names in self.pairs.items():
            x, y = (_numbers(rows[name], delimiter) for name in names)
            lost = ~self._valid(rows, eye)
            x[lost] = y[lost] = np.nan
            part[eye] = np.stack([x, y])
        if self.other_time:
            both = (rows[self.other_time].str.strip() != "").to_numpy(bool)
            unit = unit_of(self.other_time) or self.unit
            part["clocks"] = np.stack(
                [part["time_ns"][both], self._times(rows[both], self.other_time, unit)]
            )
        return part

    def _times(self, rows: pd.DataFrame, column: str, unit: str) -> np.ndarray:
        cells = rows[column].str.strip().str.replace(",", ".", regex=False).tolist()
        try:
            return nanoseconds(cells, unit)
        except ValueError as error:
            row = rows.index[cells.index(str(error))] + 2
            what = f"'{error}' in the column '{column}' is no time"
            raise DatasetError(what, f"{self.where}, row {row}", "Correct or drop it.") from None

    def _valid(self, rows: pd.DataFrame, eye: str) -> np.ndarray:
        def all_hold(rules: tuple[Rule, ...]) -> np.ndarray:
            return np.logical_and.reduce(
                [np.ones(len(rows), bool), *(rule.holds(rows) for rule in rules)]
            )

        valid = all_hold(self.rules["valid"])
        if eye != "both":
            return valid & all_hold(self.rules[f"valid_{eye}"])
        eyes = [rules for name, rules in self.rules.items() if name != "valid" and rules]
        return valid & np.logical_or.reduce([all_hold(rules) for rules in eyes]) if eyes else valid

    def _events(self, rows: pd.DataFrame, time_ns: np.ndarray) -> list[tuple[int, str]]:
        if not self.event or not len(rows):
            return []
        texts = rows[self.event[0]].str.strip()
        for name in self.event[1:]:
            texts = (texts + " " + rows[name].str.strip()).str.strip()
        there = (texts != "").to_numpy(bool)
        return list(zip(time_ns[there].tolist(), texts[there].tolist(), strict=True))

    def recording(self, parts: list[dict[str, Any]]) -> GazeRecording:
        """All parts as one recording."""
        self._one_recording(set().union(*(part["recordings"] for part in parts)))

        def joined(key: str, empty: np.ndarray) -> np.ndarray:
            return np.concatenate([empty, *(part[key] for part in parts if key in part)], axis=-1)

        time_ns = joined("time_ns", np.empty(0, np.int64))
        gaze = {eye: joined(eye, np.empty((2, 0))) for eye in self.pairs}
        if "both" in gaze:
            (x, y), eyes = gaze["both"], self.mapping.eyes
        else:
            lost = np.full((2, len(time_ns)), np.nan)
            left, right = gaze.get("left", lost), gaze.get("right", lost)
            x, y, eyes = combined((left[0], left[1]), (right[0], right[1]), self.options.eye)
        screens = [part["screen"] for part in parts if "screen" in part]
        screens = [screen for screen in screens if np.isfinite(screen).all()]
        drift = None
        if self.other_time:
            drift = _drift_ppm(*joined("clocks", np.empty((2, 0), np.int64)))
        return GazeRecording(
            time_ns=time_ns,
            x=x,
            y=y,
            space=self.space,
            origin=self.origin,
            eyes=eyes,
            events=tuple(event for part in parts for event in part["events"]),
            screen=(float(screens[0][0]), float(screens[0][1])) if screens else None,
            drift_ppm=drift,
        )

    def _one_recording(self, names: set[str]) -> None:
        chosen = self.options.recording
        if chosen and chosen not in names:
            raise unknown("recording in this file", chosen, sorted(names))
        if not chosen and len(names) > 1:
            listed = ", ".join(sorted(names)[:5])
            what = f"holds {len(names)} recordings: {listed}"
            raise DatasetError(what, self.where, "Choose one with --recording NAME.")


def _pairs(
    header: list[str], mapping: Mapping, options: ReadOptions, where: str
) -> tuple[dict[str, tuple[str, str]], str]:
    """Columns of x and y for each eye, or for both at once, and their coordinate space."""
    spaces = mapping.space if len(mapping.space) > 1 else mapping.space * max(len(mapping.x), 1)
    if options.eye == "average":
        for index, (x, y) in enumerate(zip(mapping.x, mapping.y, strict=True)):
            space = spaces[index] if index < len(spaces) else ""
            if len(mapping.space) > 1 and options.space not in ("", space):
                continue
            if plain(x) in header and plain(y) in header:
                return {"both": (plain(x), plain(y))}, _space(options.space or space, where)
    pairs = {}
    for eye in ("left", "right"):
        if options.eye in ("average", eye):
            x = _first(header, getattr(mapping, f"{eye}_x"))
            y = _first(header, getattr(mapping, f"{eye}_y"))
            if x and y:
                pairs[eye] = (x, y)
    if not pairs:
        wanted = (*mapping.x, *mapping.left_x, *mapping.right_x)
        raise _missing("gaze", wanted, header, where)
    return pairs, _space(options.space or (spaces[0] if spaces else ""), where)


def _space(space: str, where: str) -> str:
    if not space:
        known = "; ".join(f"{key}: {words}" for key, words in SPACES.items())
        fix = f"Say it with --space or in the mapping ({known})."
        raise ConfigError("what the coordinates mean is not said", where, fix)
    return space


def _first(header: list[str], candidates: tuple[str, ...]) -> str:
    """The first candidate that is a column; one ending in * matches by how a name begins."""
    for candidate in map(plain, candidates):
        for name in header:
            if name == candidate or (candidate[-1:] == "*" and name.startswith(candidate[:-1])):
                return name
    return ""


def _missing(
    kind: str, wanted: tuple[str, ...], header: list[str], where: str
) -> ConfigError | DatasetError:
    have = ", ".join(name for name in header[:12] if name) + (", ..." if len(header) > 12 else "")
    if not wanted:
        return ConfigError(
            f"the mapping names no column for the {kind}", where,
            f"Name it in --mapping or --map; the file has {have}.",
        )  # fmt: skip
    what = f"no column holds the {kind}; looked for {', '.join(wanted[:4])}"
    fix = f"Check --gaze-format, or use --gaze-format table; the file has {have or 'none'}."
    return DatasetError(what, where, fix)


def _numbers(cells: pd.Series, delimiter: str) -> np.ndarray:
    """Numbers of text cells, NaN where there is none; a decimal comma is understood."""
    if delimiter != ",":
        cells = cells.str.replace(",", ".", regex=False)
    return pd.to_numeric(cells.str.strip(), errors="coerce").to_numpy(np.float64, copy=True)


def _drift_ppm(time_ns: np.ndarray, other_ns: np.ndarray) -> float | None:
    if len(time_ns) < 2 or time_ns[-1] == time_ns[0]:
        return None
    ratio = int(other_ns[-1] - other_ns[0]) / int(time_ns[-1] - time_ns[0])
    return round((ratio - 1) * 1e6, 1)
