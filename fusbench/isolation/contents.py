"""What files and folders hold, as hashes.

Loaded by `guest.py`, as `witness.py` is.
"""

import hashlib
import os
from typing import Any

LARGEST = 1 << 33  # bytes; a larger file is known by its size and time


def digest_of(path: str) -> str:
    """SHA-256 of a file's bytes."""
    found = os.stat(path)
    if found.st_size > LARGEST:
        return f"{found.st_size} bytes of {found.st_mtime_ns} ns"
    total = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            total.update(block)
    return total.hexdigest()


def files_below(root: str) -> Any:
    """All files of a package, or the one of a module, but for compiled copies."""
    if os.path.isfile(root):
        return [root]
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if _counted(name))
        found += [os.path.join(folder, name) for name in sorted(names) if _counted(name)]
    return found


def names_below(root: str) -> str:
    """Hash of the names of a package's files."""
    return _sha256("\n".join(os.path.relpath(path, root) for path in files_below(root)))


def names_in(folder: str) -> str:
    """Hash of the names in a folder."""
    try:
        return _sha256("\n".join(sorted(filter(_counted, os.listdir(folder)))))
    except OSError:
        return ""


def _counted(name: str) -> bool:
    hidden = name.startswith(".") and name != ".env"  # which holds variables for many a model
    return not hidden and name != "__pycache__" and not name.endswith(".pyc")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
