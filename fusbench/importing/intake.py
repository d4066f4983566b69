"""One pairing on its way in: frames streamed to clips, gaze laid on them, the whole judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.data.folder import ClipRow
from fusbench.data.gaze import GazePoints
from fusbench.data.writer import StoredClip
from fusbench.errors import ConfigError
from fusbench.files import file_sha256, known_sha256, text_sha256
from fusbench.footage.box import Box
from fusbench.footage.clock import frame_of
from fusbench.footage.open import open_footage
from fusbench.footage.pictures import picture_files
from fusbench.footage.record import Footage
from fusbench.importing.anchoring import anchors_of, timeline_of
from fusbench.importing.clip_files import Stored, Written, write_clips
from fusbench.importing.events import first_frame_number
from fusbench.importing.finding import NOTE, WARN, Finding
from fusbench.importing.findings import judge
from fusbench.importing.gaze_file import read_gaze
from fusbench.importing.geometry import View, shape_agrees
from fusbench.importing.pairing import Pairing
from fusbench.importing.placing import crop_of, listed_regions, require_overlap, view_of
from fusbench.importing.quality import Evidence, Quality, inside
from fusbench.importing.recording import GazeRecording
from fusbench.importing.timeline import Timeline
from fusbench.progress import Report

SHORTEST_CLIP = 10


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What a pairing came to: clips whose frames are on disk, the report, and what is recorded.

    `written` are the frames, so that another observer of the same video need not decode it again;
    `again` says that the frames were there before.
    """

    stored: tuple[StoredClip, ...]
    quality: Quality
    frame_shape: tuple[int, ...]
    facts: dict[str, Any]
    crop: Box
    written: Written
    again: bool = False


def take_in(
    pairing: Pairing,
    folder: Path,
    *,
    first_clip: int = 1,
    kept: Stored | None = None,
    seen: Intake | None = None,
    report: Report | None = None,
) -> Intake:
    """Write a pairing's frames below `folder` and place its gaze on them.

    Parameters
    ----------
    pairing : Pairing
    folder : Path
        A data set folder that is being made; clips are numbered from `first_clip` on.
    kept : Stored, optional
        How frames are stored; default: grey, of the crop's size, 90 a clip. A rest of fewer than 10
        frames is left out.
    seen : Intake, optional
        The same video as another observer saw it; its frames are taken.
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
    kept = kept or Stored(size=(int(crop.height), int(crop.width)))
    require_shape(pairing, crop, kept.size)
    view = view_of(pairing, gaze, footage, crop, kept.size)
    anchors = anchors_of(pairing, gaze)
    part = (pairing.from_ns, pairing.to_ns)
    if seen is not None and (crop, part) != (seen.crop, seen.written.part_ns):
        what = "the same video was taken in with another crop or part"
        raise ConfigError(what, f"scan '{pairing.scan}'", "Give every observer's row the same.")
    written = seen.written if seen else write_clips(
        footage, pairing.video, crop, kept, folder, pairing.scan, first_clip, part, report
    )  # fmt: skip
    frame_ns, end_ns = written.frame_ns, written.end_ns
    clock: Timeline | None = None
    if gaze.frame is None:
        clock, remarks = timeline_of(anchors, pairing, written.all_ns, written.whole_ns)
        time_ns = clock.to_video(gaze.time_ns)
    else:
        time_ns, remarks = _times_of_frames(pairing, gaze.frame, written)
    require_overlap(pairing, time_ns, end_ns)
    x_px, y_px = view.to_frame(gaze.x, gaze.y)
    near = _near_blinks(gaze, pairing.blink_margin_ns)
    x_px, y_px = np.where(near, np.nan, x_px), np.where(near, np.nan, y_px)
    stored = _stored(pairing, written, time_ns, x_px, y_px, kept.size)
    assert written.total is not None
    assert written.most is not None
    quality = judge(
        Evidence(
            scan=pairing.scan,
            observer=pairing.observer,
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
            most_frame=written.most,
            declared_ns=footage.declared_ns if pairing.to_ns is None else None,
            clock_ppm=clock.drift_ppm if clock else None,
            anchors=len(clock.gaze_ns) if clock else 0,
            residual_s=clock.residual_s if clock else 0.0,
            accepted=pairing.accept,
            remarks=(
                *remarks, *_remarks(pairing, gaze, footage, crop), *_text_remarks(folder, written),
            ),
        )
    )  # fmt: skip
    facts = _facts(pairing, gaze, footage, view, clock, stored, quality)
    return Intake(
        stored=stored, quality=quality, frame_shape=kept.shape, facts=facts, crop=crop,
        written=written,
    )  # fmt: skip


def require_shape(pairing: Pairing, crop: Box, size: tuple[int, int]) -> None:
    """Raise `ConfigError` if a crop of other proportions would be stored in frames of `size`."""
    if not shape_agrees(crop, size):
        what = f"the crop {crop} and the stored frame of {size[1]} x {size[0]} differ in shape"
        fix = "Choose a crop of the frame's proportions."
        raise ConfigError(what, f"scan '{pairing.scan}'", fix)


def _times_of_frames(
    pairing: Pairing, frame: np.ndarray, written: Written
) -> tuple[np.ndarray, list[Finding]]:
    """Times of samples that tell the frame on screen: spread evenly over the frame's time."""
    all_ns, where = written.all_ns, f"scan '{pairing.scan}'"
    said = pairing.first_frame or str(pairing.options.mapping.get("first_frame", ""))
    first = first_frame_number([int(frame.min()), int(frame.max())], len(all_ns), said, where)
    number = frame - first
    count = np.bincount(np.maximum(number, 0), minlength=len(all_ns))
    begins = np.concatenate([[0], np.flatnonzero(np.diff(number)) + 1])
    runs = np.diff(np.append(begins, len(number)))
    place = np.arange(len(number)) - np.repeat(begins, runs)
    length = np.diff(np.append(all_ns, written.whole_ns))
    there = (number >= 0) & (number < len(all_ns))
    at = np.clip(number, 0, len(all_ns) - 1)
    share = (place + 0.5) / np.repeat(runs, runs)
    time_ns = all_ns[at] + np.floor(share * length[at]).astype(np.int64)
    usual = int(np.median(length))
    beside = np.where(number < 0, number * usual, written.whole_ns + (number - len(all_ns)) * usual)
    time_ns = np.where(there, time_ns, beside + np.floor(share * usual).astype(np.int64))
    text = f"frames are numbered from {first}; a frame's samples are spread evenly over its time"
    found = [Finding(NOTE, text)]
    if not there.all():
        what = f"{(~there).sum()} samples name a frame that the video lacks"
        found.append(Finding(WARN, f"{what}: it has {len(count[: len(all_ns)])}"))
    return time_ns, found


