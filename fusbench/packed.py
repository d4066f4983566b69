"""Scores as a board keeps them: gzip, the same text always as the same bytes."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from fusbench.errors import DatasetError

LARGEST = 1 << 29  # bytes, unpacked
REMEDY = "Take the row out, and add the run again with 'fusbench leaderboard add'."


def pack(text: str) -> bytes:
    """The text, packed."""
    return gzip.compress(text.encode(), 9, mtime=0)


def unpack(path: Path) -> str:
    """The text of a packed file.

    Raises
    ------
    DatasetError
        If it is damaged, or larger than any scores are.
    """
    try:
        stream = zlib.decompressobj(wbits=31)  # 31: a gzip header and trailer around it
        data = stream.decompress(path.read_bytes(), LARGEST)
        if not stream.eof or stream.unused_data:
            raise ValueError
        return data.decode("utf-8")
    except (OSError, ValueError, zlib.error):
        raise DatasetError(f"{path.name} is damaged", str(path), REMEDY) from None
