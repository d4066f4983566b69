"""Folders in memory for arrays that cross between processes; none outlives its process for long."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fusbench.errors import MemoryFull, OutputError
from fusbench.files import output_errors
from fusbench.locks import unfinished_folder


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

    A killed process cannot tidy up; whoever needs a new folder first removes what nobody holds.
    """
    with output_errors(place()), unfinished_folder(place(), "guest") as folder:
        yield folder


@contextmanager
def sending(folder: Path) -> Iterator[None]:
    """Turn the system's refusal to write into such a folder into one clear line."""
    try:
        with output_errors(folder):
            yield
    except OutputError as error:
        if getattr(error.__cause__, "errno", None) == errno.ENOSPC:
            raise MemoryFull(str(folder.parent)) from error.__cause__
        raise
