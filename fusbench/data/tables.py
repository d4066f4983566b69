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


def read_table(path: Path, columns: Sequence[str]) -> dict[str, list[str]]:
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
    {'scan_id': ['NA'], 'split': ['test']}
    """
    text = read_text(path, LARGEST_BYTES, DatasetError, missing="A data set needs it.")
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        header = next(lines, [])
        rows = [row for row in lines if row]
    except csv.Error as error:
        what = f"is no readable CSV table: {error} in line {lines.line_num}"
        raise DatasetError(what, str(path), "Correct it.") from None
    for column in columns:
        if column not in header:
            what = f"the column '{column}' is missing"
            raise DatasetError(what, str(path), f"The columns are {', '.join(columns)}.")
    if len(set(header)) < len(header):
        twice = next(column for column in header if header.count(column) > 1)
        raise DatasetError(f"the column '{twice}' occurs twice", str(path), "Correct it.")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            what = f"has {len(row)} cells where the header has {len(header)}"
            raise DatasetError(what, f"{path}, row {number}", "Correct it.")
        if max(map(len, row)) > LONGEST_CELL:
            what = f"has a cell of more than {LONGEST_CELL} characters"
            raise DatasetError(what, f"{path}, row {number}", "Correct it.")
    return {column: [row[at] for row in rows] for at, column in enumerate(header)}


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
