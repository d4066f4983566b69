"""A paper table as Markdown, CSV, LaTeX and HTML."""

from __future__ import annotations

from fusbench.metrics import METRICS as TABLE
from fusbench.reproduction.rows import METRICS
from fusbench.reproduction.tables import PaperTable, head, ours, reported, seeds
from fusbench.web.document import filled, tokens
from fusbench.web.text import latex_text


def to_markdown(table: PaperTable, *, heading: bool = True) -> str:
    """A Markdown table; the best of each column is bold."""
    heads = [text for m in METRICS for text in (head(m), "reported")]
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


def to_csv(table: PaperTable) -> str:
    """A CSV text in full precision, one line a row and metric."""
    return table.frame.to_csv(index=False, lineterminator="\n")


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


def to_html(table: PaperTable) -> str:
    """One self-contained HTML page."""
    return filled(
        "reproduction/table.html",
        table=table,
        heads=[head(metric) for metric in METRICS],
        seeds=seeds,
        ours=ours,
        reported=reported,
        style=tokens(),
    )


FORMATS = {".md": to_markdown, ".csv": to_csv, ".tex": to_latex, ".html": to_html}
