"""Building a board: a pure function of its folder to four files, and writing them."""

from __future__ import annotations

from pathlib import Path

from fusbench.board import tables
from fusbench.board.page import page
from fusbench.board.standings import Table
from fusbench.files import write_bytes

OUTPUTS = ("README.md", "leaderboard.csv", "leaderboard.json", "leaderboard.tex", "index.html")


def outputs(table: Table, *, anonymous: bool = False) -> dict[str, bytes]:
    """The bytes of a board's outputs, by name.

    They depend on the board's folder alone: not on its place, the time, or the machine. With
    `anonymous`, or where the rules say so, they name no scan; no output ever names a clip or holds
    a pixel.
    """
    anonymous = anonymous or table.board.rules.anonymous
    texts = (
        tables.markdown(table),
        tables.as_csv(table),
        tables.as_json(table),
        tables.latex(table),
        page(table, anonymous=anonymous),
    )
    return {name: text.encode() for name, text in zip(OUTPUTS, texts, strict=True)}


def write_outputs(table: Table, out: Path, *, anonymous: bool = False) -> list[Path]:
    """Write a board's outputs to a folder; each file appears whole or not at all."""
    written = []
    for name, content in outputs(table, anonymous=anonymous).items():
        write_bytes(out / name, content)
        written.append(out / name)
    return written
