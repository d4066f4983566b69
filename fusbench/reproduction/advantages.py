"""How much better one row is than another, with what another training might make of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from fusbench.metrics import METRICS as TABLE
from fusbench.reproduction.board import Board
from fusbench.reproduction.rows import ROWS
from fusbench.statistics.seeds import (
    Difference,
    Spread,
    mean_score,
    paired_difference,
    pooled_spread,
)


def _mean(scores: np.ndarray) -> float:
    return float(scores.mean())


def advantage(board: Board, better: str, worse: str, metric: str) -> Difference | None:
    """How much better one row is than another, positive where it is; None where one is missing."""
    if better not in board.scores or worse not in board.scores:
        return None
    first, second = signed(board, better, metric), signed(board, worse, metric)
    hashes = [board.weights.get(key, ()) for key in (better, worse)]
    shared = [each for each in hashes[0] if each and each in hashes[1]]
    if shared:  # a control is compared with the very weights that it shows, seed by seed
        first, second = (
            [scores[seeds.index(each)] for each in shared]
            for scores, seeds in zip((first, second), map(list, hashes), strict=True)
        )
    spread = None if shared else spread_of(board, metric)
    return paired_difference(
        first, second, board.scan_index, same_weights=bool(shared), spread=spread
    )


def mean_of(board: Board, key: str, metric: str) -> Difference:
    """A row's mean score; where it has weights, the interval covers another training of them."""
    spread = spread_of(board, metric) if ROWS[key].trained else None
    return mean_score(board.column(key, metric), board.scan_index, spread=spread)


def spread_of(
    board: Board, metric: str, score: Callable[[np.ndarray], float] = _mean
) -> Spread | None:
    """How far a board's trainings of one row lie apart in a metric; see `seed_spread`."""
    return seed_spread({key: board.column(key, metric) for key in board.scores}, score)


def seed_spread(
    rows: Mapping[str, Sequence[np.ndarray]], score: Callable[[np.ndarray], float] = _mean
) -> Spread | None:
    """How far trainings of one row lie apart, pooled over the rows of several seeds.

    Parameters
    ----------
    rows : mapping of str to sequence of ndarray
        What each seed of a row got. Floors, the ceiling and the control with frozen history are no
        trainings of their own, and are passed over.
    score : callable
        What is made of one training's scores.
    """
    return pooled_spread(
        [score(scores) for scores in seeds]
        for key, seeds in rows.items()
        if ROWS[key].trained and not ROWS[key].freeze_history
    )


def signed(board: Board, key: str, metric: str) -> list[np.ndarray]:
    """A row's scores on a metric, one array (N,) a seed, higher where they are better."""
    sign = 1 if TABLE[metric].higher_is_better else -1
    return [sign * scores for scores in board.column(key, metric)]
