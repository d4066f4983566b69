"""Writing a data set folder: clips one by one, then the tables, then the folder's final name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.arrays import save_array
from fusbench.data.folder import (
    CLIP_COLUMNS,
    IDENTIFIER,
    SEGMENT_COLUMNS,
    ClipRow,
)
from fusbench.data.frame_file import frame_file, frame_path, frames_sha256
from fusbench.data.gaze import GazePoints
from fusbench.data.gaze_table import GAZE_COLUMNS
from fusbench.data.scan import SCHEMA, DatasetInfo
from fusbench.data.tables import write_rows
from fusbench.errors import DatasetError, OutputError, counted
from fusbench.files import output_errors, replacing_folder, toml_text


@dataclass(frozen=True, kw_only=True)
class NewClip:
    """A clip to be written.

    Parameters
    ----------
    clip_id, scan_id : str
        Identifiers: letters, digits, '.', '_' and '-'.
    split : {"train", "val", "test"}
    n_frames : int
        T, the length of the clip.
    gaze : GazePoints
    frames : ndarray of uint8, shape (T, H, W) or (T, H, W, 3), optional
        None writes the gaze alone.
    density : ndarray of float32, shape (T, K, 4), optional
        The generating mixture of synthetic gaze, as `Clip.mixture`.
    landmarks : ndarray of float32, shape (T, N, 3), optional
        As `Clip.landmarks`.
    segments : tuple of (int, int, str)
        First and last frame, and kind, of each part whose kind is known.

    Examples
    --------
    >>> gaze = GazePoints(
    ...     frame=np.array([0], np.int32), time_s=np.zeros(1), x_px=np.ones(1), y_px=np.ones(1))
    >>> NewClip(clip_id="s1-c1", scan_id="s1", split="train", n_frames=90, gaze=gaze)
    <NewClip s1-c1 of s1, train: 90 frames, 1 gaze point>
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

    def __repr__(self) -> str:
        size = f"{counted(self.n_frames, 'frame')}, {counted(len(self.gaze), 'gaze point')}"
        return f"<NewClip {self.clip_id} of {self.scan_id}, {self.split}: {size}>"


@dataclass(frozen=True, kw_only=True)
class StoredClip:
    """A clip whose arrays are on disk already, and what the tables still need of it."""

    row: ClipRow
    gaze: GazePoints
    segments: tuple[tuple[int, int, str], ...]


def store_clip(folder: Path, clip: NewClip, store: str = "npy") -> StoredClip:
    """Write a clip's arrays below `folder`; may run in a worker process.

    `store` is "npy" for memory-mapped frames, "zstd" for packed ones.
    """
    if not IDENTIFIER.fullmatch(clip.clip_id):
        fix = "Use letters, digits, '.', '_' and '-'."
        raise DatasetError(f"clip_id '{clip.clip_id}' is no identifier", fix=fix)
    file = sha256 = ""
    with output_errors(folder):
        if clip.frames is not None:
            path = frame_path(folder, clip.clip_id, store)
            _save(path, clip.frames)
            file, sha256 = f"frames/{path.name}", frames_sha256(path)
        for name, array in (("density", clip.density), ("landmarks", clip.landmarks)):
            if array is not None:
                _save(folder / name / f"{clip.clip_id}.npy", array, np.float32)
    row = ClipRow(
        clip_id=clip.clip_id, scan_id=clip.scan_id, split=clip.split,
        n_frames=clip.n_frames, file=file, sha256=sha256,
    )  # fmt: skip
    return StoredClip(row=row, gaze=clip.gaze, segments=clip.segments)


def _save(path: Path, array: np.ndarray, dtype: type = np.uint8) -> None:
    path.parent.mkdir(exist_ok=True)
    array = np.ascontiguousarray(array, dtype=dtype)
    if path.suffix == ".npy":
        save_array(path, array)
        return
    with frame_file(path, array.shape[1:]) as stream:
        for frame in array:
            stream.append(frame)
        stream.close()


