"""Files of frames, each opened once and kept while it is as it was."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from operator import attrgetter
from pathlib import Path

import numpy as np

from fusbench.arrays import open_array
from fusbench.data.packed import SUFFIX, PackedFrames
from fusbench.data.recent import Recent
from fusbench.errors import DatasetError

OPEN_MAPS = 256
"""Memory maps that stay open: each takes one of the 1,024 files that a process may have open."""
UNPACKED_BYTES = 1 << 28
"""Clips of packed files that stay in memory."""
REMEDIES = {
    errno.EMFILE: "Too many files are open in this process: raise its limit, 'ulimit -n 4096'.",
    errno.ENFILE: "Too many files are open on this machine: close programs, and try again.",
    errno.ENOMEM: "The machine has no memory left: close programs, and try again.",
}

Stamp = tuple[int, int, int]


@contextmanager
def read_errors(path: Path) -> Iterator[None]:
    """What is wrong with a file of frames, in one line."""
    try:
        yield
    except FileNotFoundError:
        fix = "Restore it or drop the clip."
        raise DatasetError("the file is missing", str(path), fix) from None
    except OSError as error:
        fix = REMEDIES.get(error.errno or 0, "Check the file's permissions and its disk.")
        raise DatasetError(f"cannot be read: {error.strerror or error}", str(path), fix) from None
    except (ValueError, EOFError) as error:
        told = " ".join(str(error).split()).removesuffix(".")
        kind = SUFFIX if path.name.endswith(SUFFIX) else ".npy"
        what = f"the file is truncated or no {kind} file ({told})"
        raise DatasetError(what, str(path), "Restore or remake it.") from None


def _stamp(path: Path) -> Stamp:
    """What changes when a file does."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


_UNPACKED = Recent(UNPACKED_BYTES, attrgetter("nbytes"))


def packed_frames(path: Path, shape: tuple[int, ...]) -> PackedFrames:
    """A packed file, whose frames unpack one by one; `shape` is (T, H, W) or (T, H, W, 3)."""
    with read_errors(path):
        return _packed(path, _stamp(path), shape)


def packed_sha256(path: Path, shape: tuple[int, ...]) -> str:
    """The hash of the ``.npy`` file that a packed one stands for."""
    with read_errors(path):
        return _packed_sha256(path, _stamp(path), shape)


def unpacked(path: Path, packed: PackedFrames) -> np.ndarray:
    """All frames of a packed file; those of the clips that were used last are kept."""
    with read_errors(path):
        return _UNPACKED.get((path, _stamp(path)), lambda _: _frozen(packed[:]))


@lru_cache(maxsize=OPEN_MAPS)
def _packed(path: Path, stamp: Stamp, shape: tuple[int, ...]) -> PackedFrames:
    return PackedFrames(path, shape)


@cache
def _packed_sha256(path: Path, stamp: Stamp, shape: tuple[int, ...]) -> str:
    return _packed(path, stamp, shape).sha256


def _frozen(frames: np.ndarray) -> np.ndarray:
    """Frames that nobody may write to, as those of a memory-mapped file."""
    frames.flags.writeable = False
    return frames


@lru_cache(maxsize=OPEN_MAPS)
def mapped(path: Path, stamp: Stamp) -> np.ndarray:
    """A memory-mapped file as it is at this stamp."""
    return open_array(path)


def map_array(path: Path, shape: tuple[int | None, ...], dtype: type) -> np.ndarray:
    """Memory-map a ``.npy`` file after checking its shape and type; None fits any extent.

    Raises
    ------
    DatasetError
        If the file is missing, truncated, no ``.npy`` file, or of another shape or type.
    """
    with read_errors(path):
        array = mapped(path, _stamp(path))
    fits = array.ndim == len(shape) and all(
        want in (None, have) for want, have in zip(shape, array.shape, strict=True)
    )
    if not fits or array.dtype != dtype:
        want = " x ".join("any" if n is None else str(n) for n in shape)
        have = " x ".join(str(n) for n in array.shape)
        raise DatasetError(
            f"holds {array.dtype} {have} where {np.dtype(dtype)} {want} is declared",
            str(path),
            "Correct n_frames in clips.csv or frame_shape in dataset.toml, or remake the file.",
        )
    return array
