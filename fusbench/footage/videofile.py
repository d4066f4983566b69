"""Video files through PyAV, each frame with its own presentation time."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from heapq import heappop, heappush
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.errors import DatasetError, counted
from fusbench.footage import complaints, patience
from fusbench.footage.clock import clock_ns, whole_nanoseconds
from fusbench.footage.planes import pixels
from fusbench.footage.record import Footage, Frames, Remark, missing

CONVERT = "Convert it with ffmpeg -i IN -fps_mode passthrough OUT.mp4, or copy it again."
UNTIMED = ("avi", "h264", "hevc", "m4v", "mpegvideo")
"""Containers that store no time of showing."""
CONTAINERS = (
    "mov", "matroska", "avi", "mpeg", "mpegts", "mpegvideo", "h264", "hevc", "m4v", "mjpeg", "av1",
    "obu", "ivf", "vc1", "asf", "flv", "ogg", "mxf", "nut", "dv", "gif", "apng", "wtv", "rm", "gxf",
    "yuv4mpegpipe",
)  # fmt: skip
"""Formats that hold frames themselves: a list of files, as of HLS, would have FFmpeg open them."""
OPENING = {"format_whitelist": ",".join(CONTAINERS), "protocol_whitelist": "file"}
LOOKED_AT, FEWEST_STEPS = 64, 4  # packets, for the usual rate
DEEPEST_ORDER = 17  # frames that H.264 and HEVC may hold back, and one


def open_video(path: Path) -> Footage:
    """Open an mp4, avi or mkv file, or what else FFmpeg reads."""
    try:
        import av
    except ModuleNotFoundError:
        raise missing("av", "reading a video file") from None
    complaints.begin()
    try:
        with av.open(f"file:{path}", options=OPENING) as container:
            if not container.streams.video:
                raise DatasetError("holds no video", str(path), "Give the file with the picture.")
            stream = _pictures(container)[0]
            first = next(iter(container.decode(stream)), None)
            if first is None:
                raise DatasetError("holds no frame that can be read", str(path), CONVERT)
            turns = _quarter_turns(first, path)
            declared = _declared(container, stream, _time(first) or Fraction(0))
            remarks = _tracks(container, stream)
            aspect = Fraction(stream.sample_aspect_ratio or 1)
            shape, aspect = (first.height, first.width), aspect or Fraction(1)
            if turns % 2:
                shape, aspect = shape[::-1], 1 / aspect
            interlaced = bool(first.interlaced_frame)
            nominal_hz = _usual_hz(container, stream)
            average = stream.average_rate
    except MemoryError:
        raise
    except (av.error.FFmpegError, ValueError, IndexError):
        raise DatasetError(
            "is no video that can be read, or is cut off", str(path), CONVERT
        ) from None
    held_ns: list[int] = []
    return Footage(
        kind="file",
        shape=shape,
        read=lambda: _frames(path, turns, shape, remarks, held_ns),
        declared_ns=declared,
        nominal_hz=nominal_hz,
        average_hz=float(average) if average else None,
        held_ns=held_ns,
        remarks=remarks,
        pixel_aspect=aspect,
        facts={"interlaced": interlaced, "quarter_turns": turns},
    )


def _pictures(container: Any) -> list[Any]:
    """The video tracks, a cover picture only where nothing else is."""
    from av.stream import Disposition

    tracks = list(container.streams.video)
    moving = [track for track in tracks if not track.disposition & Disposition.attached_pic]
    return moving or tracks


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


def _declared(container: Any, stream: Any, first_s: Fraction) -> int | None:
    """Length that the file declares, in nanoseconds, from the first frame's time on.

    Matroska counts its length from time 0, not from the first frame.
    """
    length = _length(stream)
    if length is None and container.duration is not None and len(container.streams) == 1:
        length = Fraction(container.duration, 10**6)
    if length is None:
        return None
    return whole_nanoseconds(length - (first_s if "matroska" in container.format.name else 0))


def _length(stream: Any) -> Fraction | None:
    """Length of a track in seconds, where the file says it."""
    if stream.duration is not None and stream.time_base is not None:
        return Fraction(stream.duration * stream.time_base)
    shown = clock_ns(str(stream.metadata.get("DURATION", "")))
    return None if shown is None else Fraction(shown, 10**9)


def _tracks(container: Any, video: Any) -> list[Remark]:
    """Other videos of the file, and tracks whose lengths tell that one of them lost a part."""
    length = _length(video)
    remarks = []
    others = [f"{track.width} x {track.height}" for track in _pictures(container)[1:]]
    if others:
        text = f"the file holds {len(others) + 1} videos: the first was taken, of"
        text = f"{text} {video.width} x {video.height}, and not that of {', '.join(others[:3])}"
        remarks.append(("warn", text))
    for stream in container.streams:
        other = _length(stream) if stream.type == "audio" and length is not None else None
        if other is None or length is None or abs(other - length) <= max(Fraction(1), length / 50):
            continue
        text = f"the sound lasts {float(other):.2f} s, the picture {float(length):.2f} s"
        remarks.append(("warn", f"{text}: one of them lost a part, or runs at another speed"))
    return remarks


def _usual_hz(container: Any, stream: Any) -> float | None:
    """Frames a second by the times of the next packets; pauses do not count."""
    stamps = set()
    for packet in islice(container.demux(stream), LOOKED_AT):
        if packet.pts is not None:
            stamps.add(packet.pts)
    steps = np.diff(np.array(sorted(stamps), np.int64))
    if len(steps) < FEWEST_STEPS:
        return None
    median = np.median(steps)
    usual = float(np.mean(steps[np.abs(steps - median) <= median / 2]))
    return round(1 / (usual * float(stream.time_base)), 3) if usual else None


def _time(frame: Any) -> Fraction | None:
    """A frame's time in seconds: when it is shown, or else when it was stored to be decoded."""
    stamp = frame.dts if frame.pts is None else frame.pts
    if stamp is None or frame.time_base is None:
        return None
    return Fraction(stamp * frame.time_base)


