"""A paper table as Markdown, CSV, LaTeX and HTML."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd

from fusbench.metrics import METRICS as TABLE
from fusbench.reproduction.rows import METRICS, ROWS
from fusbench.reproduction.tables import Cell, Line, PaperTable
from fusbench.web.document import tokens
from fusbench.web.text import latex_text

ARROWS = {True: "↑", False: "↓"}


def ours(cell: Cell) -> str:
    """A score with its interval."""
    if cell.mean is None:
        return "no run"
    ends = "" if cell.low is None else f" [{cell.low:.2f}, {cell.high:.2f}]"
    return f"{cell.mean:.3f}{ends}"


def reported(cell: Cell) -> str:
    """The reported score, with its two decimals."""
    return "-" if cell.reported is None else f"{cell.reported:.2f}"


def seeds(line: Line) -> str:
    """The number of trainings behind a row; nothing where none is trained."""
    return str(line.seeds) if ROWS[line.key].trained else ""


def _head(metric: str) -> str:
    return f"{TABLE[metric].symbol} {ARROWS[TABLE[metric].higher_is_better]}"


def to_markdown(table: PaperTable, *, heading: bool = True) -> str:
    """A Markdown table; the best of each column is bold."""
    heads = [text for m in METRICS for text in (_head(m), "reported")]
    lines = [f"### {table.title}", ""] if heading else []
    lines += [f"| | seeds | {' | '.join(heads)} |"]
    lines.append("|---|--:|" + "--:|" * len(heads))
    for block in table.blocks:
        for line in block:
            texts = [line.title, seeds(line)]
            for cell in line.cells.values():
                texts.append(f"**{ours(cell)}**" if cell.best else ours(cell))
                texts.append(f"**{reported(cell)}**" if cell.best_reported else reported(cell))
            lines.append(f"| {' | '.join(texts)} |")
    return "\n".join([*lines, "", *(f"{note}  " for note in table.notes), ""])


def records(table: PaperTable) -> list[dict[str, Any]]:
    """A table's content in full precision, one record a row and metric."""
    return [
        {
            "row": line.key,
            "title": line.title,
            "seeds": line.seeds if ROWS[line.key].trained else None,
            "metric": metric,
            "mean": cell.mean,
            "low": cell.low,
            "high": cell.high,
            "interval_covers": line.covers,
            "reported": cell.reported,
        }
        for block in table.blocks
        for line in block
        for metric, cell in line.cells.items()
    ]


def to_csv(table: PaperTable) -> str:
    """A CSV text in full precision, one line a row and metric."""
    frame = pd.DataFrame(records(table))
    frame["seeds"] = frame["seeds"].astype("Int64")
    return frame.to_csv(index=False, lineterminator="\n")


def to_latex(table: PaperTable) -> str:
    """A LaTeX table for the package booktabs."""
    arrows = {True: r"$\uparrow$", False: r"$\downarrow$"}
    heads = [
        rf"\multicolumn{{2}}{{c}}{{{TABLE[m].symbol} {arrows[TABLE[m].higher_is_better]}}}"
        for m in METRICS
    ]
    rules = " ".join(rf"\cmidrule(lr){{{2 * i + 3}-{2 * i + 4}}}" for i in range(len(METRICS)))
    notes = " ".join(f"{note.rstrip('.')}." for note in table.notes)
    body = [
        r"% needs \usepackage{booktabs}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{latex_text(table.title)}. {latex_text(notes)}}}",
        r"\begin{tabular}{lr" + "rr" * len(METRICS) + "}",
        r"\toprule",
        " & & " + " & ".join(heads) + r" \\",
        rules,
        " & seeds & " + " & ".join(["ours & reported"] * len(METRICS)) + r" \\",
    ]
    for block in table.blocks:
        body.append(r"\midrule")
        for line in block:
            texts = [latex_text(line.title), seeds(line)]
            for cell in line.cells.values():
                mine = "--" if cell.mean is None else f"{cell.mean:.2f}"
                given = reported(cell).replace("-", "--")
                texts.append(rf"\textbf{{{mine}}}" if cell.best else mine)
                texts.append(rf"\textbf{{{given}}}" if cell.best_reported else given)
            body.append(" & ".join(texts) + r" \\")
    return "\n".join([*body, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])


STYLE = """
body { font: var(--text)/1.45 var(--font); color: var(--ink); background: var(--paper);
  margin: 2rem auto; max-width: 84rem; padding: 0 1rem; }
h1 { font-size: 1.15rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
th, td { padding: .35rem .6rem; text-align: right; white-space: nowrap; }
th { font-weight: 600; }
th:first-child, td:first-child { text-align: left; }
thead tr:first-child th { text-align: center; }
thead tr:last-child th { font-weight: 400; color: var(--soft);
  border-bottom: 1px solid var(--ink); }
tbody tr:first-child td { border-top: 1px solid var(--line); }
tbody tr:hover td { background: var(--wash); }
td.reported { color: var(--soft); border-right: 1px solid var(--line); }
td:last-child { border-right: 0; }
small { color: var(--soft); }
.best { font-weight: 700; color: var(--accent); }
p { color: var(--soft); margin: .3rem 0; overflow-wrap: anywhere; }
"""


def to_html(table: PaperTable) -> str:
    """One self-contained HTML page."""
    top = "".join(f'<th colspan="2">{_head(m)}</th>' for m in METRICS)
    under = "<th>ours</th><th>reported</th>" * len(METRICS)
    bodies = []
    for block in table.blocks:
        rows = "".join(f"<tr>{_html_cells(line)}</tr>\n" for line in block)
        bodies.append(f"<tbody>\n{rows}</tbody>")
    title = escape(table.title)
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{title}</title><style>{tokens()}{STYLE}</style></head><body>",
            f'<h1>{title}</h1><div class="scroll"><table><thead>',
            f"<tr><th></th><th></th>{top}</tr><tr><th></th><th>seeds</th>{under}</tr></thead>",
            *bodies,
            "</table></div>",
            *(f"<p>{escape(note)}</p>" for note in table.notes),
            "</body></html>\n",
        ]
    )


def _html_cells(line: Line) -> str:
    cells = [f"<td>{escape(line.title)}</td><td>{seeds(line)}</td>"]
    for cell in line.cells.values():
        mine = ours(cell)
        if cell.low is not None:
            mine = f"{cell.mean:.3f} <small>[{cell.low:.2f}, {cell.high:.2f}]</small>"
        cells.append(f'<td class="{"best" if cell.best else "ours"}">{mine}</td>')
        strong = " best" if cell.best_reported else ""
        cells.append(f'<td class="reported{strong}">{reported(cell)}</td>')
    return "".join(cells)


FORMATS = {".md": to_markdown, ".csv": to_csv, ".tex": to_latex, ".html": to_html}
