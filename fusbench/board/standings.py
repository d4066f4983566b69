"""From rows to standings: every number that a board shows, derived from the rows' scores."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fusbench.board.published import Published, read_published
from fusbench.board.rows import Refused, Row, problems, read_rows
from fusbench.board.rules import Board
from fusbench.board.ties import Ties, tie_groups
from fusbench.statistics.intervals import scan_interval, scan_means
from fusbench.statistics.tests_of_scans import (
    effect_size,
    paired_differences,
    smallest_difference,
    smallest_p,
)

COMPETE = ("model", "floor")
COLUMNS = 400  # intervals derived at a time: what keeps memory small
CLOSE = 1e-9


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A row with its derived numbers.

    Parameters
    ----------
    row : Row
    rank : int or None
        By the primary metric, among models; None for floors, hints and the ceiling.
    group : int or None
        Tie group, among models and floors.
    intervals : ndarray, shape (metrics, 3)
        Mean over frames, low and high end of its 95 % interval; NaN ends for a single scan.
    scan_means : ndarray, shape (scans, metrics)
    behind, effect, detectable, p : float or None
        Against the best model, in the primary metric, on scan means: how much worse, in the
        metric's unit and in deviations between scans; the smallest difference that these scans
        detect; the p-value after Holm's correction. None for the best model itself.
    """

    row: Row
    rank: int | None
    group: int | None
    intervals: np.ndarray
    scan_means: np.ndarray
    behind: float | None = None
    effect: float | None = None
    detectable: float | None = None
    p: float | None = None

    @property
    def name(self) -> str:
        return self.row.facts.name

    @property
    def role(self) -> str:
        return str(self.row.result.model["role"])

    @property
    def model(self) -> dict[str, Any]:
        return self.row.result.model

    @property
    def parameters(self) -> int | None:
        facts, stored = self.row.facts, self.model.get("parameters")
        return stored if facts.parameters is None and type(stored) is int else facts.parameters


@dataclass(frozen=True, kw_only=True)
class Table:
    """A board with its standings, best first, and what stands below the line."""

    board: Board
    standings: tuple[Standing, ...]
    refused: tuple[Refused, ...]
    published: Published
    ties: Ties

    @property
    def n_frames(self) -> int:
        return int(self.board.counted.sum())

    @property
    def leader(self) -> Standing | None:
        return next((s for s in self.standings if s.rank == 1), None)

    @property
    def detectable(self) -> float | None:
        """The median over rows of the smallest difference to the best model that would show."""
        values = [s.detectable for s in self.standings if s.detectable and s.role == "model"]
        return float(np.median(values)) if values else None

    @property
    def smallest_p(self) -> float:
        return smallest_p(self.board.n_scans)

    @cached_property
    def scan_order(self) -> np.ndarray:
        """Scans from hardest to easiest: by the mean of the primary metric over all standings."""
        if not self.standings:
            return np.empty(0, dtype=int)
        at = primary_index(self.board)
        mean = np.mean([s.scan_means[:, at] for s in self.standings], axis=0)
        return np.argsort(_badness(mean, self.board), kind="stable")[::-1]


def primary_index(board: Board) -> int:
    """Which of the board's metrics ranks."""
    return [metric.key for metric in board.rules.metrics].index(board.rules.primary)


def _badness(values: np.ndarray, board: Board) -> np.ndarray:
    better = board.rules.metrics[primary_index(board)].higher_is_better
    return -values if better else values


def read_table(board: Board) -> Table:
    """Read a board's rows and derive its standings."""
    return standings(board, read_rows(board), read_published(board.root))


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
    all_frames = np.ones(len(board.counted), dtype=bool)
    whole = intervals(fitting, board, all_frames)
    checked = []
    for row, derived in zip(fitting, whole, strict=True):
        if reasons := summary_problems(row, board, derived):
            refused.append(Refused(name=row.facts.name, reasons=tuple(reasons)))
        else:
            checked.append((row, derived))
    rows = [row for row, _ in checked]
    if board.counted.all():
        counted = [derived for _, derived in checked]
    else:
        counted = list(intervals(rows, board, board.counted))
    ordered, ties = _sorted_and_tested(rows, counted, board)
    return Table(
        board=board,
        standings=tuple(ordered),
        refused=tuple(sorted(refused, key=lambda item: item.name)),
        published=published,
        ties=ties,
    )


