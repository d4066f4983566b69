"""What a person sees in the terminal: tables and JSON on stdout, progress on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from fusbench.errors import visible

if TYPE_CHECKING:
    from rich.table import Table

Update = Callable[..., None]

GAP = 3  # columns of the terminal between two of a table
EDGES = 2  # of the terminal's columns
NAME_WIDTH = 40  # to which the first column may be folded
TEXT_WIDTH = 8  # to which another column of text may be


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    print(json.dumps(value, indent=2, sort_keys=True, allow_nan=False))


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table of texts: the first `text` columns are left-aligned, the others right-aligned."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str
    text: int

    def __rich__(self) -> Table:
        """For a terminal, its texts folded to the width."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        title = Text(self.title) if self.title else None
        result = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
        for number, (column, width) in enumerate(zip(self.columns, self.widths(), strict=True)):
            folds = width > self._least(number, width)
            result.add_column(
                Text(column),
                justify="left" if number < self.text else "right",
                no_wrap=not folds,
                min_width=None if folds else width,
                overflow="fold",
            )
        for row in self.rows:
            result.add_row(*map(Text, row))
        return result

    def plain(self) -> str:
        """For a file or another program: never folded, and without importing rich."""
        lines, widths = (self.columns, *self.rows), self.widths()
        aligned = [
            "   ".join(
                cell.ljust(width) if number < self.text else cell.rjust(width)
                for number, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        rule = "─" * (sum(widths) + GAP * (len(widths) - 1))
        return "\n".join([*filter(None, [self.title]), "", aligned[0], rule, *aligned[1:], ""])

    def widths(self) -> list[int]:
        """Length of the longest text of each column, its head included."""
        return [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]

    def _least(self, number: int, longest: int) -> int:
        if number >= self.text:
            return longest
        return min(longest, TEXT_WIDTH if number else NAME_WIDTH)

    def fitting(self, width: int) -> Iterator[Grid]:
        """The table, or where it is too wide tables of some columns each, beside the row's names.

        These are the first column and the short texts after it. No number is ever cut, since one
        that lost its end still looks like a number.
        """
        longest = self.widths()
        least = [self._least(*column) for column in enumerate(longest)]
        short = takewhile(lambda n: longest[n] <= TEXT_WIDTH, range(1, self.text))
        names = (0, *short)
        parts: list[list[int]] = [[]]
        for number in range(len(names), len(least)):
            taken = sum(least[n] + GAP for n in (*names, *parts[-1], number))
            if parts[-1] and taken - GAP > width - EDGES:
                parts.append([])
            parts[-1].append(number)
        for place, part in enumerate(parts):
            chosen = (*names, *part)
            yield replace(
                self,
                columns=tuple(self.columns[n] for n in chosen),
                rows=tuple(tuple(row[n] for n in chosen) for row in self.rows),
                title=self.title if place == 0 else "continued",
                text=sum(n < self.text for n in chosen),
            )


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "", text: int = 1
) -> Grid:
    """A table whose first `text` columns are left-aligned and the others right-aligned."""
    cells = tuple(tuple(map(visible, row)) for row in rows)
    return Grid(columns=tuple(columns), rows=cells, title=visible(title), text=text)


def show(*items: Grid | str) -> None:
    """Print tables and lines on stdout."""
    items = tuple(visible(item) if isinstance(item, str) else item for item in items)
    if not (sys.stdout.isatty() or os.environ.get("FORCE_COLOR")):
        for item in items:
            print(item if isinstance(item, str) else item.plain())
        return
    from rich.console import Console

    console = Console(soft_wrap=False, highlight=False)
    for item in items:
        for part in [item] if isinstance(item, str) else item.fitting(console.width):
            console.print(part, soft_wrap=isinstance(part, str), markup=False)


def note(line: str) -> None:
    """A line for the person watching, on stderr; silent when stderr is not a terminal."""
    if sys.stderr.isatty():
        from rich.console import Console

        Console(stderr=True, highlight=False).print(line, markup=False)


@contextmanager
def progress(description: str, total: int | None = None) -> Iterator[Update]:
    """A progress bar on stderr, silent when that is not a terminal.

    Yields ``update(completed, total=None, note="")``.
    """
    if not sys.stderr.isatty():
        yield lambda completed, total=None, note="": None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task(description, total=total, note="")

        def update(completed: int, total: int | None = None, note: str = "") -> None:
            bar.update(task, completed=completed, total=total, note=note)

        yield update
