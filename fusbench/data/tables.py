"""The CSV tables of a data set: texts as they are written, numbers to the last bit.

No library's idea of a missing value has a say: a scan may be called NA. Numbers are read by
Python's own conversion, which is exact, so that a folder has one fingerprint everywhere.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.errors import DatasetError
from fusbench.reading import read_text

LARGEST_BYTES = 1 << 31
LONGEST_CELL = 300


def read_table(path: Path, columns: Sequence[str]) -> dict[str, Sequence[str]]:
    """The columns of a CSV file as texts; those in `columns` must be there.

    Raises
    ------
    DatasetError
        If the file is missing, no such table, or lacks a column.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "clips.csv"
    >>> _ = path.write_text("scan_id,split\\nNA,test\\n")
    >>> read_table(path, ["scan_id"])
    {'scan_id': ('NA',), 'split': ('test',)}
    """
    text = read_text(path, LARGEST_BYTES, DatasetError, missing="A data set needs it.")
    header, text = split_header(text, path, columns)
    return dict(zip(header, cells(text, path, header), strict=True))


def split_header(text: str, path: Path, columns: Sequence[str]) -> tuple[list[str], str]:
    """The names of a table's columns, and the text behind them; errors as in `read_table`."""
    stream = io.StringIO(text.removeprefix("\ufeff"), newline="")
    try:
        header = next(csv.reader(stream, strict=True), [])
    except csv.Error as error:
        raise _unreadable(error, 1, path) from None
    for column in columns:
        if column not in header:
            what = f"the column '{column}' is missing"
            raise DatasetError(what, str(path), f"The columns are {', '.join(columns)}.")
    if len(set(header)) < len(header):
        twice = next(column for column in header if header.count(column) > 1)
        raise DatasetError(f"the column '{twice}' occurs twice", str(path), "Correct it.")
    return header, stream.read()


def cells(
    text: str, path: Path, header: Sequence[str], first_row: int = 2, first_line: int = 2
) -> list[Sequence[str]]:
    """The columns of rows that are text; errors, as in `read_table`, count from the first one."""
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = [row for row in lines if row]
    except csv.Error as error:
        raise _unreadable(error, lines.line_num + first_line - 1, path) from None
    if not set(map(len, rows)) <= {len(header)}:
        number = next(n for n, row in enumerate(rows) if len(row) != len(header))
        what = f"has {len(rows[number])} cells where the header has {len(header)}"
        raise DatasetError(what, f"{path}, row {first_row + number}", "Correct it.")
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    for column in columns:
        if max(map(len, column), default=0) > LONGEST_CELL:
            number = next(n for n, cell in enumerate(column) if len(cell) > LONGEST_CELL)
            what = f"has a cell of more than {LONGEST_CELL} characters"
            raise DatasetError(what, f"{path}, row {first_row + number}", "Correct it.")
    return list(columns)


def _unreadable(error: csv.Error, line: int, path: Path) -> DatasetError:
    what = f"is no readable CSV table: {error} in line {line}"
    return DatasetError(what, str(path), "Correct it.")


def numbers(texts: Sequence[str]) -> np.ndarray:
    """Texts as float64, shape (N,), each the nearest there is; NaN for what is no number.

    Examples
    --------
    >>> numbers(["0.1", "", "1e999", "x"]).tolist()
    [0.1, nan, inf, nan]
    """
    try:
        return np.fromiter(map(float, texts), np.float64, len(texts))
    except ValueError:
        return np.fromiter(map(_number, texts), np.float64, len(texts))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def write_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """A CSV table as text, with its header."""
    return appended("", rows, columns)


def appended(text: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """A CSV table with rows added; what is there stays as it is, to the character.

    Where a row has a column that the table lacks, the table gets it, empty for the rows before.
    """
    out = io.StringIO(newline="")
    header = next(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")), [])
    further = [column for column in columns if column not in header]
    if header and further:
        there = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
        return appended("", [*there, *rows], [*header, *further])
    if header:
        out.write(text if text.endswith("\n") else text + "\n")
    else:
        header = list(columns)
        csv.writer(out, lineterminator="\n").writerow(header)
    writer = csv.DictWriter(out, header, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writerows(rows)
    return out.getvalue()
