"""A board in the terminal: its table, what it was made from, and what stands below the line."""

from __future__ import annotations

from pathlib import Path

from fusbench.board import words
from fusbench.board.standings import Table, primary_index
from fusbench.cli.render import show
from fusbench.cli.render import table as grid


def show_board(table: Table) -> None:
    """Print a board's table, what it was made from, and what stands below the line."""
    rules = table.board.rules
    primary = primary_index(table.board)
    heads = [words.heading(metric) for metric in rules.metrics]
    columns = ["model", "place", "ranks", "letters", *heads, "behind", "detectable", "size"]
    rows = [
        [
            words.name(s),
            words.place(s),
            words.ranks(s),
            s.letters or words.NONE,
            *(
                words.interval(s, k) if k == primary else words.number(s.intervals[k, 0])
                for k in range(len(heads))
            ),
            words.number(s.behind),
            words.number(s.detectable),
            words.count(s.parameters),
        ]
        for s in table.standings
    ]
    show(grid(columns, rows, title=rules.title), words.task(table), words.scope(table))
    for line in words.statistics(table):
        show(line)
    show(f"Signature: {rules.signature}")
    for item in table.refused:
        show(f"! below the line: {item.name}: {'; '.join(item.reasons)}")


def show_added(folder: Path, reasons: list[str]) -> None:
    """Say how a run fits that was taken into a board."""
    show(f"{folder}: added" + (", below the line:" if reasons else "."))
    for reason in reasons:
        show(f"  {reason}")
