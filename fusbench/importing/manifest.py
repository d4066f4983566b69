"""A study's table: one row a recording, its columns named like the options."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from fusbench.errors import ConfigError, FusbenchError
from fusbench.footage.clock import plain
from fusbench.footage.encoding import text_of
from fusbench.importing.pairing import COLUMNS, REQUIRED, Pairing, pairing_of

NEAR = 0.75


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a manifest: its place, and what it describes or why it describes nothing."""

    where: str
    pairing: Pairing | None = None
    error: FusbenchError | None = None


def read_manifest(
    path: Path,
    defaults: Mapping[str, str] | None = None,
    changes: Mapping[str, str] | None = None,
) -> list[Row]:
    """The rows of a CSV file, good and bad ones.

    Blank rows and columns that are no options are passed over; commas, semicolons and tabs part
    cells; UTF-8, UTF-16 and, failing those, Windows' western code page are read.

    Parameters
    ----------
    path : Path
        Paths in it are relative to its folder.
    defaults : mapping, optional
        Texts for the columns that a row leaves empty; a relative path in them is relative to
        the manifest's folder too.
    changes : mapping, optional
        Keys of a table's mapping, laid over the file's.

    Raises
    ------
    ConfigError
        If it cannot be read, holds no row, or a column looks like a misspelled option.
    """
    lines = text_of(path, "--manifest", ConfigError).splitlines()
    first = next((line for line in lines if line.strip()), "")
    if first.lower().startswith("sep="):  # a hint for Excel
        lines = lines[lines.index(first) + 1 :]
        first = next((line for line in lines if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    table = [row for row in _cells(lines, delimiter, path) if any(cell for cell in row[1])]
    if not table:
        raise ConfigError("holds no row", str(path), "Give one row a recording.")
    header = [name.lower().replace("-", "_").replace(" ", "_") for name in table[0][1]]
    if "scan" not in header and len(header) < 2:
        names = ", ".join(REQUIRED)
        raise ConfigError("has no header", str(path), f"Its first row names columns: {names}.")
    _require_spelling(header, path)
    rows = [_row(path, line, cells, header, defaults, changes) for line, cells in table[1:]]
    if not rows:
        raise ConfigError("holds no row", str(path), "Give one row a recording.")
    return rows


def _cells(lines: list[str], delimiter: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter)
    try:
        for row in reader:
            yield reader.line_num, [plain(cell) for cell in row]
    except csv.Error as error:
        raise ConfigError(f"cannot be read: {error}", str(path), "Give a CSV file.") from None


def _require_spelling(header: list[str], path: Path) -> None:
    """Raise `ConfigError` where a column stands twice, or one passed over is nearly an option."""
    for name in header:
        if name in COLUMNS and header.count(name) > 1:
            fix = "Leave one of them, or rename the other."
            raise ConfigError(f"the column '{name}' stands in the header twice", str(path), fix)
        if name and name not in COLUMNS:
            near = get_close_matches(name, COLUMNS, n=1, cutoff=NEAR)
            if near:
                fix = f"Correct it, or rename it if it is no option. Did you mean '{near[0]}'?"
                raise ConfigError(f"no column of a manifest is called '{name}'", str(path), fix)


def _row(
    path: Path,
    line: int,
    cells: list[str],
    header: list[str],
    defaults: Mapping[str, str] | None,
    changes: Mapping[str, str] | None,
) -> Row:
    where = f"{path}, row {line}"
    try:
        if any(cells[len(header) :]):
            fix = "Quote cells that hold commas."
            raise ConfigError("has more cells than columns", fix=fix)
        filled = {
            name: cell
            for name, cell in zip(header, cells, strict=False)
            if name in COLUMNS and cell
        }
        pairing = pairing_of({**(defaults or {}), **filled}, path.parent, changes)
        return Row(where=where, pairing=replace(pairing, row=where))
    except FusbenchError as error:
        place = where + (f", {error.where}" if error.where else "")
        return Row(where=where, error=type(error)(error.what, place, error.fix))
