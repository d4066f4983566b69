"""Memory that a decoder and its user share, for a few frames at a time."""

from __future__ import annotations

import mmap
import os
import tempfile

import numpy as np

from fusbench.errors import OutputError

COUNT = 4


def new_memory() -> int:
    """A handle of memory without a name, which ends with the last process that holds it."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("frames", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class Slots:
    """Places for `COUNT` frames in the memory of a handle.

    Parameters
    ----------
    handle : int
        Of `new_memory`.

    Raises
    ------
    OutputError
        If there is not so much memory for `view`.
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._bytes = np.empty(0, np.uint8)

    def view(self, number: int, stride: int, shape: tuple[int, ...]) -> np.ndarray:
        """Frame `number` of a stream, whose places are `stride` bytes apart, as uint8 of `shape`.

        Frames of numbers that differ by a multiple of `COUNT` have the same place.
        """
        need, size = COUNT * stride, int(np.prod(shape))
        if need > len(self._bytes):
            if need > os.fstat(self._handle).st_size:
                self._grow(need)
            self._bytes = np.frombuffer(mmap.mmap(self._handle, need), np.uint8)
        begin = number % COUNT * stride
        return self._bytes[begin : begin + size].reshape(shape)

    def _grow(self, need: int) -> None:
        try:
            os.ftruncate(self._handle, need)
        except OSError as error:
            what = f"no shared memory for {need:,} bytes of frames: {error.strerror}"
            fix = "Free some memory, or raise the limit on the size of files (ulimit -f)."
            raise OutputError(what, fix=fix) from None
