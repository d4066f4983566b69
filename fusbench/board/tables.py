"""A board as Markdown, CSV and LaTeX. Every text of a stranger is escaped."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from fusbench import metrics
from fusbench.board import words
from fusbench.board.columns import COLUMNS, Column, Value, columns
from fusbench.board.origin import LINKS
from fusbench.board.record import record
from fusbench.board.standings import Standing, Table, primary_index
from fusbench.web.text import csv_text, latex_text, markdown_text


def markdown(table: Table) -> str:
    """The board's ``README.md``."""
    rules = table.board.rules
    heads = [words.heading(metric) for metric in rules.metrics]
    by_scan = f"{rules.metrics[primary_index(table.board)].symbol} by scan"
    further = columns(table)
    labels = [
        *("place", "ranks", "letters", "model"), *heads, by_scan, *(c.label for c in further),
        "weights",
    ]  # fmt: skip
    numbers = [not column.text for column in further]
    right = [True, True, False, False, *[True] * (len(heads) + 1), *numbers, False]
    lines = [
        f"# {markdown_text(rules.title)}",
        "",
        *([markdown_text(rules.description), ""] if rules.description else []),
        f"**{words.task(table)}** {markdown_text(words.scope(table))}",
        "",
        *_grid(labels, [_cells(s, table, further) for s in table.standings], right),
        "",
        *(f"- {line}" for line in words.statistics(table)),
        f"- {by_scan}: the mean over scans, each counting alike.",
        f"- Signature: `{rules.signature}`.",
        f"- Fingerprint of the split: `{rules.fingerprint}`.",
        *_sources(table),
        *_published(table),
        *_refused(table),
        "",
        "Made by `fusbench leaderboard build` from `results/`; the same numbers with more digits"
        " are in `leaderboard.csv`, and `index.html` shows them to sort and filter.",
    ]
    return "\n".join(lines) + "\n"


def _cells(standing: Standing, table: Table, further: Sequence[Column]) -> list[str]:
    model = standing.model
    title = markdown_text(model.title)
    name = f"**{markdown_text(words.name(standing))}**" + (f"<br>{title}" if title else "")
    if standing.links:
        name += "<br>" + ", ".join(f"[{word}]({link})" for word, link in standing.links.items())
    scores = [_score(standing, k) for k in range(len(table.board.rules.metrics))]
    weights = model.weights_sha256
    at = primary_index(table.board)
    return [
        words.place(standing),
        words.ranks(standing),
        standing.letters or words.NONE,
        name,
        *scores,
        words.number(standing.scan_means[:, at].mean()),
        *(markdown_text(column.words(standing, table)) for column in further),
        f"`{markdown_text(weights[:12])}`" if weights else words.NONE,
    ]


def _score(standing: Standing, metric: int) -> str:
    mean = words.number(standing.intervals[metric, 0])
    shown = f"**{mean}**" if standing.with_the_best[metric] else mean
    return f"{shown} [{words.ends(standing, metric)}]"


