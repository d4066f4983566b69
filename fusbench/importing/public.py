"""Public video-saliency data: a folder as it was published becomes a data set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.data.frames import fit_points
from fusbench.data.gaze import GazePoints
from fusbench.data.writer import StoredClip, write_dataset
from fusbench.errors import ConfigError, DatasetError, counted
from fusbench.footage.box import Box
from fusbench.footage.crops import constant
from fusbench.footage.record import Footage
from fusbench.importing.clip_files import Stored, clip_row, write_clips
from fusbench.importing.cutting import cut
from fusbench.importing.described import Study, info_of, stored_as
from fusbench.importing.quality import inside
from fusbench.importing.records import write_records
from fusbench.progress import Report

VIDEOS = (".avi", ".mp4", ".mkv", ".mpg", ".mpeg", ".m2t", ".ts", ".mov")


@dataclass(frozen=True, kw_only=True)
class PublicGaze:
    """Gaze on a video, in pixels of a picture of `shape`, their centres at whole numbers.

    Parameters
    ----------
    frame : ndarray of int, shape (N,)
        In order.
    time_ns : ndarray of int64, shape (N,)
        Since the video's first frame.
    x, y : ndarray of float64, shape (N,)
    shape : (int, int)
        Rows and columns.
    observer : ndarray of str, shape (N,), or None
    """

    frame: np.ndarray
    time_ns: np.ndarray
    x: np.ndarray
    y: np.ndarray
    shape: tuple[int, int]
    observer: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True)
class PublicVideo:
    """A video of a public data set.

    Parameters
    ----------
    group : str
        Name of what it was cut from; videos of a group are one scan.
    split : str
    where : str
        For messages.
    open : callable
        Returns its footage.
    gaze : callable
        Given the frames' times, int64 (T,), and the footage's shape, returns its gaze.
    n_frames : int, optional
        So many frames have gaze; those after them are left out.
    """

    group: str
    split: str
    where: str
    open: Callable[[], Footage]
    gaze: Callable[[np.ndarray, tuple[int, int]], PublicGaze]
    n_frames: int | None = None


@dataclass(frozen=True, kw_only=True)
class Published:
    """A public data set as it lies on disk.

    Parameters
    ----------
    layout : str
    videos : sequence of PublicVideo
    rate_hz : Fraction
        Frames a second.
    sigma_px : float or None
        Deviation that its benchmark makes maps with, in pixels of a picture of `shape`.
    shape : (int, int)
        Of the first video's picture.
    gaze_rate_hz : float
    licence, citation : str
        "" where they are not known.
    """

    layout: str
    videos: Sequence[PublicVideo]
    rate_hz: Fraction
    sigma_px: float | None
    shape: tuple[int, int]
    gaze_rate_hz: float
    licence: str = ""
    citation: str = ""


def described(published: Published, study: Study) -> Study:
    """The study with the data set's own sigma, licence and citation where it names none.

    Raises
    ------
    ConfigError
        If sigma is a visual angle: no layout tells what screen was looked at.
    """
    if study.sigma_deg is not None:
        raise ConfigError("a layout tells no screen", fix="Give --sigma-px in its place.")
    size = study.frame_size or published.shape
    scale = np.sqrt(size[0] / published.shape[0] * size[1] / published.shape[1])
    sigma_px = published.sigma_px and round(float(published.sigma_px * scale), 2)
    unnamed = Study()
    told = {
        key: getattr(published, key)
        for key in ("licence", "citation")
        if getattr(published, key) and getattr(study, key) == getattr(unnamed, key)
    }
    return replace(study, frame_size=size, sigma_px=study.sigma_px or sigma_px, **told)


def import_published(
    root: Path, published: Published, study: Study, report: Report | None = None
) -> tuple[int, int]:
    """Make a data set folder of a public data set.

    Pictures of another size than the first are stretched to its size, their gaze with them.

    Returns
    -------
    (int, int)
        Scans and clips.

    Raises
    ------
    DatasetError
        If a file is damaged or missing; nothing is left behind then.
    """
    study = described(published, study)
    assert study.frame_size is not None
    kept = stored_as(study, study.frame_size)
    groups = dict.fromkeys(video.group for video in published.videos)
    scans = {group: f"v{number:04d}" for number, group in enumerate(groups, start=1)}
    records: list[dict[str, Any]] = []

    def stored(part: Path) -> Iterator[StoredClip]:
        made: dict[str, int] = {}
        for number, video in enumerate(published.videos, start=1):
            scan = scans[video.group]
            clips = list(_clips(part, video, scan, made.get(scan, 0), kept))
            made[scan] = made.get(scan, 0) + len(clips)
            names = [clip.row.clip_id for clip in clips]
            frames = sum(clip.row.n_frames for clip in clips)
            records.append(
                {"scan_id": scan, "clips": names, "layout": published.layout, "frames": frames}
            )
            yield from clips
            if report:
                report(number, len(published.videos))
        write_records(part, records)

    rate_hz = round(float(published.rate_hz) / study.every, 3)
    info = info_of(study, root, kept.shape, rate_hz, published.gaze_rate_hz)
    write_dataset(root, info, stored)
    return len(scans), sum(len(record["clips"]) for record in records)


def _clips(
    root: Path, video: PublicVideo, scan: str, before: int, kept: Stored
) -> Iterator[StoredClip]:
    """The clips of a video, numbered after those `before`; their frames are on disk."""
    footage = video.open()
    crops = constant(Box(0, 0, footage.shape[1], footage.shape[0]))
    with_gaze = replace(footage, read=lambda: islice(footage.read(), video.n_frames))
    frames = cut(with_gaze, Path(video.where), crops.around, kept.channels)
    written = write_clips(with_gaze, frames, Path(video.where), crops, kept, root, scan, before + 1)
    frame_ns = written.all_ns
    if len(frame_ns) < (video.n_frames or 0):
        what = f"has {counted(len(frame_ns), 'frame')}, and gaze on {video.n_frames}"
        raise DatasetError(what, video.where, "Restore the missing frames.")
    gaze = video.gaze(frame_ns, footage.shape)
    x_px, y_px = fit_points(gaze.x, gaze.y, gaze.shape, kept.size)
    on_frame = inside(x_px, y_px, kept.size)
    frame = gaze.frame // kept.every
    first = 0
    for file in written.clips:
        here = on_frame & (frame >= first) & (frame < first + file.count)
        points = GazePoints(
            frame=(frame[here] - first).astype(np.int32),
            time_s=np.round((gaze.time_ns[here] - written.frame_ns[first]) / 1e9, 6),
            x_px=np.round(x_px[here], 4),
            y_px=np.round(y_px[here], 4),
            observer_id=None if gaze.observer is None else gaze.observer[here],
        )
        row = clip_row(file.path, file.count, scan, video.split)
        yield StoredClip(row=row, gaze=points, segments=())
        first += file.count


def video_files(source: Path) -> dict[str, Path]:
    """Videos below a folder by their name, those of saliency maps left out."""
    found: dict[str, Path] = {}
    for path in sorted(source.rglob("*")):
        parts = path.relative_to(source).parts[:-1]
        of_maps = any(part.lower().startswith("saliency") for part in parts)
        if path.suffix.lower() in VIDEOS and not of_maps:
            found.setdefault(path.stem, path)
    return found
