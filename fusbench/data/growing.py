"""Adding clips to a data set folder: everything beside what is there, then one rename of one file.

What is in the folder is never moved. New frame files are made in a hidden folder within it, take
their names under ``frames/``, and the longer ``gaze.csv`` takes the place of the shorter one; only
then does a new ``clips.csv`` name the clips, at one moment. Until then ``adding.json`` says which
clips are on their way: readers leave their gaze out, and the next addition clears away what a
killed one left.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.data.folder import CLIP_COLUMNS
from fusbench.data.frame_file import STORES, frame_path
from fusbench.data.gaze_table import ADDING, GAZE_COLUMNS, OBSERVER, pending
from fusbench.data.long_table import iter_table, read_header
from fusbench.data.recorded import RECORDS, forget, remember
from fusbench.data.rewriting import AGAIN, give_free_name, rewriting, state
from fusbench.data.scan import DatasetInfo
from fusbench.data.tables import read_table, write_longer
from fusbench.data.writer import (
    StoredClip,
    clip_rows,
    gaze_columns,
    gaze_rows,
    write_tables,
)
from fusbench.errors import DatasetError, OutputError
from fusbench.files import file_sha256, output_errors, sync, sync_tree, write_json
from fusbench.locks import LOCK, UNFINISHED, locked, sweep, unfinished_folder
from fusbench.reading import read_json

CLIPS = "clips.csv"
MADE = ("dataset.toml", "gaze.csv", RECORDS)  # files of a new data set, before its clips


@dataclass(frozen=True, kw_only=True)
class Addition:
    """The right to add clips to a folder: `root`, and `place`, where their files are made first."""

    root: Path
    place: Path

    @property
    def is_new(self) -> bool:
        """Whether the folder holds no data set yet."""
        return not (self.root / CLIPS).exists()

    def commit(
        self, info: DatasetInfo, stored: Sequence[StoredClip], records: list[dict[str, Any]]
    ) -> None:
        """Let the folder hold these clips too, all of them at one moment.

        Parameters
        ----------
        info : DatasetInfo
            Of a new data set; an existing one keeps its own.
        stored : sequence of StoredClip
            Clips whose files lie below `place`; of clips that are there already, gaze alone is
            added: that of another observer.
        records : list of dict
            What ``import.json`` is to hold; it must be JSON.

        Raises
        ------
        OutputError
            If the folder was changed so that the clips do not fit any more, or cannot be written.
            Nothing is added then.
        """
        root = self.root
        there = set() if self.is_new else set(_column(root / CLIPS, "clip_id"))
        watched = [clip for clip in stored if clip.row.clip_id in there]
        stored = [clip for clip in stored if clip.row.clip_id not in there]
        files = [clip.row.file for clip in stored]
        if self.is_new:
            write_tables(self.place, info, stored)
            write_json(self.place / RECORDS, {"schema": 1, "recordings": records})
            files += MADE
        with output_errors(root):
            sync_tree(self.place)
            if watched:  # before its record: what a killed addition left is not added twice
                _append(
                    root / "gaze.csv", _unseen(root / "gaze.csv", watched), gaze_columns(watched)
                )
            if watched and not stored:
                remember(root / RECORDS, records)
                return
            for file in files:
                _require_free(root / file)
            write_json(root / ADDING, self._journal(stored))
            (root / "frames").mkdir(exist_ok=True)
            for file in files:
                _give_name(self.place / file, root / file)
            sync(root / "frames")
            if self.is_new:
                sync(root)
                _give_name(self.place / CLIPS, root / CLIPS)
                sync(root)
            else:
                remember(root / RECORDS, records)
                _append(root / "gaze.csv", list(gaze_rows(stored)), gaze_columns(stored))
                _append(root / CLIPS, clip_rows(_in_their_split(root, stored)), CLIP_COLUMNS)
            (root / ADDING).unlink()

    def _journal(self, stored: Sequence[StoredClip]) -> dict[str, Any]:
        """What an addition that is broken off leaves: clips, and files of a new data set."""
        made = {name: file_sha256(self.place / name) for name in MADE} if self.is_new else {}
        return {"schema": 1, "clips": [clip.row.clip_id for clip in stored], "made": made}


@contextmanager
def growing(root: Path) -> Iterator[Addition]:
    """A data set folder to add clips to, new or existing, locked while the block runs.

    Raises
    ------
    OutputError
        If another process changes the folder, or it holds what is no data set.
    """
    _require_place(root)
    with output_errors(root):
        made = not root.exists()
        root.mkdir(parents=True, exist_ok=True)
    try:
        with output_errors(root), locked(root):
            sweep(root)
            _clear(root)
            _require_data(root)
            with unfinished_folder(root, "adding") as place:
                try:
                    yield Addition(root=root, place=place)
                except BaseException:
                    _clear(root)
                    raise
    finally:
        if made:
            with suppress(OSError):  # something is in it
                (root / "frames").rmdir()
            with suppress(OSError):
                root.rmdir()


def _require_place(root: Path) -> None:
    """Raise `OutputError` where an older version left a data set under another name."""
    if root.exists():
        return
    left = sorted(root.absolute().parent.glob(f".{root.name}.old.*/data"))
    if left:
        what = "an import that was broken off left the data set under another name"
        raise OutputError(what, str(root), f"Move it back: mv {left[0]} {root}")


def _require_data(root: Path) -> None:
    have = {path.name for path in root.iterdir() if not UNFINISHED.fullmatch(path.name)}
    if CLIPS not in have and have - {LOCK, "frames"}:
        fix = "Choose a new folder, or one that holds a data set."
        raise OutputError("exists and holds no data set", str(root), fix)


def _clear(root: Path) -> None:
    """Take away what an addition left that was broken off; a finished one loses its journal."""
    if not (root / ADDING).exists():
        return
    is_new = not (root / CLIPS).exists()
    made = read_json(root / ADDING, DatasetError).get("made") or {}
    there = set() if is_new else set(_column(root / CLIPS, "clip_id"))
    lost = pending(root) - there
    with output_errors(root):
        for clip in lost:
            for store in STORES:
                frame_path(root, Path(clip).name, store).unlink(missing_ok=True)
        if lost and is_new:
            for name in MADE:
                if (root / name).is_file() and file_sha256(root / name) == made.get(name):
                    (root / name).unlink()
        elif lost:
            _without(root / "gaze.csv", lost)
            forget(root / RECORDS, lost)
        (root / ADDING).unlink()


def _without(path: Path, clips: set[str]) -> None:
    """Take the gaze of clips out of a table of any length, and leave every other line as it is."""
    before = state(path)
    with path.open(encoding="utf-8", newline="") as stream, rewriting(path, before) as part:
        taken: list[str] = []  # lines of one row

        def lines() -> Iterator[str]:
            for line in stream:
                taken.append(line)
                yield line

        rows = csv.reader(lines())
        with part.open("w", encoding="utf-8", newline="") as out:
            at = next(rows).index("clip_id")
            out.writelines(taken)
            taken.clear()
            for row in rows:
                if not row or row[at] not in clips:
                    out.writelines(taken)
                taken.clear()


def _column(path: Path, name: str) -> list[str]:
    return list(read_table(path, [name])[name])


def _unseen(path: Path, watched: Sequence[StoredClip]) -> list[dict[str, Any]]:
    """Gaze rows of observers whose gaze on that clip is not in a table yet."""
    named = OBSERVER in read_header(path, ["clip_id"], AGAIN)
    texts = ["clip_id", *[OBSERVER] * named]
    there: set[tuple[str, str]] = set()
    for piece in iter_table(path, texts, GAZE_COLUMNS[1:], missing=AGAIN):
        columns = [piece.texts[name] for name in texts]
        for pair in np.unique([column.at for column in columns], axis=1).T.tolist():
            names = [column.names[at] for column, at in zip(columns, pair, strict=True)]
            there.add((names[0], names[1] if named else ""))
    return [
        row for row in gaze_rows(watched) if (row["clip_id"], row.get(OBSERVER) or "") not in there
    ]


def _require_free(path: Path) -> None:
    if os.path.lexists(path):
        fix = "It is none of this data set's: move the file away."
        raise OutputError("is there already", str(path), fix)


def _give_name(new: Path, path: Path) -> None:
    """Let a finished file have its name, and never take it from another."""
    if not give_free_name(new, path):
        _require_free(path)


def _in_their_split(root: Path, stored: Sequence[StoredClip]) -> list[StoredClip]:
    """The clips in the split that their scan has now, in order; their names must be free."""
    if not (root / CLIPS).exists():
        return sorted(stored, key=lambda clip: (clip.row.scan_id, clip.row.clip_id))
    table = read_table(root / CLIPS, CLIP_COLUMNS)
    split = dict(zip(table["scan_id"], table["split"], strict=True))
    taken = set(table["clip_id"])
    for clip in stored:
        if clip.row.clip_id in taken:
            what = f"was changed meanwhile: clip '{clip.row.clip_id}' is there"
            raise OutputError(what, str(root), AGAIN)
    return [
        replace(clip, row=replace(clip.row, split=split.get(clip.row.scan_id, clip.row.split)))
        for clip in stored
    ]


def _append(path: Path, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    """Put a longer table in the place of a shorter one, unless it changed meanwhile."""
    before = state(path)
    with rewriting(path, before) as part:
        write_longer(path, part, rows, columns)
