"""The board as one HTML page: no network, no other file; works without a script, better with.

Every text of a stranger is escaped, and the page's policy allows the one script that is in it, by
its hash, so that nothing smuggled in could run.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from fusbench import metrics
from fusbench.board import words
from fusbench.board.standings import Standing, Table, primary_index
from fusbench.errors import counted
from fusbench.web.document import embedded, policy, tokens

PARTS = Path(__file__).parent / "page_parts"
DECIMALS = 6
MEANINGS = {
    "place": "One more than the number of models told apart from it as better",
    "ranks": "Where 95 % of boards with scans drawn anew put the model",
    "letters": "Rows that share a letter are not told apart",
    "behind": "How much worse than the best model, in the primary metric's unit",
    "effect": "Behind, in deviations between scans",
    "detectable": "The difference to the best model that boards like this show four times in five",
    "history": "Nats that the density owes to the other frames, on the validation split",
    "macs": "Multiply-accumulates that one more frame of a clip costs, counted from the network",
    "parameters": "Numbers in the weight file",
    "backend": "What the predictions were made in",
    "seconds": "Median time a frame, all rows in one sitting on one machine",
    "ratio": "Time a frame, as a ratio to a reference kernel measured beside it",
}

TIMED = (("seconds", words.TIMED, False), ("ratio", "references", False))


def page(table: Table, *, anonymous: bool = False) -> str:
    """The board's ``index.html``.

    Parameters
    ----------
    table : Table
    anonymous : bool
        Number the scans in order of difficulty in place of naming them.
    """
    rules = table.board.rules
    parts = {
        name: (PARTS / f"page.{name}").read_text(encoding="utf-8") for name in ("css", "html", "js")
    }
    script = "\n" + parts["js"]
    badge = '<span class="badge">synthetic data</span>' if rules.synthetic else ""
    fields = {
        "policy": policy(script),
        "title": escape(rules.title),
        "badge": badge,
        "description": f"<p>{escape(rules.description)}</p>" if rules.description else "",
        "task": escape(words.task(table)),
        "scope": escape(words.scope(table)),
        "facts": _facts(table),
        "choices": _choices(table),
        "sorts": "".join(
            f'<option value="{escape(key)}">Sort by {escape(label)}</option>'
            for key, label, _ in _columns(table)
        ),
        "columns": "".join(_chooser(key, label) for key, label, _ in _columns(table)),
        "heads": "".join(_head(*column) for column in _columns(table)),
        "rows": "\n".join(_row(standing, table) for standing in table.standings),
        "empty": " hidden" if table.standings else "",
        "refused": _refused(table),
        "reading": "\n".join(f"<li>{escape(line)}</li>" for line in words.statistics(table)),
        "published": _published(table),
        "signature": escape(rules.signature),
        "fingerprint": escape(rules.fingerprint),
        "data": embedded(_data(table, anonymous)),
        "style": tokens() + parts["css"],
        "script": parts["js"],
    }
    return Template(parts["html"]).substitute(fields)


def _facts(table: Table) -> str:
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
    facts.append((counted(table.board.n_scans, "scan"), frames))
    return "\n".join(
        f'<div class="fact"><b>{escape(value)}</b><span>{escape(label)}</span></div>'
        for value, label in facts
    )


def _choices(table: Table) -> str:
    at = primary_index(table.board)
    return "".join(
        f'<button type="button" value="{k}" aria-pressed="{"true" if k == at else "false"}">'
        f"{escape(metric.symbol)}</button>"
        for k, metric in enumerate(table.board.rules.metrics)
    )


def _columns(table: Table) -> list[tuple[str, str, bool]]:
    """Sort key, heading, and whether it is text."""
    scores = [(m.key, words.heading(m), False) for m in table.board.rules.metrics]
    return [
        ("place", "place", False), ("ranks", "ranks", False), ("letters", "letters", True),
        ("model", "model", True), *scores, ("behind", "behind", False),
        ("effect", "effect", False), ("detectable", "detectable", False),
        ("history", "history", False), ("parameters", "parameters", False),
        ("macs", "MACs/frame", False),
        *(TIMED if table.times else []),
        ("backend", "backend", True), ("licence", "licence", True),
    ]  # fmt: skip


def _chooser(key: str, label: str) -> str:
    """A column's box to tick, and what it says: for a finger what a title is for a mouse."""
    if key == "model":
        return ""
    about = f"<small>{escape(MEANINGS[key])}</small>" if key in MEANINGS else ""
    box = f'<input type="checkbox" value="{escape(key)}" checked>'
    return f"<label>{box}<span>{escape(label)}{about}</span></label>"


def _head(key: str, label: str, text: bool) -> str:
    kind = ' class="text"' if text else ""
    about = f' title="{escape(MEANINGS[key])}"' if key in MEANINGS else ""
    return (
        f'<th scope="col" data-sort="{escape(key)}"{kind}>'
        f'<button type="button"{about}>{escape(label)}</button></th>'
    )


