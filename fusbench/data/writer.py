"""Writing a data set folder: clips one by one, then the tables, then the folder's final name."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fusbench.data.folder import CLIP_COLUMNS, GAZE_COLUMNS, IDENTIFIER, ClipRow
from fusbench.data.gaze import GazePoints
from fusbench.data.scan import SCHEMA, DatasetInfo
from fusbench.errors import DatasetError, OutputError
from fusbench.files import file_sha256, output_errors, replacing, replacing_folder


@dataclass(frozen=True, kw_only=True)
class NewClip:
    """A clip to be written. `frames` None writes the gaze alone.

    `density` is float32 (T, K, 4), `landmarks` float32 (T, N, 3), as in `Clip`; `segments` are
    (first_frame, last_frame, kind).
    """

    clip_id: str
    scan_id: str
    split: str
    n_frames: int
    gaze: GazePoints
    frames: np.ndarray | None = None
    density: np.ndarray | None = None
    landmarks: np.ndarray | None = None
    segments: tuple[tuple[int, int, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class StoredClip:
    """A clip whose arrays are on disk already, and what the tables still need of it."""

    row: ClipRow
    gaze: GazePoints
    segments: tuple[tuple[int, int, str], ...]


def store_clip(folder: Path, clip: NewClip) -> StoredClip:
    """Write a clip's arrays below `folder`; may run in a worker process."""
    if not IDENTIFIER.fullmatch(clip.clip_id):
        fix = "Use letters, digits, '.', '_' and '-'."
        raise DatasetError(f"clip_id '{clip.clip_id}' is no identifier", fix=fix)
    file = sha256 = ""
    with output_errors(folder):
        if clip.frames is not None:
            file = f"frames/{clip.clip_id}.npy"
            _save(folder / file, np.ascontiguousarray(clip.frames, dtype=np.uint8))
            sha256 = file_sha256(folder / file)
        for name, array in (("density", clip.density), ("landmarks", clip.landmarks)):
            if array is not None:
                _save(folder / name / f"{clip.clip_id}.npy", array.astype(np.float32))
    row = ClipRow(
        clip_id=clip.clip_id, scan_id=clip.scan_id, split=clip.split,
        n_frames=clip.n_frames, file=file, sha256=sha256,
    )  # fmt: skip
    return StoredClip(row=row, gaze=clip.gaze, segments=clip.segments)


def _save(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(exist_ok=True)
    np.save(path, array, allow_pickle=False)


def write_dataset(
    root: str | Path,
    info: DatasetInfo,
    clips: Callable[[Path], Iterable[StoredClip]] | Iterable[NewClip],
) -> Path:
    """Write a data set folder; it appears under its name only when it is complete.

    Parameters
    ----------
    root : str or Path
        The new folder; it must not exist, or be empty.
    info : DatasetInfo
        Content of ``dataset.toml``.
    clips : iterable of NewClip, or callable
        The clips; a callable gets the folder to write to and yields clips as they are stored, in
        any order, for instance from worker processes.

    Raises
    ------
    OutputError
        If the folder exists or cannot be written.
    """
    root = Path(root)
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise OutputError("already exists", str(root), "Choose another folder or remove this one.")
    with replacing_folder(root) as folder:
        if callable(clips):
            stored = list(clips(folder))
        else:
            stored = [store_clip(folder, clip) for clip in clips]
        write_tables(folder, info, stored)
    return root


def write_tables(folder: Path, info: DatasetInfo, stored: list[StoredClip]) -> None:
    """Write ``dataset.toml`` and the tables of clips that are stored below `folder`."""
    stored = sorted(stored, key=lambda clip: (clip.row.scan_id, clip.row.clip_id))
    (folder / "dataset.toml").write_text(_info_toml(info), encoding="utf-8")
    _write_csv(folder / "clips.csv", _clip_table(stored))
    _write_csv(folder / "gaze.csv", _gaze_table(stored))
    segments = [(c.row.clip_id, *segment) for c in stored for segment in c.segments]
    if segments:
        columns = ["clip_id", "first_frame", "last_frame", "kind"]
        _write_csv(folder / "segments.csv", pd.DataFrame(segments, columns=columns))


def append_tables(folder: Path, stored: list[StoredClip], known: set[str]) -> None:
    """Add clips to the tables of a data set folder; rows that are there stay as they are.

    Of clips that are `known`, gaze alone is added.
    """
    new = [clip for clip in stored if clip.row.clip_id not in known]
    for name, rows in (("clips.csv", _clip_table(new)), ("gaze.csv", _gaze_table(stored))):
        there = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
        table = pd.concat([there, rows], ignore_index=True)
        with replacing(folder / name) as part:
            _write_csv(part, table)


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    text = io.StringIO()
    table.to_csv(text, index=False, lineterminator="\n")
    path.write_text(text.getvalue(), encoding="utf-8")


def _clip_table(stored: list[StoredClip]) -> pd.DataFrame:
    return pd.DataFrame([asdict(clip.row) for clip in stored], columns=list(CLIP_COLUMNS))


def _gaze_table(stored: list[StoredClip]) -> pd.DataFrame:
    tables = []
    for clip in stored:
        gaze = clip.gaze
        columns = (
            np.full(len(gaze), clip.row.clip_id),
            gaze.frame,
            gaze.time_s,
            gaze.x_px,
            gaze.y_px,
        )
        table = pd.DataFrame(dict(zip(GAZE_COLUMNS, columns, strict=True)))
        if gaze.observer_id is not None:
            table["observer_id"] = gaze.observer_id
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _info_toml(info: DatasetInfo) -> str:
    """``dataset.toml``: JSON's texts, numbers and lists are TOML too."""
    values = {key: value for key, value in asdict(info).items() if value is not None}
    lines = [f"schema = {SCHEMA}"]
    lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"
