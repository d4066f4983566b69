"""Texts of all the programs that people export with."""

from __future__ import annotations

from pathlib import Path

from fusbench.errors import DatasetError, FusbenchError
from fusbench.reading import read_bytes

START = 4096  # bytes
LARGEST = 1 << 28


def encoding_of(path: Path) -> str:
    """UTF-16 with a byte-order mark or without one, else UTF-8.

    Raises
    ------
    DatasetError
        If the file is compressed.
    """
    with path.open("rb") as stream:
        return _encoding(stream.read(START), path)


def text_of(path: Path, option: str, kind: type[FusbenchError] = DatasetError) -> str:
    """A table's text: UTF-8, UTF-16 or, failing those, Windows' western code page.

    Raises
    ------
    kind
        If it cannot be read, is compressed, or is no text.
    """
    raw = read_bytes(path, LARGEST, kind, f"Check {option}.")
    for encoding in (_encoding(raw[:START], path), "cp1252"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise kind("cannot be read: is no text", str(path), "Save it as CSV, UTF-8.")


def _encoding(start: bytes, path: Path) -> str:
    if start[:2] == b"\x1f\x8b":
        raise DatasetError("is compressed", str(path), "Unpack it with gunzip.")
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    for odd, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        half = start[odd::2]
        if half.count(0) > len(half) / 2:  # a byte-order mark is missing
            return encoding
    return "utf-8-sig"
