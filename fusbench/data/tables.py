"""The CSV tables of a data set: texts as they are written, numbers to the last bit.

No library's idea of a missing value has a say: a scan may be called NA. Numbers are
decimal ones, read exactly, so that a folder has one fingerprint everywhere.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from fusbench import numerals
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
    >>> numbers(["0.1", "", "1e999", "x", "1_0"]).tolist()
    [0.1, nan, inf, nan, nan]
    """
    return np.array(numerals.numbers(texts), np.float64)


def write_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """A CSV table as text, with its header."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerow(columns)
    _writer(out, columns).writerows(rows)
    return out.getvalue()


def write_longer(
    path: Path, longer: Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]
) -> None:
    """Write a CSV table with rows added; what is there stays as it is, to the character.

    Where a row has a column that the table lacks, the table gets it, empty for the rows before. The
    table may be of any length: it is copied, not read.

    Parameters
    ----------
    path : Path
        The table; without one, a new one begins.
    longer : Path
        Where the longer one goes.
    rows : sequence of dict
    columns : sequence of str
        Of the rows.
    """
    if not path.exists() or not path.stat().st_size:
        longer.write_text(write_rows(rows, columns), encoding="utf-8", newline="")
        return
    with path.open(encoding="utf-8-sig", newline="") as before:
        header = next(csv.reader(before), [])
    further = [column for column in columns if column not in header]
    if further:
        header = [*header, *further]
        with path.open(encoding="utf-8-sig", newline="") as before, _to(longer, "w") as out:
            csv.writer(out, lineterminator="\n").writerow(header)
            _writer(out, header).writerows(csv.DictReader(before))
    else:
        shutil.copyfile(path, longer)
    with longer.open("rb") as end:
        end.seek(-1, io.SEEK_END)
        is_whole = end.read() == b"\n"
    with _to(longer, "a") as out:
        out.write("" if is_whole else "\n")
        _writer(out, header).writerows(rows)


def _to(path: Path, mode: str) -> IO[str]:
    return path.open(mode, encoding="utf-8", newline="")


def _writer(out: IO[str], header: Sequence[str]) -> csv.DictWriter[str]:
    return csv.DictWriter(out, header, restval="", extrasaction="ignore", lineterminator="\n")
