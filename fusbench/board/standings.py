"""From rows to standings: every number that a board shows, derived from the rows' scores."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from fusbench.board.competitors import Competitor, competitors
from fusbench.board.fitting import problems
from fusbench.board.origin import links
from fusbench.board.published import Published, read_published
from fusbench.board.rows import Refused, Row, read_rows
from fusbench.board.rules import Board
from fusbench.board.summary import numbers, scan_sums, summary_problems
from fusbench.board.times import Times, read_times
from fusbench.evaluation.beyond import IDEAL, beyond
from fusbench.evaluation.facts import ModelFacts
from fusbench.statistics.letters import letter_groups, letters
from fusbench.statistics.pairs import all_pairs
from fusbench.statistics.places import place_ranges, places
from fusbench.statistics.power import detectable
from fusbench.statistics.tests_of_scans import LEVEL, effect_size

COMPETE = ("model", "floor")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A competitor with its derived numbers. All of them are of the mean over frames.

    Parameters
    ----------
    competitor : Competitor
    place : int or None
        One more than the number of models told apart from it as better, in the primary metric;
        None for floors, hints and the ceiling.
    place_range : tuple of int or None
        95 % interval of its rank among the models when scans are drawn anew.
    letters : str
        Models and floors that share a letter are not told apart; "" for hints and the ceiling.
    intervals : ndarray, shape (metrics, 3)
        Mean over frames, low and high end of its 95 % interval; NaN ends below 5 scans.
    scan_means : ndarray, shape (scans, metrics)
    behind, effect, detectable : float or None
        Against the best model, in the primary metric: how much worse, in the metric's unit and in
        deviations between scans; the difference that boards like this one show four times in five.
        None for the best model itself.
    beyond : tuple of str
        Metrics in which its mean is better than the ideal observer's, where that is on the board.
    p : ndarray, shape (metrics,)
        Adjusted p-value against the best model of each metric; 1 for that model itself, NaN for a
        hint or the ceiling.
    """

    competitor: Competitor
    place: int | None
    place_range: tuple[int, int] | None
    letters: str
    intervals: np.ndarray
    scan_means: np.ndarray
    p: np.ndarray
    behind: float | None = None
    effect: float | None = None
    detectable: float | None = None
    beyond: tuple[str, ...] = ()

    @property
    def row(self) -> Row:
        """The row that gives the numbers."""
        return self.competitor.rows[0]

    @property
    def name(self) -> str:
        return self.competitor.name

    @property
    def role(self) -> str:
        return self.row.result.model.role

    @property
    def model(self) -> ModelFacts:
        return self.row.result.model

    @property
    def parameters(self) -> int | None:
        told = self.row.facts.parameters
        return self.model.parameters if told is None else told

    @property
    def macs(self) -> int | None:
        """Multiply-accumulates a frame, counted from the network; None where nothing tells."""
        told = self.model.macs
        return told if told is not None and told >= 0 else None

    @property
    def history(self) -> float | None:
        """Use of history of the weights, in nats; None where they do not tell it."""
        return self.row.result.history

    @property
    def links(self) -> dict[str, str]:
        """Addresses of its paper, code and weights, as far as they are told."""
        return links(self.row.facts.origin, self.model.cite)

    @property
    def date(self) -> str:
        """The day that its submitter tells; "" where none is told."""
        return self.row.facts.origin.date

    @property
    def scan_range(self) -> np.ndarray:
        """Least and largest mean over a scan of each metric, (metrics, 2)."""
        return np.stack([self.scan_means.min(axis=0), self.scan_means.max(axis=0)], axis=1)

    @property
    def with_the_best(self) -> np.ndarray:
        """In which metrics it is not told apart from the best model, bool (metrics,)."""
        return self.p > LEVEL


@dataclass(frozen=True, kw_only=True)
class Table:
    """A board with its standings, best first, and what stands below the line."""

    board: Board
    standings: tuple[Standing, ...]
    refused: tuple[Refused, ...]
    published: Published
    times: Times | None = None

    @property
    def n_frames(self) -> int:
        return int(self.board.counted.sum())

    @property
    def rows(self) -> list[Row]:
        """All rows above the line, those of a competitor one after the other."""
        return [row for standing in self.standings for row in standing.competitor.rows]

    def seconds(self, row: Row) -> float | None:
        """Time a frame of a row, as the board's sitting measured it."""
        return self.times.seconds.get(row.seal) if self.times else None

    def ratio(self, row: Row) -> float | None:
        """The same as a ratio to the reference kernel."""
        return self.times.ratios.get(row.seal) if self.times else None

    @property
    def dated(self) -> bool:
        """Whether any row tells its day."""
        return any(s.date for s in self.standings)

    @property
    def leader(self) -> Standing | None:
        return next((s for s in self.standings if s.role == "model"), None)

    @property
    def detectable(self) -> float | None:
        """The median over models of what would show between them and the best."""
        values = [s.detectable for s in self.standings if s.detectable and s.role == "model"]
        return float(np.median(values)) if values else None

    @cached_property
    def scan_order(self) -> np.ndarray:
        """Scans from hardest to easiest: by the mean of the primary metric over all standings."""
        if not self.standings:
            return np.empty(0, dtype=int)
        at = primary_index(self.board)
        mean = np.mean([s.scan_means[:, at] for s in self.standings], axis=0)
        return np.argsort(worse(mean, self.board, at), kind="stable")[::-1]


