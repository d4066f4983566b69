"""One pairing on its way in: frames streamed to clips, gaze laid on them, the whole judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fusbench.data.folder import ClipRow
from fusbench.data.frames import fit_frames
from fusbench.data.gaze import GazePoints
from fusbench.data.writer import StoredClip
from fusbench.errors import ConfigError, DatasetError
from fusbench.files import file_sha256, known_sha256, text_sha256
from fusbench.footage.box import Box
from fusbench.footage.clock import frame_of
from fusbench.footage.open import open_footage
from fusbench.footage.pictures import picture_files
from fusbench.footage.record import Footage
from fusbench.importing.findings import judge
from fusbench.importing.frame_file import FrameFile
from fusbench.importing.gaze_file import read_gaze
from fusbench.importing.geometry import View, shape_agrees
from fusbench.importing.pairing import Pairing
from fusbench.importing.placing import crop_of, require_overlap, start_of, view_of
from fusbench.importing.quality import NOTE, WARN, Evidence, Finding, Quality, inside
from fusbench.importing.recording import GazeRecording
from fusbench.progress import Report

SHORTEST_CLIP = 10
SAME = 1


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What a pairing came to: clips whose frames are on disk, the report, and what is recorded."""

    stored: tuple[StoredClip, ...]
    quality: Quality
    frame_shape: tuple[int, ...]
    facts: dict[str, Any]


@dataclass(kw_only=True)
class _Written:
    """Frames written so far."""

    times: list[int] = field(default_factory=list)
    unchanged: list[bool] = field(default_factory=list)
    clips: list[tuple[Path, int]] = field(default_factory=list)
    total: np.ndarray | None = None


def take_in(
    pairing: Pairing,
    folder: Path,
    *,
    first_clip: int = 1,
    clip_length: int = 90,
    frame_size: tuple[int, int] | None = None,
    channels: int = 1,
    report: Report | None = None,
) -> Intake:
    """Write a pairing's frames below `folder` and place its gaze on them.

    Parameters
    ----------
    pairing : Pairing
    folder : Path
        A data set folder that is being made; clips are numbered from `first_clip` on.
    clip_length : int
        Frames a clip; a rest of fewer than 10 frames is left out.
    frame_size : (int, int), optional
        Rows and columns of the stored frames; default: the crop's.
    channels : {1, 3}
    report : callable, optional
        Told (frames done, frames in all or 0).

    Raises
    ------
    DatasetError, ConfigError
        If a source cannot be read, or the two do not belong together.
    """
    footage = open_footage(pairing.video, pairing.frame_rate_hz)
    gaze = read_gaze(pairing.gaze, pairing.gaze_format, pairing.options)
    crop = crop_of(pairing, footage)
    frame = frame_size or (int(crop.height), int(crop.width))
    if not shape_agrees(crop, frame):
        what = f"the crop {crop} and the stored frame of {frame[1]} x {frame[0]} differ in shape"
        fix = "Choose a crop of the frame's proportions."
        raise ConfigError(what, f"scan '{pairing.scan}'", fix)
    view = view_of(pairing, gaze, footage, crop, frame)
    start_ns, remarks = start_of(pairing, gaze)
    written = _write(
        footage, crop, frame, channels, folder, pairing.scan, first_clip, clip_length, report
    )
    frame_ns = np.array(written.times, np.int64)
    if not len(frame_ns):
        raise DatasetError("holds no frame that can be read", str(pairing.video), "Convert it.")
    if (np.diff(frame_ns) <= 0).any():
        at = int(np.argmax(np.diff(frame_ns) <= 0)) + 1
        what = "the time stands still or runs backwards"
        raise DatasetError(what, f"{pairing.video}, frame {at}", "Record or convert it again.")
    if footage.step_ns is None and len(frame_ns) == 1:
        what = "a single frame has no duration"
        raise ConfigError(what, str(pairing.video), "Give --frame-rate R.")
    step_ns = int(np.median(np.diff(frame_ns))) if len(frame_ns) > 1 else footage.step_ns or 0
    end_ns = int(frame_ns[-1]) + step_ns
    time_ns = gaze.time_ns - start_ns
    require_overlap(pairing, time_ns, end_ns)
    x_px, y_px = view.to_frame(gaze.x, gaze.y)
    near = _near_blinks(gaze, pairing.blink_margin_ns)
    x_px, y_px = np.where(near, np.nan, x_px), np.where(near, np.nan, y_px)
    stored = _stored(pairing, written, frame_ns, end_ns, time_ns, x_px, y_px, frame)
    assert written.total is not None
    quality = judge(
        Evidence(
            scan=pairing.scan,
            gaze=gaze,
            time_ns=time_ns,
            x_px=x_px,
            y_px=y_px,
            frame_ns=frame_ns,
            end_ns=end_ns,
            clips=len(stored),
            clip_frames=sum(clip.row.n_frames for clip in stored),
            unchanged=np.array(written.unchanged),
            mean_frame=written.total / len(frame_ns),
            declared_ns=footage.declared_ns,
            remarks=(*remarks, *_remarks(gaze, footage, crop), *_text_remarks(folder, stored)),
        )
    )
    shape = frame if channels == 1 else (*frame, 3)
    facts = _facts(pairing, gaze, footage, view, start_ns, stored, quality)
    return Intake(stored=stored, quality=quality, frame_shape=shape, facts=facts)


