"""The data set specification, version 1, on disk: read and written here, and nowhere else.

A folder holds ``dataset.toml``, ``clips.csv``, ``gaze.csv`` and ``frames/<clip_id>.npy``; where
they are known also ``segments.csv``, ``landmarks/<clip_id>.npy`` and ``density/<clip_id>.npy``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np

from fusbench.data.gaze_table import read_gaze
from fusbench.data.scan import SCHEMA, SPLITS, Clip, DatasetInfo
from fusbench.data.tables import numbers, read_table
from fusbench.errors import DatasetError, FusbenchError
from fusbench.reading import read_toml
from fusbench.records import read_record

CLIP_COLUMNS = ("clip_id", "scan_id", "split", "n_frames", "file", "sha256")
SEGMENT_COLUMNS = ("clip_id", "first_frame", "last_frame", "kind")
MOST_FRAMES = 10**7
MOST_PIXELS = 1 << 28
LONGEST_TEXT = 10_000
IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
Report = Callable[[FusbenchError], None]


def read_folder(root: Path, report: Report) -> tuple[DatasetInfo, tuple[Clip, ...]]:
    """Read the tables of a folder, passing each breach to `report`; faulty rows are left out."""
    if not root.is_dir():
        fix = "Check the path; 'fusbench dataset list' names the embedded data sets."
        raise DatasetError("no data set folder is here", str(root), fix)
    info = _read_info(root / "dataset.toml")
    rows = _read_clips(root, report)
    gaze = read_gaze(root / "gaze.csv", {row.clip_id: row.n_frames for row in rows}, info, report)
    segments = _read_segments(root / "segments.csv")
    clips = [
        Clip(
            clip_id=row.clip_id, scan_id=row.scan_id, split=row.split, n_frames=row.n_frames,
            gaze=gaze[row.clip_id], info=info, root=root, file=row.file, sha256=row.sha256,
            segments=segments.get(row.clip_id, ()),
        )
        for row in rows
    ]  # fmt: skip
    return info, tuple(sorted(clips, key=lambda c: (c.scan_id, c.clip_id)))


def _read_info(path: Path) -> DatasetInfo:
    content = read_toml(path, DatasetError, missing="A data set needs it.")
    schema = content.pop("schema", None)
    if schema != SCHEMA:
        fix = f"This version of fusbench reads schema {SCHEMA}."
        raise DatasetError(f"schema {schema!r} is unknown", str(path), fix)
    fix = f"A data set has {', '.join(f.name for f in fields(DatasetInfo))}."
    info = read_record(DatasetInfo, content, str(path), DatasetError, fix)
    shape, spacing = info.frame_shape, info.pixel_spacing_mm
    good_shape = (
        len(shape) in (2, 3)
        and min(shape) > 0
        and shape[2:] in ((), (3,))
        and shape[0] * shape[1] <= MOST_PIXELS
    )
    rates = (info.frame_rate_hz, info.gaze_rate_hz, info.sigma_px)
    texts = (info.name, info.version, info.licence, info.citation, info.description)
    for good, what in (
        (good_shape, f"frame_shape {shape} is neither [rows, columns] nor [rows, columns, 3]"),
        (_positive(rates), "frame_rate_hz, gaze_rate_hz and sigma_px are not all positive numbers"),
        (
            all(len(text) <= LONGEST_TEXT for text in texts),
            "name, version, licence, citation and description are not all short texts",
        ),
        (info.name, "name is empty"),
        (
            spacing is None or _positive(spacing),
            f"pixel_spacing_mm {spacing} is not [row, column] in millimetres",
        ),
    ):
        if not good:
            raise DatasetError(what, str(path), "Correct it.")
    return info


def _positive(numbers: Iterable[float]) -> bool:
    return all(0 < number < float("inf") for number in numbers)


@dataclass(frozen=True, kw_only=True)
class ClipRow:
    """One row of ``clips.csv``."""

    clip_id: str
    scan_id: str
    split: str
    n_frames: int
    file: str = ""
    sha256: str = ""


def _read_clips(root: Path, report: Report) -> list[ClipRow]:
    path = root / "clips.csv"
    table = read_table(path, CLIP_COLUMNS)
    rows: list[ClipRow] = []
    seen: set[str] = set()
    split_of: dict[str, str] = {}
    leaves = _leaving(root.resolve())
    for line, values in enumerate(zip(*(table[c] for c in CLIP_COLUMNS), strict=True), start=2):
        row = dict(zip(CLIP_COLUMNS, values, strict=True))
        faults = list(_faults(leaves, row, seen, split_of))
        for what, fix in faults:
            report(DatasetError(what, f"{path}, row {line}, clip '{row['clip_id']}'", fix))
        split_of.setdefault(row["scan_id"], row["split"])
        if not faults:
            seen.add(row["clip_id"])
            texts = {key: value for key, value in row.items() if key != "n_frames"}
            rows.append(ClipRow(n_frames=int(float(row["n_frames"])), **texts))
    return rows


def _faults(
    leaves: Callable[[str], bool],
    row: Mapping[str, str],
    seen: set[str],
    split_of: Mapping[str, str],
) -> Iterator[tuple[str, str]]:
    """What is wrong with a row of ``clips.csv``, and the remedy."""
    for key in ("clip_id", "scan_id"):
        if not IDENTIFIER.fullmatch(row[key]):
            yield f"{key} '{row[key]}' is no identifier", "Use letters, digits, '.', '_' and '-'."
    if row["clip_id"] in seen:
        yield "the clip_id occurs twice", "Give every clip an id of its own."
    if row["split"] not in SPLITS:
        yield f"split '{row['split']}' is unknown", f"Use one of {', '.join(SPLITS)}."
    elif split_of.get(row["scan_id"], row["split"]) != row["split"]:
        other = split_of[row["scan_id"]]
        what = f"scan '{row['scan_id']}' is in two splits, {other} and {row['split']}"
        yield what, "Keep all clips of a scan in one split, or its frames leak into the test."
    n_frames = float(numbers([row["n_frames"]])[0])
    if not (1 <= n_frames <= MOST_FRAMES and n_frames == int(n_frames)):
        what = f"n_frames {row['n_frames']} is no positive whole number"
        yield what, f"Count the clip's frames, at most {MOST_FRAMES:,}."
    if row["file"]:
        if not row["file"].isprintable() or leaves(row["file"]):
            yield f"the path '{row['file']}' leaves the data set's folder", "Use a path within it."
        if not re.fullmatch(r"[0-9a-f]{64}", row["sha256"]):
            yield "sha256 is not 64 hexadecimal digits", "Hash the frame file with sha256sum."


def _leaving(inside: Path) -> Callable[[str], bool]:
    """Tells of a file if it lies outside a folder, by its path or by links."""

    @cache
    def parent_leaves(parent: Path) -> bool:
        return not parent.resolve().is_relative_to(inside)

    def leaves(file: str) -> bool:
        path = inside / file
        if path.name == ".." or path.is_symlink():
            return not path.resolve().is_relative_to(inside)
        return parent_leaves(path.parent)

    return leaves


def _read_segments(path: Path) -> dict[str, tuple[tuple[int, int, str], ...]]:
    if not path.exists():
        return {}
    table = read_table(path, SEGMENT_COLUMNS)
    first, last = (numbers(table[key]) for key in ("first_frame", "last_frame"))
    bad = np.flatnonzero(~((first >= 0) & (last >= first) & (last < MOST_FRAMES)))
    if len(bad):
        where = f"{path}, row {bad[0] + 2}"
        raise DatasetError("first_frame and last_frame are no range", where, "Correct it.")
    segments: dict[str, list[tuple[int, int, str]]] = {}
    for name, begin, end, kind in zip(table["clip_id"], first, last, table["kind"], strict=True):
        segments.setdefault(name, []).append((int(begin), int(end), kind))
    return {name: tuple(found) for name, found in segments.items()}
