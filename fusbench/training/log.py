"""Learning curves for other programs, row by row while a training goes on.

TensorBoard's files are records of a length, its checksum, a message and its checksum. The messages
hold a time, a step and named numbers, so that they are written here without TensorBoard.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fusbench.errors import ConfigError, unknown

LOGS = ("tensorboard",)
VERSION = b"brain.Event:2"
POLYNOMIAL = 0x82F63B78  # CRC-32C, its bits reversed
NOT_CURVES = ("step", "seconds")


@contextmanager
def logging(kind: str | None, out: Path) -> Iterator[Callable[[Mapping[str, float]], None] | None]:
    """What is told each row of the learning curves; None where nothing is to be written.

    The rows go to a new file in the folder ``<out>.log``: a training that is resumed goes on with
    its curve.

    Raises
    ------
    ConfigError
        If the kind of log is unknown.
    """
    if kind is None:
        yield None
        return
    if kind not in LOGS:
        raise ConfigError(f"log '{kind}' is unknown", fix=unknown("log", kind, list(LOGS)).fix)
    folder = out.with_name(f"{out.name}.log")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"events.out.tfevents.{time.time_ns()}.fusbench"
    with path.open("wb") as file:
        file.write(record(event(time.time(), version=VERSION)))

        def tell(row: Mapping[str, float]) -> None:
            curves = {name: value for name, value in row.items() if name not in NOT_CURVES}
            file.write(record(event(time.time(), step=int(row["step"]), numbers=curves)))
            file.flush()

        yield tell


def event(
    time_s: float,
    *,
    step: int = 0,
    version: bytes = b"",
    numbers: Mapping[str, float] | None = None,
) -> bytes:
    """A message of TensorBoard: the protocol buffer ``Event``."""
    message = b"\x09" + struct.pack("<d", time_s) + b"\x10" + _varint(step)
    if version:
        return message + b"\x1a" + _sized(version)
    values = b"".join(
        b"\x0a" + _sized(b"\x0a" + _sized(name.encode()) + b"\x15" + struct.pack("<f", value))
        for name, value in (numbers or {}).items()
    )
    return message + b"\x2a" + _sized(values)


def record(message: bytes) -> bytes:
    """A message as it stands in the file."""
    length = struct.pack("<Q", len(message))
    return length + _checksum(length) + message + _checksum(message)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def _sized(content: bytes) -> bytes:
    return _varint(len(content)) + content


def _checksum(content: bytes) -> bytes:
    """CRC-32C, rotated and shifted as the format masks it."""
    value = 0xFFFFFFFF
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)
    value ^= 0xFFFFFFFF
    return struct.pack("<I", ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF)
