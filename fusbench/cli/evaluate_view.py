"""How ``fusbench evaluate`` shows runs in the terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fusbench.evaluation.contest import Failure
    from fusbench.evaluation.finished import Run

METRICS_ABREAST = 4  # wider tables do not fit a terminal


def show_runs(rows: list[Run], asked: list[Run], failures: list[Failure]) -> None:
    """The table of runs between floors and ceiling, where each lies, and what failed."""
    from fusbench.board.words import brackets
    from fusbench.cli.render import show, table
    from fusbench.errors import counted
    from fusbench.evaluation.beyond import marked
    from fusbench.evaluation.finished import MARK, scope
    from fusbench.evaluation.results import read_timing
    from fusbench.evaluation.targets import describe_baseline, describe_observers
    from fusbench.metrics import of_signature

    first = rows[0].result
    chosen = of_signature(first.signature)
    columns = [(f"{m.symbol} {m.arrow}", m.key) for m in chosen]
    speed = []
    for row in rows:
        seconds, _ = read_timing(row.folder)
        speed.append("" if seconds is None else f"{1000 * seconds:.1f}")
    uses = [_use(row) for row in rows]
    title = scope(first)
    for start in range(0, len(columns), METRICS_ABREAST):
        part = columns[start : start + METRICS_ABREAST]
        last = ["ms/frame", *["history"] * any(uses)] if start == 0 else []
        cells = [
            [
                row.name + MARK * bool(row.beyond),
                *(_cell(row.result.summary[key], first.n_scans) for _, key in part),
                *(ms, use)[: len(last)],
            ]
            for row, ms, use in zip(rows, speed, uses, strict=True)
        ]
        heads = ["model", *(head for head, _ in part), *last]
        show(table(heads, cells, title=title if start == 0 else "continued"))
    show(
        f"{counted(first.n_frames, 'frame')} of {counted(first.n_scans, 'scan')} scored;"
        f" {first.n_skipped} skipped for want of gaze.",
        f"Mean over frames [{brackets(first.n_scans)}].",
        *["History: nats that the density owes to the other frames, on the validation split."]
        * any(uses),
        *(
            f"! {marked(row.name, row.beyond, chosen, first.n_scans)}."
            for row in rows
            if row.beyond
        ),
        *describe_baseline(first.signature),
        *describe_observers(first.signature, [row.name for row in rows]),
        f"Signature: {first.signature}",
    )
    for row in asked:
        picture = row.folder / "frames.png"
        also = f" (picture: {picture})" if picture.exists() else ""
        show(f"{row.name}: {row.folder}{also}")
    if failures:
        reasons = [[row.name, f"failed: {row.error.what}. {row.error.fix}"] for row in failures]
        show(table(("model", "what happened"), reasons, text=2))


def shown_again(run: Run, data: str) -> str:
    """That a run was finished before, and when; on the same data under another name, perhaps."""
    day, known = f"{run.finished:%Y-%m-%d %H:%M}", run.result.dataset.name
    same = "" if known == data else f" on '{known}', whose data are those of '{data}'"
    return f"{run.name}: shown again, as scored on {day}{same}; --force scores it anew."


def _use(run: Run) -> str:
    """Use of history as the weights tell it; empty where they do not."""
    return "" if run.result.history is None else f"{run.result.history:.3f}"


def _cell(summary: dict[str, float | None], n_scans: int) -> str:
    from fusbench.board.words import scan_range

    mean, low, high = summary["mean"], summary["low"], summary["high"]
    if low is None or high is None:
        ends = scan_range(summary["scan_min"], summary["scan_max"], n_scans)
        return f"{mean:.3f} [{ends}]"
    return f"{mean:.3f} [{low:.3f}, {high:.3f}]"


def told(failure: Failure) -> str:
    """A failure as a line of JSON."""
    facts = {
        "model": {"name": failure.name},
        "failed": str(failure.error),
        "file": failure.file and str(failure.file),
    }
    return json.dumps(facts, sort_keys=True)
