"""Gaze in a table of text, with a header line or without."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pandas as pd

from fusbench.errors import DatasetError
from fusbench.footage.clock import plain
from fusbench.importing.columns import Columns
from fusbench.importing.mapping import Mapping, mapping_of
from fusbench.importing.presets import REFUSED
from fusbench.importing.recording import GazeRecording, ReadOptions

CHUNK_ROWS = 50_000


def read_table(path: Path, form: str, options: ReadOptions) -> GazeRecording:
    """Read a table that has a header line."""
    mapping = mapping_of(form, options.mapping)
    encoding = options.encoding or mapping.encoding or _encoding(path)
    try:
        with path.open(encoding=encoding, newline="") as stream:
            return read_rows(stream, path, mapping, options, None)
    except (UnicodeError, LookupError):
        what = f"is no {encoding} text"
        fix = "Export it as UTF-8, or name its encoding with --encoding, such as cp1252."
        raise DatasetError(what, str(path), fix) from None


def _encoding(path: Path) -> str:
    with path.open("rb") as stream:
        start = stream.read(4096)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if b"\0" in start:
        return "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
    return "utf-8-sig"


def read_rows(
    stream: IO[str], path: Path, mapping: Mapping, options: ReadOptions, names: list[str] | None
) -> GazeRecording:
    """Read rows of text; `names` are the columns where the text has no header line."""
    header = names
    delimiter = "\t"
    if header is None:
        first = stream.readline()
        delimiter = max("\t;,", key=first.count)
        header = next(csv.reader(io.StringIO(first), delimiter=delimiter), [])
    header = [plain(name) for name in header]
    for present, cleared, what, fix in REFUSED:
        if set(present) <= set(header) and not any(
            name.startswith(clear) for clear in cleared for name in header
        ):
            raise DatasetError(what, str(path), fix)
    columns = Columns.find(header, mapping, options, str(path))
    parts = [columns.take(rows, delimiter) for rows in _chunks(stream, header, columns, delimiter)]
    return columns.recording(parts)


def _chunks(
    stream: IO[str], header: list[str], columns: Columns, delimiter: str
) -> Iterator[pd.DataFrame]:
    position = {name: index for index, name in reversed(list(enumerate(header)))}
    needed = sorted({position[name] for name in columns.needed})
    try:
        reader = pd.read_csv(
            stream, sep=delimiter, header=None, names=list(range(len(header))), usecols=needed,
            dtype=str, keep_default_na=False, chunksize=CHUNK_ROWS, index_col=False,
            skip_blank_lines=True,
        )  # fmt: skip
        for rows in reader:
            yield rows.rename(columns=dict(enumerate(header))).fillna("")
    except pd.errors.EmptyDataError:
        return
    except pd.errors.ParserError as error:
        what = f"is no readable table: {str(error).splitlines()[0]}"
        raise DatasetError(what, columns.where, "Export it again.") from None
