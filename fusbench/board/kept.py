"""Scores of rows that were read before, as numbers, in the user's cache.

A board of hundreds of rows is so built in the time that its new rows take. An entry is found by the
hash of all that it follows from, and holds its own: a changed byte of a row, of the board's rules
or of the entry makes the row be read anew.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256

import numpy as np

from fusbench.errors import OutputError
from fusbench.files import cache_folder, replacing

READER = 1  # of rows: raised when the same files would be read as other numbers
MOST_BYTES = 1 << 30  # beyond, the oldest entries go
FOLDER = "rows"


def key_of(*parts: bytes) -> str:
    """The name of an entry that follows from these contents; their boundaries count."""
    digest = sha256(str(READER).encode())
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


def recall(key: str, shape: Sequence[int]) -> np.ndarray | None:
    """The scores of an entry, float64 of this shape; None where it is missing or damaged."""
    try:
        content = (cache_folder() / FOLDER / key).read_bytes()
    except OSError:
        return None
    mark, numbers = content[:32], content[32:]
    whole = len(numbers) == 8 * int(np.prod(shape)) and sha256(numbers).digest() == mark
    return np.frombuffer(numbers, "<f8").reshape(shape) if whole else None


def keep(key: str, values: np.ndarray) -> None:
    """Keep scores for later; where nothing can be written, nothing is."""
    numbers = np.ascontiguousarray(values, "<f8").tobytes()
    path = cache_folder() / FOLDER / key
    with suppress(OSError, OutputError), replacing(path, durable=False) as part:
        part.write_bytes(sha256(numbers).digest() + numbers)


def trim() -> None:
    """Remove the oldest entries while all together are too large."""
    with suppress(OSError), os.scandir(cache_folder() / FOLDER) as entries:
        sizes = {entry.path: entry.stat() for entry in entries}
        total = sum(found.st_size for found in sizes.values())
        for path in sorted(sizes, key=lambda path: sizes[path].st_mtime_ns):
            if total <= MOST_BYTES:
                break
            os.unlink(path)
            total -= sizes[path].st_size
