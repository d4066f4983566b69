"""Building a board: a pure function of its folder to four files, and writing them."""

from __future__ import annotations

from pathlib import Path

from fusbench.board import tables
from fusbench.board.page import page
from fusbench.board.rules import Board
from fusbench.board.standings import Table, read_table
from fusbench.files import output_errors, write_bytes
from fusbench.locks import locked

PATIENCE_S = 60.0
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


def rebuild(board: Board, out: Path | None = None, *, anonymous: bool = False) -> Table:
    """Read a board's rows and write its outputs, to its own folder by default.

    One process at a time does both, so that the last one's outputs show every row that was added.
    """
    out = out or board.root
    with output_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        with locked(out, PATIENCE_S):
            table = read_table(board)
            write_outputs(table, out, anonymous=anonymous)
    return table


def write_outputs(table: Table, out: Path, *, anonymous: bool = False) -> list[Path]:
    """Write a board's outputs to a folder; each file appears whole or not at all."""
    written = []
    for name, content in outputs(table, anonymous=anonymous).items():
        write_bytes(out / name, content)
        written.append(out / name)
    return written
