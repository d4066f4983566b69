"""Frames streamed to the clip files of one recording, a frame at a time in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

from fusbench.data.folder import ClipRow
from fusbench.data.frame_file import FrameFile, frame_file, frame_path, frames_sha256
from fusbench.data.frames import fit_frames
from fusbench.data.packed import SUFFIX, PackedFile
from fusbench.errors import ConfigError, DatasetError
from fusbench.footage.crops import Crops
from fusbench.footage.record import Footage, Frames
from fusbench.progress import Report

SAME = 1


@dataclass(frozen=True, kw_only=True)
class Stored:
    """How frames are stored.

    Parameters
    ----------
    size : (int, int)
        Rows and columns that a crop is resized to.
    channels : {1, 3}
    clip_length : int
        Frames a clip.
    every : int
        Of so many frames one is kept; the gaze on the others goes to the one before.
    store : str
        A key of `fusbench.data.frame_file.STORES`.
    """

    size: tuple[int, int]
    channels: int = 1
    clip_length: int = 90
    every: int = 1
    store: str = "npy"

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a frame on disk."""
        return self.size if self.channels == 1 else (*self.size, 3)


@dataclass(frozen=True, kw_only=True)
class ClipFile:
    """A file of frames: where it is, how many it holds, and the number of the crop they show."""

    path: Path
    count: int
    part: int = 0


@dataclass(kw_only=True)
class Written:
    """Frames written of one recording.

    Parameters
    ----------
    times : list of int
        Nanoseconds since the video's first frame.
    unchanged : list of bool
        Whether each repeats the one before.
    parts : list of int
        Number of the crop that each was cut to.
    clips : list of ClipFile
    end_ns : int
        When the last frame leaves the screen.
    whole_ns : int
        The same of the whole video.
    all_ns : ndarray of int64
        Times of all frames of the video, kept or not, as far as they were read.
    part_ns : (int or None, int or None)
        The part that was asked for.
    most : ndarray of uint8, shape (H, W), or None
        The brightest value of each pixel, over all frames in grey.
    """

    times: list[int] = field(default_factory=list)
    unchanged: list[bool] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    clips: list[ClipFile] = field(default_factory=list)
    end_ns: int = 0
    whole_ns: int = 0
    all_ns: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    part_ns: tuple[int | None, int | None] = (None, None)
    most: np.ndarray | None = None

    @property
    def frame_ns(self) -> np.ndarray:
        """Time of each frame, int64 (T,)."""
        return np.array(self.times, np.int64)


def write_clips(
    footage: Footage,
    frames: Frames,
    video: Path,
    crops: Crops,
    kept: Stored,
    folder: Path,
    scan: str,
    first_clip: int,
    part_ns: tuple[int | None, int | None] = (None, None),
    report: Report | None = None,
) -> Written:
    """Stream footage into clip files below `folder`; a change of crop begins a new one.

    `frames` are those of the footage, cut to what is around the crops.

    Raises
    ------
    DatasetError, ConfigError
        If no frame can be read, sizes change, or times stand still.
    """
    written = Written()
    most = np.zeros(kept.size, np.uint8)
    before: np.ndarray | None = None
    file: FrameFile | PackedFile | None = None
    part, part_from = 0, 0
    seen: list[int] = []
    ends: int | None = None

    def close() -> None:
        if file is not None:
            file.close()
            written.clips.append(ClipFile(path=file.path, count=file.count, part=part))

    around = crops.around
    boxes = [replace(box, x=box.x - around.x, y=box.y - around.y) for box in crops.boxes]
    for number, (time_ns, picture) in enumerate(frames):
        if seen and time_ns <= seen[-1]:
            what = "the time stands still or runs backwards"
            fix = "Convert it with ffmpeg -i IN -fps_mode cfr OUT.mp4, or record it again."
            raise DatasetError(what, f"{video}, frame {number}", fix)
        seen.append(time_ns)
        if report:
            report(number + 1, footage.facts.get("declared_frames", 0))
        if part_ns[1] is not None and time_ns >= part_ns[1]:
            ends = ends or part_ns[1]
            continue
        if (of_frame := int(crops.part(np.array(time_ns)))) != part:
            close()
            file, before, part, part_from = None, None, of_frame, number
        if part_ns[0] is not None and time_ns < part_ns[0]:
            part_from = number + 1
            continue
        if (number - part_from) % kept.every:
            continue
        cut = np.ascontiguousarray(boxes[part].cut(picture))
        frame = fit_frames(cut[None], kept.size, kept.channels)[0]
        if file is None or file.count == kept.clip_length:
            close()
            clip_id = f"{scan}-{first_clip + len(written.clips):03d}"
            file = frame_file(frame_path(folder, clip_id, kept.store), kept.shape)
        file.append(frame)
        same = before is not None and cv2.absdiff(frame, before).max() <= SAME
        written.times.append(time_ns)
        written.parts.append(part)
        written.unchanged.append(bool(same))
        grey = frame if kept.channels == 1 else frame.mean(axis=2).astype(np.uint8)
        np.maximum(most, grey, out=most)
        before = frame
    close()
    written.most = most
    if not written.times:
        what = "holds no frame that can be read"
        if seen:
            what = f"holds no frame between --from and --to; it ends at {seen[-1] / 1e9:.3f} s"
        raise DatasetError(what, str(video), "Convert it, or check --from and --to.")
    written.all_ns, written.part_ns = np.array(seen, np.int64), part_ns
    written.whole_ns = _end_ns(footage, written.all_ns, video)
    written.end_ns = ends or written.whole_ns
    return written


def clip_row(path: Path, count: int, scan: str, split: str) -> ClipRow:
    """The row of a clip whose frames have been written."""
    return ClipRow(
        clip_id=path.name.removesuffix(SUFFIX).removesuffix(".npy"),
        scan_id=scan,
        split=split,
        n_frames=count,
        file=f"frames/{path.name}",
        sha256=frames_sha256(path),
    )


def _end_ns(footage: Footage, times: np.ndarray, video: Path) -> int:
    """When the last frame leaves the screen: after the usual step, or later if the file says so.

    A file that holds its last frame for long is believed where its declared length agrees.
    """
    held = footage.held_ns[0] if footage.held_ns else 0
    step = int(np.median(np.diff(times))) if len(times) > 1 else footage.step_ns or held
    if not step:
        what = "a single frame has no duration"
        raise ConfigError(what, str(video), "Give --frame-rate R.")
    last = int(times[-1])
    declared = footage.declared_ns
    if held > 1.5 * step and declared is not None and last + held <= declared + step:
        return last + held
    return last + step
