"""The scores of a board's row: from their text to numbers, held against the board's frames."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from fusbench.board.rules import Board
from fusbench.data.tables import numbers
from fusbench.errors import DatasetError
from fusbench.evaluation.packed import REMEDY
from fusbench.evaluation.results import KEY_COLUMNS, out_of_bounds

if TYPE_CHECKING:
    import pandas as pd

LONGEST_ROW = 512  # bytes of a frame's scores


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What a row's scores hold: `values` is float64 (frames, metrics)."""

    values: np.ndarray
    covers: bool = True
    n_missing: int = 0
    n_extra: int = 0


def most_bytes(board: Board) -> int:
    """Bytes that the scores of a board's frames can take, a dozen metrics and more in full."""
    return 2 * board.named_bytes + len(board.line_starts) * LONGEST_ROW + (1 << 16)


def read_scores(text: str, board: Board) -> Scores:
    """Scores from the text of ``scores.csv``.

    Raises
    ------
    DatasetError
        If it is no table, or a number is not what its metric gives.
    """
    usual = _usual_values(text, board)
    values = _read_values(text, board) if usual is None else usual
    _check_values(values, board)
    if usual is not None:
        return Scores(values=values)
    covers, missing, extra = _coverage(text, board)
    return Scores(values=values, covers=covers, n_missing=missing, n_extra=extra)


def _usual_values(scores: str, board: Board) -> np.ndarray | None:
    """The scores where they are of the board's frames, in its order; None where they are not.

    So it is nearly always. The text is cut into cells at once; a cell that begins a line keeps its
    line break, so that cells are compared with their places too. Numbers are those of JSON, which
    are rounded as Python's are and read four times as fast; others are unusual.
    """
    header, _, body = scores.removesuffix("\n").partition("\n")
    names, n_lines = header.split(","), len(board.line_starts)
    columns = [metric.key for metric in board.rules.metrics]
    known = tuple(names[:3]) == KEY_COLUMNS and set(columns) <= set(names[3:])
    if not known or len(set(names)) != len(names) or body.count("\n") + 1 != n_lines:
        return None
    cells = f"\n{body}".replace("\n", ",\n").split(",")[1:]
    stride = len(names)
    if len(cells) != n_lines * stride or [cells[k::stride] for k in range(3)] != board.key_cells:
        return None
    wanted = [cell for column in columns for cell in cells[names.index(column) :: stride]]
    try:
        values = msgspec.json.decode(f"[{','.join(wanted)}]", type=list[float])
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    return np.ascontiguousarray(np.reshape(values, (len(columns), n_lines)).T)


def _read_values(scores: str, board: Board) -> np.ndarray:
    columns = [metric.key for metric in board.rules.metrics]
    table = _parse(scores, dict.fromkeys(columns, str))
    texts = [table[column].tolist() for column in columns]
    values = np.stack([numbers(column) for column in texts], axis=1)
    if np.isnan(values).any():
        raise _no_number(columns)
    return values


def _check_values(values: np.ndarray, board: Board) -> None:
    columns = [metric.key for metric in board.rules.metrics]
    if not np.isfinite(values).all():
        raise DatasetError("a score is not finite", fix=REMEDY)
    for key, column in zip(columns, values.T, strict=True):
        bad, (low, high) = out_of_bounds(column, key)
        if len(bad):
            what = f"a score of {key} is {column[bad[0]]:g}, outside {low:g} to {high:g}"
            raise DatasetError(what, fix=REMEDY)


def _parse(scores: str, types: dict[str, type]) -> pd.DataFrame:
    import pandas as pd  # rows are rarely unusual, and boards are built sooner without

    try:
        return pd.read_csv(
            io.BytesIO(scores.encode()), dtype=types, usecols=list(types), na_filter=False
        )
    except (ValueError, OverflowError):
        raise _no_number(types) from None


def _no_number(columns: Iterable[str]) -> DatasetError:
    what = f"scores.csv does not hold a number a frame for {', '.join(columns)}"
    return DatasetError(what, fix=REMEDY)


def _coverage(scores: str, board: Board) -> tuple[bool, int, int]:
    """Whether the frames are the board's, in its order; how many are missing or foreign."""
    keys = _parse(scores, dict(zip(KEY_COLUMNS, (str, str, np.int64), strict=True)))
    have = list(keys[list(KEY_COLUMNS)].itertuples(index=False, name=None))
    want = list(zip(*board.keys[:2], board.keys[2].tolist(), strict=True))
    both = set(want) & set(have)
    return have == want, len(want) - len(both), len(have) - len(both)