def _near_blinks(gaze: GazeRecording, margin_ns: int) -> np.ndarray:
    near = np.zeros(len(gaze), bool)
    for first, last in gaze.blinks or () if margin_ns else ():
        near |= (gaze.time_ns >= first - margin_ns) & (gaze.time_ns <= last + margin_ns)
    return near


def _stored(
    pairing: Pairing,
    written: Written,
    time_ns: np.ndarray,
    x_px: np.ndarray,
    y_px: np.ndarray,
    shape: tuple[int, int],
) -> tuple[StoredClip, ...]:
    frame_ns = written.frame_ns
    frame = frame_of(time_ns, frame_ns, written.end_ns)
    kept = (frame >= 0) & inside(x_px, y_px, shape)
    stored, first = [], 0
    for path, count in written.clips:
        if count < SHORTEST_CLIP and first:
            path.unlink(missing_ok=True)
            break
        of_clip = kept & (frame >= first) & (frame < first + count)
        order = np.argsort(frame[of_clip], kind="stable")
        points = GazePoints(
            frame=(frame[of_clip] - first).astype(np.int32)[order],
            time_s=((time_ns[of_clip] - frame_ns[first]) / 1e9)[order],
            x_px=np.round(x_px[of_clip], 4)[order],
            y_px=np.round(y_px[of_clip], 4)[order],
            observer_id=np.full(of_clip.sum(), pairing.observer) if pairing.observer else None,
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


def _remarks(
    pairing: Pairing, gaze: GazeRecording, footage: Footage, crop: Box
) -> Iterator[Finding]:
    yield from pairing.remarks
    if gaze.eyes:
        yield Finding(NOTE, f"gaze: {gaze.eyes}")
    yield from gaze.remarks
    for level, text in dict.fromkeys(footage.remarks):
        yield Finding(level, text)
    if footage.facts.get("interlaced"):
        yield Finding(WARN, "the video is interlaced: moving edges are combed")
    if footage.pixel_aspect != 1:
        text = (
            f"the video's pixels are shown {float(footage.pixel_aspect):.4g} times as wide as high"
        )
        yield Finding(NOTE, f"{text}; they are stored as they are")
    height, width = footage.shape
    for region in footage.regions:
        if not region.inside(footage.shape):
            text = f"the declared region {region} leaves the {width} x {height} picture"
            yield Finding(WARN, f"{text}; the crop {crop} was used")
    if sum(crop.overlaps(region) for region in footage.regions) > 1:
        text = f"the file declares several images, {listed_regions(footage.regions)}"
        yield Finding(WARN, f"{text}, and {crop} holds parts of more than one: which is meant?")


def _text_remarks(folder: Path, written: Written) -> list[Finding]:
    from fusbench.importing.burnt_in import burnt_in

    files = [path for path, _ in written.clips if path.exists()]
    frames = [np.load(path, mmap_mode="r", allow_pickle=False) for path in files]
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
    clock: Timeline | None,
    stored: tuple[StoredClip, ...],
    quality: Quality,
) -> dict[str, Any]:
    """What ``import.json`` says of a recording: numbers and the options' words, no name."""
    hidden = ("scan", "observer", "findings")
    begin = int(clock.gaze_ns[0] - clock.video_ns[0]) if clock else None
    return {
        "scan_id": pairing.scan,
        **({"observer": pairing.observer} if pairing.observer else {}),
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
        "video_start_ns": begin,
        "accepted": list(pairing.accept),
        "no_banner": pairing.no_banner,
        "view": view.facts(),
        "points": sum(len(clip.gaze) for clip in stored),
        "quality": {k: v for k, v in quality.facts().items() if k not in hidden},
        "findings": [vars(finding) for finding in quality.findings],
    }