def primary_index(board: Board) -> int:
    """Which of the board's metrics ranks."""
    return [metric.key for metric in board.rules.metrics].index(board.rules.primary)


def worse(values: np.ndarray, board: Board, metric: int) -> np.ndarray:
    """Values of a metric, turned so that larger is worse."""
    return -values if board.rules.metrics[metric].higher_is_better else values


def read_table(board: Board, *, anew: bool = False) -> Table:
    """Read a board's rows, with `anew` without what is known of them, and derive its standings."""
    table = standings(board, read_rows(board, anew=anew), read_published(board.root))
    return replace(table, times=read_times(board.root))


def standings(board: Board, found: Iterable[Row | Refused], published: Published) -> Table:
    """Sort, test and summarise rows; those that do not fit are refused with the reasons."""
    refused, fitting = [], []
    for item in found:
        if isinstance(item, Refused):
            refused.append(item)
        elif reasons := problems(item, board):
            refused.append(Refused(name=item.facts.name, reasons=tuple(reasons)))
        else:
            fitting.append(item)
    whole = numbers(fitting, board, np.ones(len(board.counted), dtype=bool))
    checked = {}
    for row, derived in zip(fitting, whole, strict=True):
        if reasons := summary_problems(row, board, derived):
            refused.append(Refused(name=row.facts.name, reasons=tuple(reasons)))
        else:
            checked[row.facts.name] = row, derived
    found_alike = competitors([row for row, _ in checked.values()])
    if board.counted.all():
        counted = [checked[one.rows[0].facts.name][1] for one in found_alike]
    else:
        counted = list(numbers([one.rows[0] for one in found_alike], board, board.counted))
    return Table(
        board=board,
        standings=tuple(_standings(found_alike, counted, board)),
        refused=tuple(sorted(refused, key=lambda item: item.name)),
        published=published,
    )


def _standings(
    found: Sequence[Competitor], derived: Sequence[np.ndarray], board: Board
) -> list[Standing]:
    at = primary_index(board)
    order = sorted(
        range(len(found)),
        key=lambda k: (float(worse(derived[k][at, 0], board, at)), found[k].name),
    )
    found, derived = [found[k] for k in order], [derived[k] for k in order]
    if not found:
        return []
    sums, count = scan_sums([one.rows[0] for one in found], board)
    roles = np.array([one.rows[0].result.model.role for one in found])
    models, compete = np.flatnonzero(roles == "model"), np.flatnonzero(np.isin(roles, COMPETE))
    tested = [all_pairs(column, count) for column in np.moveaxis(sums[:, compete], 2, 0)]
    apart = tested[at].apart
    among = np.searchsorted(compete, models)
    primary = worse(sums[:, :, at], board, at)
    lettered = dict(zip(compete.tolist(), letters(letter_groups(apart)), strict=True))
    placed = dict(zip(models.tolist(), places(apart[np.ix_(among, among)]), strict=True))
    ranges = dict(zip(models.tolist(), place_ranges(primary[:, models], count), strict=True))
    p = np.full((len(found), len(tested)), np.nan)
    for metric, pairs in enumerate(tested if len(models) else []):
        total = worse(sums[:, models, metric].sum(axis=0), board, metric)
        p[compete, metric] = pairs.adjusted[among[int(np.argmin(total))]]
    against = _against_the_leader(primary, count, models, tested[at].critical)
    passed = _beyond_the_ideal(found, derived, board)
    return [
        Standing(
            competitor=found[k],
            place=placed.get(k),
            place_range=ranges.get(k),
            letters=lettered.get(k, ""),
            intervals=derived[k][:, :3],
            scan_means=sums[:, k] / count[:, None],
            p=p[k],
            beyond=passed[k],
            **against[k],
        )
        for k in range(len(found))
    ]


def _beyond_the_ideal(
    found: Sequence[Competitor], derived: Sequence[np.ndarray], board: Board
) -> list[tuple[str, ...]]:
    chosen = board.rules.metrics
    means = [dict(zip((m.key for m in chosen), each[:, 0], strict=True)) for each in derived]
    ideals = [k for k, one in enumerate(found) if one.rows[0].result.model.name == IDEAL]
    return [beyond(mean, means[ideals[0]], chosen) if ideals else () for mean in means]


def _against_the_leader(
    sums: np.ndarray, count: np.ndarray, models: np.ndarray, critical: float
) -> list[dict[str, float | None]]:
    """Behind, effect and detectable of each row; `sums` (scans, rows), larger being worse."""
    if not len(models):
        return [{}] * sums.shape[1]
    leader = models[0]
    gaps = sums - sums[:, [leader]]
    numbers = (
        gaps.sum(axis=0) / count.sum(),
        effect_size(gaps, count),
        detectable(gaps, count, critical),
    )
    names = ("behind", "effect", "detectable")
    return [
        {} if k == leader else dict(zip(names, map(_known, values), strict=True))
        for k, values in enumerate(zip(*numbers, strict=True))
    ]


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
