"""AViMoS: mp4 videos with the fixations of each frame as JSON, as in AIM 2024 and NTIRE 2026."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np

from fusbench.errors import DatasetError
from fusbench.footage.open import frame_rate_hz, open_footage
from fusbench.importing.public import PublicGaze, PublicVideo, Published, video_files
from fusbench.reading import read_json, read_json_list

SPLIT_FILE, FIXATIONS = "TrainTestSplit.json", "fixations.json"
SPLITS = (("train", "train"), ("public", "val"), ("private", "test"), ("test", "test"))
SIGMA_PX = 120.0  # of Full HD
LARGEST = 1 << 30  # bytes
GAZE_HZ = 100.0  # to which the traces were resampled
LICENCE = "CC-BY-4.0"
CITATION = "Moskalenko et al., AIM 2024 Challenge on Video Saliency Prediction, arXiv:2409.14827"


def avimos(source: Path, rate_hz: Fraction | None = None) -> Published:
    """A folder of videos, ``TrainTestSplit.json`` and ``NAME/fixations.json``.

    The public test videos are the val split, the private ones the test split. A fixation is a row
    and a column; who made it is not told. Videos without fixations are left out.

    Raises
    ------
    DatasetError
        If a part is missing or damaged.
    """
    found = next(iter(sorted(source.rglob(SPLIT_FILE))), None)
    if found is None:
        fix = "Give the folder that holds it, Videos/ and the unpacked fixations."
        raise DatasetError(f"holds no {SPLIT_FILE}", str(source), fix)
    told = {path.parent.name: path for path in sorted(source.rglob(FIXATIONS))}
    files = video_files(source)
    videos = []
    for name, split in _splits(found):
        if name not in told:
            continue
        if name not in files:
            raise DatasetError(f"no video is called '{name}'", str(source), "Unpack Videos.zip.")
        points = _fixations(told[name])
        videos.append(
            PublicVideo(
                group=name,
                split=split,
                where=str(files[name]),
                open=partial(open_footage, files[name]),
                gaze=partial(_gaze, points),
                n_frames=len(points),
            )
        )
    if not videos:
        what = f"no video of {SPLIT_FILE} has its {FIXATIONS}"
        raise DatasetError(what, str(source), "Unpack FixationsTrain.zip and FixationsTest.zip.")
    first = files[videos[0].group]
    return Published(
        layout="avimos",
        videos=videos,
        rate_hz=rate_hz or Fraction(frame_rate_hz(first)).limit_denominator(1001),
        sigma_px=SIGMA_PX,
        shape=open_footage(first).shape,
        gaze_rate_hz=GAZE_HZ,
        licence=LICENCE,
        citation=CITATION,
    )


def _splits(path: Path) -> list[tuple[str, str]]:
    """Names of the videos with their splits, in the file's order."""
    content = read_json(path, DatasetError, fix="Download it again.", most=LARGEST)
    found = []
    for key, names in content.items():
        split = next((split for word, split in SPLITS if word in key.lower()), None)
        if split is None or not isinstance(names, list):
            fix = "Its keys are train, public_test and private_test, each a list of names."
            raise DatasetError(f"'{str(key)[:40]}' is no split", str(path), fix)
        found += [(Path(str(name)).stem, split) for name in names]
    return found


def _fixations(path: Path) -> list[np.ndarray]:
    """Rows and columns of the fixations of each frame, int (N, 2)."""
    points = []
    frames = read_json_list(path, DatasetError, fix="Download it again.", most=LARGEST)
    for number, frame in enumerate(frames):
        try:
            array = np.array(frame, float).reshape(-1, 2)
        except (ValueError, TypeError):
            array = np.array([[np.nan, np.nan]])
        if not np.isfinite(array).all():
            fix = "A frame's fixations are pairs of row and column."
            raise DatasetError("is no list of fixations", f"{path}, frame {number}", fix)
        points.append(array)
    return points


def _gaze(points: list[np.ndarray], frame_ns: np.ndarray, shape: tuple[int, int]) -> PublicGaze:
    frame = np.repeat(np.arange(len(points)), [len(array) for array in points])
    y, x = np.concatenate([np.empty((0, 2)), *points]).T
    return PublicGaze(frame=frame, time_ns=frame_ns[frame], x=x, y=y, shape=shape)
