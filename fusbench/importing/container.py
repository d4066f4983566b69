"""A container of tables as rows of text: a stranger's file, read in the guarded process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np

from fusbench.footage.apart import asked
from fusbench.importing.finding import Finding

READ_THERE = "fusbench.importing.contained:parts"


@dataclass(frozen=True, kw_only=True)
class Container:
    """Lines of a container's table, with tabs between cells and its header first.

    `events` are those of the same file in its clock, in nanoseconds.
    """

    lines: Iterator[str]
    events: tuple[tuple[int, str], ...]
    remarks: tuple[Finding, ...]


def open_container(path: Path, recording: str) -> Container:
    """Open an HDF5, Parquet or XDF file; its lines are read while they are used.

    Parameters
    ----------
    path : Path
    recording : str
        Chooses between its tables, where there are several.

    Raises
    ------
    DatasetError
        If it is damaged or too large, nothing tells which of its tables is meant, or reading takes
        more time or memory than is allowed.
    Missing
        If the library for it is not installed.
    """
    parts = asked(READ_THERE, path, recording=recording)
    told, events = next(parts)
    return Container(
        lines=(line for _, rows in parts for line in StringIO(_text(rows))),
        events=tuple((time_ns, text) for time_ns, text in json.loads(_text(events))),
        remarks=tuple(Finding(level, text) for level, text in told["remarks"]),
    )


def _text(part: np.ndarray | None) -> str:
    return "" if part is None else part.tobytes().decode()
