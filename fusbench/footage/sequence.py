"""Sequences of ultrasound frames in MetaImage and NRRD, as PLUS and 3D Slicer record them."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO

import numpy as np

from fusbench.errors import ConfigError, DatasetError, counted
from fusbench.footage.clock import whole_nanoseconds
from fusbench.footage.record import Footage, Frames, Remark
from fusbench.numerals import is_whole, number, whole

LONGEST_HEADER = 64 << 20  # bytes: some hundred for each frame
LARGEST_SIDE, MOST_FRAMES = 65_536, 10_000_000
CHUNK = 1 << 20
STAMP = re.compile(r"Seq_Frame(\d+)_Timestamp")
STATUS = re.compile(r"Seq_Frame(\d+)_ImageStatus")
BYTES = ("MET_UCHAR", "unsigned char", "uchar", "uint8", "uint8_t")
ALONG = ("list", "time")  # kinds of NRRD's axis of frames
COLOURS = ("vector", "RGB-color", "3-color")
UPRIGHT = ("MF", "MFA", "")
AGAIN = "Copy the file again from its source."
CONVERT = "Save it as unsigned char, as PLUS and 3D Slicer do for ultrasound."


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a sequence's header says.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    frames, channels : int
    data : Path
        The file that holds the pixels, `offset` bytes from its start.
    wrap : {"", "zlib", "gzip"}
        How they are compressed.
    fields : dict
        Every key with its text.
    """

    shape: tuple[int, int]
    frames: int
    channels: int
    data: Path
    offset: int
    wrap: str
    fields: dict[str, str]


def is_sequence(path: Path) -> bool:
    """Whether a file is MetaImage or NRRD, by its name and its beginning."""
    if path.suffix.lower() not in (".mha", ".mhd", ".nrrd", ".nhdr"):
        return False
    with path.open("rb") as stream:
        start = stream.read(64)
    return start.startswith(b"NRRD") or b"=" in start.split(b"\n")[0]


def open_sequence(path: Path, frame_rate_hz: Fraction | None) -> Footage:
    """Open a sequence; frames without time stamps need a frame rate."""
    with path.open("rb") as stream:
        nrrd = stream.read(4) == b"NRRD"
        stream.seek(0)
        header = (_nrrd if nrrd else _metaimage)(stream, path)
    times = _times(header, frame_rate_hz, path)
    remarks: list[Remark] = []
    orientation = header.fields.get("UltrasoundImageOrientation", "").strip()
    if orientation not in UPRIGHT:
        text = f"the picture's orientation is {orientation[:8]}, not MF: is it as it was on screen?"
        remarks.append(("warn", text))
    bad = [key for key, value in header.fields.items() if STATUS.fullmatch(key) and value != "OK"]
    if bad:
        text = counted(len(bad), "frame", "is marked", "are marked")
        remarks.append(("warn", f"{text} as not OK by the recorder"))
    return Footage(
        kind="sequence",
        shape=header.shape,
        read=lambda: _frames(header, times, path),
        declared_ns=times[-1],
        step_ns=whole_nanoseconds(1 / frame_rate_hz) if frame_rate_hz else None,
        nominal_hz=_nominal_hz(times),
        facts={"declared_frames": header.frames},
        remarks=remarks,
    )


def _nominal_hz(times: list[int]) -> float | None:
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    return 1e9 / step if step else None


def _lines(stream: IO[bytes], path: Path) -> Iterator[str]:
    while line := stream.readline(CHUNK):
        if stream.tell() > LONGEST_HEADER:
            raise DatasetError("has a header without end", str(path), AGAIN)
        yield line.decode("utf-8", "replace").rstrip("\r\n")


def _metaimage(stream: IO[bytes], path: Path) -> Header:
    fields: dict[str, str] = {}
    for line in _lines(stream, path):
        key, equals, value = line.partition("=")
        if equals:
            fields[key.strip()] = value.strip()
        if key.strip() == "ElementDataFile":
            break
    where = fields.get("ElementDataFile", "")
    local = where.upper() == "LOCAL"
    sizes = _whole(fields.get("DimSize", ""), path)
    if len(sizes) == 4 and sizes[2] == 1:
        del sizes[2]
    _require_bytes(fields.get("ElementType", ""), path)
    (channels,) = _whole(fields.get("ElementNumberOfChannels", "1"), path) or [1]
    packed = fields.get("CompressedData", "False").lower() == "true"
    data = path if local else path.parent / Path(where).name
    return _checked(
        sizes, channels, data, stream.tell() if local else 0, "zlib" if packed else "", fields, path
    )


