"""Packed frame files: a clip's ``.npy`` file in Zstandard's seekable format, a picture a frame.

``zstd -d`` makes a ``.npy`` file of it. In place of a picture it holds the picture's differences
along both axes, modulo 256, which take two thirds of the space that it would; their sums over rows
and over columns are the picture.
"""

from __future__ import annotations

import hashlib
import math
import os
import struct
import threading
from collections.abc import Iterator
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

import cv2
import numpy as np

from fusbench.arrays import npy_header, read_header
from fusbench.data.frame_stream import FrameStream
from fusbench.reading import open_regular

if TYPE_CHECKING:
    from zstandard import ZstdDecompressor

SUFFIX = ".npy.zst"
LEVEL = 1  # higher ones take up to forty times as long for 1 to 5 % of the space
TABLE, FOOTER, ENTRY = struct.Struct("<II"), struct.Struct("<IBI"), np.dtype("<u4")
TABLE_MAGIC, FOOTER_MAGIC = 0x184D2A5E, 0x8F92EAB1
RAW = b"\x28\xb5\x2f\xfd\x20"  # a frame that tells its size in a byte, of one block as it is
LONGEST_HEADER = 255
MOST_SUMMED = 1 << 23  # pixels whose sum of bytes OpenCV holds

At = slice | np.ndarray


def differences(picture: np.ndarray) -> np.ndarray:
    """A picture's differences along both axes, modulo 256.

    Examples
    --------
    >>> differences(np.array([[7, 9], [8, 11]], np.uint8)).tolist()
    [[7, 2], [1, 1]]
    """
    down = picture.copy()
    down[1:] -= picture[:-1]
    both = down.copy()
    both[:, 1:] -= down[:, :-1]
    return both


class Unpacker:
    """Unpacks Zstandard frames of pictures, one after another in the same memory.

    Parameters
    ----------
    picture_shape : tuple of int
        (H, W) or (H, W, 3).
    """

    def __init__(self, picture_shape: tuple[int, ...]) -> None:
        import zstandard

        self._shape, self._size = picture_shape, math.prod(picture_shape)
        self._unpack = zstandard.ZstdDecompressor()
        self._sums: np.ndarray | None = None

    def into(self, picture: np.ndarray, data: bytes | memoryview) -> None:
        """Fill a picture; `ValueError` if the frame is damaged or of another size."""
        pixels = np.frombuffer(_unpacked(self._unpack, data, self._size), np.uint8)
        both = pixels.reshape(self._shape)
        if self._shape[0] * self._shape[1] > MOST_SUMMED:
            np.add.accumulate(both, axis=1, dtype=np.uint8, out=picture)
            np.add.accumulate(picture, axis=0, dtype=np.uint8, out=picture)
            return
        self._sums = cv2.integral(both, sum=self._sums)
        np.copyto(picture, self._sums[1:, 1:], casting="unsafe")  # modulo 256


class _Own(threading.local):
    """The unpacker that a thread used last; no two threads may share one."""

    shape: tuple[int, ...] = ()
    unpacker: Unpacker


_OWN = _Own()


def unpacker_of(picture_shape: tuple[int, ...]) -> Unpacker:
    """This thread's unpacker of pictures of a shape, whose memory is used again."""
    if _OWN.shape != picture_shape:
        _OWN.unpacker, _OWN.shape = Unpacker(picture_shape), picture_shape
    return _OWN.unpacker


def npy_sha256(frames: np.ndarray | PackedFrames) -> str:
    """SHA-256 of the ``.npy`` file that holds these frames, uint8 (T, H, W) or (T, H, W, 3)."""
    digest = hashlib.sha256(npy_header(tuple(frames.shape)))
    for number in range(len(frames)):
        digest.update(np.ascontiguousarray(frames[number]).data)
    return digest.hexdigest()


class PackedFile(FrameStream):
    """A packed file that grows by a frame at a time, as `fusbench.data.frame_file.FrameFile`."""

    def __init__(self, path: Path, frame_shape: tuple[int, ...]) -> None:
        import zstandard

        super().__init__(path, frame_shape)
        self._pack = zstandard.ZstdCompressor(level=LEVEL)
        self._sizes: list[int] = []
        self._header = self._write_header()

    def _write_header(self) -> int:
        header = npy_header((self.count, *self.frame_shape))
        assert len(header) <= LONGEST_HEADER
        block = (1 | len(header) << 3).to_bytes(3, "little")
        self._stream.write(RAW + bytes([len(header)]) + block + header)
        return len(header)

    def append(self, frame: np.ndarray) -> None:
        """Add a frame."""
        picture = np.ascontiguousarray(frame, np.uint8)
        self._sizes.append(self._stream.write(self._pack.compress(differences(picture).data)))
        self.count += 1

    def close(self) -> None:
        """Write the length and the table of places; the file is complete after that."""
        size = math.prod(self.frame_shape)
        rows = [(len(RAW) + 4 + self._header, self._header), *((n, size) for n in self._sizes)]
        table = np.array(rows, ENTRY).tobytes()
        self._stream.write(TABLE.pack(TABLE_MAGIC, len(table) + FOOTER.size))
        self._stream.write(table + FOOTER.pack(len(rows), 0, FOOTER_MAGIC))
        self._stream.seek(0)
        assert self._write_header() == self._header
        self._stream.close()


