"""A board as one object of plain values, for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from fusbench.board.columns import COLUMNS
from fusbench.board.origin import links
from fusbench.board.standings import Table


def record(table: Table) -> dict[str, Any]:
    """A board as one JSON object; rows with the same predictions share a competitor's numbers."""
    keys = [metric.key for metric in table.board.rules.metrics]
    ends = ("mean", "low", "high", "by_scan", "p")
    rows = []
    for s in table.standings:
        numbers = np.column_stack([s.intervals, s.scan_means.mean(axis=0), s.p]).tolist()
        shared = {
            "competitor": s.name, "role": s.role, "place": s.place, "ranks": s.place_range,
            "letters": s.letters,
            "scores": {
                key: {end: _finite(v) for end, v in zip(ends, values, strict=True)}
                for key, values in zip(keys, numbers, strict=True)
            },
            "beyond_ideal": s.beyond,
        }  # fmt: skip
        for row in s.competitor.rows:
            facts = asdict(row.facts)
            facts["origin"] = row.facts.origin.told | links(row.facts.origin, row.result.model.cite)
            told = {column.key: column.value(s, row, table) for column in COLUMNS}
            rows.append(shared | facts | told)
    return {
        "rules": asdict(table.board.rules),
        "rows": rows,
        "refused": [asdict(item) for item in table.refused],
    }


def _finite(value: float) -> float | None:
    return value if value == value else None
