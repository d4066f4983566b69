"""Columns: what a board tells of a row beside its scores, one entry each, for every output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from fusbench.board import words
from fusbench.board.rows import Row
from fusbench.board.standings import Standing, Table

Value = float | int | str | None


def _always(_table: Table) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of every table of a board, in Markdown, on the page, in CSV and in JSON.

    Parameters
    ----------
    key : str
        Its name in CSV, JSON and the page's address.
    label : str
        Its heading.
    value : callable
        What it holds for a row, from the row's standing and the table; None where nothing tells.
    form : callable
        The value as a person reads it.
    shown : callable, optional
        In place of `form`, the text for all of a competitor's rows together.
    brief : callable, optional
        The same for the page, where a row's detail tells the rest.
    about : str
        What it says, for a mouse or a finger.
    text : bool
        Whether it is text and no number.
    minor : bool
        Whether it is set in small letters.
    printed : bool
        Whether the table for a paper has it, whose lines are short.
    there : callable
        Whether a table has it.
    """

    key: str
    label: str
    value: Callable[[Standing, Row, Table], Value]
    form: Callable[[Any], str] = words.number
    shown: Callable[[Standing, Table], str] | None = None
    brief: Callable[[Standing, Table], str] | None = None
    about: str = ""
    text: bool = False
    minor: bool = False
    printed: bool = False
    there: Callable[[Table], bool] = _always

    @property
    def css(self) -> str:
        """Classes of its cells on the page."""
        return " ".join(["text"] * self.text + ["minor"] * self.minor)

    def words(self, standing: Standing, table: Table) -> str:
        """The text of a cell, not escaped."""
        if self.shown is not None:
            return self.shown(standing, table)
        return self.form(self.value(standing, standing.row, table)) or words.NONE

    def cell(self, standing: Standing, table: Table) -> str:
        """The text of the page's cell."""
        return (self.brief or self.words)(standing, table)


COLUMNS = (
    Column(
        key="behind",
        label="behind",
        value=lambda s, row, table: s.behind,
        about="How much worse than the best model, in the primary metric's unit",
    ),
    Column(
        key="effect",
        label="effect",
        value=lambda s, row, table: s.effect,
        form=partial(words.number, decimals=2),
        about="Behind, in deviations between scans",
    ),
    Column(
        key="detectable",
        label="detectable",
        value=lambda s, row, table: s.detectable,
        about="The difference to the best model that boards like this show four times in five",
        minor=True,
    ),
    Column(
        key="history",
        label="history",
        value=lambda s, row, table: row.result.history,
        about="Nats that the density owes to the other frames, on the validation split",
        minor=True,
    ),
    Column(
        key="parameters",
        label="parameters",
        value=lambda s, row, table: s.parameters,
        form=words.count,
        printed=True,
        about="Numbers in the weight file",
    ),
    Column(
        key="macs",
        label="MACs/frame",
        value=lambda s, row, table: s.macs,
        form=words.count,
        about="Multiply-accumulates that one more frame of a clip costs, counted from the network",
    ),
    Column(
        key="seconds",
        label=words.TIMED,
        value=lambda s, row, table: table.seconds(row),
        shown=words.times,
        about="Median time a frame, all rows in one sitting on one machine",
        there=lambda table: bool(table.times),
    ),
    Column(
        key="ratio",
        label="references",
        value=lambda s, row, table: table.ratio(row),
        form=partial(words.number, decimals=2),
        about="Time a frame, as a ratio to a reference kernel measured beside it",
        minor=True,
        there=lambda table: bool(table.times),
    ),
    Column(
        key="backend",
        label="backend",
        value=lambda s, row, table: row.result.model.backend,
        shown=lambda s, table: words.backends(s),
        brief=lambda s, table: ", ".join(s.competitor.backends),
        about="What the predictions were made in",
        text=True,
        minor=True,
    ),
    Column(
        key="licence",
        label="licence",
        value=lambda s, row, table: row.result.model.licence,
        form=str,
        about="Under which the model's weights may be used",
        text=True,
        minor=True,
    ),
    Column(
        key="date",
        label="date",
        value=lambda s, row, table: row.facts.origin.date,
        shown=lambda s, table: s.date or words.NONE,
        about="The day that its submitter tells",
        text=True,
        minor=True,
        there=lambda table: table.dated,
    ),
)


def columns(table: Table) -> tuple[Column, ...]:
    """The columns that a table has."""
    return tuple(column for column in COLUMNS if column.there(table))
