"""Public video-saliency data: a folder as it was published becomes a data set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.data.folder import ClipRow
from fusbench.data.frames import fit_frames, fit_points
from fusbench.data.gaze import GazePoints
from fusbench.data.scan import DatasetInfo
from fusbench.data.writer import StoredClip, write_dataset
from fusbench.errors import DatasetError
from fusbench.files import file_sha256
from fusbench.footage.record import Footage
from fusbench.importing.frame_file import FrameFile
from fusbench.importing.quality import inside
from fusbench.importing.records import write_records
from fusbench.importing.study import SIGMA_SHARE, Study
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
    """The study with the data set's own sigma, licence and citation where it names none."""
    size = study.frame_size or published.shape
    scale = np.sqrt(size[0] / published.shape[0] * size[1] / published.shape[1])
    sigma_px = published.sigma_px and round(float(published.sigma_px * scale), 2)
    unnamed = Study()
    told = {
        key: getattr(published, key)
        for key in ("licence", "citation")
        if getattr(published, key) and getattr(study, key) == getattr(unnamed, key)
    }
    sigma_px = study.sigma_px or sigma_px or round(size[1] * SIGMA_SHARE, 2)
    return replace(study, frame_size=size, sigma_px=sigma_px, **told)


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
    assert study.sigma_px is not None
    groups = dict.fromkeys(video.group for video in published.videos)
    scans = {group: f"v{number:04d}" for number, group in enumerate(groups, start=1)}
    records: list[dict[str, Any]] = []

    def stored(part: Path) -> Iterator[StoredClip]:
        made: dict[str, int] = {}
        for number, video in enumerate(published.videos, start=1):
            scan = scans[video.group]
            clips = list(_clips(part, video, scan, made.get(scan, 0), study))
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

    info = DatasetInfo(
        name=study.name or root.resolve().name,
        version=study.version,
        licence=study.licence,
        citation=study.citation,
        description=study.description,
        frame_rate_hz=round(float(published.rate_hz) / study.every, 3),
        frame_shape=(*study.frame_size, 3) if study.colour else study.frame_size,
        gaze_rate_hz=published.gaze_rate_hz,
        sigma_px=study.sigma_px,
    )
    write_dataset(root, info, stored)
    return len(scans), sum(len(record["clips"]) for record in records)


def _clips(
    root: Path, video: PublicVideo, scan: str, before: int, study: Study
) -> Iterator[StoredClip]:
    """The clips of a video, numbered after those `before`; their frames are on disk."""
    footage = video.open()
    assert study.frame_size is not None
    size, channels = study.frame_size, 3 if study.colour else 1
    shape = (*size, 3) if study.colour else size
    times: list[int] = []
    files: list[FrameFile] = []
    for time_ns, picture in footage.read():
        if len(times) == video.n_frames:
            break
        times.append(time_ns)
        if (len(times) - 1) % study.every:
            continue
        if not files or files[-1].count == study.clip_length:
            if files:
                files[-1].close()
            name = f"{scan}-{before + len(files) + 1:03d}.npy"
            files.append(FrameFile(root / "frames" / name, shape))
        files[-1].append(fit_frames(picture[None], size, channels)[0])
    if files:
        files[-1].close()
    if not times or len(times) < (video.n_frames or 0):
        what = f"has {len(times)} frames, and gaze on {video.n_frames or 0}"
        raise DatasetError(what, video.where, "Restore the missing frames.")
    frame_ns = np.array(times, np.int64)
    gaze = video.gaze(frame_ns, footage.shape)
    x_px, y_px = fit_points(gaze.x, gaze.y, gaze.shape, size)
    kept = inside(x_px, y_px, size)
    frame = gaze.frame // study.every
    first = 0
    for file in files:
        here = kept & (frame >= first) & (frame < first + file.count)
        points = GazePoints(
            frame=(frame[here] - first).astype(np.int32),
            time_s=np.round((gaze.time_ns[here] - frame_ns[first * study.every]) / 1e9, 6),
            x_px=np.round(x_px[here], 4),
            y_px=np.round(y_px[here], 4),
            observer_id=None if gaze.observer is None else gaze.observer[here],
        )
        row = ClipRow(
            clip_id=file.path.stem,
            scan_id=scan,
            split=video.split,
            n_frames=file.count,
            file=f"frames/{file.path.name}",
            sha256=file_sha256(file.path),
        )
        first += file.count
        yield StoredClip(row=row, gaze=points, segments=())


def video_files(source: Path) -> dict[str, Path]:
    """Videos below a folder by their name, those of saliency maps left out."""
    found: dict[str, Path] = {}
    for path in sorted(source.rglob("*")):
        parts = path.relative_to(source).parts[:-1]
        of_maps = any(part.lower().startswith("saliency") for part in parts)
        if path.suffix.lower() in VIDEOS and not of_maps:
            found.setdefault(path.stem, path)
    return found