def intervals(rows: list[Row], board: Board, counted: np.ndarray) -> np.ndarray:
    """Mean, low and high end of each metric and row over some frames, (rows, metrics, 3).

    All rows share the draws of scans, so that their intervals are columns of one matrix product.
    """
    n_metrics = len(board.rules.metrics)
    scans = np.unique(board.scan_index[counted], return_inverse=True)[1]
    derived = np.empty((len(rows), n_metrics, 3))
    step = max(1, COLUMNS // n_metrics)
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        values = np.concatenate([row.values[counted] for row in part], axis=1)
        triple = np.stack(scan_interval(values, scans), axis=-1)
        derived[start : start + step] = triple.reshape(len(part), n_metrics, 3)
    return derived


def row_means(row: Row, board: Board, counted: np.ndarray) -> np.ndarray:
    """Mean of each metric over the counted frames of each scan, (scans, metrics)."""
    scans = np.unique(board.scan_index[counted], return_inverse=True)[1]
    return scan_means(row.values[counted], scans)


def summary_problems(row: Row, board: Board, derived: np.ndarray) -> list[str]:
    """Where a result's own numbers are not those of its scores; `derived` is (metrics, 3)."""
    result, reasons = row.result, []
    n_frames = sum(clip.n_frames for clip in board.clips)
    n_scans = len(set(board.scan_index))
    counts = (
        ("n_frames", result.n_frames, len(row.values)),
        ("n_scans", result.n_scans, n_scans),
        ("n_skipped", result.n_skipped, n_frames - len(row.values)),
    )
    for name, stated, counted in counts:
        if stated != counted:
            reasons.append(f"{name} is {stated:,} in result.json and {counted:,} by the scores")
    means = row_means(row, board, np.ones(len(row.values), dtype=bool)).mean(0)
    if set(result.summary) != {metric.key for metric in board.rules.metrics}:
        return [*reasons, "the summary is not of the signature's metrics"]
    for metric, numbers, scan_mean in zip(board.rules.metrics, derived, means, strict=True):
        names = ("mean", "low", "high", "scan_mean")
        for name, true in zip(names, (*numbers, scan_mean), strict=True):
            said = result.summary[metric.key].get(name)
            if not _same(said, float(true)):
                shown = "nothing" if said is None else said
                reasons.append(
                    f"{metric.key} {name} is {shown} in result.json and {true:.6g} by the scores"
                )
    return reasons


def _same(said: Any, true: float) -> bool:
    if not math.isfinite(true):
        return said is None
    return type(said) in (int, float) and abs(said - true) <= CLOSE * max(1.0, abs(true))


def _sorted_and_tested(
    rows: list[Row], derived: list[np.ndarray], board: Board
) -> tuple[list[Standing], Ties]:
    at = primary_index(board)
    order = sorted(
        range(len(rows)),
        key=lambda k: (float(_badness(derived[k][at, 0], board)), rows[k].facts.name),
    )
    means = [row_means(row, board, board.counted) for row in rows]
    roles = [row.result.model["role"] for row in rows]
    compete = [k for k in order if roles[k] in COMPETE]
    columns = [_badness(means[k][:, at], board) for k in compete]
    primary = np.stack(columns, axis=1) if columns else np.empty((board.n_scans, 0))
    ties = tie_groups(primary)
    place = {k: position for position, k in enumerate(compete)}
    models = [k for k in order if roles[k] == "model"]
    ranks = {k: rank for rank, k in enumerate(models, start=1)}
    result = []
    for k in order:
        against: dict[str, float | None] = {}
        if models and k != models[0]:
            leader = means[models[0]]
            difference = _badness(paired_differences(means[k], leader)[:, [at]], board)
            against = {
                "behind": float(difference.mean()),
                "effect": _known(effect_size(difference).item()),
                "detectable": _known(smallest_difference(difference).item()),
            }
            if k in place:
                against["p"] = float(ties.adjusted[place[k], place[models[0]]])
        result.append(
            Standing(
                row=rows[k],
                rank=ranks.get(k),
                group=int(ties.groups[place[k]]) if k in place else None,
                intervals=derived[k],
                scan_means=means[k],
                **against,
            )
        )
    return result, ties


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
