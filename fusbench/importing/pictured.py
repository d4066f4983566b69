"""Public data whose gaze is a picture a frame: DHF1K, and Hollywood-2 and UCF Sports after it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np

from fusbench.errors import DatasetError
from fusbench.footage.kinds import natural
from fusbench.footage.open import open_footage
from fusbench.footage.pictures import picture_files
from fusbench.footage.record import Footage
from fusbench.importing.public import PublicGaze, PublicVideo, Published, video_files
from fusbench.numerals import is_whole

SPLIT_NAMES = {"train": "train", "training": "train", "val": "val", "validation": "val"}
SPLIT_NAMES |= {"test": "test", "testing": "test"}
LAST_TRAIN, LAST_VAL = 600, 700
HALF_WIDTHS = 2 * math.sqrt(2 * math.log(2))  # full width at half maximum, in deviations
EYE_MOVEMENTS = "Mathe and Sminchisescu, TPAMI 37(7), 2015, doi:10.1109/TPAMI.2014.2366154"
LAYOUT_OF = "Wang et al., CVPR 2018, arXiv:1801.07424"
VAL_EACH = 10


@dataclass(frozen=True, kw_only=True)
class Pictured:
    """What is known of a data set that is published as pictures.

    Parameters
    ----------
    rate_hz : Fraction
    sigma_px : float
        Of the Gaussian that its maps were blurred with, in its own pixels.
    licence, citation : str
    group : str
        Regular expression: what of a folder's name tells one source from another.
    """

    rate_hz: Fraction
    sigma_px: float
    licence: str
    citation: str
    group: str = "(.*)"


KNOWN = {
    "dhf1k": Pictured(
        rate_hz=Fraction(30),
        sigma_px=30 / HALF_WIDTHS,
        licence="as published: see https://github.com/wenguanwang/DHF1K",
        citation=LAYOUT_OF,
    ),
    "hollywood2": Pictured(
        rate_hz=Fraction(24),
        sigma_px=20.0,
        licence="research only: see http://vision.imar.ro/eyetracking",
        citation=f"{EYE_MOVEMENTS}; {LAYOUT_OF}",
        group=r"(.*)_\d+",  # shots of a clip
    ),
    "ucf-sports": Pictured(
        rate_hz=Fraction(24),
        sigma_px=20.0,
        licence="research only: see http://vision.imar.ro/eyetracking",
        citation=f"{EYE_MOVEMENTS}; {LAYOUT_OF}",
    ),
}


def pictured(source: Path, rate_hz: Fraction | None = None, *, layout: str) -> Published:
    """A folder in DHF1K's layout.

    Every folder below `source` that holds ``fixation/`` is a video. Its frames are ``images/``, or
    the video of the same number. No time of a gaze sample survives in this layout, nor more than
    one point a pixel: a point gets its frame's time. Videos below a folder named like a split
    belong to it; numbered ones follow DHF1K: up to 600 train, up to 700 val, then test. The others
    have no val split: each tenth scan of the train split, in order of name, is taken for it.

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
    known = KNOWN[layout]
    original = layout != "dhf1k" or (source / "annotation").is_dir()
    rate = rate_hz or known.rate_hz
    files = video_files(source)
    videos = [_video(folder, source, files, rate, known.group) for folder in folders]
    return Published(
        layout=layout,
        videos=videos if layout == "dhf1k" else _with_val(videos),
        rate_hz=rate,
        sigma_px=known.sigma_px if original else None,
        shape=open_footage(folders[0] / "fixation", rate).shape,
        gaze_rate_hz=round(float(rate), 3),
        licence=known.licence if original else "",
        citation=known.citation if original else "",
    )


def _with_val(videos: list[PublicVideo]) -> list[PublicVideo]:
    train = dict.fromkeys(video.group for video in videos if video.split == "train")
    val = set(list(train)[VAL_EACH - 1 :: VAL_EACH])
    return [replace(video, split="val") if video.group in val else video for video in videos]


def _video(
    folder: Path, source: Path, files: dict[str, Path], rate: Fraction, group: str
) -> PublicVideo:
    pictures = picture_files(folder / "fixation")
    if not pictures:
        fix = "Restore it, or remove the folder."
        raise DatasetError("holds no picture", str(folder / "fixation"), fix)
    found = re.fullmatch(group, folder.name)
    name = found[1] if found else folder.name
    return PublicVideo(
        group=str(folder.parent.relative_to(source) / name),
        split=_split(folder, source),
        where=str(folder),
        open=partial(_footage, folder, files, rate),
        gaze=partial(_gaze, folder / "fixation", rate),
        n_frames=len(pictures),
    )


def _split(folder: Path, source: Path) -> str:
    for part in reversed(folder.relative_to(source).parts[:-1]):
        if part.lower() in SPLIT_NAMES:
            return SPLIT_NAMES[part.lower()]
    number = int(folder.name) if is_whole(folder.name) else 0
    return "train" if number <= LAST_TRAIN else "val" if number <= LAST_VAL else "test"


def _footage(folder: Path, files: dict[str, Path], rate: Fraction) -> Footage:
    if (folder / "images").is_dir():
        return open_footage(folder / "images", rate)
    if is_whole(folder.name):
        for name, video in files.items():
            if is_whole(name) and int(name) == int(folder.name):
                return open_footage(video)
    fix = "Give images/ in it, or the video of its number."
    raise DatasetError("holds no frames", str(folder), fix)


def _gaze(folder: Path, rate: Fraction, frame_ns: np.ndarray, shape: tuple[int, int]) -> PublicGaze:
    """Gazed pixels of each fixation picture, at the time of its frame."""
    footage = open_footage(folder, rate)
    at = []
    for _, picture in footage.read():
        flat = picture if picture.ndim == 2 else picture.max(axis=2)
        at.append(np.stack(np.nonzero(flat)))
    counts = [points.shape[1] for points in at]
    frame = np.repeat(np.arange(len(at)), counts)
    y, x = np.concatenate(at, axis=1).astype(float)
    return PublicGaze(frame=frame, time_ns=frame_ns[frame], x=x, y=y, shape=footage.shape)
