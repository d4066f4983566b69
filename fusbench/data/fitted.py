"""Frames of clips at the size that a model wants: kept in memory, on disk, or nowhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from fusbench.arrays import let_go, npy_header, save_array
from fusbench.data.frames import fit_frames
from fusbench.data.recent import Recent
from fusbench.data.scan import Clip
from fusbench.data.stored import OPEN_MAPS, map_array
from fusbench.errors import ConfigError, unknown
from fusbench.files import cache_folder, own_cache, replacing

CACHES = ("memory", "disk", "none")
MEMORY_BYTES = 2 << 30
"""Resized frames that are kept in memory."""
FITTED = "fitted"
"""Where in the cache they are kept on the disk."""
READ_FRAMES = 64
"""Stored frames that are in memory while a clip is fitted."""

At = slice | np.ndarray


class FittedFrames:
    """The frames of clips, fitted when they are first asked for.

    Parameters
    ----------
    clips : sequence of Clip
    shape : (int, int)
        Rows and columns wanted.
    channels : {1, 3}
    cache : {"memory", "disk", "none"}
        Whether a fitted clip is kept in memory, is written to a file in the cache folder, or
        nothing is kept and the frames of a window are fitted anew each time. What is not kept in
        memory is read from its file piece by piece and never mapped, so that the memory that a
        process holds does not grow with the data.
    memory_bytes : int
        What clips kept in memory may take together; the one used last is always kept.

    Raises
    ------
    ConfigError
        If there is no such cache.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        shape: tuple[int, int],
        channels: int,
        cache: str = "memory",
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        if cache not in CACHES:
            near = unknown("cache", cache, list(CACHES)).fix
            raise ConfigError(f"cache '{cache}' is unknown", fix=near)
        self.clips, self.shape, self.channels = clips, shape, channels
        self.cache = cache
        stored = clips[0].info.frame_shape if clips else (*shape,)
        self.as_stored = stored == (shape if channels == 1 else (*shape, channels))
        if cache == "disk" and any(clip.store != "npy" for clip in clips):
            self.as_stored = False  # packed frames are unpacked to the disk
        of_map = max(2 * memory_bytes // OPEN_MAPS, 1)
        self.recent = Recent(memory_bytes, partial(_taken, of_map=of_map))

    def __call__(self, number: int, at: At) -> np.ndarray:
        """These frames of a clip, uint8 (L, H, W): a view where they are kept in memory."""
        if self.cache == "memory":
            return self.recent.get(number, self._fitted)[at]
        if self.cache == "none":
            return fit_frames(_some(self.clips[number], at), self.shape, self.channels)
        frames = self.recent.get(number, self._fitted)
        path = self.clips[number].path if self.as_stored else self._path(number)
        return _read(path, frames, at)

    def _fitted(self, number: int) -> np.ndarray:
        clip = self.clips[number]
        if self.cache == "memory":  # a view of a map: pieces of a map itself take longer to make
            return self._fit(clip).view(np.ndarray)
        if self.as_stored:
            return clip.frames
        path = self._path(number)
        colour = (3,) if self.channels == 3 else ()
        shape = (clip.n_frames, *self.shape, *colour)
        if not _holds(path, shape):
            own_cache(FITTED)
            with replacing(path) as part:
                save_array(part, self._fit(clip))
        return map_array(path, shape, np.uint8)

    def _fit(self, clip: Clip) -> np.ndarray:
        """All frames as they are wanted; those of a map that has served are let go."""
        stored = clip.frames
        fitted = fit_frames(stored, self.shape, self.channels)
        if not np.may_share_memory(fitted, stored):
            let_go(stored)
        return fitted

    def _path(self, number: int) -> Path:
        """Where a fitted clip is written, named after what it follows from."""
        size = "x".join(map(str, (*self.shape, self.channels)))
        made_by = f"{size}-opencv-{cv2.__version__}"  # another one may round otherwise
        return cache_folder() / FITTED / made_by / f"{self.clips[number].sha256}.npy"


def fitted_clip(clip: Clip, shape: tuple[int, int] | None, channels: int) -> np.ndarray:
    """All frames of a clip as `fit_frames` makes them, of which the stored ones are never all held.

    Frames of the stored size and colour stay memory-mapped.

    Parameters
    ----------
    clip : Clip
    shape : (int, int) or None
        Rows and columns wanted; None keeps them.
    channels : {1, 3}
    """
    size = shape or clip.info.image_shape
    fitted = FittedFrames([clip], size, channels, "none")
    if fitted.as_stored:
        return clip.frames
    colour = (3,) if channels == 3 else ()
    frames = np.empty((clip.n_frames, *size, *colour), np.uint8)
    for start in range(0, clip.n_frames, READ_FRAMES):
        at = slice(start, min(start + READ_FRAMES, clip.n_frames))
        frames[at] = fitted(0, at)
    return frames


def _holds(path: Path, shape: tuple[int, ...]) -> bool:
    """Whether there is a whole file of such frames; what was cut off is made anew."""
    return path.is_file() and path.stat().st_size == len(npy_header(shape)) + math.prod(shape)


def _some(clip: Clip, at: At) -> np.ndarray:
    """Some frames of a clip, in memory of their own."""
    packed = clip.packed
    if packed is None:
        return _read(clip.path, clip.frames, at)
    clip.verify()
    return packed[at]


def _read(path: Path, mapped: np.ndarray, at: At) -> np.ndarray:
    """Frames of a memory-mapped file, read into memory of their own."""
    if not isinstance(mapped, np.memmap) or not mapped.flags.c_contiguous:
        return np.array(mapped[at])
    first, last = (at.start, at.stop) if isinstance(at, slice) else (at.min(), at.max() + 1)
    frame = mapped[0].nbytes
    try:
        with path.open("rb") as file:
            file.seek(mapped.offset + int(first) * frame)
            piece = np.frombuffer(file.read(int(last - first) * frame), np.uint8)
    except FileNotFoundError:  # the cache was emptied meanwhile; the map holds the file's content
        return np.array(mapped[at])
    frames = piece.reshape(-1, *mapped.shape[1:])
    return frames if isinstance(at, slice) else frames[at - first]


def _taken(frames: np.ndarray, of_map: int) -> int:
    """Bytes that count of a clip: `of_map` of a map, which takes an open file and no memory."""
    is_map = isinstance(frames, np.memmap) or isinstance(frames.base, np.memmap)
    return of_map if is_map else frames.nbytes
