"""Folders in memory for arrays that cross between processes; none outlives its process for long."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "fusbench-"
ALIVE = "alive"


def place() -> Path:
    """Where the folders lie: in memory where there is such a place, else with other such files."""
    memory = Path("/dev/shm")
    if memory.is_dir():
        return memory
    import tempfile

    return Path(tempfile.gettempdir())


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that is there while the block runs.

    A killed process cannot tidy up. Each folder therefore holds a file that its process keeps
    locked, and whoever needs a new folder first removes those that nobody holds any more.
    """
    _sweep()
    folder = place() / f"{PREFIX}{os.getpid()}-{time.time_ns():x}"
    folder.mkdir(mode=0o700)
    with (folder / ALIVE).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    for file in place().glob(f"{PREFIX}*/{ALIVE}"):
        try:
            with file.open("r+") as held:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(file.parent, ignore_errors=True)
        except OSError:  # held, gone, or another user's
            continue
