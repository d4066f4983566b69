"""Scores of rows that were read before, as numbers, in the user's cache.

A board of hundreds of rows is so built in the time that its new rows take. A changed byte of a row
or of the board's rules makes the row be read anew.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fusbench.kept import Kept

READER = 1  # of rows: raised when the same files would be read as other numbers
MOST_BYTES = 1 << 30  # beyond, the oldest entries go
FOLDER = "rows"


def _kept() -> Kept:
    return Kept(folder=FOLDER, reader=READER, most=MOST_BYTES)


def key_of(*parts: bytes) -> str:
    """The name of an entry that follows from these contents; their boundaries count."""
    return _kept().key_of(*parts)


def recall(key: str, shape: Sequence[int]) -> np.ndarray | None:
    """The scores of an entry, float64 of this shape; None where it is missing or damaged."""
    found = _kept().recall(key)
    if found is None or len(found) != 8 * int(np.prod(shape)):
        return None
    return np.frombuffer(found, "<f8").reshape(shape)


def keep(key: str, values: np.ndarray) -> None:
    """Keep scores for later; where nothing can be written, nothing is."""
    _kept().keep(key, np.ascontiguousarray(values, "<f8").tobytes())


def trim() -> None:
    """Remove the oldest entries while all together are too large."""
    _kept().trim()