def _frames(
    path: Path, turns: int, shape: tuple[int, int], remarks: list[Remark], held_ns: list[int]
) -> Frames:
    import av

    first: Fraction | None = None
    with av.open(f"file:{path}", options=OPENING) as container:
        stream = _pictures(container)[0]
        stream.thread_type = "AUTO"
        damage = _Damage(base=Fraction(stream.time_base or 1))
        complaints.count()  # of looking for what the file holds
        frames = _decoded(container, stream, damage)
        if any(name in UNTIMED for name in container.format.name.split(",")):
            frames = _in_order(frames)
        for count, (stamp, frame) in enumerate(frames):
            if stamp is None:
                raise DatasetError("has no time", f"{path}, frame {count}", CONVERT)
            first = stamp if first is None else first
            picture = np.rot90(pixels(frame), turns)
            if picture.shape[:2] != shape:
                raise _other_size(path, count, float(stamp - first), picture.shape, shape)
            yield whole_nanoseconds(stamp - first), picture
            held_ns[:] = [
                whole_nanoseconds(Fraction((frame.duration or 0) * (frame.time_base or 0)))
            ]
    damage.tell(remarks)


def _other_size(
    path: Path, count: int, time_s: float, found: tuple[int, ...], shape: tuple[int, int]
) -> DatasetError:
    what = f"from frame {count} on, at {time_s:.2f} s, a picture has {found[1]} x {found[0]}"
    what += f" pixels, before it {shape[1]} x {shape[0]}"
    size = f"ffmpeg -i IN -vf scale={shape[1]}:{shape[0]} -fps_mode passthrough OUT.mp4"
    return DatasetError(what, str(path), f"Bring it to one size with {size}, or cut it there.")


