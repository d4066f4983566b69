"""Writing files so that nothing half-written ever stands under its final name."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fusbench.errors import OutputError

REMEDIES = {
    errno.ENOSPC: "Free some space or choose another disk.",
    errno.EROFS: "Choose a folder that can be written.",
    errno.EACCES: "Choose a folder that you may write to.",
    errno.EPERM: "Choose a folder that you may write to.",
    errno.ENOTDIR: "Choose another path: a part of this one is a file.",
    errno.EEXIST: "Choose another path: a part of this one is a file.",
}


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
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`; it takes the final name only if the block succeeds.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent
        )
        os.close(handle)
    part = Path(name)
    try:
        with output_errors(path):
            yield part
            os.chmod(part, 0o666 & ~_umask())
            os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path`; it takes the final name only if the block succeeds.

    If another process finished the same folder meanwhile, that one stays and this one is dropped.
    """
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        with output_errors(path):
            yield part
            os.chmod(part, 0o777 & ~_umask())
            try:
                os.rename(part, path)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file or nothing."""
    with replacing(path) as part:
        part.write_bytes(content)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON with sorted keys, a whole file or nothing."""
    write_bytes(
        path, (json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()
    )


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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