def write_dataset(
    root: str | Path,
    info: DatasetInfo,
    clips: Callable[[Path], Iterable[StoredClip]] | Iterable[NewClip],
    *,
    shared: bool = False,
    store: str = "npy",
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
    shared : bool
        Whether every process would write the same folder; the first one's then stays.
    store : {"npy", "zstd"}
        How frames are stored: memory-mapped, or packed in about a third of the space.

    Raises
    ------
    OutputError
        If the folder exists or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> info = DatasetInfo(
    ...     name="mine", version="1", licence="private", citation="none", frame_rate_hz=30.0,
    ...     frame_shape=(48, 64), gaze_rate_hz=90.0, sigma_px=2.0)
    >>> gaze = GazePoints(
    ...     frame=np.arange(9, dtype=np.int32), time_s=np.arange(9) / 30,
    ...     x_px=np.full(9, 20.0), y_px=np.full(9, 30.0))
    >>> clips = [NewClip(clip_id="s1-c1", scan_id="s1", split="test", n_frames=9, gaze=gaze,
    ...     frames=np.zeros((9, 48, 64), np.uint8))]
    >>> root = write_dataset(folder.name + "/mine", info, clips)
    >>> sorted(path.name for path in root.iterdir())
    ['clips.csv', 'dataset.toml', 'frames', 'gaze.csv']
    """
    root = Path(root)
    if shared and (root / "clips.csv").is_file():
        return root
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise OutputError("already exists", str(root), "Choose another folder or remove this one.")
    with replacing_folder(root, shared=shared) as folder:
        if callable(clips):
            stored = list(clips(folder))
        else:
            stored = [store_clip(folder, clip, store) for clip in clips]
        write_tables(folder, info, stored)
    return root


def write_tables(folder: Path, info: DatasetInfo, stored: list[StoredClip]) -> None:
    """Write ``dataset.toml`` and the tables of clips that are stored below `folder`."""
    stored = sorted(stored, key=lambda clip: (clip.row.scan_id, clip.row.clip_id))
    tables = {
        "dataset.toml": info_toml(info),
        "gaze.csv": write_rows(list(gaze_rows(stored)), gaze_columns(stored)),
        "clips.csv": write_rows(clip_rows(stored), CLIP_COLUMNS),
    }
    segments = [(c.row.clip_id, *segment) for c in stored for segment in c.segments]
    if segments:
        rows = [dict(zip(SEGMENT_COLUMNS, segment, strict=True)) for segment in segments]
        tables["segments.csv"] = write_rows(rows, SEGMENT_COLUMNS)
    for name, text in tables.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")


def clip_rows(stored: Sequence[StoredClip]) -> list[dict[str, Any]]:
    """The rows of ``clips.csv``."""
    return [asdict(clip.row) for clip in stored]


def gaze_rows(stored: Sequence[StoredClip]) -> Iterator[dict[str, Any]]:
    """The rows of ``gaze.csv``; every number reads back as it was."""
    for clip in stored:
        gaze = clip.gaze
        columns = [gaze.frame, gaze.time_s, gaze.x_px, gaze.y_px]
        names = [*GAZE_COLUMNS[1:]]
        if gaze.observer_id is not None:
            columns.append(gaze.observer_id)
            names.append("observer_id")
        for values in zip(*(column.tolist() for column in columns), strict=True):
            yield {"clip_id": clip.row.clip_id, **dict(zip(names, values, strict=True))}


def gaze_columns(stored: Sequence[StoredClip]) -> tuple[str, ...]:
    """The columns of ``gaze.csv``; observers are told where there are several."""
    watched = any(clip.gaze.observer_id is not None for clip in stored)
    return (*GAZE_COLUMNS, "observer_id") if watched else GAZE_COLUMNS


def info_toml(info: DatasetInfo) -> str:
    """The text of ``dataset.toml``."""
    return toml_text({"schema": SCHEMA, **asdict(info)})
