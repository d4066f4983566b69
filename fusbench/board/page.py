"""The board as one HTML page: no network, no other file; works without a script, better with.

The template escapes every text of a stranger, and the page's policy allows the one script that is
in it, by its hash, so that nothing smuggled in could run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fusbench import metrics
from fusbench.board import words
from fusbench.board.columns import Column, columns
from fusbench.board.standings import Standing, Table, primary_index
from fusbench.errors import counted
from fusbench.evaluation.facts import ModelFacts
from fusbench.web.document import asset, embedded, filled, policy, tokens

DECIMALS = 6
LEADING = (
    ("place", "One more than the number of models told apart from it as better"),
    ("ranks", "Where 95 % of boards with scans drawn anew put the model"),
    ("letters", "Rows that share a letter are not told apart"),
    ("model", "A click opens its scans, licence, citation and hashes"),
)
"""Columns before the scores, and what they say; the further ones are `fusbench.board.columns`."""


def page(table: Table, *, anonymous: bool = False) -> str:
    """The board's ``index.html``.

    Parameters
    ----------
    table : Table
    anonymous : bool
        Number the scans in order of difficulty in place of naming them.
    """
    script = asset("board", "page_parts/page.js")
    return filled(
        "board/page_parts/page.html",
        policy=policy("\n" + script),
        style=tokens() + asset("board", "page_parts/page.css"),
        script=script,
        data=embedded(_data(table, anonymous)),
        words=words,
        table=table,
        rules=table.board.rules,
        primary=primary_index(table.board),
        facts=_facts(table),
        heads=_heads(table),
        columns=columns(table),
        reported=_reported(table),
    )


def _facts(table: Table) -> list[tuple[str, str]]:
    """Values at a glance, and what they are."""
    leader, at = table.leader, primary_index(table.board)
    primary = table.board.rules.metrics[at]
    facts = []
    if leader:
        near = sum(bool(s.role == "model" and s.with_the_best[at]) for s in table.standings) - 1
        facts.append((leader.name, f"best model, {primary.symbol} {words.interval(leader, at)}"))
        facts.append((str(near), f"other model{'s' * (near != 1)} not told apart from it"))
    if table.detectable is not None:
        shown = f"{words.number(table.detectable)}{words.unit(primary)}"
        facts.append((shown, f"{primary.symbol} difference that shows four times in five"))
    frames = f"{table.n_frames:,} frames scored by every row"
    return [*facts, (counted(table.board.n_scans, "scan"), frames)]


def _heads(table: Table) -> list[dict[str, Any]]:
    """Sort key, heading, meaning, and whether it is text, of every column."""
    leading = [
        {"key": key, "label": key, "about": about, "text": key in ("letters", "model")}
        for key, about in LEADING
    ]
    scores = [
        {
            "key": metric.key,
            "label": words.heading(metric),
            "about": words.about(metric),
            "text": False,
        }
        for metric in table.board.rules.metrics
    ]
    further = [
        {"key": c.key, "label": c.label, "about": c.about, "text": c.text} for c in columns(table)
    ]
    return [*leading, *scores, *further]


def _reported(table: Table) -> list[metrics.Metric]:
    """The metrics of the reported numbers beside the board."""
    rows = table.published.rows
    return [m for m in metrics.METRICS.values() if any(m.key in row.scores for row in rows)]


def _data(table: Table, anonymous: bool) -> dict[str, Any]:
    board, order, known = table.board, table.scan_order.tolist(), columns(table)
    names = sorted({clip.scan_id for clip in board.clips})
    scored = sorted(set(board.scan_index[board.counted]))
    labels = [names[scored[k]] for k in order]
    return {
        "metrics": [
            {"key": m.key, "symbol": m.symbol, "unit": m.unit, "higher": m.higher_is_better}
            for m in board.rules.metrics
        ],
        "primary": primary_index(board),
        "timed": bool(table.times),
        "columns": [column.key for column in known],
        "leader": next((k for k, s in enumerate(table.standings) if s is table.leader), None),
        "scans": [str(k) for k in range(1, len(order) + 1)] if anonymous else labels,
        "rows": [_row_data(standing, table, order, known) for standing in table.standings],
    }


def _row_data(
    standing: Standing, table: Table, order: list[int], known: Sequence[Column]
) -> dict[str, Any]:
    model = standing.model
    means = standing.scan_means[order].T
    return {
        "name": standing.name,
        "title": model.title,
        "role": standing.role,
        "place": standing.place,
        "ranks": standing.place_range,
        "letters": standing.letters,
        "scores": [_numbers(numbers) for numbers in standing.intervals.tolist()],
        "scans": [_numbers(values) for values in means.tolist()],
        "p": [_number(p) for p in standing.p.tolist()],
        "times": [
            f"{row.result.model.backend}: {words.duration(seconds)}"
            for row in standing.competitor.rows
            if (seconds := table.seconds(row)) is not None
        ],
        "byScan": _numbers(standing.scan_means.mean(axis=0).tolist()),
        "cite": model.cite,
        "links": standing.links,
        "origin": f"{model.distribution} {model.version}".strip(),
        "window": _window(model),
        "weights": model.weights_sha256 or "",
        "seal": standing.row.seal,
        "backends": words.backends(standing),
        **{c.key: _plain(c.value(standing, standing.row, table)) for c in known},
    }


def _window(model: ModelFacts) -> str:
    window = model.window
    length, horizon = window.get("length"), window.get("horizon")
    frames = "1 frame" if length == 1 else f"{length} frames, {window.get('placement')}"
    if model.memory == "clip":
        frames = "all frames so far"
    return frames + (f", {counted(horizon, 'frame')} ahead" if horizon else "")


def _numbers(values: Iterable[float]) -> list[float | None]:
    return [_number(value) for value in values]


def _number(value: float | None) -> float | None:
    if value is None or value != value:
        return None
    return round(value, DECIMALS) + 0.0


def _plain(value: float | int | str | None) -> float | int | str | None:
    if isinstance(value, float):
        return _number(value)
    return None if value == "" else value
