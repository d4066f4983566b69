"""Folders in memory for arrays that cross between processes; none outlives its process for long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
