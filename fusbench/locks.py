"""Who works on what: locks that end with their process, and the marks of unfinished work.

A lock of the operating system ends when its process does, however that ends, so none is ever stale.
Unfinished files and folders are locked by the process that makes them; whatever bears the mark and
is locked by nobody was left by a process that was killed, and is removed by the next one.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cache
from pathlib import Path

from fusbench.errors import OutputError

LOCK = ".fusbench.lock"
MARK = "fusbench-"
UNFINISHED = re.compile(rf"\..*\.{MARK}[A-Za-z0-9_]{{8}}(\..*)?|\..+\.fusbench\.lock")
PATIENCE_S = 10.0
LONGEST_STEM = 60
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


@contextmanager
def locked(
    folder: Path,
    patience_s: float = PATIENCE_S,
    name: str = LOCK,
    waiting: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """The right to change a folder, which one process has at a time.

    The lock is the file ``.fusbench.lock`` in it, which names its owner. Where the file system has
    no locks, as some networks', nothing is locked.

    Parameters
    ----------
    folder : Path
        It must exist.
    patience_s : float
        How long to wait for another process.
    name : str
        Of the lock's file: ``.NAME.fusbench.lock`` where only what is called so is locked.
    waiting : callable, optional
        Called with the owner, once, where another process is to be waited for.

    Raises
    ------
    OutputError
        If another process keeps the folder for longer than that.
    """
    path = folder / name
    handle = _acquire(path, time.monotonic() + patience_s, waiting)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(handle)


def _acquire(path: Path, end: float, waiting: Callable[[str], None] | None) -> int:
    """The open lock file; it is the one of that name, not one that its owner has removed since."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            if _held(handle) and _same(handle, path):
                _tell_owner(handle)
                return handle
            if time.monotonic() > end:
                fix = "Wait until it is done, or stop it; its lock ends with it."
                whose = path.parent / path.name.removesuffix(LOCK).removeprefix(".")
                raise OutputError(f"is being changed by {_owner(handle)}", str(whose), fix)
            if waiting:
                waiting(_owner(handle))
                waiting = None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        time.sleep(0.05)


def _tell_owner(handle: int) -> None:
    """Write who holds a lock into its file; a full disk has no place for it, and may be locked."""
    owner = {"process": os.getpid(), "host": platform.node(), "since": time.time()}
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(owner).encode(), 0)


def _owner(handle: int) -> str:
    try:
        told = json.loads(os.pread(handle, 1000, 0))
        since = datetime.fromtimestamp(float(told["since"])).strftime("%Y-%m-%d %H:%M:%S")
        return f"process {int(told['process'])} on {told['host']} since {since}"
    except (ValueError, KeyError, TypeError, OSError, OverflowError):
        return "another process"


def _held(handle: int) -> bool:
    """Whether an open file or folder is now locked by this process; True where nothing can be."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in NO_LOCKS
    return True


def _same(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except FileNotFoundError:
        return False


@contextmanager
def unfinished_file(path: Path) -> Iterator[Path]:
    """An empty file beside `path`, marked as unfinished and gone after the block."""
    sweep(path.parent)
    prefix = f".{path.stem[:LONGEST_STEM]}.{MARK}"
    while True:
        handle, name = tempfile.mkstemp(prefix=prefix, suffix=path.suffix, dir=path.parent)
        if _held(handle) and _same(handle, Path(name)):
            break
        os.close(handle)
    try:
        yield Path(name)
    finally:
        with suppress(OSError):
            os.unlink(name)
        os.close(handle)


@contextmanager
def holding(path: Path) -> Iterator[None]:
    """A file that bears the mark of unfinished work for a moment, and is left by nobody."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _held(handle)
        yield
    finally:
        os.close(handle)


@contextmanager
def unfinished_folder(place: Path, stem: str) -> Iterator[Path]:
    """An empty folder within `place`, marked as unfinished and gone after the block."""
    sweep(place)
    while True:
        name = tempfile.mkdtemp(prefix=f".{stem[:LONGEST_STEM]}.{MARK}", dir=place)
        with suppress(FileNotFoundError):
            handle = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
            if _held(handle) and _same(handle, Path(name)):
                break
            os.close(handle)
    try:
        yield Path(name)
    finally:
        shutil.rmtree(name, ignore_errors=True)
        os.close(handle)


@cache
def sweep(place: Path) -> None:
    """Remove what killed processes left unfinished in a folder; looked for once a process."""
    with suppress(OSError), os.scandir(place) as entries:
        for name in [entry.name for entry in entries if UNFINISHED.fullmatch(entry.name)]:
            with suppress(OSError):
                _remove_if_left(place / name)


def _remove_if_left(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
    finally:
        os.close(handle)