def _grid(labels: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> list[str]:
    rule = ["--:" if number else "---" for number in right]
    return [f"| {' | '.join(line)} |" for line in (labels, rule, *rows)]


def _sources(table: Table) -> list[str]:
    cites: dict[str, list[str]] = {}
    for standing in table.standings:
        if standing.model.cite:
            cites.setdefault(standing.model.cite, []).append(standing.name)
    if not cites:
        return []
    lines = [f"- {markdown_text(cite)}: {', '.join(names)}" for cite, names in cites.items()]
    return ["", "## Sources", "", *lines]


def _published(table: Table) -> list[str]:
    published = table.published
    if not published.rows:
        return []
    known = [m for m in metrics.METRICS.values() if any(m.key in r.scores for r in published.rows)]
    rows = [
        [
            markdown_text(report.source),
            markdown_text(report.model) + (f" ({markdown_text(report.note)})" * bool(report.note)),
            *(words.number(report.scores.get(metric.key), 2) for metric in known),
        ]
        for report in published.rows
    ]
    labels = ["source", "model", *(words.heading(metric) for metric in known)]
    return [
        "",
        f"## {markdown_text(published.title)}",
        "",
        markdown_text(published.caution),
        "",
        *_grid(labels, rows, [False, False, *[True] * len(known)]),
    ]


def _refused(table: Table) -> list[str]:
    if not table.refused:
        return []
    lines = [
        f"- **{markdown_text(item.name)}**: {markdown_text('; '.join(item.reasons))}"
        for item in table.refused
    ]
    return ["", "## Below the line", "", "These rows do not fit the board.", "", *lines]


def as_csv(table: Table) -> str:
    """The board's ``leaderboard.csv``: one row a row of the board, six decimals.

    Rows of one competitor share its numbers; `competitor` names it.
    """
    keys = [metric.key for metric in table.board.rules.metrics]
    ends = ("", "_low", "_high", "_by_scan", "_p")
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(
        [
            "place", "rank_low", "rank_high", "role", "letters", "competitor", "name", "title",
            *(f"{key}{end}" for key in keys for end in ends),
            *(column.key for column in COLUMNS), "beyond_ideal", "cite", "weights_sha256",
            "paper", "code", "weights", "seal",
        ]
    )  # fmt: skip
    for standing in table.standings:
        numbers = np.column_stack([standing.intervals, standing.scan_means.mean(0), standing.p])
        shared = [
            standing.place or "", *(standing.place_range or ("", "")), standing.role,
            standing.letters, standing.name,
        ]  # fmt: skip
        for row in standing.competitor.rows:
            model, facts = row.result.model, row.facts
            writer.writerow(
                [
                    *shared, facts.name, csv_text(model.title), *map(_exact, numbers.ravel()),
                    *(_cell(column.value(standing, row, table)) for column in COLUMNS),
                    " ".join(standing.beyond),
                    *map(csv_text, (model.cite, model.weights_sha256 or "")),
                    *(standing.links.get(word, "") for word in LINKS),
                    csv_text(row.seal),
                ]
            )  # fmt: skip
    return stream.getvalue()


def as_json(table: Table) -> str:
    """The board's ``leaderboard.json``, six decimals, a row of the board a line."""
    whole = _rounded(record(table))
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in whole["rows"])
    parts = {key: json.dumps(value, ensure_ascii=False) for key, value in whole.items()}
    parts["rows"] = f"[\n{rows}\n]" if rows else "[]"
    return "{" + ",\n".join(f'"{key}": {text}' for key, text in parts.items()) + "}\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return round(value, 6) + 0.0 if isinstance(value, float) else value


def _exact(value: float | None) -> str:
    text = words.number(value, 6)
    return "" if text == words.NONE else text


def _cell(value: Value) -> str:
    if isinstance(value, float):
        return _exact(value)
    return "" if value is None else csv_text(str(value))


def latex(table: Table) -> str:
    """The board's ``leaderboard.tex``: a table for the packages booktabs and array."""
    rules = table.board.rules
    further = [column for column in columns(table) if column.printed]
    heads = [words.heading(metric) for metric in rules.metrics]
    heads += [column.label[:1].upper() + column.label[1:] for column in further]
    kinds = "r" * len(rules.metrics) + "".join("l" if each.text else "r" for each in further)
    lines = [
        "% Made by fusbench; needs \\usepackage{booktabs}.",
        f"\\begin{{tabular}}{{rrll{kinds}}}",
        "\\toprule",
        f"Place & Ranks & Letters & Model & {' & '.join(map(latex_text, heads))} \\\\",
        "\\midrule",
    ]
    for standing in table.standings:
        scores = []
        for k, mean in enumerate(standing.intervals[:, 0]):
            value = words.number(mean, 2)
            bold = f"\\textbf{{{value}}}" if standing.with_the_best[k] else value
            scores.append(f"{bold} {{\\scriptsize[{latex_text(words.ends(standing, k, 2))}]}}")
        cells = [
            words.place(standing),
            latex_text(words.ranks(standing).replace(" to ", words.NONE)),
            standing.letters or "--",
            latex_text((standing.model.title or standing.name) + words.mark(standing)),
            *scores,
            *(latex_text(column.words(standing, table)) for column in further),
        ]
        lines.append(" & ".join(cells) + " \\\\")
    notes = " ".join(
        (words.scope(table), *words.statistics(table), f"Signature: {rules.signature}")
    )
    lines += ["\\bottomrule", "\\end{tabular}", f"% {latex_text(notes)}"]
    return "\n".join(lines) + "\n"