@dataclass(kw_only=True)
class _Damage:
    """What was met in decoding that FFmpeg calls damaged; times in ticks of `base` seconds."""

    base: Fraction
    stored: array[int] = field(default_factory=lambda: array("q"))
    shown: array[int] = field(default_factory=lambda: array("q"))
    marked: array[int] = field(default_factory=lambda: array("q"))
    errors: int = 0
    complaints: int = 0
    complained: int | None = None

    def hear(self, packet: Any) -> None:
        """Count what FFmpeg complained of, up to this packet."""
        if new := complaints.count():
            self.complaints += new
            self.complained = packet.pts if self.complained is None else self.complained

    def tell(self, remarks: list[Remark]) -> None:
        """Add remarks that name the damage, its place and its share, if there was any."""
        if self.complaints:
            text = f"FFmpeg met {counted(self.complaints, 'error')} in decoding"
            if self.complained is not None and self.shown:
                first_s = float((self.complained - min(self.shown)) * self.base)
                text += f", the first near {first_s:.2f} s"
            remarks.append(("warn", f"{text}: pictures may be wrong from there on"))
        times = np.unique(np.array(self.shown, np.int64))
        lost = np.setdiff1d(np.array(self.stored, np.int64), times)
        if not len(times) or not (len(lost) or self.marked or self.errors):
            return
        steps = np.diff(times)
        usual = float(np.median(steps)) if len(steps) else 1.0
        holes = np.flatnonzero(steps > 1.5 * usual)
        gone = max(int(np.rint(steps[holes] / usual - 1).sum()), len(lost))
        places = np.concatenate([lost, self.marked, times[holes], times[holes + 1]])
        places = places if len(places) else times
        begin, end = (float((tick - times[0]) * self.base) for tick in (places.min(), places.max()))
        share = gone / (len(times) + gone)
        missing = counted(gone, "picture", "is missing", "are missing")
        marked = f"{len(self.marked)} {'is' if len(self.marked) == 1 else 'are'} marked as damaged"
        text = f"the file is damaged: {missing} ({share:.1%}) and {marked}"
        text += f", from {begin:.2f} to {end:.2f} s"
        remarks.append(("warn", f"{text}; the others keep their own times"))


def _decoded(container: Any, stream: Any, damage: _Damage) -> Iterator[tuple[Fraction | None, Any]]:
    """Frames with their times, up to the end; what is damaged is noted and passed over."""
    import av

    try:
        for packet in container.demux(stream):
            if packet.size and packet.pts is not None and not packet.is_discard:
                damage.stored.append(packet.pts)
                if packet.is_corrupt:
                    damage.marked.append(packet.pts)
            patience.step()
            try:
                frames = packet.decode()
            except MemoryError:
                raise
            except av.error.FFmpegError:
                damage.errors += 1
                continue
            finally:
                damage.hear(packet)
            for frame in frames:
                time = _time(frame)
                if frame.pts is not None:
                    damage.shown.append(frame.pts)
                    if frame.is_corrupt and frame.pts not in damage.marked:
                        damage.marked.append(frame.pts)
                yield time, frame
    except MemoryError:
        raise
    except av.error.FFmpegError:
        damage.errors += 1


def _in_order(
    frames: Iterator[tuple[Fraction | None, Any]],
) -> Iterator[tuple[Fraction | None, Any]]:
    """Frames of a container that stores no times of showing.

    A decoder gives frames in the order in which they are shown, so the next frame has the earliest
    of the times; FFmpeg guesses them in the order of storage, a few frames away.
    """
    times: list[Fraction] = []
    waiting: deque[Any] = deque()
    for time, frame in frames:
        if time is None:
            yield None, frame
            return
        heappush(times, time)
        waiting.append(frame)
        if len(waiting) > DEEPEST_ORDER:
            yield heappop(times), waiting.popleft()
    while waiting:
        yield heappop(times), waiting.popleft()
