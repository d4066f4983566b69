"""Scores as a board keeps them: packed, and read by whoever trusts no file."""

from __future__ import annotations

import gzip
from pathlib import Path

from fusbench.errors import DatasetError
from fusbench.reading import read_bytes, unzipped

LARGEST = 1 << 29  # bytes of scores, unpacked
REMEDY = "Take the row out, and add the run again with 'fusbench leaderboard add'."


def pack(text: str) -> bytes:
    """Scores as a board keeps them: gzip, the same text always as the same bytes."""
    return gzip.compress(text.encode(), 9, mtime=0)


def unpack(path: Path, most: int = LARGEST) -> str:
    """The text of a packed file of at most `most` bytes; `DatasetError` as in `unpacked`."""
    return unpacked(read_bytes(path, most, DatasetError), most, path)


def unpacked(data: bytes, most: int, path: Path) -> str:
    """The text, of at most `most` bytes, of a packed file's content.

    Raises
    ------
    DatasetError
        If it is damaged, or larger than its scores can be.
    """
    try:
        return unzipped(data, most, path, DatasetError, REMEDY).decode("utf-8")
    except UnicodeDecodeError:
        raise DatasetError("is damaged: it is no text", str(path), REMEDY) from None
