"""What tables and page say in words, and how they print numbers: one wording for all outputs."""

from __future__ import annotations

from fusbench import metrics
from fusbench.board.standings import Standing, Table
from fusbench.errors import counted

ARROWS = {True: "↑", False: "↓"}
NONE = "\N{EN DASH}"


def place(standing: Standing) -> str:
    """A model's rank, or what a row that does not compete is there for."""
    return str(standing.rank) if standing.rank else standing.role


def number(value: float | None, decimals: int = 3) -> str:
    """A number with its decimals; a dash where there is none, and never a negative zero."""
    if value is None or value != value:
        return NONE
    text = f"{value:.{decimals}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def interval(standing: Standing, metric: int) -> str:
    """``1.234 [1.1, 1.3]``: the mean over frames and its 95 % interval."""
    mean, low, high = standing.intervals[metric]
    if low != low:
        return f"{number(mean)} [one scan]"
    return f"{number(mean)} [{number(low)}, {number(high)}]"


def count(value: int | None) -> str:
    """A parameter count as a person says it.

    >>> [count(n) for n in (None, 0, 912, 45_300, 1_470_000)]
    ['–', '0', '912', '45.3 k', '1.47 M']
    """
    if value is None:
        return NONE
    for size, unit in ((1_000_000_000, " G"), (1_000_000, " M"), (1_000, " k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return str(value)


def duration(seconds: float | None) -> str:
    """Seconds a frame in milliseconds.

    >>> [duration(s) for s in (None, 0.00042, 0.0183, 2.5)]
    ['–', '0.42 ms', '18.3 ms', '2,500 ms']
    """
    if seconds is None:
        return NONE
    ms = 1000 * seconds
    return f"{ms:,.0f} ms" if ms >= 100 else f"{ms:.3g} ms"


def probability(p: float | None) -> str:
    """A p-value: two digits, and no more zeros than a reader wants."""
    if p is None:
        return NONE
    return "< 0.0001" if p < 1e-4 else f"{p:.2g}"


def heading(metric: metrics.Metric) -> str:
    """``KLD ↓``"""
    return f"{metric.symbol} {ARROWS[metric.higher_is_better]}"


def scope(table: Table) -> str:
    """What was scored: data, split, frames and scans."""
    rules, board = table.board.rules, table.board
    synthetic = " (synthetic: no person was recorded)" if rules.synthetic else ""
    left_out = len(board.counted) - table.n_frames
    edge = f"; {left_out:,} frames near the clips' ends left out" if left_out else ""
    return (
        f"{rules.dataset} {rules.dataset_version}{synthetic}, {rules.split} split:"
        f" {table.n_frames:,} frames of {counted(board.n_scans, 'scan')}{edge}."
    )


def task(table: Table) -> str:
    """What the models were asked."""
    horizon = table.board.rules.horizon
    if not horizon:
        return "Where does the sonographer look on this frame?"
    return f"Where will the sonographer look, {horizon} frames after the last frame seen?"


def statistics(table: Table) -> list[str]:
    """How to read the numbers, a sentence each."""
    rules = table.board.rules
    primary = metrics.metric(rules.primary)
    lines = [
        f"Ranked by {primary.symbol}, mean over frames."
        " In brackets: 95 % interval, resampled by scan.",
    ]
    if len(table.ties.groups) > 1 and not table.ties.resolved:
        pairs = len(table.ties.groups) * (len(table.ties.groups) - 1) // 2
        lines.append(
            f"{counted(table.board.n_scans, 'scan')} cannot tell any of so many rows apart: the"
            f" smallest p-value, {table.smallest_p:.2g}, does not survive Holm's correction over"
            f" {pairs:,} pairs. All rows share one tie group."
        )
    else:
        lines.append(
            "Rows of one tie group are not told apart by these scans: paired sign-flip test on scan"
            " means, Holm's correction over all pairs, 5 %."
        )
    lines.append(
        "Behind, effect and detectable compare with the best model on scan means: how much worse,"
        " in deviations between scans, and the smallest true difference that would show four times"
        " in five."
    )
    if table.detectable is not None:
        unit = f" {primary.unit}" if primary.unit else ""
        lines.append(
            f"The {counted(table.board.n_scans, 'scan')} of this board can show a difference of"
            f" {number(table.detectable)}{unit} in {primary.symbol} between a typical model and the"
            " best (median over models)."
        )
    roles = {standing.role for standing in table.standings}
    lines.append("Floors, hints and ceiling frame the table and have no rank." + _missing(roles))
    return lines


def _missing(roles: set[str]) -> str:
    return "" if "ceiling" in roles else " No ceiling is known for this data set."
