"""GazeCom: videos, and a table of gaze for each observer in Weka's ARFF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np

from fusbench.errors import DatasetError
from fusbench.footage.clock import frame_of
from fusbench.footage.open import frame_rate_hz, open_footage
from fusbench.importing.geometry import extent_mm
from fusbench.importing.public import PublicGaze, PublicVideo, Published, video_files
from fusbench.numerals import number, numbers

NAME = re.compile(r"([A-Za-z0-9]+)_(.+)")
METADATA = re.compile(r"%@METADATA\s+(\w+)\s+(\S+)", re.IGNORECASE)
ATTRIBUTE = re.compile(r"@ATTRIBUTE\s+(\S+)", re.IGNORECASE)
LEAST_CONFIDENCE = 0.5
DEALT = ("test", "val", "train", "train", "train")
LICENCE = "as published: see https://www.inb.uni-luebeck.de"
CITATION = (
    "Dorr et al., Journal of Vision 10(10), 2010, doi:10.1167/10.10.28; gaze as ARFF:"
    " Agtzidis et al., In the pursuit of (ground) truth, ETVIS 2016"
)


@dataclass(frozen=True, kw_only=True)
class Arff:
    """Gaze of one observer: microseconds since the video's start, pixels from the edge.

    Parameters
    ----------
    time_us, x, y : ndarray of float64, shape (N,)
        Valid samples alone.
    facts : dict
        Numbers of the header, such as ``width_px``.
    """

    time_us: np.ndarray
    x: np.ndarray
    y: np.ndarray
    facts: dict[str, float]


def gazecom(source: Path, rate_hz: Fraction | None = None) -> Published:
    """A folder of videos and of ``OBSERVER_VIDEO.arff`` files.

    Each observer keeps a name. There is no official split and no official sigma: of the videos in
    order of name each fifth is the test split, the next one the val split, and sigma is one degree
    of visual angle by the files' own geometry.

    Raises
    ------
    DatasetError
        If a part is missing or damaged.
    """
    files = video_files(source)
    told: dict[str, dict[str, Path]] = {}
    for path in sorted(source.rglob("*.arff")):
        found = NAME.fullmatch(path.stem)
        if found:
            told.setdefault(found[2], {}).setdefault(found[1], path)
    names = sorted(name for name in told if name in files)
    if not names:
        what = "holds no OBSERVER_VIDEO.arff whose VIDEO is there too"
        fix = "Give the folder that holds the videos and gaze_arff/."
        raise DatasetError(what, str(source), fix)
    videos = [
        PublicVideo(
            group=name,
            split=DEALT[number % len(DEALT)],
            where=str(files[name]),
            open=partial(open_footage, files[name]),
            gaze=partial(_gaze, told[name]),
        )
        for number, name in enumerate(names)
    ]
    first = files[names[0]]
    whose = next(iter(told[names[0]].values()))
    sample = read_arff(whose)
    step_us = float(np.median(np.diff(sample.time_us))) if len(sample.time_us) > 1 else 4000.0
    return Published(
        layout="gazecom-arff",
        videos=videos,
        rate_hz=rate_hz or Fraction(frame_rate_hz(first)).limit_denominator(1001),
        sigma_px=_degree_px(sample.facts),
        shape=open_footage(first).shape,
        gaze_rate_hz=round(1e6 / step_us, 1),
        licence=LICENCE,
        citation=CITATION,
    )


def _degree_px(facts: dict[str, float]) -> float | None:
    """Pixels of a degree at the screen's centre; None where the header does not tell."""
    known = [facts.get(key, 0.0) for key in ("distance_mm", "width_px", "width_mm")]
    if not all(known):
        return None
    distance_mm, width_px, width_mm = known
    return extent_mm(1.0, distance_mm) * width_px / width_mm


def read_arff(path: Path) -> Arff:
    """Valid samples of an ARFF file of gaze.

    Raises
    ------
    DatasetError
        If it lacks a column, or a number is none.
    """
    facts: dict[str, float] = {}
    columns: list[str] = []
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            for line in stream:
                text = line.strip()
                if found := METADATA.match(text):
                    facts[found[1].lower()] = max(0.0, *numbers([found[2]]))
                elif found := ATTRIBUTE.match(text):
                    columns.append(found[1].strip("'\"").lower())
                elif text.upper().startswith("@DATA"):
                    break
            if not {"time", "x", "y"} <= set(columns):
                fix = "Its attributes are time, x, y and confidence."
                raise DatasetError("is no ARFF file of gaze", str(path), fix)
            used = [name for name in ("time", "x", "y", "confidence") if name in columns]
            places = [columns.index(name) for name in used]
            rows = list(_rows(stream))
            table = np.array([[number(row[place]) for place in places] for row in rows])
    except (OSError, ValueError, IndexError) as error:
        what = f"cannot be read: {error}"
        raise DatasetError(what, str(path), "Download it again.") from None
    time_us, x, y, *confidence = table.reshape(-1, len(used)).T
    valid = np.isfinite(x) & np.isfinite(y) & ~((x == 0) & (y == 0))
    if confidence:
        valid &= confidence[0] >= LEAST_CONFIDENCE
    return Arff(time_us=time_us[valid], x=x[valid], y=y[valid], facts=facts)


def _rows(stream: Iterator[str]) -> Iterator[list[str]]:
    return (line.split(",") for line in stream if line.strip() and not line.startswith("%"))


def _gaze(told: dict[str, Path], frame_ns: np.ndarray, shape: tuple[int, int]) -> PublicGaze:
    """Samples of all observers, on the frame that was on screen."""
    steps = np.diff(frame_ns)
    end_ns = int(frame_ns[-1] + (np.median(steps) if len(steps) else 0))
    size: tuple[int, int] | None = None
    columns: list[tuple[np.ndarray, ...]] = []
    for who, path in told.items():
        gaze = read_arff(path)
        height, width = gaze.facts.get("height_px"), gaze.facts.get("width_px")
        own = (int(height), int(width)) if height and width else shape
        if size not in (None, own):
            what = f"its picture has {own[1]} x {own[0]} pixels, another observer's has others"
            raise DatasetError(what, str(path), "Download it again.")
        size = own
        time_ns = np.round(gaze.time_us * 1000).astype(np.int64)
        frame = frame_of(time_ns, frame_ns, end_ns)
        there = frame >= 0
        names = np.full(int(there.sum()), who)
        columns.append((frame[there], time_ns[there], gaze.x[there], gaze.y[there], names))
    frame, time_ns, x, y, names = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    order = np.lexsort((time_ns, frame))
    return PublicGaze(
        frame=frame[order], time_ns=time_ns[order], x=x[order] - 0.5, y=y[order] - 0.5,
        shape=size or shape, observer=names[order],
    )  # fmt: skip