class PackedFrames:
    """Frames of a packed file, unpacked when they are looked at.

    What the file declares is held against its size and against `shape` before anything is
    unpacked, and no frame may unpack to more than its pixels.

    Parameters
    ----------
    path : Path
    shape : tuple of int, optional
        (T, H, W) or (T, H, W, 3), as it must be; default: as the file says.

    Raises
    ------
    OSError
    ValueError
        If it is no such file, damaged, or of another shape.
    """

    def __init__(self, path: Path, shape: tuple[int, ...] | None = None) -> None:
        self.path = path
        with open_regular(path) as stream:
            packed, unpacked = _read_table(stream)
            stream.seek(0)
            head = _head(stream.read(int(packed[0])), int(unpacked[0]))
        self.shape = _shape_of(head)
        if shape not in (None, self.shape):
            have, want = (" x ".join(map(str, each)) for each in (self.shape, shape or ()))
            raise ValueError(f"its header declares {have} where {want} is declared")
        size = math.prod(self.shape[1:])
        if len(packed) != self.shape[0] + 1 or (unpacked[1:] != size).any():
            raise ValueError("its table of frames does not fit its header")
        self._begin: list[int] = np.cumsum(packed, dtype=np.int64).tolist()

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, at: int | At) -> np.ndarray:
        if not isinstance(at, (slice, np.ndarray)):
            one: np.ndarray = self[np.array([at])][0]
            return one
        numbers = np.arange(len(self))[at].tolist()
        frames = np.empty((len(numbers), *self.shape[1:]), np.uint8)
        unpacker, begin = unpacker_of(self.shape[1:]), self._begin
        with open_regular(self.path, buffering=0) as stream:
            file = stream.fileno()
            pieces: Iterator[bytes | memoryview]
            if numbers and numbers == [*range(numbers[0], numbers[-1] + 1)]:  # read at once
                first = begin[numbers[0]]
                data = memoryview(os.pread(file, begin[numbers[-1] + 1] - first, first))
                pieces = (data[begin[n] - first : begin[n + 1] - first] for n in numbers)
            else:
                pieces = (os.pread(file, begin[n + 1] - begin[n], begin[n]) for n in numbers)
            for frame, piece in zip(frames, pieces, strict=True):
                unpacker.into(frame, piece)
        return frames

    @cached_property
    def sha256(self) -> str:
        """Of the ``.npy`` file that holds the same frames."""
        return npy_sha256(self)


def _read_table(stream: IO[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Packed and unpacked sizes of the file's frames."""
    end = stream.seek(0, 2)
    if end < FOOTER.size + TABLE.size:
        raise ValueError("it is too short for a packed file")
    stream.seek(end - FOOTER.size)
    count, kind, magic = FOOTER.unpack(stream.read(FOOTER.size))
    length = 2 * ENTRY.itemsize * count + FOOTER.size
    begin = end - length - TABLE.size
    if magic != FOOTER_MAGIC or kind or count < 1 or begin < 0:
        raise ValueError("it has no table of frames at its end")
    stream.seek(begin)
    head = TABLE.unpack(stream.read(TABLE.size))
    rows = np.frombuffer(stream.read(length - FOOTER.size), ENTRY).reshape(-1, 2)
    if head != (TABLE_MAGIC, length) or int(rows[:, 0].sum(dtype=np.int64)) != begin:
        raise ValueError("its table of frames does not fit its size")
    return rows[:, 0], rows[:, 1]


def _head(data: bytes, size: int) -> bytes:
    import zstandard

    if size > LONGEST_HEADER:
        raise ValueError("its header is too long")
    return _unpacked(zstandard.ZstdDecompressor(), data, size)


def _unpacked(unpack: ZstdDecompressor, data: bytes | memoryview, size: int) -> bytes:
    """A Zstandard frame unpacked, which must have this size; nothing larger is made room for."""
    import zstandard

    try:
        if zstandard.frame_content_size(data) != size:
            raise ValueError("a frame declares another size than its pixels have")
        found = unpack.decompress(data)
    except zstandard.ZstdError as error:
        raise ValueError(f"a frame is damaged: {error}") from None
    if len(found) != size:
        raise ValueError("a frame is cut off")
    return found


def _shape_of(head: bytes) -> tuple[int, ...]:
    stream = BytesIO(head)
    shape, fortran, dtype = read_header(stream)
    if fortran or dtype != np.uint8 or len(shape) not in (3, 4) or stream.tell() != len(head):
        raise ValueError("holds no frames of bytes")
    return shape
