"""A board in the terminal: its table, what it was made from, and what stands below the line."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from fusbench.board import words
from fusbench.board.standings import Table, primary_index
from fusbench.cli.render import show
from fusbench.cli.render import table as grid


def show_board(table: Table) -> None:
    """Print a board's table, what it was made from, and what stands below the line."""
    rules = table.board.rules
    primary = primary_index(table.board)
    heads = [words.heading(metric) for metric in rules.metrics]
    columns = [
        "model",
        "place",
        "group",
        *heads,
        "effect",
        "detectable",
        "size",
        "time/frame",
    ]
    rows = [
        [
            s.name,
            words.place(s),
            str(s.group or words.NONE),
            *(
                words.interval(s, k) if k == primary else words.number(s.intervals[k, 0])
                for k in range(len(heads))
            ),
            words.number(s.effect, 2),
            words.number(s.detectable),
            words.count(s.parameters),
            words.duration(s.row.facts.seconds_per_frame),
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


def board_as_json(table: Table) -> dict[str, Any]:
    """A board as one JSON object."""
    keys = [metric.key for metric in table.board.rules.metrics]
    ends = ("mean", "low", "high")
    return {
        "rules": asdict(table.board.rules),
        "rows": [
            {
                "name": s.name, "role": s.role, "rank": s.rank, "tie_group": s.group,
                "scores": {
                    key: {end: _finite(v) for end, v in zip(ends, numbers, strict=True)}
                    for key, numbers in zip(keys, s.intervals.tolist(), strict=True)
                },
                "behind": s.behind, "effect": s.effect, "detectable": s.detectable, "p_holm": s.p,
                "parameters": s.parameters, **asdict(s.row.facts),
            }
            for s in table.standings
        ],
        "refused": [asdict(item) for item in table.refused],
    }  # fmt: skip


def _finite(value: float) -> float | None:
    return value if value == value else None
