"""A row's own numbers, derived again from its scores, and where its result says otherwise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fusbench.board.rows import Row
from fusbench.board.rules import Board
from fusbench.evaluation.results import NUMBERS
from fusbench.statistics import intervals

CLOSE = 1e-9


def scan_sums(
    rows: Sequence[Row], board: Board, counted: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Sums of scores over each scan's frames, (scans, rows, metrics), and how many (scans,).

    Over the frames that the board counts, or those of another mask (frames,).
    """
    counted = board.counted if counted is None else counted
    scans = np.unique(board.scan_index[counted], return_inverse=True)[1]
    each = [intervals.scan_sums(row.values[counted], scans)[0] for row in rows]
    count = np.bincount(scans)
    sums = np.stack(each, axis=1) if each else np.empty((len(count), 0, len(board.rules.metrics)))
    return sums, count


def numbers(rows: Sequence[Row], board: Board, counted: np.ndarray) -> np.ndarray:
    """`NUMBERS` of each metric and row over some frames, (rows, metrics, 6)."""
    sums, count = scan_sums(rows, board, counted)
    ends = [
        end.reshape(sums.shape[1:])
        for end in intervals.sum_interval(sums.reshape(len(sums), -1), count)
    ]
    means = sums / count[:, None, None]
    return np.stack([*ends, means.mean(axis=0), means.min(axis=0), means.max(axis=0)], axis=-1)


def summary_problems(row: Row, board: Board, derived: np.ndarray) -> list[str]:
    """Where a result's own numbers are not those of its scores; `derived` is (metrics, 6)."""
    result, reasons = row.result, []
    n_frames = sum(clip.n_frames for clip in board.clips)
    counts = (
        ("n_frames", result.n_frames, len(row.values)),
        ("n_scans", result.n_scans, len({clip.scan_id for clip in board.clips})),
        ("n_skipped", result.n_skipped, n_frames - len(row.values)),
    )
    for name, stated, counted in counts:
        if stated != counted:
            reasons.append(f"{name} is {stated:,} in result.json and {counted:,} by the scores")
    if set(result.summary) != {metric.key for metric in board.rules.metrics}:
        return [*reasons, "the summary is not of the signature's metrics"]
    for metric, true_numbers in zip(board.rules.metrics, derived.tolist(), strict=True):
        for name, true in zip(NUMBERS, true_numbers, strict=True):
            said = result.summary[metric.key].get(name)
            if not _same(said, true):
                shown = "nothing" if said is None else said
                reasons.append(
                    f"{metric.key} {name} is {shown} in result.json and {true:.6g} by the scores"
                )
    return reasons


def _same(said: Any, true: float) -> bool:
    if not math.isfinite(true):
        return said is None
    return type(said) in (int, float) and abs(said - true) <= CLOSE * max(1.0, abs(true))
