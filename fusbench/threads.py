"""Threads and memory of numerical libraries, in this process and in all that it starts."""

from __future__ import annotations

import os
import sys

COUNTS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "OPENBLAS_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
)
CALM = {"OMP_WAIT_POLICY": "PASSIVE", "OPENBLAS_NUM_THREADS": "1"}
"""A thread that waits for another leaves the core to those who work; not against the user."""
KEPT = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(64 << 20)}
"""Memory of maps and of a network's layers is not given back only to be asked for again.

They are the most that glibc comes to by itself, when it has seen blocks of that size freed.
"""
SETTINGS = {**CALM, **KEPT}
OPTIONS = {"MALLOC_MMAP_THRESHOLD_": -3, "MALLOC_TRIM_THRESHOLD_": -1}
"""Numbers of glibc's for the same settings, of a process that has begun."""


def calm() -> None:
    """Have this process's threads wait calmly; of use before NumPy is imported."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


def keep_memory() -> None:
    """As `KEPT` and `calm` say, in this process of fusbench's own, which has begun without."""
    if sys.platform != "linux":
        return
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # another libc has none
    for name, option in OPTIONS.items():
        size = os.environ.get(name, KEPT[name])
        if mallopt and size.isascii() and size.isdigit():  # what glibc takes for none, too
            mallopt(option, int(size))


def wait_calmly() -> None:
    """Have threads of a framework that is still to be imported wait calmly, and change no more.

    In a script or a notebook the process is the user's: how many threads its libraries take is not
    ours to say.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", CALM["OMP_WAIT_POLICY"])


def environment(count: int | None = None) -> dict[str, str]:
    """The environment of a process to start: calm, and with so many threads if they are told.

    Examples
    --------
    >>> environment(2)["OMP_NUM_THREADS"]
    '2'
    """
    return {**SETTINGS, **os.environ, **dict.fromkeys(COUNTS if count else (), str(count))}
