"""The columns of one table that hold the gaze, and what their rows come to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fusbench.errors import ConfigError, DatasetError, unknown
from fusbench.footage.clock import SHOWN, clock_ns, nanoseconds, plain, unit_of
from fusbench.importing.cells import numbers, shown
from fusbench.importing.finding import NOTE, WARN, Finding
from fusbench.importing.geometry import SPACES
from fusbench.importing.mapping import Mapping, Rule
from fusbench.importing.presets import UNITS_OF
from fusbench.importing.recording import GazeRecording, ReadOptions, combined, require_unit


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
        time, frame = _first(header, mapping.time), _first(header, mapping.frame)
        if not time and not frame:
            raise _missing("time", mapping.time or mapping.frame, header, where)
        pairs, space = _pairs(header, mapping, options, where)
        screen = (_first(header, mapping.screen_width), _first(header, mapping.screen_height))
        rules = {
            name: tuple(
                rule for rule in map(Rule.parse, getattr(mapping, name)) if rule.column in header
            )
            for name in ("valid", "valid_left", "valid_right")
        }
        keep = Rule.parse(mapping.keep) if mapping.keep else None
        unit = "ns"
        if time and clock_ns((sample or {}).get(time, "")) is not None:
            unit = SHOWN
        elif time:
            label = unit_of(time) or UNITS_OF.get(time, "")
            unit = require_unit(label, options, where, mapping.time_unit)
        return cls(
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
            recording_name=_first(header, mapping.recording),
            participant=_first(header, mapping.participant),
            other_time=_first(header, mapping.other_time) if time else "",
            screen=screen if all(screen) else None,
            remarks=tuple(_validity(header, mapping, rules, pairs)),
        )

    def take(self, rows: pd.DataFrame) -> dict[str, Any]:
        """Arrays and events of some rows."""
        rows = rows[rows[self.time or self.frame].str.strip() != ""]
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
        cells = {name: _stripped(rows[name]) for name in self.needed}
        rows = pd.DataFrame(cells, index=rows.index, dtype=str)
        gaze = self._gaze_rows(rows)
        part: dict[str, Any] = {"recordings": found, "odd": {}}
        if self.time:
            time_ns = self._times(rows, self.time, self.unit)
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
        if self.other_time:
            there = (rows[self.other_time] != "").to_numpy(bool)
            unit = unit_of(self.other_time) or self.unit
            part["clocks"] = np.stack(
                [part["time_ns"][there], self._times(rows[there], self.other_time, unit)]
            )
        return part

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

    def _times(self, rows: pd.DataFrame, column: str, unit: str) -> np.ndarray:
        cells = rows[column]
        if unit != SHOWN:
            cells = cells.str.replace(",", ".", regex=False)
        texts = cells.tolist()
        try:
            return nanoseconds(texts, unit)
        except ValueError as error:
            row = rows.index[texts.index(str(error))]
            what = f"'{shown(str(error))}' in the column '{shown(column)}' is no time"
            raise DatasetError(what, f"{self.where}, row {row}", "Correct or drop it.") from None

    def _frames(self, rows: pd.DataFrame) -> np.ndarray:
        read = numbers(rows[self.frame])
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

    def recording(
        self, parts: list[dict[str, Any]], messages: list[tuple[int, str]]
    ) -> GazeRecording:
        """All parts as one recording."""
        self._one_recording(set().union(*(part["recordings"] for part in parts)))

        def joined(key: str, empty: np.ndarray) -> np.ndarray:
            return np.concatenate([empty, *(part[key] for part in parts if key in part)], axis=-1)

        frame = None if self.time else joined("frame", np.empty(0, np.int64))
        time_ns = joined("time_ns", np.empty(0, np.int64))
        time_ns = time_ns if frame is None else np.arange(len(frame), dtype=np.int64)
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
        events = [event for part in parts for event in part.get("events", ())]
        return GazeRecording(
            time_ns=time_ns,
            x=x,
            y=y,
            space=self.space,
            origin=self.origin,
            eyes=eyes,
            events=tuple(sorted([*events, *messages], key=lambda event: event[0])),
            screen=(float(screens[0][0]), float(screens[0][1])) if screens else None,
            drift_ppm=drift,
            frame=frame,
            remarks=(*self.remarks, *self._cell_remarks(parts), *self._rule_remarks(parts)),
        )

    def _cell_remarks(self, parts: list[dict[str, Any]]) -> Iterator[Finding]:
        for name in {name for part in parts for name in part["odd"]}:
            found = [part["odd"][name] for part in parts if name in part["odd"]]
            odd = [cell for cells, _ in found for cell in cells]
            grouped = next((cell for _, cell in found if cell), "")
            if odd:
                what = f"{len(odd)} cells of '{name}' are no number and count as lost"
                yield Finding(WARN, f"{what}, such as '{odd[0][:40]}'")
            if grouped:
                yield Finding(NOTE, f"'{name}' separates thousands, as in '{grouped[:40]}'")

    def _rule_remarks(self, parts: list[dict[str, Any]]) -> Iterator[Finding]:
        """A remark where no validity column calls any sample valid: it says something unknown."""
        told = [item for part in parts for item in part["valid_cells"].items()]
        if not told or any(count for _, (count, _) in told):
            return
        for name in dict.fromkeys(name for name, _ in told):
            values = sorted(set().union(*(values for other, (_, values) in told if other == name)))
            said = ", ".join(f"'{value[:20]}'" for value in values[:4])
            fix = "say what is valid with --map valid='COLUMN is VALUE'"
            yield Finding(WARN, f"'{name}' calls no sample valid; it says {said}: {fix}")

    def _one_recording(self, found: set[tuple[str, ...]]) -> None:
        """Raise an error that offers what is there, unless one recording was chosen."""
        keys = [name for name in (self.recording_name, self.participant) if name]
        chosen = {
            self.recording_name: self.options.recording,
            self.participant: self.options.participant,
        }
        words = {self.recording_name: "recording", self.participant: "participant"}
        for key, word in (("recording_name", "recording"), ("participant", "participant")):
            if getattr(self.options, word) and not getattr(self, key):
                what = f"no column tells one {word} from another"
                fix = f"Leave out --{word}, or name the column with --map {word}=COLUMN."
                raise ConfigError(what, self.where, fix)
        for place, key in enumerate(keys):
            there = {names[place] for names in found} - {""}
            if chosen[key] and chosen[key] not in there:
                raise unknown(
                    f"{words[key]} in this file", chosen[key], sorted(map(shown, there))[:8]
                )
            if chosen[key]:
                found = {names for names in found if names[place] == chosen[key]}
        for place, key in enumerate(keys):
            there = {names[place] for names in found} - {""}
            if len(there) > 1:
                listed = ", ".join(shown(name) for name in sorted(there)[:8])
                what = f"holds {len(there)} {words[key]}s: {listed}"
                fix = f"Choose one with --{words[key]} NAME."
                raise DatasetError(what, self.where, fix)


def _stripped(cells: pd.Series) -> pd.Series:
    return cells.str.strip()


def _validity(
    header: list[str],
    mapping: Mapping,
    rules: dict[str, tuple[Rule, ...]],
    pairs: dict[str, tuple[str, str]],
) -> Iterator[Finding]:
    """Remarks where nothing says which samples are valid."""
    if any(rules.values()):
        missing = [
            eye for eye in pairs if eye != "both" and not (rules["valid"] or rules[f"valid_{eye}"])
        ]
        if missing:
            yield Finding(NOTE, f"no column says whether the {' and '.join(missing)} eye is valid")
        return
    wanted = (*mapping.valid, *mapping.valid_left, *mapping.valid_right)
    near = [name for name in header if re.search(r"valid|confid|quality|status", name.lower())]
    hint = f"; is it '{near[0]}'? Then --map valid='{near[0]} is 1', say" if near else ""
    if wanted:
        columns = ", ".join(dict.fromkeys(Rule.parse(rule).column for rule in wanted[:4]))
        text = f"no validity column, looked for {columns}: every number counts as gaze{hint}"
        yield Finding(WARN if near else NOTE, text)
    elif near:
        yield Finding(NOTE, f"no validity column is mapped: every number counts as gaze{hint}")


def tuple_column(name: str, header: list[str]) -> tuple[str, int | None]:
    """Column and place of "name[0]", one number of a column of tuples; place None for others.

    Examples
    --------
    >>> tuple_column("gaze[1]", ["t", "gaze"]), tuple_column("t", ["t", "gaze"])
    (('gaze', 1), ('t', None))
    """
    found = re.fullmatch(r"(.+)\[(\d)\]", name)
    if found is None or name in header or found[1] not in header:
        return name, None
    return found[1], int(found[2])


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
            if _has(header, plain(x)) and _has(header, plain(y)):
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
        if _has(header, candidate):
            return candidate
    return ""


def _has(header: list[str], name: str) -> bool:
    return tuple_column(name, header)[0] in header


def _missing(
    kind: str, wanted: tuple[str, ...], header: list[str], where: str
) -> ConfigError | DatasetError:
    have = ", ".join(shown(name) for name in header[:12] if name) + (
        ", ..." if len(header) > 12 else ""
    )
    if not wanted:
        return ConfigError(
            f"the mapping names no column for the {kind}", where,
            f"Name it in --mapping or --map; the file has {have}.",
        )  # fmt: skip
    what = f"no column holds the {kind}; looked for {', '.join(wanted[:4])}"
    fix = f"Check --gaze-format, or use --gaze-format table; the file has {have or 'none'}."
    return DatasetError(what, where, fix)


def _drift_ppm(time_ns: np.ndarray, other_ns: np.ndarray) -> float | None:
    if len(time_ns) < 2 or time_ns[-1] == time_ns[0]:
        return None
    ratio = int(other_ns[-1] - other_ns[0]) / int(time_ns[-1] - time_ns[0])
    return round((ratio - 1) * 1e6, 1)