def _row(standing: Standing, table: Table) -> str:
    model = standing.model
    cells = [
        _cell("place", f'<span class="place">{escape(words.place(standing))}</span>'),
        _cell("ranks", escape(words.ranks(standing)), "minor"),
        _cell("letters", escape(standing.letters or words.NONE), "text letters"),
        _cell(
            "model",
            f'<button type="button" aria-expanded="false">{escape(standing.name)}</button>'
            f"<span>{escape(model.title)}</span>",
            "text model",
        ),
    ]
    for k, metric in enumerate(table.board.rules.metrics):
        mean = words.number(standing.intervals[k, 0])
        kind = "best" if standing.with_the_best[k] else ""
        content = f"<b>{mean}</b><small>{escape(words.ends(standing, k))}</small>"
        cells.append(_cell(words.heading(metric), content, kind))
    ratio = table.ratio(standing.row)
    plain = (
        ("behind", words.number(standing.behind), ""),
        ("effect", words.number(standing.effect, 2), ""),
        ("detectable", words.number(standing.detectable), "minor"),
        ("history", words.number(standing.history), "minor"),
        ("parameters", words.count(standing.parameters), ""),
        ("MACs/frame", words.count(standing.macs), ""),
        *(
            [
                (words.TIMED, words.duration(table.seconds(standing.row)), ""),
                ("references", words.number(ratio, 2), "minor"),
            ]
            if table.times
            else []
        ),
        ("backend", ", ".join(standing.competitor.backends), "text minor"),
        ("licence", model.licence or words.NONE, "text minor"),
    )
    cells += [_cell(label, escape(value), kind) for label, value, kind in plain]
    return f'<tr class="row role-{escape(standing.role)}">{"".join(cells)}</tr>'


def _cell(label: str, content: str, kind: str = "") -> str:
    css = f' class="{kind}"' if kind else ""
    return f'<td{css} data-label="{escape(label)}">{content}</td>'


def _refused(table: Table) -> str:
    if not table.refused:
        return ""
    items = "\n".join(
        f"<li><b>{escape(item.name)}</b>: {escape('; '.join(item.reasons))}</li>"
        for item in table.refused
    )
    return (
        '<section class="panel below"><h2>Below the line</h2>'
        f"<p>These rows do not fit the board.</p><ul>\n{items}\n</ul></section>"
    )


def _published(table: Table) -> str:
    published = table.published
    if not published.rows:
        return ""
    known = [m for m in metrics.METRICS.values() if any(m.key in r.scores for r in published.rows)]
    heads = ['<th class="text">source</th>', '<th class="text">model</th>']
    heads += [f"<th>{escape(words.heading(metric))}</th>" for metric in known]
    rows = []
    for report in published.rows:
        note = f"<small>{escape(report.note)}</small>" if report.note else ""
        numbers = "".join(
            f'<td data-label="{escape(metric.symbol)}">'
            f"{words.number(report.scores.get(metric.key), 2)}</td>"
            for metric in known
        )
        rows.append(
            f'<tr><td class="text">{escape(report.source)}</td>'
            f'<td class="text">{escape(report.model)}{note}</td>{numbers}</tr>'
        )
    return (
        f'<section class="panel" id="published"><h2>{escape(published.title)}</h2>'
        f'<p class="note">{escape(published.caution)}</p><div class="scroll"><table><thead><tr>'
        f"{''.join(heads)}</tr></thead><tbody>\n{chr(10).join(rows)}\n</tbody></table></div></section>"
    )


def _data(table: Table, anonymous: bool) -> dict[str, Any]:
    board, order = table.board, table.scan_order
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
        "leader": next((k for k, s in enumerate(table.standings) if s is table.leader), None),
        "scans": [str(k) for k in range(1, len(order) + 1)] if anonymous else labels,
        "rows": [_row_data(standing, table, order.tolist()) for standing in table.standings],
    }


def _row_data(standing: Standing, table: Table, order: list[int]) -> dict[str, Any]:
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
        "behind": _number(standing.behind),
        "effect": _number(standing.effect),
        "detectable": _number(standing.detectable),
        "p": [_number(p) for p in standing.p.tolist()],
        "history": _number(standing.history),
        "parameters": standing.parameters,
        "macs": standing.macs,
        "seconds": table.seconds(standing.row),
        "ratio": _number(table.ratio(standing.row)),
        "times": [
            f"{row.result.model.backend}: {words.duration(row.facts.seconds_per_frame)}"
            f" on {row.facts.machine}"
            for row in standing.competitor.rows
            if row.facts.seconds_per_frame is not None
        ],
        "byScan": _numbers(standing.scan_means.mean(axis=0).tolist()),
        "backend": words.backends(standing),
        "licence": model.licence,
        "cite": model.cite,
        "origin": f"{model.distribution} {model.version}".strip(),
        "window": _window(model.window),
        "weights": model.weights_sha256 or "",
        "seal": standing.row.seal,
    }


def _window(window: dict[str, Any]) -> str:
    length, horizon = window.get("length"), window.get("horizon")
    frames = "1 frame" if length == 1 else f"{length} frames, {window.get('placement')}"
    return frames + (f", {horizon} frames ahead" if horizon else "")


def _numbers(values: Iterable[float]) -> list[float | None]:
    return [_number(value) for value in values]


def _number(value: float | None) -> float | None:
    if value is None or value != value:
        return None
    return round(value, DECIMALS) + 0.0
