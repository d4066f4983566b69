"""What tables and page say in words, and how they print numbers: one wording for all outputs."""

from __future__ import annotations

from fusbench import metrics
from fusbench.board.standings import Standing, Table
from fusbench.errors import counted
from fusbench.evaluation.beyond import marked
from fusbench.evaluation.finished import MARK
from fusbench.evaluation.targets import describe_observers
from fusbench.statistics.intervals import FEWEST_SCANS
from fusbench.statistics.tests_of_scans import NEGLIGIBLE

ARROWS = {True: "↑", False: "↓"}
NONE = "\N{EN DASH}"
TIMED = "time/frame"
FEWEST_TESTED = 6  # with 5 scans the smallest p-value is 1/16


def name(standing: Standing) -> str:
    """A row's name, marked where it is better than the ideal observer."""
    return standing.name + mark(standing)


def mark(standing: Standing) -> str:
    """What stands behind the name of a row that is better than the ideal observer."""
    return MARK if standing.beyond else ""


def place(standing: Standing) -> str:
    """A model's place, or what a row that does not compete is there for."""
    return str(standing.place) if standing.place else standing.role


def ranks(standing: Standing) -> str:
    """``2 to 5``: between which ranks a model falls when scans are drawn anew."""
    if standing.place_range is None:
        return NONE
    low, high = standing.place_range
    return str(low) if low == high else f"{low} to {high}"


def number(value: float | None, decimals: int = 3) -> str:
    """A number with its decimals; a dash where there is none, and never a negative zero."""
    if value is None or value != value:
        return NONE
    text = f"{value:.{decimals}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def interval(standing: Standing, metric: int) -> str:
    """``1.234 [1.1, 1.3]``: the mean over frames and its 95 % interval, or the range of scans."""
    return f"{number(standing.intervals[metric, 0])} [{ends(standing, metric)}]"


def ends(standing: Standing, metric: int, decimals: int = 3) -> str:
    """``1.1, 1.3``: the ends of the 95 % interval; below 5 scans ``1.1 to 1.3 of 3 scans``."""
    low, high = standing.intervals[metric, 1:]
    if low == low:
        return f"{number(low, decimals)}, {number(high, decimals)}"
    least, most = standing.scan_range[metric]
    return scan_range(least, most, len(standing.scan_means), decimals)


def scan_range(low: float | None, high: float | None, n_scans: int, decimals: int = 3) -> str:
    """``1.1 to 1.3 of 3 scans``: what stands where there are too few for an interval."""
    if n_scans == 1:
        return "one scan"
    return f"{number(low, decimals)} to {number(high, decimals)} of {counted(n_scans, 'scan')}"


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


def times(standing: Standing, table: Table) -> str:
    """Time a frame of each of a competitor's rows that the board's sitting measured."""
    shown = [duration(s) for row in standing.competitor.rows if (s := table.seconds(row))]
    return ", ".join(shown) or NONE


def probability(p: float | None) -> str:
    """A p-value: two digits, and no more zeros than a reader wants."""
    if p is None:
        return NONE
    return "< 0.0001" if p < 1e-4 else f"{p:.2g}"


def heading(metric: metrics.Metric) -> str:
    """``KLD ↓``"""
    return f"{metric.symbol} {ARROWS[metric.higher_is_better]}"


def about(metric: metrics.Metric) -> str:
    """What a metric's column says, for a mouse or a finger."""
    better = "higher" if metric.higher_is_better else "lower"
    return f"{metric.title}; mean over frames, {better} is better"


def scope(table: Table) -> str:
    """What was scored: data, split, frames and scans."""
    rules, board = table.board.rules, table.board
    synthetic = " (synthetic: no person was recorded)" if rules.synthetic else ""
    split = "all folds, pooled" if rules.pooled else f"{rules.split} split"
    left_out = len(board.counted) - table.n_frames
    edge = f"; {left_out:,} frames near the clips' ends left out" if left_out else ""
    return (
        f"{rules.dataset} {rules.dataset_version}{synthetic}, {split}:"
        f" {table.n_frames:,} frames of {counted(board.n_scans, 'scan')}{edge}."
    )