def _nrrd(stream: IO[bytes], path: Path) -> Header:
    fields: dict[str, str] = {}
    for line in _lines(stream, path):
        if not line:
            break
        key, colon, value = line.partition(":")
        if colon and not line.startswith("#"):
            fields[key.strip()] = value.removeprefix("=").strip()
    sizes = _whole(fields.get("sizes", ""), path)
    kinds = fields.get("kinds", "").split() or [""] * len(sizes)
    axes = list(zip(kinds, sizes, strict=False))
    channels = 1
    if axes and (axes[0][0] in COLOURS or (len(axes) == 4 and axes[0][1] == 3)):
        channels, axes = axes[0][1], axes[1:]
    if axes and axes[0][0] in ALONG and len(axes) > 1:
        what = "stores the frames as its fastest axis"
        raise DatasetError(what, str(path), "Save it again with the frames last.")
    if len(axes) == 4 and axes[2][1] == 1:
        del axes[2]
    _require_bytes(fields.get("type", ""), path)
    wrap = {"raw": "", "gzip": "gzip", "gz": "gzip"}.get(fields.get("encoding", "").lower())
    if wrap is None:
        what = f"its encoding '{fields.get('encoding', '')[:20]}' is not read"
        raise DatasetError(what, str(path), "Save it as raw or gzip.")
    other = fields.get("data file") or fields.get("datafile") or ""
    data = path.parent / Path(other).name if other else path
    return _checked(
        [size for _, size in axes],
        channels,
        data,
        0 if other else stream.tell(),
        wrap,
        fields,
        path,
    )


def _whole(text: str, path: Path) -> list[int]:
    parts = text.split()
    if not all(is_whole(part) for part in parts):
        raise DatasetError(f"'{text[:40]}' are no sizes", str(path), AGAIN)
    return [int(part) for part in parts]


def _require_bytes(kind: str, path: Path) -> None:
    if kind not in BYTES:
        raise DatasetError(f"its values are of the type '{kind[:20]}'", str(path), CONVERT)


def _checked(
    sizes: list[int], channels: int, data: Path, offset: int, wrap: str, fields: dict[str, str],
    path: Path,
) -> Header:  # fmt: skip
    if len(sizes) == 2:
        sizes = [*sizes, 1]
    sound = len(sizes) == 3 and all(sizes) and max(sizes[:2]) <= LARGEST_SIDE
    if not sound or sizes[2] > MOST_FRAMES or channels not in (1, 3):
        raise DatasetError("is no sequence of pictures", str(path), AGAIN)
    if not data.is_file():
        what = f"its pixels, in {data.name[:60]}, are not here"
        raise DatasetError(what, str(path), "Copy that file too.")
    width, height, frames = sizes
    return Header(
        shape=(height, width), frames=frames, channels=channels, data=data, offset=offset,
        wrap=wrap, fields=fields,
    )  # fmt: skip


def _times(header: Header, frame_rate_hz: Fraction | None, path: Path) -> list[int]:
    """Nanoseconds of each frame since the first."""
    stamps: dict[int, float] = {}
    for key, value in header.fields.items():
        found = STAMP.fullmatch(key)
        try:
            if found:
                stamps[whole(found[1])] = number(value)
        except ValueError:
            continue
    if frame_rate_hz is not None:
        return [whole_nanoseconds(number / frame_rate_hz) for number in range(header.frames)]
    if any(number not in stamps for number in range(header.frames)):
        what = f"holds times of {len(stamps)} of {counted(header.frames, 'frame')}"
        raise ConfigError(what, str(path), "Give --frame-rate R.")
    seconds = np.array([stamps[number] for number in range(header.frames)])
    if not np.isfinite(seconds).all() or np.abs(seconds).max() > 1e10:
        raise DatasetError("its frames' times are none", str(path), "Give --frame-rate R.")
    nanoseconds: list[int] = np.rint((seconds - seconds[0]) * 1e9).astype(np.int64).tolist()
    return nanoseconds


def _frames(header: Header, times: list[int], path: Path) -> Frames:
    shape = header.shape if header.channels == 1 else (*header.shape, header.channels)
    size = int(np.prod(shape))
    with header.data.open("rb") as stream:
        stream.seek(header.offset)
        pixels = _unpacked(stream, header.wrap)
        buffer = bytearray()
        for number, time_ns in enumerate(times):
            try:
                while len(buffer) < size and (more := next(pixels, b"")):
                    buffer += more
            except zlib.error:
                raise DatasetError("is damaged", f"{path}, frame {number}", AGAIN) from None
            if len(buffer) < size:
                what = f"ends after {number} of {counted(len(times), 'frame')}"
                raise DatasetError(what, str(path), AGAIN)
            yield time_ns, np.frombuffer(bytes(buffer[:size]), np.uint8).reshape(shape)
            del buffer[:size]


def _unpacked(stream: IO[bytes], wrap: str) -> Iterator[bytes]:
    """Pixels a piece at a time, at most `CHUNK` bytes, however well they are packed."""
    if not wrap:
        while piece := stream.read(CHUNK):
            yield piece
        return
    inflate = zlib.decompressobj(zlib.MAX_WBITS | (16 if wrap == "gzip" else 0))
    while piece := stream.read(CHUNK):
        while piece:
            if out := inflate.decompress(piece, CHUNK):
                yield out
            piece = inflate.unconsumed_tail
