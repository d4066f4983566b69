"""What a person sees in the terminal: tables and JSON on stdout, progress on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

Update = Callable[..., None]


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    print(json.dumps(value, indent=2, sort_keys=True, allow_nan=False))


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "", text: int = 1
) -> Table:
    """A table whose first `text` columns are left-aligned and the others right-aligned."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    result = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for number, column in enumerate(columns):
        left = number < text
        result.add_column(
            column,
            justify="left" if left else "right",
            no_wrap=not left or number == 0,
            overflow="fold",
        )
    for row in rows:
        result.add_row(*(cell if cell.startswith("[") else escape(cell) for cell in row))
    return result


def show(*items: Any) -> None:
    """Print tables and lines on stdout, at least wide enough that no number is cut."""
    from rich.console import Console

    console = Console(soft_wrap=False, highlight=False)
    if not console.is_terminal:
        console = Console(width=160, highlight=False)
    for item in items:
        text = isinstance(item, str)
        console.print(item, soft_wrap=text, markup=not text)


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
