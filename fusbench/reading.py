"""Reading what strangers send: nothing is opened or unpacked before its kind and size are known."""

from __future__ import annotations

import errno
import json
import math
import os
import re
import stat
import tomllib
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from fusbench.errors import FusbenchError

LARGEST_TOML = 1 << 18  # bytes
LARGEST_JSON = 1 << 24
LONGEST_LINES = 4  # pieces of a file that have no end of a line
LONGEST_KEY = 16  # parts of a dotted key
PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')[ \t]*"""
DEEP_KEY = re.compile(rf"^[ \t\[]*(?:{PART}\.[ \t]*){{{LONGEST_KEY}}}", re.MULTILINE)
DEEP_LIST = re.compile(r"(?:[\[{]\s*){64}")
LONGEST_NUMBER = re.compile(r"[0-9_]{4000}")
CORRECT = "Correct it, or copy the file again."


def read_bytes(
    path: Path, most: int, kind: type[FusbenchError], missing: str = "Check the path."
) -> bytes:
    """The bytes of a regular file of at most `most` bytes.

    Raises
    ------
    kind
        If there is none, or it is larger, a folder, a device or a pipe, or cannot be read.
    """
    try:
        with open_regular(path) as stream:
            size = os.fstat(stream.fileno()).st_size
            if size <= most:
                return stream.read(size)  # of `most`, room would be made at once
    except FileNotFoundError:
        raise kind("the file is missing", str(path), missing) from None
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise kind(what, str(path), "Look at the file and its permissions.") from None
    what = f"holds {size:,} bytes, and more than {most:,} are no such file"
    raise kind(what, str(path), CORRECT)


def iter_pieces(
    path: Path, size: int, kind: type[FusbenchError], missing: str = "Check the path."
) -> Iterator[bytes]:
    """The bytes of a regular file in pieces of about `size`, each of whole lines.

    A line ends outside of quotes. The pieces of a file that grew are those of before, but for the
    last.

    Raises
    ------
    kind
        If there is none, or it is a folder, a device or a pipe, cannot be read, or has a line that
        is far longer than a piece.
    """
    piece = b""
    try:
        with open_regular(path) as stream:
            while block := stream.read(size):
                piece += block
                end = piece.rfind(b"\n") + 1
                if end and piece.count(b'"', 0, end) % 2 == 0:
                    yield piece[:end]
                    piece = piece[end:]
                elif len(piece) > LONGEST_LINES * size:
                    raise kind("has lines that do not end", str(path), CORRECT)
    except FileNotFoundError:
        raise kind("the file is missing", str(path), missing) from None
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise kind(what, str(path), "Look at the file and its permissions.") from None
    if piece:
        yield piece


def open_regular(path: Path, buffering: int = -1) -> IO[bytes]:
    """Open a regular file to read; a folder, pipe or device raises `OSError` and never waits."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is a folder, pipe or device", str(path))
    return os.fdopen(handle, "rb", buffering)


def read_text(
    path: Path, most: int, kind: type[FusbenchError], missing: str = "Check the path."
) -> str:
    """The text of a regular file of UTF-8; errors as in `read_bytes`."""
    try:
        return read_bytes(path, most, kind, missing).decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"is no UTF-8 text: byte {error.start}"
        raise kind(what, str(path), "Save it as UTF-8.") from None


def read_toml(
    path: Path, kind: type[FusbenchError], missing: str = "Check the path."
) -> dict[str, Any]:
    """The content of a TOML file; errors as in `read_bytes`."""
    text = read_text(path, LARGEST_TOML, kind, missing)
    if DEEP_KEY.search(text) or DEEP_LIST.search(text) or LONGEST_NUMBER.search(text):
        raise kind("is nested too deeply, or holds too long a number", str(path), CORRECT)
    try:
        return tomllib.loads(text, parse_float=_finite)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        what = f"is not valid TOML: {error or 'nested too deeply'}"
        raise kind(what, str(path), "Correct it.") from None


def read_json(
    path: Path,
    kind: type[FusbenchError],
    missing: str = "Check the path.",
    fix: str = "Correct it.",
    most: int = LARGEST_JSON,
) -> dict[str, Any]:
    """The object in a JSON file; errors as in `read_bytes`."""
    return parse_json(read_text(path, most, kind, missing), path, kind, fix)


def read_json_list(
    path: Path, kind: type[FusbenchError], fix: str, most: int = LARGEST_JSON
) -> list[Any]:
    """The list in a JSON file; errors as in `read_bytes`."""
    content = _loaded(read_text(path, most, kind, "Check the path."), path, kind, fix)
    if not isinstance(content, list):
        raise kind("is no JSON list", str(path), fix)
    return content


def parse_json(text: str, path: Path, kind: type[FusbenchError], fix: str) -> dict[str, Any]:
    """The object that a JSON text holds."""
    content = _loaded(text, path, kind, fix)
    if not isinstance(content, dict):
        raise kind("is no JSON object", str(path), fix)
    return content


def _loaded(text: str, path: Path, kind: type[FusbenchError], fix: str) -> Any:
    try:
        return json.loads(text, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as error:
        what = f"is no valid JSON: {str(error).splitlines()[0] if error.args else 'too deep'}"
        raise kind(what, str(path), fix) from None


def _finite(text: str) -> float:
    """A number of JSON or TOML, as these write it: where one stands, NaN and infinity are none."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is no finite number")
    return value


def field_of(content: Mapping[str, Any], key: str, types: type | tuple[type, ...]) -> Any:
    """The value of a key if it is of these types, else None."""
    value = content.get(key)
    return value if isinstance(value, types) and not isinstance(value, bool) else None


def unzipped(data: bytes, most: int, where: Path, kind: type[FusbenchError], fix: str) -> bytes:
    """What a gzip file holds, at most `most` bytes."""
    parts: list[bytes] = []
    while data or not parts:
        stream = zlib.decompressobj(wbits=31)  # 31: a gzip header and trailer around it
        try:
            parts.append(stream.decompress(data, most + 1))
        except zlib.error:
            raise kind("is damaged or no gzip file", str(where), fix) from None
        most -= len(parts[-1])
        if most < 0:
            raise kind("unpacks to more than such a file holds", str(where), fix)
        if not stream.eof:
            raise kind("is damaged or no gzip file", str(where), fix)
        data = stream.unused_data
    return b"".join(parts)
