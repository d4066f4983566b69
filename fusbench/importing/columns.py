"""The columns of one table that hold the gaze, and what their rows come to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from fusbench.errors import ConfigError, DatasetError
from fusbench.footage.clock import SHOWN, clock_ns, nanoseconds, plain, unit_of
from fusbench.importing.cells import FILLERS, numbers, plain_numbers, shown
from fusbench.importing.events import NO_FRAME
from fusbench.importing.finding import WARN, Finding
from fusbench.importing.header import first_column, gaze_columns, missing_columns, validity_remarks
from fusbench.importing.mapping import Mapping, Rule
from fusbench.importing.presets import UNITS_OF
from fusbench.importing.recording import ReadOptions, require_unit


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns of one file that a mapping's candidates came to."""

    where: str
    mapping: Mapping
    options: ReadOptions
    header: list[str]
    time: str
    frame: str
    unit: str
    pairs: dict[str, tuple[str, str]]
    space: str
    origin: str
    rules: dict[str, tuple[Rule, ...]]
    keep: Rule | None
    event: tuple[str, ...]
    recording_name: str
    participant: str
    other_time: str
    screen: tuple[str, str] | None
    remarks: tuple[Finding, ...]

    @property
    def needed(self) -> set[str]:
        rules = [rule.column for group in self.rules.values() for rule in group]
        keep = [self.keep.column] if self.keep else []
        extra = (self.time, self.frame, self.recording_name, self.participant, self.other_time)
        pairs = [name for pair in self.pairs.values() for name in pair]
        wanted = {*extra, *pairs, *rules, *keep, *self.event, *(self.screen or ())}
        return wanted - {""}

    @classmethod
    def find(
        cls,
        header: list[str],
        mapping: Mapping,
        options: ReadOptions,
        where: str,
        sample: dict[str, str] | None = None,
    ) -> Columns:
        """Columns of a header; `sample` is a cell of each that is not empty."""
        time, frame = first_column(header, mapping.time), first_column(header, mapping.frame)
        if not time and not frame:
            raise missing_columns("time", mapping.time or mapping.frame, header, where)
        pairs, space = gaze_columns(header, mapping, options, where)
        screen = (
            first_column(header, mapping.screen_width),
            first_column(header, mapping.screen_height),
        )
        rules = {
            name: tuple(
                rule for rule in map(Rule.parse, getattr(mapping, name)) if rule.column in header
            )
            for name in ("valid", "valid_left", "valid_right")
        }
        keep = Rule.parse(mapping.keep) if mapping.keep else None
        if keep and keep.column not in header and "keep" in options.mapping:
            raise missing_columns("rule of the rows to keep", (keep.column,), header, where)
        unit = "ns"
        if time and clock_ns((sample or {}).get(time, "")) is not None:
            unit = SHOWN
        elif ":" in (sample or {}).get(time, ""):
            what = f"'{shown((sample or {})[time])}' in the column '{shown(time)}' is no time"
            fix = "Write it as 2026-01-31 10:00:04.5, 31.01.2026 10:00:04.5 or 10:00:04.5."
            raise ConfigError(what, where, fix)
        elif time:
            label = unit_of(time) or UNITS_OF.get(time, "")
            unit = require_unit(label, options, where, mapping.time_unit)
        columns = cls(
            where=where,
            mapping=mapping,
            options=options,
            header=header,
            time=time,
            frame="" if time else frame,
            unit=unit,
            pairs=pairs,
            space=space,
            origin=options.origin or mapping.origin,
            rules=rules,
            keep=keep if keep and keep.column in header else None,
            event=tuple(plain(name) for name in mapping.event if plain(name) in header),
            recording_name=first_column(header, mapping.recording),
            participant=first_column(header, mapping.participant),
            other_time=first_column(header, mapping.other_time) if time else "",
            screen=screen if all(screen) else None,
            remarks=tuple(validity_remarks(header, mapping, rules, pairs)),
        )
        twice = sorted(name for name in columns.needed if header.count(name) > 1)
        text = "stands in the header more than once: the first one was taken"
        told = (Finding(WARN, f"the column '{shown(name)}' {text}") for name in twice)
        return replace(columns, remarks=(*columns.remarks, *told))

    def take(self, rows: pd.DataFrame) -> dict[str, Any]:
        """Arrays and events of some rows."""
        rows, untimed = self._timed(rows)
        keys = [name for name in (self.recording_name, self.participant) if name]
        found: set[tuple[str, ...]] = set()
        if keys:
            names = rows[keys].apply(lambda column: column.str.strip())
            found = set(names.drop_duplicates().itertuples(index=False, name=None))
            for name, wanted in zip(
                (self.recording_name, self.participant),
                (self.options.recording, self.options.participant),
                strict=True,
            ):
                if name and wanted:
                    chosen = names[name] == wanted
                    rows, names = rows[chosen], names[chosen]
        cells = {name: rows[name].str.strip() for name in self.needed}
        rows = pd.DataFrame(cells, index=rows.index, dtype=str)
        gaze = self._gaze_rows(rows)
        told = set(rows[self.keep.column].unique()[:5]) if self.keep and not gaze.any() else set()
        part: dict[str, Any] = {"recordings": found, "odd": {}, "untimed": untimed}
        if self.time:
            time_ns = self._times(rows, self.time, self.unit, part["odd"])
            part["events"] = self._events(rows, time_ns)
            part["time_ns"] = time_ns[gaze]
        else:
            part["frame"] = self._frames(rows[gaze])
        if self.screen and len(rows):
            first = [next((c for c in rows[name] if c), "") for name in self.screen]
            part["screen"] = numbers(pd.Series(first, dtype=str)).values
        rows = rows[gaze]
        for eye, pair in self.pairs.items():
            lost = ~self._valid(rows, eye)
            both = []
            for name in pair:
                read = numbers(rows[name].where(~lost, ""))
                both.append(read.values)
                if read.odd or read.grouped:
                    part["odd"][name] = (read.odd, read.grouped)
            part[eye] = np.stack(both)
        part["valid_cells"] = self._seen_values(rows)
        part["kept_of"] = told
        if self.other_time:
            there = (rows[self.other_time] != "").to_numpy(bool)
            unit = unit_of(self.other_time) or UNITS_OF.get(self.other_time, "") or self.unit
            part["clocks"] = np.stack(
                [part["time_ns"][there], self._times(rows[there], self.other_time, unit, {})]
            )
        return part

    def _timed(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, int]:
        """The rows that tell when they are, and how many others hold gaze."""
        clock = rows[self.time or self.frame].str.strip()
        empty = (clock.str.lower().isin(FILLERS) if self.time else clock == "").to_numpy(bool)
        others = rows[empty]
        if self.keep is not None:
            others = others[self.keep.holds(others)]
        lost = [others[name].str.strip().str.lower().isin(FILLERS)
                for pair in self.pairs.values() for name in pair]  # fmt: skip
        return rows[~empty], int((~np.logical_and.reduce(lost)).sum())

    def _gaze_rows(self, rows: pd.DataFrame) -> np.ndarray:
        """Which rows are of the eye tracker.

        Where no column says so, rows with nothing in any gaze or validity column are another
        sensor's or an event's, if a validity column would tell of lost gaze.
        """
        if self.keep is not None:
            return self.keep.holds(rows)
        rules = [rule.column for group in self.rules.values() for rule in group]
        if not (self.mapping.keep and rules):
            return np.ones(len(rows), bool)
        told = {*rules, *(name for pair in self.pairs.values() for name in pair)}
        any_told: np.ndarray = np.logical_or.reduce(
            [(rows[name] != "").to_numpy(bool) for name in told]
        )
        return any_told

    def _times(
        self, rows: pd.DataFrame, column: str, unit: str, odd: dict[str, tuple[Any, str]]
    ) -> np.ndarray:
        texts = rows[column].tolist()
        if unit != SHOWN:
            texts, grouped = plain_numbers(texts, whole=unit != "s")
            if grouped:
                odd[column] = ((), grouped)
        try:
            return nanoseconds(texts, unit)
        except ValueError as error:
            at = texts.index(str(error))
            row, cell = rows.index[at], str(rows[column].iat[at])
            what = f"'{shown(cell)}' in the column '{shown(column)}' is no time"
            raise DatasetError(what, f"{self.where}, row {row}", "Correct or drop it.") from None

    def _frames(self, rows: pd.DataFrame) -> np.ndarray:
        read = numbers(rows[self.frame])
        lost = rows[self.frame].str.lower().isin(FILLERS).to_numpy(bool)
        read.values[lost] = NO_FRAME
        whole = np.isfinite(read.values) & (np.mod(read.values, 1) == 0)
        if not whole.all():
            at = int(np.argmin(whole))
            cell = shown(str(rows[self.frame].iat[at]))
            what = f"'{cell}' in the column '{self.frame}' is no frame's number"
            where = f"{self.where}, row {rows.index[at]}"
            raise DatasetError(what, where, "Correct or drop it.")
        return read.values.astype(np.int64)

    def _valid(self, rows: pd.DataFrame, eye: str) -> np.ndarray:
        def all_hold(rules: tuple[Rule, ...]) -> np.ndarray:
            holds = [np.ones(len(rows), bool), *(rule.holds(rows) for rule in rules)]
            all_do: np.ndarray = np.logical_and.reduce(holds)
            return all_do

        valid = all_hold(self.rules["valid"])
        if eye != "both":
            valid &= all_hold(self.rules[f"valid_{eye}"])
            return valid
        eyes = [rules for name, rules in self.rules.items() if name != "valid" and rules]
        return valid & np.logical_or.reduce([all_hold(rules) for rules in eyes]) if eyes else valid

    def _seen_values(self, rows: pd.DataFrame) -> dict[str, tuple[int, set[str]]]:
        """Of each validity column: how many rows its rule holds for, and what it says."""
        rules = {rule for group in self.rules.values() for rule in group if rule.values}
        return {
            rule.column: (int(rule.holds(rows).sum()), set(rows[rule.column].unique()[:5]))
            for rule in rules
        }

    def _events(self, rows: pd.DataFrame, time_ns: np.ndarray) -> list[tuple[int, str]]:
        if not self.event or not len(rows):
            return []
        texts = rows[self.event[0]]
        for name in self.event[1:]:
            texts = (texts + " " + rows[name]).str.strip()
        there = (texts != "").to_numpy(bool)
        return list(zip(time_ns[there].tolist(), texts[there].tolist(), strict=True))

    def messages(self, lines: list[tuple[int, list[str]]]) -> list[tuple[int, str]]:
        """Events of message lines, whose word MSG stands before the time or after it."""
        if not self.time:
            return []
        place = self.header.index(self.time)
        events = []
        for _, cells in lines:
            word = cells.index("MSG")
            at = place if word > place else place + 1
            rest = [cell.strip() for cell in cells[max(at, word) + 1 :] if cell.strip()]
            if at >= len(cells) or not rest:
                continue
            try:
                time_ns = int(nanoseconds([cells[at].strip()], self.unit)[0])
            except (ValueError, ConfigError):
                continue
            text = " ".join(rest[1:] if rest[0].isdecimal() and len(rest) > 1 else rest)
            events.append((time_ns, text.removeprefix("# Message:").strip()))
        return events
