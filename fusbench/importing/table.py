"""Gaze in a table of text: with a header line or without, between comments and messages."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path

import pandas as pd

from fusbench.errors import ConfigError, DatasetError, counted
from fusbench.footage.clock import plain
from fusbench.footage.encoding import encoding_of
from fusbench.importing.cells import FILLERS, numbers
from fusbench.importing.columns import Columns
from fusbench.importing.contained import container_of
from fusbench.importing.container import open_container
from fusbench.importing.finding import NOTE, WARN, Finding
from fusbench.importing.header import tuple_column
from fusbench.importing.joined import one_recording
from fusbench.importing.mapping import Mapping, mapping_of
from fusbench.importing.presets import REFUSED
from fusbench.importing.recording import GazeRecording, ReadOptions

CHUNK_ROWS = 50_000
COMMENTS = ("#", "%", "//")
MESSAGE = "MSG"
MESSAGE_WITHIN = 3  # cells from the row's start
NUMBERED = re.compile(r"#\d+")
FACT = re.compile(r"^[#%/\s]*([A-Za-z ]+):\s*(.*)$")
DAMAGED = 0.01


def read_table(path: Path, form: str, options: ReadOptions) -> GazeRecording:
    """Read a table of text."""
    mapping = mapping_of(form, options.mapping)
    if container_of(path):
        return _read_container(path, mapping, options)
    encoding = options.encoding or mapping.encoding or encoding_of(path)
    try:
        with path.open(encoding=encoding, newline="") as stream:
            return read_rows(stream, path, mapping, options, None)
    except (UnicodeError, LookupError):
        what = f"is no {encoding} text"
        fix = "Export it as UTF-8, or name its encoding with --encoding, such as cp1252."
        raise DatasetError(what, str(path), fix) from None


def _read_container(path: Path, mapping: Mapping, options: ReadOptions) -> GazeRecording:
    """Read a container as the text that its table makes."""
    found = open_container(path, options.recording)
    if mapping.recording == () and options.recording:  # it has chosen the table
        options = replace(options, recording="")
    recording = read_rows(found.lines, path, mapping, options, None)
    events = tuple(sorted((*recording.events, *found.events)))
    return replace(recording, events=events, remarks=(*recording.remarks, *found.remarks))


@dataclass(kw_only=True)
class _Text:
    """Rows of a text as they are read, and what stood between them."""

    header: list[str]
    rows: Iterator[tuple[int, list[str]]]
    facts: dict[str, str] = field(default_factory=dict)
    messages: list[tuple[int, list[str]]] = field(default_factory=list)
    too_long: list[int] = field(default_factory=list)
    read: int = 0


def read_rows(
    stream: Iterable[str],
    path: Path,
    mapping: Mapping,
    options: ReadOptions,
    names: list[str] | None,
) -> GazeRecording:
    """Read rows of text; `names` are the columns where the text has no header line."""
    try:
        text = _opened(iter(stream), path, mapping, names)
        for present, cleared, what, fix in REFUSED:
            if set(present) <= set(text.header) and not any(
                name.startswith(clear) for clear in cleared for name in text.header
            ):
                raise DatasetError(what, str(path), fix)
        first = list(islice(text.rows, CHUNK_ROWS))
        columns = Columns.find(text.header, mapping, options, str(path), _sample(text, first))
        parts = [columns.take(rows) for rows in _chunks(text, columns, first)]
        messages = columns.messages(text.messages)
    except csv.Error as error:
        raise DatasetError(
            f"is no readable table: {error}", str(path), "Export it again."
        ) from None
    if len(text.too_long) > max(1, DAMAGED * text.read):
        what = (
            f"row {text.too_long[0]} has more cells than the {counted(len(text.header), 'column')}"
        )
        fix = "Export it with tabs between the cells, or with a decimal point."
        raise DatasetError(what, str(path), fix)
    return _described(one_recording(columns, parts, messages), text)


def _described(recording: GazeRecording, text: _Text) -> GazeRecording:
    """With what the comments before the header say, and what was left out."""
    screen = recording.screen
    sizes = re.findall(r"[0-9]+\.?[0-9]*", text.facts.get("calibration area", ""))
    if screen is None and len(sizes) == 2 and all(float(size) > 0 for size in sizes):
        screen = (float(sizes[0]), float(sizes[1]))
    remarks = list(recording.remarks)
    if text.too_long:
        dropped = "with more cells than columns"
        what = counted(
            len(text.too_long), "row", f"{dropped} was dropped", f"{dropped} were dropped"
        )
        remarks.append(Finding(WARN, f"{what}, the first is row {text.too_long[0]}"))
    if text.messages and not recording.events:
        lines = counted(len(text.messages), "message line", "was passed over", "were passed over")
        remarks.append(Finding(NOTE, lines))
    return replace(recording, screen=screen, remarks=tuple(remarks))


def _opened(stream: Iterator[str], path: Path, mapping: Mapping, names: list[str] | None) -> _Text:
    """The header, and an iterator over the rows below it."""
    number, facts, line = 0, {}, ""
    for line in stream:
        number += 1
        if line.strip() and not line.lstrip("\ufeff ").startswith(COMMENTS):
            break
        fact = FACT.match(line.strip())
        if fact:
            facts[fact[1].strip().lower()] = fact[2]
        line = ""
    delimiter: str | None = "\t" if names else _delimiter(line)
    lines: Iterable[str] = stream
    if names is None:
        names = next(_split([line], delimiter), [])
        numbered = [f"#{index + 1}" for index in range(len(names))]
        by_number = any(NUMBERED.fullmatch(name) for name in (*mapping.time, *mapping.frame))
        if _all_numbers(names) or by_number:
            if not by_number:
                fix = "Name its columns by their place: --map time=#1 --map x=#2, say."
                raise ConfigError("has no header line", str(path), fix)
            if _all_numbers(names):
                lines, number = chain([line], stream), number - 1
            names = numbered
    else:
        lines, number = chain([line], stream), number - 1
    text = _Text(header=[plain(name) for name in names], rows=iter(()), facts=facts)
    text.rows = _rows(text, _split(lines, delimiter), number)
    return text


def _all_numbers(cells: list[str]) -> bool:
    found = numbers(pd.Series([*cells, ""], dtype=str))
    return not found.odd and bool((~pd.isna(found.values)).any())


def _delimiter(line: str) -> str | None:
    """The character between cells; None for blanks."""
    best = max("\t;,|", key=line.count)
    return best if best in line else None


def _split(lines: Iterable[str], delimiter: str | None) -> Iterator[list[str]]:
    if delimiter is None:
        return (line.split() for line in lines)
    return csv.reader(lines, delimiter=delimiter)


def _rows(text: _Text, lines: Iterator[list[str]], number: int) -> Iterator[tuple[int, list[str]]]:
    """Rows of samples with their line numbers; messages, comments and long rows are set aside."""
    width = len(text.header)
    for at, cells in enumerate(lines, start=number + 1):
        if not any(cells) or cells[0].lstrip().startswith(COMMENTS):
            continue
        if MESSAGE in cells[:MESSAGE_WITHIN]:
            text.messages.append((at, cells))
            continue
        text.read += 1
        if len(cells) > width and any(cell.strip() for cell in cells[width:]):
            text.too_long.append(at)
            continue
        yield at, cells


def _sample(text: _Text, rows: list[tuple[int, list[str]]]) -> dict[str, str]:
    """The first cell of each column that is no filler."""
    found: dict[str, str] = {}
    for place, name in enumerate(text.header):
        cells = (row[place] for _, row in rows[:1000] if place < len(row))
        cell = next((cell for cell in cells if cell.strip().lower() not in FILLERS), "")
        found.setdefault(name, cell)
    return found


def _chunks(
    text: _Text, columns: Columns, first: list[tuple[int, list[str]]]
) -> Iterator[pd.DataFrame]:
    place = {name: index for index, name in reversed(list(enumerate(text.header)))}
    while first:
        frame = {}
        for name in columns.needed:
            column, part = tuple_column(name, text.header)
            index = place[column]
            cells = [row[index] if index < len(row) else "" for _, row in first]
            frame[name] = [_part(cell, part) for cell in cells] if part is not None else cells
        yield pd.DataFrame(frame, index=[at for at, _ in first], dtype=str)
        first = list(islice(text.rows, CHUNK_ROWS))


def _part(cell: str, part: int) -> str:
    """One number of a tuple, such as the first of (0.39, 0.80)."""
    parts = re.split(r"[,;\s]+", cell.strip().strip("()[]").strip())
    return parts[part] if part < len(parts) else ""
