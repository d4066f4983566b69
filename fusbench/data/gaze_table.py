"""``gaze.csv``: the gaze of all clips, checked row by row and dealt out to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fusbench.data.gaze import GazePoints
from fusbench.data.long_table import Piece, iter_table, read_header
from fusbench.data.scan import DatasetInfo
from fusbench.errors import DatasetError, FusbenchError
from fusbench.reading import read_json

GAZE_COLUMNS = ("clip_id", "frame", "time_s", "x_px", "y_px")
OBSERVER = "observer_id"
ADDING = "adding.json"  # names the clips that are on their way into the folder
MISSING = "A data set needs it."
KINDS = {"clip": np.int32, "frame": np.int32, "time_s": float, "x_px": float, "y_px": float}
Report = Callable[[FusbenchError], None]
Columns = dict[str, np.ndarray]


@dataclass
class Fault:
    """Rows with the same mistake: the first one, and how many they are."""

    what: str
    fix: str
    where: str = ""
    count: int = 0

    def error(self) -> DatasetError:
        """Told in one line."""
        many = f" ({self.count} rows in all)" if self.count > 1 else ""
        return DatasetError(f"{self.what}{many}", self.where, self.fix)


@dataclass
class Reading:
    """What is known while the rows are read: clips, image, faults and observers so far."""

    path: Path
    place: Mapping[str, int]
    length: np.ndarray
    image_shape: tuple[int, int]
    coming: set[str]
    faults: dict[int, Fault] = field(default_factory=dict)
    observers: dict[str, int] = field(default_factory=dict)


def read_gaze(
    path: Path, n_frames: Mapping[str, int], info: DatasetInfo, report: Report
) -> dict[str, GazePoints]:
    """The gaze of each clip, sorted by frame and time; faulty rows are reported and left out.

    Parameters
    ----------
    path : Path
    n_frames : mapping of str to int
        Frames of each clip.
    info : DatasetInfo
    report : callable
        Told of each kind of mistake once, with its first row.

    Raises
    ------
    DatasetError
        If there is no such table.
    """
    reading = Reading(
        path=path,
        place={name: number for number, name in enumerate(n_frames)},
        length=np.array([*n_frames.values(), 0], np.int64),
        image_shape=info.image_shape,
        coming=pending(path.parent) - set(n_frames),
    )
    named = OBSERVER in read_header(path, GAZE_COLUMNS, MISSING)
    texts = ("clip_id", OBSERVER) if named else ("clip_id",)
    pieces = iter_table(path, texts, GAZE_COLUMNS[1:], missing=MISSING)
    table = _joined(_sound(piece, reading) for piece in pieces)
    for _, fault in sorted(reading.faults.items()):
        report(fault.error())
    _sort(table)
    names = np.array([*reading.observers], np.str_)
    bounds = np.searchsorted(table["clip"], np.arange(len(n_frames) + 1)).tolist()
    return {
        name: GazePoints(
            frame=table["frame"][first:last],
            time_s=table["time_s"][first:last],
            x_px=table["x_px"][first:last],
            y_px=table["y_px"][first:last],
            observer_id=names[table[OBSERVER][first:last]] if named and len(names) else None,
        )
        for name, first, last in zip(n_frames, bounds, bounds[1:], strict=False)
    }


def _sound(piece: Piece, reading: Reading) -> Columns:
    """The rows of a piece that are right; the mistakes of the others are counted."""
    clip = piece.texts["clip_id"].map(reading.place, -1)
    left_out = piece.texts["clip_id"].map(dict.fromkeys(reading.coming, 1), 0) == 1
    frame, time_s, x, y = (piece.numbers[key] for key in GAZE_COLUMNS[1:])
    height, width = reading.image_shape
    known = clip >= 0
    finite = np.isfinite(np.stack([time_s, frame, x, y])).all(axis=0)
    whole = np.where(finite, frame, -1) % 1 == 0
    checks = (
        (~known & ~left_out, "the clip is not in clips.csv", "Add the clip or drop the point."),
        (~finite, "a value is missing or not finite", "Leave out samples without valid gaze."),
        (
            finite & known & ~((frame >= 0) & (frame < reading.length[clip]) & whole),
            "the frame is outside the clip",
            "Frames count from 0 to n_frames - 1.",
        ),
        (
            finite & ~((x >= -0.5) & (x < width - 0.5) & (y >= -0.5) & (y < height - 0.5)),
            f"the point lies outside the {height} x {width} image",
            "Give pixels of the stored frame, not of the screen, and leave out gaze beside it.",
        ),
    )
    for number, (faulty, what, fix) in enumerate(checks):
        at = np.flatnonzero(faulty & ~left_out)
        if len(at):
            names, first = piece.texts["clip_id"], at[0]
            row = f"row {piece.first_row + first}, clip '{names.names[names.at[first]]}'"
            point = f"{what}: time_s {time_s[first]}, x_px {x[first]}, y_px {y[first]}"
            new = Fault(what=point, fix=fix, where=f"{reading.path}, {row}")
            reading.faults.setdefault(number, new).count += len(at)
            left_out[at] = True
    columns = {"clip": clip, "frame": frame, "time_s": time_s, "x_px": x, "y_px": y}
    if OBSERVER in piece.texts:
        for name in piece.texts[OBSERVER].names:
            reading.observers.setdefault(name, len(reading.observers))
        columns[OBSERVER] = piece.texts[OBSERVER].map(reading.observers, 0)
    return {
        name: column[~left_out].astype(KINDS.get(name, np.int32))
        for name, column in columns.items()
    }


def _joined(pieces: Iterator[Columns]) -> Columns:
    """The columns of all pieces, one after the other, so that no column is there twice for long."""
    parts: dict[str, list[np.ndarray]] = {name: [np.empty(0, KINDS[name])] for name in KINDS}
    for piece in pieces:
        for name, column in piece.items():
            parts.setdefault(name, []).append(column)
    return {name: np.concatenate(parts.pop(name)) for name in [*parts]}


def _sort(table: Columns) -> None:
    """By clip, frame and time; most tables are sorted."""
    keys = table["time_s"], table["frame"], table["clip"]
    rising = np.zeros(max(len(keys[0]) - 1, 0), bool)
    level = ~rising
    for key in reversed(keys):
        step = np.diff(key)
        rising |= level & (step > 0)
        level &= step == 0
    if (rising | level).all():
        return
    order = np.lexsort(keys)
    for name in table:
        table[name] = table[name][order]


def pending(root: Path) -> set[str]:
    """Clips that an addition names, finished or broken off; without one, none."""
    path = root / ADDING
    if not path.exists():
        return set()
    clips = read_json(path, DatasetError).get("clips", [])
    return {str(clip) for clip in clips} if isinstance(clips, list) else set()
