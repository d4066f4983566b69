"""Arrays in files: written, and read of strangers, a header held against the file's size first."""

from __future__ import annotations

import mmap
import os
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from fusbench.reading import open_regular

BYTES = np.dtype(np.uint8)


def npy_header(shape: tuple[int, ...], dtype: np.dtype[Any] = BYTES) -> bytes:
    """What a ``.npy`` file begins with; NumPy leaves room in it for a longer first axis."""
    stream = BytesIO()
    lines = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(stream, lines)
    return stream.getvalue()


def save_array(path: Path, array: np.ndarray) -> None:
    """Write a ``.npy`` file, the same bytes as `numpy.save` of an array whose rows lie in order.

    NumPy's own writing tells no reason where the system refuses; this raises the system's error.
    """
    with path.open("wb") as stream:
        stream.write(npy_header(array.shape, array.dtype))
        stream.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8))


def open_array(path: Path) -> np.ndarray:
    """A ``.npy`` file, memory-mapped; the shape that it declares must fit its size.

    Raises
    ------
    FileNotFoundError, OSError
    ValueError
        If it is no plain array of numbers, or its length is not what its header says.
    """
    with open_regular(path) as stream:
        shape, order, dtype, want = _declared(stream)
        begin = stream.tell()
    if not want:
        return np.empty(shape, dtype)
    return np.memmap(path, dtype, mode="r", offset=begin, shape=shape, order=order)


def let_go(array: np.ndarray) -> None:
    """Give back the memory that the pages of a memory-mapped array take, where the system can.

    They are read from the file again when they are asked for.
    """
    if isinstance(array, np.memmap) and hasattr(mmap, "MADV_DONTNEED"):
        array._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]


def read_array(path: Path) -> np.ndarray:
    """As `open_array`, read into memory: a file that is looked at once is not worth its mapping."""
    with open_regular(path) as stream:
        shape, order, dtype, want = _declared(stream)
        array = np.empty(shape, dtype, order)
        room = array.reshape(-1, order="A").view(np.uint8)
        if stream.readinto(room) != want:  # type: ignore[attr-defined]
            raise ValueError("it was cut off while it was read")
    return array


def _declared(stream: IO[bytes]) -> tuple[tuple[int, ...], Any, np.dtype[Any], int]:
    """Shape, order, type and bytes of the array that follows, which must be the file's rest."""
    shape, fortran, dtype = read_header(stream)
    begin, size = stream.tell(), os.fstat(stream.fileno()).st_size
    want = _n_bytes(shape, dtype)
    if size - begin != want:
        raise ValueError(f"its header declares {want:,} bytes, and {size - begin:,} are there")
    return shape, "F" if fortran else "C", dtype, want


def open_arrays(path: Path, most: int) -> dict[str, np.ndarray]:
    """The arrays of an ``.npz`` file, which may hold at most `most` bytes unpacked.

    Raises
    ------
    FileNotFoundError, OSError
    ValueError
        If it is damaged, or holds more, or what is no array of numbers.
    """
    with open_regular(path) as stream:
        return arrays_of(stream, most)


def arrays_of(stream: IO[bytes], most: int) -> dict[str, np.ndarray]:
    """The arrays of an open ``.npz`` file; see `open_arrays`."""
    try:
        return _arrays(stream, most)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise ValueError(str(error)) from None


def _arrays(stream: IO[bytes], most: int) -> dict[str, np.ndarray]:
    found = {}
    with zipfile.ZipFile(stream) as archive:
        for member in archive.infolist():
            with archive.open(member) as inner:
                shape, fortran, dtype = read_header(inner)
                want = _n_bytes(shape, dtype)
                most -= want
                if most < 0 or want > member.file_size:
                    raise ValueError(f"'{member.filename}' declares {want:,} bytes")
                data = inner.read(want)
            if len(data) != want:
                raise ValueError(f"'{member.filename}' is cut off")
            order: Any = "F" if fortran else "C"
            found[member.filename.removesuffix(".npy")] = np.ndarray(
                shape, dtype, data, order=order
            )
    return found


def read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether columns come first, and type of a ``.npy`` stream, which is then at its data.

    Raises
    ------
    ValueError
        If it is damaged, of a later version, or declares no array of numbers.
    """
    version = npy.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"is of version {version} of the format")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    try:
        shape, fortran, dtype = read(stream)
    except (SyntaxError, TokenError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError("its header is damaged") from error  # NumPy reads it as Python's text
    if dtype.hasobject or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise ValueError("holds objects, not numbers")
    return shape, fortran, dtype


def _n_bytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    total = dtype.itemsize
    for n in shape:
        total *= n
    return total
