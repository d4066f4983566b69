"""Short tables beside a recording, such as anchors: a row a line, with a header or without."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from fusbench.errors import DatasetError, FusbenchError
from fusbench.footage.encoding import text_of

Read = TypeVar("Read")


def read_rows(
    path: Path, read: Callable[[list[str]], Read], *, what: str, option: str, fix: str
) -> tuple[Read, ...]:
    """What `read` makes of the cells of each row; tabs, semicolons or commas part them.

    Empty cells, blank lines and comments are passed over; a first row that cannot be read is a
    header.

    Parameters
    ----------
    path : Path
    read : callable
        Raises `FusbenchError` or `ValueError` where cells are no row.
    what, option, fix : str
        What a row is, who named the file, and how a row looks, for the errors.

    Raises
    ------
    DatasetError
        If the file cannot be read, or a row is none.
    """
    text = text_of(path, option)
    delimiter = next((mark for mark in "\t;" if mark in text), ",")
    found: list[Read] = []
    lines, begun = text.splitlines(), False
    for number, row in enumerate(csv.reader(lines, delimiter=delimiter), start=1):
        cells = [cell.strip() for cell in row if cell.strip()]
        if not cells or cells[0].startswith("#"):
            continue
        try:
            found.append(read(cells))
        except (FusbenchError, ValueError):
            if begun:
                raise DatasetError(f"is no {what}", f"{path}, row {number}", fix) from None
        begun = True
    if not found:
        raise DatasetError(f"holds no {what}", str(path), f"Check {option}. {fix}")
    return tuple(found)
