"""``SHA256SUMS`` of a folder: written once, so that a flipped bit or a lost file is noticed."""

from __future__ import annotations

import os
from pathlib import Path

from fusbench.files import file_sha256, write_bytes

NAME = "SHA256SUMS"


def write_sums(folder: Path) -> None:
    """Write the hashes of all other files below `folder`, as ``sha256sum`` does."""
    own = folder / NAME
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != own)
    lines = [f"{file_sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    write_bytes(own, "".join(lines).encode())


def damage(folder: Path) -> str:
    """What is not as it was written, such as "frames/a.npy is missing"; "" where all is.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.txt").write_text("a")
    >>> write_sums(folder)
    >>> damage(folder)
    ''
    >>> _ = (folder / "a.txt").write_text("b")
    >>> damage(folder)
    'a.txt has changed'
    """
    try:
        lines = (folder / NAME).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return f"{NAME} is missing"
    for line in lines:
        digest, _, name = line.partition("  ")
        try:
            if file_sha256(folder / name) != digest:
                return f"{name} has changed"
        except OSError:
            return f"{name} is missing"
    return ""


def mend(folder: Path, sound: Path) -> None:
    """Replace what differs in `folder` by the files of `sound`, one by one, the hashes last.

    The folder itself stays, and a reader keeps the files that it has open.
    """
    files = sorted(path for path in sound.rglob("*") if path.is_file() and path.name != NAME)
    for path in (*files, sound / NAME):
        place = folder / path.relative_to(sound)
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.is_file() or file_sha256(place) != file_sha256(path):
            os.replace(path, place)
