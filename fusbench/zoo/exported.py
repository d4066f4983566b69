"""What an ONNX file tells of itself, read without ONNX: its texts alone, never its graph.

A file is a message of fields (Protocol Buffers), each with a number, a kind and mostly a length.
The texts have a number of their own, so that all others are passed over unread.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from fusbench.errors import CheckpointError
from fusbench.reading import open_regular

SUFFIX = ".onnx"
CARD = "fusbench.card"  # what the file tells of the card
METADATA = (
    "fusbench"  # what a checkpoint tells of itself: one text, for a library may shuffle several
)
MOST_BYTES = 1 << 30  # of a file
MOST_TEXT = 1 << 24  # of its texts
MOST_FIELDS = 1 << 16
PROPERTIES = 14  # the number of ModelProto.metadata_props
VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
LEARN = "Export it with 'fusbench model export', or see docs/how-to/onnx.md."


def is_exported(path: str | Path) -> bool:
    """Whether this names an ONNX file.

    Examples
    --------
    >>> is_exported("nets/out.onnx"), is_exported("net.py")
    (True, False)
    """
    return Path(path).suffix == SUFFIX


def exported_metadata(path: Path) -> dict[str, Any]:
    """The metadata of the checkpoint that a file was exported from; empty for a stranger's.

    Raises
    ------
    CheckpointError
        If the file is missing, too large, or no ONNX file.
    """
    return _table(path, METADATA) or {}


def exported_card(path: Path) -> dict[str, Any]:
    """What a file tells of its model's card; errors as in `exported_metadata`.

    Raises
    ------
    CheckpointError
        Also if it tells nothing.
    """
    found = _table(path, CARD)
    if found is None:
        raise CheckpointError(f"holds no '{CARD}' in its metadata", str(path), LEARN)
    return found


def _table(path: Path, name: str) -> dict[str, Any] | None:
    text = properties(path).get(name)
    if text is None:
        return None
    try:
        table = json.loads(text)
    except (ValueError, RecursionError):
        table = None
    if not isinstance(table, dict):
        raise CheckpointError(f"its metadata '{name}' are no JSON table", str(path), LEARN)
    return table


def properties(path: Path) -> dict[str, str]:
    """The texts that an ONNX file holds beside its graph, by name.

    Raises
    ------
    CheckpointError
    """
    if not path.is_file():
        raise CheckpointError("no file is here", str(path), "Check the path.")
    try:
        with open_regular(path) as stream:
            size = stream.seek(0, 2)
            if size > MOST_BYTES:
                raise ValueError(f"{size:,} bytes, where {MOST_BYTES:,} are the most")
            stream.seek(0)
            return dict(_pair(text) for text in _texts(stream, size))
    except (OSError, ValueError) as error:
        what = f"is damaged or no ONNX file: {error}"
        raise CheckpointError(what, str(path), "Export it again.") from None


def _texts(stream: IO[bytes], size: int) -> Iterator[bytes]:
    """The content of each field that holds a text's name and value."""
    left = MOST_TEXT
    for number, length in _fields(stream, size):
        if number != PROPERTIES:
            stream.seek(length, 1)
            continue
        left -= length
        if left < 0:
            raise ValueError(f"its metadata take more than {MOST_TEXT:,} bytes")
        yield stream.read(length)


def _fields(stream: IO[bytes], size: int) -> Iterator[tuple[int, int]]:
    """Number and length of each field; whoever takes them reads, or passes over, the content."""
    for _ in range(MOST_FIELDS):
        if stream.tell() == size:
            return
        key = _varint(stream)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            _varint(stream)
            continue
        if kind not in (EIGHT_BYTES, LENGTH, FOUR_BYTES) or not number:
            raise ValueError("it is no such message")
        length = {EIGHT_BYTES: 8, FOUR_BYTES: 4}.get(kind, -1)
        length = _varint(stream) if length < 0 else length
        if length > size - stream.tell():
            raise ValueError("it ends too early")
        yield number, length
    raise ValueError("it has too many parts")


def _pair(text: bytes) -> tuple[str, str]:
    """Name and value of a text."""
    from io import BytesIO

    stream, found = BytesIO(text), {1: "", 2: ""}
    for number, length in _fields(stream, len(text)):
        found[number] = stream.read(length).decode()
    return found[1], found[2]


def _varint(stream: IO[bytes]) -> int:
    """A whole number, of which each byte holds seven bits and whether another byte follows."""
    value = 0
    for shift in range(0, 64, 7):
        byte = stream.read(1)
        if not byte:
            raise ValueError("it ends too early")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise ValueError("it is no such message")
