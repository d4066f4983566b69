"""A file's next content, which follows from what it held: an edit made meanwhile is never lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fusbench.errors import OutputError
from fusbench.files import output_errors, swapped, sync, umask
from fusbench.locks import holding, unfinished_file

AGAIN = "Run the same command again."
State = tuple[int, int, int] | None


def state(path: Path) -> State:
    """What tells one content of a file from another: which file it is, its size and its time."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


@contextmanager
def rewriting(path: Path, before: State) -> Iterator[Path]:
    """A temporary path beside `path`, which takes its name if that is as it was.

    The new content is on the disk before the two swap names, at one moment where the system can;
    what came out is looked at once more, and put back if somebody had changed it.

    Parameters
    ----------
    path : Path
    before : tuple or None
        Its `state` when what the new content follows from was read; None where it was not there.

    Raises
    ------
    OutputError
        If the file was changed meanwhile, or cannot be written. It is then as it was.
    """
    with output_errors(path), unfinished_file(path) as part:
        yield part
        os.chmod(part, 0o666 & ~umask())
        sync(part)
        if not (give_free_name(part, path) if before is None else _exchanged(part, path, before)):
            raise OutputError("was changed meanwhile", str(path), AGAIN)
        sync(path.parent)


def _exchanged(part: Path, path: Path, before: State) -> bool:
    if state(path) != before:
        return False
    with suppress(FileNotFoundError), holding(path):  # so that nobody takes it for a leftover
        if not swapped(part, path):
            os.replace(part, path)
            return True
        if state(part) == before:
            return True
        swapped(part, path)
    return False


def give_free_name(new: Path, path: Path) -> bool:
    """Let a finished file have its name, unless something else has it."""
    try:
        os.link(new, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        if os.path.lexists(path):
            return False
        os.rename(new, path)
    return True
