"""A clip's frames written one by one, so that no more than a frame is ever in memory, by store."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fusbench.arrays import npy_header, open_array
from fusbench.data.frame_stream import FrameStream
from fusbench.data.packed import SUFFIX, PackedFile, PackedFrames
from fusbench.errors import unknown
from fusbench.files import file_sha256


class FrameFile(FrameStream):
    """A ``.npy`` file of uint8 frames that grows by a frame at a time.

    NumPy's header leaves room for a longer first axis, so the true length is written when the file
    is closed.
    """

    def __init__(self, path: Path, frame_shape: tuple[int, ...]) -> None:
        super().__init__(path, frame_shape)
        self._write_header()
        self._start = self._stream.tell()

    def _write_header(self) -> None:
        self._stream.write(npy_header((self.count, *self.frame_shape)))

    def append(self, frame: np.ndarray) -> None:
        """Add a frame."""
        self._stream.write(np.ascontiguousarray(frame, np.uint8).data)
        self.count += 1

    def close(self) -> None:
        """Write the length; the file is complete after that."""
        self._stream.seek(0)
        self._write_header()
        assert self._stream.tell() == self._start
        self._stream.close()


STORES = {"npy": ".npy", "zstd": SUFFIX}
"""How frames may lie on disk, and the ending of such a file."""


def frame_path(folder: Path, clip_id: str, store: str = "npy") -> Path:
    """Where the frames of a clip lie, below the folder of a data set.

    Raises
    ------
    UnknownName
        If there is no such store.
    """
    if store not in STORES:
        raise unknown("store", store, tuple(STORES))
    return folder / "frames" / f"{clip_id}{STORES[store]}"


def frame_file(path: Path, frame_shape: tuple[int, ...]) -> FrameFile | PackedFile:
    """A file of frames that is to be written, of the kind that its name says."""
    kind = PackedFile if path.name.endswith(SUFFIX) else FrameFile
    return kind(path, frame_shape)


def frames_sha256(path: Path) -> str:
    """What ``clips.csv`` names: the hash of a ``.npy`` file, or of the one that would be unpacked.

    Raises
    ------
    ValueError, OSError
        If a packed file is damaged.
    """
    return PackedFrames(path).sha256 if path.name.endswith(SUFFIX) else file_sha256(path)


def open_frames(path: Path) -> np.ndarray | PackedFrames:
    """Frames of a file that was written here, one by one; errors as of `frames_sha256`."""
    return PackedFrames(path) if path.name.endswith(SUFFIX) else open_array(path)
