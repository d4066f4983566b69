"""Writing files so that nothing half-written ever stands under its final name."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from fusbench.errors import ConfigError, OutputError
from fusbench.locks import LOCK, locked, sweep, unfinished_file, unfinished_folder

REMEDIES = {
    errno.ENOSPC: "Free some space or choose another disk.",
    errno.EDQUOT: "Free some space or choose another disk.",
    errno.EROFS: "Choose a folder that can be written.",
    errno.EACCES: "Choose a folder that you may write to.",
    errno.EPERM: "Choose a folder that you may write to.",
    errno.ENOTDIR: "Choose another path: a part of this one is a file.",
    errno.EEXIST: "Choose another path: a part of this one is a file.",
}
EXCHANGE = 2  # RENAME_EXCHANGE of Linux's renameat2
HERE = -100  # AT_FDCWD


def cache_folder() -> Path:
    """Where what can be made again is kept: ``FUSBENCH_CACHE``, else the user's cache folder."""
    chosen = os.environ.get("FUSBENCH_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("fusbench")


def told_as(root: Path, name: str) -> str:
    """What an error calls a data set: its folder, or its name where the cache keeps it.

    Examples
    --------
    >>> told_as(Path("studies/mine"), "mine")
    'studies/mine'
    >>> told_as(cache_folder() / "datasets" / "phantom-1a2b-test", "phantom")
    "data set 'phantom'"
    """
    return f"data set '{name}'" if root.is_relative_to(cache_folder()) else str(root)


def own_cache(name: str) -> Path:
    """A folder of the cache that its user alone can open, for what follows from private data.

    Raises
    ------
    OutputError
        If it cannot be made, or is somebody else's.
    """
    place = cache_folder() / name
    with output_errors(place):
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o700)
    return place


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn an operating system's refusal to write `path` into one clear line."""
    try:
        yield
    except OSError as error:
        fix = REMEDIES.get(error.errno or 0, "Choose another place to write to.")
        raise OutputError(
            f"cannot be written: {error.strerror or error}", str(path), fix
        ) from error


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """The right to make a file, which one process has at a time; its folder is made if need be.

    Raises
    ------
    OutputError
        If another process is making it.
    """
    with ExitStack() as held:
        with output_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            sweep(path.parent)
            held.enter_context(locked(path.parent, 0, f".{path.name}{LOCK}"))
        yield


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """A temporary path beside `path`; it takes the final name only if the block succeeds.

    Parameters
    ----------
    path : Path
    durable : bool
        Wait until the content is on the disk before it takes the name. What can be made again,
        and tells by itself whether it is whole, need not wait.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished_file(path) as part:
            yield part
            os.chmod(part, 0o666 & ~umask())
            if durable:
                sync(part)
            os.replace(part, path)
            if durable:
                sync(path.parent)


@contextmanager
def replacing_folder(path: Path, *, shared: bool = False) -> Iterator[Path]:
    """A temporary folder beside `path`; it takes the final name only if the block succeeds.

    Parameters
    ----------
    path : Path
        The new folder; an empty one may be there.
    shared : bool
        Whether every process would write the same: if another finished it meanwhile, that one
        stays and this one is dropped.

    Raises
    ------
    OutputError
        If the folder cannot be written, or another process has made one meanwhile.
    """
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished_folder(path.parent, path.name) as part:
            yield part
            os.chmod(part, 0o777 & ~umask())
            sync_tree(part)
            try:
                os.rename(part, path)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                if not shared:
                    fix = "Look at it, or choose another folder."
                    raise OutputError("was made meanwhile", str(path), fix) from None
            sync(path.parent)


def exchange(new: Path, old: Path) -> None:
    """Let two paths swap what they name, at one moment where the system can.

    Elsewhere `old` is renamed away first, and comes back if `new` cannot take its name.
    """
    if swapped(new, old):
        return
    aside = new.with_name(f"{new.name}.aside")
    os.rename(old, aside)
    try:
        os.rename(new, old)
    except BaseException:
        os.rename(aside, old)
        raise
    os.rename(aside, new)


def swapped(one: Path, other: Path) -> bool:
    """Let two paths swap what they name, at one moment; False where the system cannot."""
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    return hasattr(library, "renameat2") and not library.renameat2(
        HERE, os.fsencode(one), HERE, os.fsencode(other), EXCHANGE
    )


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk, where the system can tell."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EBADF, errno.ENOTSUP, errno.EROFS):
            raise
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Wait until a folder and all that is in it are on the disk."""
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                sync(Path(place, name))
        sync(Path(place))


def umask() -> int:
    """The rights that new files of this process do not give."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file or nothing."""
    with replacing(path) as part:
        part.write_bytes(content)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON with sorted keys, a whole file or nothing."""
    write_bytes(path, json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """`value` as JSON with sorted keys."""
    return (json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()


def toml_text(facts: Mapping[str, Any]) -> str:
    """Texts, numbers, truth values and lists of them as TOML, a line each; None is left out.

    JSON's are TOML's too, but for the character U+007F, which TOML wants escaped.

    Raises
    ------
    ConfigError
        If a text cannot be written: half of a pair of surrogates, as of a name that is no UTF-8.

    Examples
    --------
    >>> print(toml_text({"schema": 1, "frame_shape": (224, 288), "title": "a\\x7fb"}), end="")
    schema = 1
    frame_shape = [224, 288]
    title = "a\\u007fb"
    """
    lines = []
    for key, value in facts.items():
        if value is None:
            continue
        text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise ConfigError(f"{key} = {text} is no text", fix="Give it in UTF-8.")
        lines.append(f"{key} = {text}\n")
    return "".join(lines)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def known_sha256(path: Path) -> str:
    """`file_sha256`, read once a process while the file keeps its size and time."""
    found = path.stat()
    return _sha256(path, found.st_ino, found.st_size, found.st_mtime_ns)


@cache
def _sha256(path: Path, _inode: int, _size: int, _time_ns: int) -> str:
    return file_sha256(path)


def text_sha256(*parts: str) -> str:
    """SHA-256 over texts; the boundaries between them count."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def silence(cv2: Any) -> None:
    """Keep OpenCV from writing on standard error what its caller tells in words.

    Its switch has two places: below ``utils.logging`` from 4.13 on, beside the functions before.
    """
    logging = getattr(cv2.utils, "logging", None)
    if logging is None:
        cv2.setLogLevel(0)
    else:
        logging.setLogLevel(logging.LOG_LEVEL_SILENT)
