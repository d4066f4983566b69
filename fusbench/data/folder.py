"""The data set specification, version 1, on disk: read and written here, and nowhere else.

A folder holds ``dataset.toml``, ``clips.csv``, ``gaze.csv`` and ``frames/<clip_id>.npy``; where
they are known also ``segments.csv``, ``landmarks/<clip_id>.npy`` and ``density/<clip_id>.npy``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusbench.data.gaze import GazePoints
from fusbench.data.scan import SCHEMA, SPLITS, Clip, DatasetInfo
from fusbench.errors import DatasetError, FusbenchError

CLIP_COLUMNS = ("clip_id", "scan_id", "split", "n_frames", "file", "sha256")
GAZE_COLUMNS = ("clip_id", "frame", "time_s", "x_px", "y_px")
IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
Report = Callable[[FusbenchError], None]


def read_folder(root: Path, report: Report) -> tuple[DatasetInfo, tuple[Clip, ...]]:
    """Read the tables of a folder, passing each breach to `report`; faulty rows are left out."""
    if not root.is_dir():
        fix = "Check the path; 'fusbench dataset list' names the embedded data sets."
        raise DatasetError("no data set folder is here", str(root), fix)
    info = _read_info(root / "dataset.toml")
    rows = _read_clips(root, report)
    gaze = _read_gaze(root / "gaze.csv", {row.clip_id: row.n_frames for row in rows}, info, report)
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
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DatasetError("the file is missing", str(path), "A data set needs it.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DatasetError(f"is not valid TOML: {error}", str(path), "Correct it.") from None
    schema = content.pop("schema", None)
    if schema != SCHEMA:
        fix = f"This version of fusbench reads schema {SCHEMA}."
        raise DatasetError(f"schema {schema!r} is unknown", str(path), fix)
    known = {f.name for f in fields(DatasetInfo)}
    needed = known - {"pixel_spacing_mm", "synthetic", "description", "landmarks"}
    for names, what in (
        (needed - set(content), "is missing"),
        (set(content) - known, "is unknown"),
    ):
        if names:
            fix = f"A data set has {', '.join(sorted(known))}."
            raise DatasetError(f"the key '{min(names)}' {what}", str(path), fix)
    for key in ("frame_shape", "pixel_spacing_mm", "landmarks"):
        if isinstance(content.get(key), list):
            content[key] = tuple(content[key])
    info = DatasetInfo(**content)
    shape = info.frame_shape
    good_shape = (
        isinstance(shape, tuple)
        and len(shape) in (2, 3)
        and all(isinstance(n, int) and n > 0 for n in shape)
        and shape[2:] in ((), (3,))
    )
    rates = (info.frame_rate_hz, info.gaze_rate_hz, info.sigma_px)
    good_rates = all(isinstance(r, int | float) and 0 < r < float("inf") for r in rates)
    for good, what in (
        (good_shape, f"frame_shape {shape} is neither [rows, columns] nor [rows, columns, 3]"),
        (good_rates, "frame_rate_hz, gaze_rate_hz and sigma_px are not all positive numbers"),
        (isinstance(info.synthetic, bool), "synthetic is neither true nor false"),
        (isinstance(info.name, str) and info.name, "name is empty"),
    ):
        if not good:
            raise DatasetError(what, str(path), "Correct it.")
    return info


def _read_table(path: Path, columns: tuple[str, ...], text: tuple[str, ...]) -> pd.DataFrame:
    try:
        table = pd.read_csv(
            path,
            dtype=dict.fromkeys(text, str),
            keep_default_na=True,
        )
    except FileNotFoundError:
        raise DatasetError("the file is missing", str(path), "A data set needs it.") from None
    except (ValueError, UnicodeDecodeError) as error:
        what = f"is no readable CSV table: {str(error).splitlines()[0]}"
        raise DatasetError(what, str(path), "Correct it.") from None
    for column in columns:
        if column not in table.columns:
            what = f"the column '{column}' is missing"
            raise DatasetError(what, str(path), f"The columns are {', '.join(columns)}.")
    for column in text:
        if column in table.columns:
            table[column] = table[column].fillna("")
    return table


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
    table = _read_table(path, CLIP_COLUMNS, tuple(c for c in CLIP_COLUMNS if c != "n_frames"))
    rows: list[ClipRow] = []
    split_of: dict[str, str] = {}
    for line, record in enumerate(table[list(CLIP_COLUMNS)].to_dict("records"), start=2):
        row = {str(key): value for key, value in record.items()}
        faults = list(_faults(root, row, {r.clip_id for r in rows}, split_of))
        for what, fix in faults:
            report(DatasetError(what, f"{path}, row {line}, clip '{row['clip_id']}'", fix))
        split_of.setdefault(row["scan_id"], row["split"])
        if not faults:
            rows.append(ClipRow(**{**row, "n_frames": int(row["n_frames"])}))
    return rows


def _faults(
    root: Path, row: dict[str, Any], seen: set[str], split_of: dict[str, str]
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
    n_frames = row["n_frames"]
    if not (isinstance(n_frames, int | float) and n_frames >= 1 and n_frames == int(n_frames)):
        yield f"n_frames {n_frames} is no positive whole number", "Count the clip's frames."
    if row["file"]:
        inside = root.resolve()
        if not (inside / row["file"]).resolve().is_relative_to(inside):
            yield f"the path '{row['file']}' leaves the data set's folder", "Use a path within it."
        if not re.fullmatch(r"[0-9a-f]{64}", row["sha256"]):
            yield "sha256 is not 64 hexadecimal digits", "Hash the frame file with sha256sum."


def _read_gaze(
    path: Path, n_frames: dict[str, int], info: DatasetInfo, report: Report
) -> dict[str, GazePoints]:
    table = _read_table(path, GAZE_COLUMNS, ("clip_id", "observer_id"))
    height, width = info.image_shape
    for column in GAZE_COLUMNS[1:]:
        table[column] = pd.to_numeric(table[column], errors="coerce")
    length = table["clip_id"].map(n_frames)
    numbers = table[list(GAZE_COLUMNS[1:])]
    frame, x, y = table["frame"], table["x_px"], table["y_px"]
    finite = np.isfinite(numbers.to_numpy(float)).all(axis=1)
    checks = (
        (~length.notna(), "the clip is not in clips.csv", "Add the clip or drop the point."),
        (~finite, "a value is missing or not finite", "Leave out samples without valid gaze."),
        (
            finite & length.notna() & ~((frame >= 0) & (frame < length) & (frame % 1 == 0)),
            "the frame is outside the clip",
            "Frames count from 0 to n_frames - 1.",
        ),
        (
            finite & ~((x >= -0.5) & (x < width - 0.5) & (y >= -0.5) & (y < height - 0.5)),
            f"the point lies outside the {height} x {width} image",
            "Give pixels of the stored frame, not of the screen, and leave out gaze beside it.",
        ),
    )
    bad = np.zeros(len(table), bool)
    for faulty, what, fix in checks:
        at = np.flatnonzero(np.asarray(faulty, bool))
        if len(at):
            many = f" ({len(at)} rows in all)" if len(at) > 1 else ""
            row = table.iloc[at[0]]
            where = f"{path}, row {at[0] + 2}, clip '{row['clip_id']}'"
            report(
                DatasetError(f"{what}: x_px {row['x_px']}, y_px {row['y_px']}{many}", where, fix)
            )
            bad[at] = True
    table = table[~bad]
    clips = dict(iter(table.groupby("clip_id", sort=False)))
    return {clip_id: _points(clips.get(clip_id, table.iloc[:0])) for clip_id in n_frames}


def _points(group: pd.DataFrame) -> GazePoints:
    group = group.sort_values(["frame", "time_s"], kind="stable")
    observers = group["observer_id"].to_numpy(str) if "observer_id" in group.columns else None
    return GazePoints(
        frame=group["frame"].to_numpy(np.int32),
        time_s=group["time_s"].to_numpy(np.float64),
        x_px=group["x_px"].to_numpy(np.float64),
        y_px=group["y_px"].to_numpy(np.float64),
        observer_id=observers,
    )


def _read_segments(path: Path) -> dict[str, tuple[tuple[int, int, str], ...]]:
    if not path.exists():
        return {}
    table = _read_table(path, ("clip_id", "first_frame", "last_frame", "kind"), ("clip_id", "kind"))
    return {
        str(clip_id): tuple(
            zip(group["first_frame"], group["last_frame"], group["kind"], strict=True)
        )
        for clip_id, group in table.groupby("clip_id", sort=False)
    }