def task(table: Table) -> str:
    """What the models were asked."""
    horizon = table.board.rules.horizon
    if not horizon:
        return "Where does the sonographer look on this frame?"
    return (
        f"Where will the sonographer look, {counted(horizon, 'frame')} after the last frame seen?"
    )


def brackets(n_scans: int) -> str:
    """What stands in brackets behind a mean."""
    if n_scans >= FEWEST_SCANS:
        return "95 % interval, resampled by scan"
    return f"range of the scans; an interval needs {FEWEST_SCANS} of them"


def backends(standing: Standing) -> str:
    """``keras, torch``, and by how much a frame's score differs between them."""
    names = ", ".join(standing.competitor.backends)
    apart = standing.competitor.parity
    return f"{names} (apart by {apart:.0e})" if len(standing.competitor.rows) > 1 else names


def unit(metric: metrics.Metric) -> str:
    """`` nats``, with a space before it; nothing where there is none."""
    return f" {metric.unit}" if metric.unit else ""


def statistics(table: Table) -> list[str]:
    """How to read the numbers, a sentence each."""
    primary = metrics.metric(table.board.rules.primary)
    n_scans = table.board.n_scans
    lines = [
        f"Ranked by {primary.symbol}, mean over frames; places, tests, effects and behind are all"
        f" of this mean. In brackets: {brackets(n_scans)}.",
        "Rows that share a letter are not told apart. A place is one more than the number of models"
        " told apart as better, so models may share one; ranks: where 95 % of boards with scans"
        " drawn anew put the model.",
        "Told apart: all pairs of models and floors at once, step-down over sign flips of whole"
        f" scans, 5 % for any false difference, beyond {NEGLIGIBLE}{unit(primary)}. Each metric is"
        " tested by itself; bold: not told apart from its best model.",
        _power(table),
    ]
    if any(len(standing.competitor.rows) > 1 for standing in table.standings):
        lines.append("Rows with the same score on every frame are one: a model in two backends.")
    if any(standing.history is not None for standing in table.standings):
        lines.append(
            "History: nats that a density owes to the frames beside the current one, measured on"
            " the validation split; a network given several that has 0.000 does not use them."
        )
    if any(standing.macs is not None for standing in table.standings):
        lines.append(
            "MACs: multiply-accumulates of all convolutions that one more frame of a clip costs,"
            " counted from the network."
        )
    for standing in table.standings:
        if standing.beyond:
            board = table.board
            told = marked(standing.name, standing.beyond, board.rules.metrics, board.n_scans)
            lines.append(f"! {told}; that observer knows where gaze was drawn from.")
    if table.times:
        where = f"all rows in one sitting on {table.times.machine}"
        lines.append(f"Times: median a frame, {where}.")
    names = [standing.name for standing in table.standings]
    lines += describe_observers(table.board.rules.signature, names)
    roles = {standing.role for standing in table.standings}
    lines.append("Floors, hints and ceiling frame the table and have no place." + _missing(roles))
    return lines


def _power(table: Table) -> str:
    primary, n_scans = metrics.metric(table.board.rules.primary), table.board.n_scans
    start = "Behind, effect and detectable compare with the best model: how much worse, in"
    start += " deviations between scans, and what boards like this one show four times in five"
    if n_scans < FEWEST_TESTED:
        return f"{start}; {counted(n_scans, 'scan')} cannot tell any two rows apart."
    if table.detectable is None:
        return f"{start}."
    typical = f"{number(table.detectable)}{unit(primary)} in {primary.symbol}"
    return f"{start}: {typical} between a typical model and the best (median over models)."


def _missing(roles: set[str]) -> str:
    return "" if "ceiling" in roles else " No ceiling is known for this data set."
