"""What kind of source a path is, and the order of numbered files."""

from __future__ import annotations

import re
from pathlib import Path

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM, by its mark or its name."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM" or path.suffix.lower() in (".dcm", ".dicom")


def natural(path: Path) -> list[tuple[int, str]]:
    """Sorting key that reads digits as numbers.

    Examples
    --------
    >>> sorted([Path("f10.png"), Path("f9.png")], key=natural)[0].name
    'f9.png'
    """
    return [
        (int(part) if part.isascii() and part.isdecimal() else -1, part.lower())
        for part in re.findall(r"[0-9]+|[^0-9]+", path.name)
    ]
