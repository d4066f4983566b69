"""One pairing on its way in: frames streamed to clips, gaze laid on them, the whole judged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.data.gaze import GazePoints
from fusbench.data.writer import StoredClip
from fusbench.errors import ConfigError
from fusbench.footage.clock import frame_of
from fusbench.footage.crops import Crops
from fusbench.footage.open import open_footage
from fusbench.importing.anchoring import anchors_of, timeline_of
from fusbench.importing.clip_files import Stored, Written, clip_row, write_clips
from fusbench.importing.crops import crops_of
from fusbench.importing.cutting import cut_frames
from fusbench.importing.findings import judge
from fusbench.importing.gaze_file import read_gaze
from fusbench.importing.numbered import times_of_frames
from fusbench.importing.pairing import Pairing
from fusbench.importing.placing import require_overlap, screen_remarks, view_of
from fusbench.importing.quality import Evidence, Quality, inside
from fusbench.importing.recording import GazeRecording
from fusbench.importing.records import facts_of
from fusbench.importing.remarks import remarks_of, text_remarks
from fusbench.importing.timeline import Timeline
from fusbench.progress import Report

SHORTEST_CLIP = 10


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What a pairing came to: clips whose frames are on disk, the report, and what is recorded.

    `written` are the frames, so that another observer of the same video need not decode it again;
    `again` says that the frames were there before, `size_bytes` what they take on disk.
    """

    stored: tuple[StoredClip, ...]
    quality: Quality
    frame_shape: tuple[int, ...]
    facts: dict[str, Any]
    crops: Crops
    written: Written
    again: bool = False
    size_bytes: int = 0


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
    where, crops = f"scan '{pairing.scan}'", crops_of(pairing, footage)
    kept = kept or Stored(size=(int(crops.boxes[0].height), int(crops.boxes[0].width)))
    crops.require_shape(kept.size, where)
    view = view_of(pairing, gaze, footage, crops.boxes, kept.size)
    anchors = anchors_of(pairing, gaze)
    part = (pairing.from_ns, pairing.to_ns)
    if seen is not None and (crops, part) != (seen.crops, seen.written.part_ns):
        what = "the same video was taken in with another crop or part"
        raise ConfigError(what, where, "Give every observer's row the same.")
    frames = cut_frames(footage, pairing.video, pairing.frame_rate_hz, crops.around, kept.channels)
    written = seen.written if seen else write_clips(
        footage, frames, pairing.video, crops, kept, folder, pairing.scan, first_clip, part, report
    )  # fmt: skip
    crops.require_begun(written.whole_ns, where)
    frame_ns, end_ns = written.frame_ns, written.end_ns
    clock: Timeline | None = None
    if gaze.frame is None:
        clock, remarks = timeline_of(anchors, pairing, written.all_ns, written.whole_ns)
        time_ns = clock.to_video(gaze.time_ns)
    else:
        time_ns, remarks = times_of_frames(pairing, gaze.frame, written)
    require_overlap(pairing, time_ns, end_ns)
    frame = frame_of(time_ns, frame_ns, end_ns)
    x_px, y_px = view.to_frame(gaze.x, gaze.y, np.array(written.parts)[np.maximum(frame, 0)])
    near = _near_blinks(gaze, pairing.blink_margin_ns)
    x_px, y_px = np.where(near, np.nan, x_px), np.where(near, np.nan, y_px)
    stored = _stored(pairing, written, frame, time_ns, x_px, y_px, kept)
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
            most_frame=written.most,
            declared_ns=footage.declared_ns if pairing.to_ns is None else None,
            clock_ppm=clock.drift_ppm if clock else None,
            anchors=len(clock.gaze_ns) if clock else 0,
            residual_s=clock.residual_s if clock else 0.0,
            accepted=pairing.accept,
            screen=view.screen,
            remarks=(
                *remarks, *screen_remarks(pairing, gaze, footage, view),
                *remarks_of(pairing, gaze, footage, crops), *text_remarks(written),
            ),
        )
    )  # fmt: skip
    facts = facts_of(pairing, gaze, footage, view, clock, stored, quality)
    return Intake(
        stored=stored, quality=quality, frame_shape=kept.shape, facts=facts, crops=crops,
        written=written,
        size_bytes=sum(_size(folder / clip.row.file, clip.row.n_frames, kept) for clip in stored),
    )  # fmt: skip


def _size(path: Path, n_frames: int, kept: Stored) -> int:
    """Bytes that a clip's frames take on disk."""
    return n_frames * math.prod(kept.shape) if kept.store == "npy" else path.stat().st_size


def _near_blinks(gaze: GazeRecording, margin_ns: int) -> np.ndarray:
    near = np.zeros(len(gaze), bool)
    for first, last in gaze.blinks or () if margin_ns else ():
        near |= (gaze.time_ns >= first - margin_ns) & (gaze.time_ns <= last + margin_ns)
    return near


def _stored(
    pairing: Pairing,
    written: Written,
    frame: np.ndarray,
    time_ns: np.ndarray,
    x_px: np.ndarray,
    y_px: np.ndarray,
    kept: Stored,
) -> tuple[StoredClip, ...]:
    frame_ns = written.frame_ns
    of_image = (frame >= 0) & inside(x_px, y_px, kept.size)
    stored, first = [], 0
    longest = max(file.count for file in written.clips)
    for file in written.clips:
        begin, first = first, first + file.count
        if file.count < min(SHORTEST_CLIP, longest):
            file.path.unlink(missing_ok=True)
            continue
        of_clip = of_image & (frame >= begin) & (frame < first)
        order = np.argsort(frame[of_clip], kind="stable")
        points = GazePoints(
            frame=(frame[of_clip] - begin).astype(np.int32)[order],
            time_s=((time_ns[of_clip] - frame_ns[begin]) / 1e9)[order],
            x_px=np.round(x_px[of_clip], 4)[order],
            y_px=np.round(y_px[of_clip], 4)[order],
            observer_id=np.full(of_clip.sum(), pairing.observer) if pairing.observer else None,
        )
        row = clip_row(file.path, file.count, pairing.scan, pairing.split)
        stored.append(StoredClip(row=row, gaze=points, segments=()))
    return tuple(stored)
