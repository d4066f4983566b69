"""Data sets in DHF1K's layout, and its relatives: images and fixation pictures, frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from fusbench.footage.kinds import natural
from fusbench.footage.open import open_footage
from fusbench.footage.pictures import picture_files
from fusbench.footage.record import Footage
from fusbench.importing.frame_file import FrameFile
from fusbench.importing.pairing import PARSERS
from fusbench.importing.records import write_records
from fusbench.importing.study import SIGMA_SHARE, Study

SPLIT_NAMES = {"train": "train", "training": "train", "val": "val", "validation": "val"}
SPLIT_NAMES |= {"test": "test", "testing": "test"}
LAST_TRAIN, LAST_VAL = 600, 700
VIDEOS = (".avi", ".mp4", ".mkv")
RATE_HZ = "30"


def import_dhf1k(
    root: Path,
    source: Path,
    study: Study,
    frame_rate: str = "",
    report: Callable[[int, int], None] | None = None,
) -> tuple[int, int]:
    """Make a data set folder of a folder in DHF1K's layout.

    Every folder below `source` that holds ``fixation/`` is a scan. Its frames are ``images/``, or
    the video of the same number under ``video/``. No time of a gaze sample survives in this layout,
    nor more than one point a pixel: a point gets its frame's time. Scans below a folder named like
    a split belong to it; numbered ones follow DHF1K: up to 600 train, up to 700 val, then test.

    Returns
    -------
    (int, int)
        Scans and clips.

    Raises
    ------
    DatasetError
        If the layout is another, or a picture is damaged or missing.
    """
    folders = sorted(
        {path.parent for path in source.rglob("fixation") if path.is_dir()},
        key=lambda path: [natural(Path(part)) for part in path.parts],
    )
    if not folders:
        fix = "Give the folder that holds NUMBER/{images,maps,fixation}."
        raise DatasetError("holds no folder named fixation", str(source), fix)
    rate: Fraction = PARSERS["frame_rate"][1](frame_rate or RATE_HZ)
    _pictures(folders[0] / "fixation")
    size = study.frame_size or open_footage(folders[0] / "fixation", rate).shape
    records: list[dict[str, Any]] = []

    def stored(part: Path) -> Iterator[StoredClip]:
        for number, folder in enumerate(folders, start=1):
            yield from _scan(part, folder, number, source, size, study, rate, records)
            if report:
                report(number, len(folders))
        write_records(part, records)

    info = DatasetInfo(
        name=study.name or root.resolve().name,
        version=study.version,
        licence=study.licence,
        citation=study.citation,
        description=study.description,
        frame_rate_hz=round(float(rate), 3),
        frame_shape=(*size, 3) if study.colour else size,
        gaze_rate_hz=round(float(rate), 3),
        sigma_px=study.sigma_px or round(size[1] * SIGMA_SHARE, 2),
    )
    write_dataset(root, info, stored)
    return len(folders), sum(len(record["clips"]) for record in records)


def _pictures(folder: Path) -> list[Path]:
    files = picture_files(folder)
    if not files:
        raise DatasetError("holds no picture", str(folder), "Restore it, or remove the folder.")
    return files


def _split(folder: Path, source: Path) -> str:
    for part in reversed(folder.relative_to(source).parts[:-1]):
        if part.lower() in SPLIT_NAMES:
            return SPLIT_NAMES[part.lower()]
    number = int(folder.name) if folder.name.isdecimal() else 0
    return "train" if number <= LAST_TRAIN else "val" if number <= LAST_VAL else "test"


def _footage(folder: Path, source: Path, rate: Fraction) -> Footage:
    if (folder / "images").is_dir():
        return open_footage(folder / "images", rate)
    if folder.name.isdecimal():
        for video in sorted(source.rglob("*")):
            if video.suffix.lower() in VIDEOS and video.stem.lstrip("0") == folder.name.lstrip("0"):
                return open_footage(video)
    fix = "Give images/ in it, or the video of its number."
    raise DatasetError("holds no frames", str(folder), fix)


def _scan(
    root: Path, folder: Path, number: int, source: Path, size: tuple[int, int], study: Study,
    rate: Fraction, records: list[dict[str, Any]],
) -> Iterator[StoredClip]:  # fmt: skip
    channels = 3 if study.colour else 1
    shape = (*size, 3) if study.colour else size
    fixations = _pictures(folder / "fixation")
    scan = f"v{number:04d}"
    clips: list[str] = []
    frames = _footage(folder, source, rate).read()
    gazed = open_footage(folder / "fixation", rate).read()
    for start in range(0, len(fixations), study.clip_length):
        files = fixations[start : start + study.clip_length]
        path = root / "frames" / f"{scan}-{len(clips) + 1:03d}.npy"
        points = []
        with FrameFile(path, shape) as file:
            for index in range(len(files)):
                found = next(frames, None)
                if found is None:
                    what = f"has {start + index} frames for {len(fixations)} fixation pictures"
                    raise DatasetError(what, str(folder), "Restore the missing frames.")
                file.append(fit_frames(found[1][None], size, channels)[0])
                points.append(_points(next(gazed)[1], size))
            file.close()
        frame = np.repeat(np.arange(len(files), dtype=np.int32), [len(x) for x, _ in points])
        gaze = GazePoints(
            frame=frame,
            time_s=np.round(frame / float(rate), 6),
            x_px=np.concatenate([x for x, _ in points]),
            y_px=np.concatenate([y for _, y in points]),
        )
        row = ClipRow(
            clip_id=path.stem,
            scan_id=scan,
            split=_split(folder, source),
            n_frames=len(files),
            file=f"frames/{path.name}",
            sha256=file_sha256(path),
        )
        clips.append(row.clip_id)
        yield StoredClip(row=row, gaze=gaze, segments=())
    records.append({"scan_id": scan, "clips": clips, "layout": "dhf1k", "frames": len(fixations)})


def _points(picture: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Gazed pixels of a fixation picture, in pixels of a frame of `size`."""
    picture = picture if picture.ndim == 2 else picture.max(axis=2)
    y, x = np.nonzero(picture)
    return fit_points(x.astype(float), y.astype(float), picture.shape[:2], size)
