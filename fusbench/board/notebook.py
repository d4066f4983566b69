"""A board's table as a notebook shows it."""

from __future__ import annotations

import pandas as pd

from fusbench.board import words
from fusbench.board.standings import Table
from fusbench.web.document import table_html


def frame_of(table: Table) -> pd.DataFrame:
    """A row for each standing, best first: role, place, letters, and each metric's mean."""
    keys = [metric.key for metric in table.board.rules.metrics]
    rows = {
        s.name: {
            "role": s.role,
            "place": s.place,
            "letters": s.letters,
            **dict(zip(keys, s.intervals[:, 0], strict=True)),
        }
        for s in table.standings
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")


def html_of(table: Table) -> str:
    """The same as an HTML table, headed by what the models were asked."""
    metrics = table.board.rules.metrics
    heads = ["model", "place", *(words.heading(metric) for metric in metrics)]
    lines = [
        [s.name, words.place(s), *(words.number(value) for value in s.intervals[:, 0])]
        for s in table.standings
    ]
    return table_html(words.task(table), heads, lines)