def _write(
    footage: Footage,
    crop: Box,
    frame: tuple[int, int],
    channels: int,
    folder: Path,
    scan: str,
    first_clip: int,
    clip_length: int,
    report: Report | None,
) -> _Written:
    """Stream the footage into clip files."""
    written = _Written()
    shape = frame if channels == 1 else (*frame, 3)
    before: np.ndarray | None = None
    file: FrameFile | None = None
    total = np.zeros(frame, np.float64)

    def close() -> None:
        if file is not None:
            file.close()
            written.clips.append((file.path, file.count))

    for time_ns, picture in footage.read():
        if picture.shape[:2] != footage.shape:
            what = f"frame {len(written.times)} has another size than the first"
            raise DatasetError(what, str(folder.name), "Give frames of one size.")
        kept = fit_frames(np.ascontiguousarray(crop.cut(picture))[None], frame, channels)[0]
        if file is None or file.count == clip_length:
            close()
            number = first_clip + len(written.clips)
            file = FrameFile(folder / "frames" / f"{scan}-{number:03d}.npy", shape)
        file.append(kept)
        same = before is not None and cv2.absdiff(kept, before).max() <= SAME
        written.times.append(time_ns)
        written.unchanged.append(bool(same))
        grey = kept if channels == 1 else kept.mean(axis=2)
        total += grey
        before = kept
        if report:
            report(len(written.times), footage.facts.get("declared_frames", 0))
    close()
    written.total = total
    return written


def _near_blinks(gaze: GazeRecording, margin_ns: int) -> np.ndarray:
    near = np.zeros(len(gaze), bool)
    for first, last in gaze.blinks or () if margin_ns else ():
        near |= (gaze.time_ns >= first - margin_ns) & (gaze.time_ns <= last + margin_ns)
    return near


def _stored(
    pairing: Pairing,
    written: _Written,
    frame_ns: np.ndarray,
    end_ns: int,
    time_ns: np.ndarray,
    x_px: np.ndarray,
    y_px: np.ndarray,
    shape: tuple[int, int],
) -> tuple[StoredClip, ...]:
    frame = frame_of(time_ns, frame_ns, end_ns)
    kept = (frame >= 0) & inside(x_px, y_px, shape)
    stored, first = [], 0
    for path, count in written.clips:
        if count < SHORTEST_CLIP and first:
            path.unlink()
            break
        of_clip = kept & (frame >= first) & (frame < first + count)
        points = GazePoints(
            frame=(frame[of_clip] - first).astype(np.int32),
            time_s=(time_ns[of_clip] - frame_ns[first]) / 1e9,
            x_px=np.round(x_px[of_clip], 4),
            y_px=np.round(y_px[of_clip], 4),
        )
        row = ClipRow(
            clip_id=path.stem,
            scan_id=pairing.scan,
            split=pairing.split,
            n_frames=count,
            file=f"frames/{path.name}",
            sha256=file_sha256(path),
        )
        stored.append(StoredClip(row=row, gaze=points, segments=()))
        first += count
    return tuple(stored)


def _remarks(gaze: GazeRecording, footage: Footage, crop: Box) -> list[Finding]:
    remarks = [Finding(NOTE, f"gaze: {gaze.eyes}")] if gaze.eyes else []
    remarks += [Finding(NOTE, text) for text in gaze.notes]
    if footage.facts.get("interlaced"):
        remarks.append(Finding(WARN, "the video is interlaced: moving edges are combed"))
    if footage.pixel_aspect != 1:
        text = (
            f"the video's pixels are shown {float(footage.pixel_aspect):.4g} times as wide as high"
        )
        remarks.append(Finding(NOTE, f"{text}; they are stored as they are"))
    if footage.region and not footage.region.inside(footage.shape):
        height, width = footage.shape
        text = f"the declared region {footage.region} leaves the {width} x {height} picture"
        remarks.append(Finding(WARN, f"{text}; the crop {crop} was used"))
    return remarks


def _text_remarks(folder: Path, stored: tuple[StoredClip, ...]) -> list[Finding]:
    from fusbench.importing.privacy import burnt_in

    frames = np.load(folder / stored[0].row.file, mmap_mode="r", allow_pickle=False)
    side = burnt_in(frames)
    return [Finding(WARN, f"what looks like text is burnt in at the {side}")] if side else []


def source_sha256(path: Path) -> str:
    """SHA-256 of a source: of a file's bytes, or of a folder's pictures in their order."""
    if path.is_dir():
        return text_sha256(*(known_sha256(file) for file in picture_files(path)))
    return known_sha256(path)


def _facts(
    pairing: Pairing,
    gaze: GazeRecording,
    footage: Footage,
    view: View,
    start_ns: int,
    stored: tuple[StoredClip, ...],
    quality: Quality,
) -> dict[str, Any]:
    """What ``import.json`` says of a recording: numbers and the options' words, no name."""
    return {
        "scan_id": pairing.scan,
        "clips": [clip.row.clip_id for clip in stored],
        "video": {
            "sha256": source_sha256(pairing.video),
            "kind": footage.kind,
            "width": footage.shape[1],
            "height": footage.shape[0],
            **footage.facts,
        },
        "gaze": {
            "sha256": source_sha256(pairing.gaze),
            "format": pairing.gaze_format,
            "events": len(gaze.events),
            "blink_margin_ns": pairing.blink_margin_ns,
        },
        "video_start_ns": start_ns,
        "no_banner": pairing.no_banner,
        "view": view.facts(),
        "points": sum(len(clip.gaze) for clip in stored),
        "quality": {k: v for k, v in quality.facts().items() if k not in ("scan", "findings")},
        "findings": [vars(finding) for finding in quality.findings],
    }
