"""Video files through PyAV, each frame with its own presentation time."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.errors import DatasetError
from fusbench.footage.clock import whole_nanoseconds
from fusbench.footage.record import Footage, Frames, missing

CONVERT = "Convert it with ffmpeg -i IN -fps_mode passthrough OUT.mp4, or copy it again."


def open_video(path: Path) -> Footage:
    """Open an mp4, avi or mkv file, or what else FFmpeg reads."""
    try:
        import av
    except ModuleNotFoundError:
        raise missing("av", "reading a video file") from None
    # FFmpeg's threads must not call into Python to log, as they do at any level but this one: a
    # damaged file then has them wait for this thread, and this thread for them
    av.logging.set_level(None)
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise DatasetError("holds no video", str(path), "Give the file with the picture.")
            stream = container.streams.video[0]
            first = next(iter(container.decode(stream)), None)
            if first is None:
                raise DatasetError("holds no frame that can be read", str(path), CONVERT)
            turns = _quarter_turns(first, path)
            declared = _declared(container, stream)
            aspect = Fraction(stream.sample_aspect_ratio or 1)
            shape, aspect = (first.height, first.width), aspect or Fraction(1)
            if turns % 2:
                shape, aspect = shape[::-1], 1 / aspect
            interlaced = bool(first.interlaced_frame)
    except (av.error.FFmpegError, ValueError, IndexError):
        raise DatasetError(
            "is no video that can be read, or is cut off", str(path), CONVERT
        ) from None
    return Footage(
        kind="file",
        shape=shape,
        read=lambda: _frames(path, turns),
        declared_ns=declared,
        pixel_aspect=aspect,
        facts={"interlaced": interlaced, "quarter_turns": turns},
    )


def _quarter_turns(frame: Any, path: Path) -> int:
    """Quarter turns, against the clock, by which a player turns the stored picture."""
    stored = frame.side_data.get("DISPLAYMATRIX")
    matrix = np.frombuffer(bytes(stored), np.int32).astype(float) if stored else np.zeros(9)
    mirrored = matrix[0] * matrix[4] < matrix[1] * matrix[3]
    if mirrored or frame.rotation % 90:
        how = "mirrored" if mirrored else f"turned by {frame.rotation} degrees"
        fix = "Convert it with ffmpeg -i IN -fps_mode passthrough OUT.mp4, as a player shows it."
        raise DatasetError(f"is stored {how}", str(path), fix)
    return int(frame.rotation) // 90 % 4


def _declared(container: Any, stream: Any) -> int | None:
    """Length that the file declares, in nanoseconds, from the first frame's time on."""
    if stream.duration is not None and stream.time_base is not None:
        return whole_nanoseconds(stream.duration * stream.time_base)
    if container.duration is not None and len(container.streams) == 1:
        return whole_nanoseconds(Fraction(container.duration, 10**6))
    return None


def _frames(path: Path, turns: int) -> Frames:
    import av

    first: Fraction | None = None
    count = 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in _decoded(container, stream):
            if frame.pts is None or frame.time_base is None:
                raise DatasetError("has no time", f"{path}, frame {count}", CONVERT)
            time = frame.pts * frame.time_base
            first = time if first is None else first
            yield whole_nanoseconds(time - first), np.rot90(_rgb(frame), turns)
            count += 1


def _decoded(container: Any, stream: Any) -> Iterator[Any]:
    """Frames up to the end, or up to where the file is damaged."""
    import av

    try:
        yield from container.decode(stream)
    except av.error.FFmpegError:
        return


def _rgb(frame: Any) -> np.ndarray:
    if frame.format.name in ("gray", "gray8"):
        return frame.to_ndarray(format="gray")
    return frame.to_ndarray(format="rgb24")
