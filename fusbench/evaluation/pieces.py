"""What a run keeps of a scan until all are done: a file of arrays that tells if it is whole."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np

from fusbench.arrays import arrays_of
from fusbench.errors import DatasetError, OutputError
from fusbench.files import replacing
from fusbench.reading import read_bytes

LARGEST = 1 << 30  # bytes
DIGEST_BYTES = 32


def write_piece(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Keep the arrays of a scan, and a hash behind them.

    A disk that loses the end of a file is found out by the hash, so nothing waits for the disk.
    Where another process has finished the run and cleared its pieces, nothing is kept.
    """
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    data = content.getvalue()
    try:
        with replacing(path, durable=False) as part:
            part.write_bytes(data + hashlib.sha256(data).digest())
    except OutputError as error:
        if not isinstance(error.__cause__, FileNotFoundError):
            raise


def read_piece(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays of a scan; None where there are none, or they are damaged."""
    try:
        content = read_bytes(path, LARGEST, DatasetError)
        data, digest = content[:-DIGEST_BYTES], content[-DIGEST_BYTES:]
        if hashlib.sha256(data).digest() == digest:
            return arrays_of(io.BytesIO(data), LARGEST)
    except (DatasetError, ValueError):
        pass
    return None
