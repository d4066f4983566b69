"""What a run keeps of each scan until all are done, by whichever process scored it.

A piece is a file of arrays that tells if it is whole. Where a model was watched, it names the
record of what the model had used by then, and counts only as long as all of that is as it was.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fusbench.arrays import arrays_of
from fusbench.errors import DatasetError, OutputError
from fusbench.evaluation.witnessed import read_told, told, used_of
from fusbench.files import replacing, text_sha256
from fusbench.models.entrant import Used, Witness
from fusbench.reading import read_bytes
from fusbench.stages import stage

if TYPE_CHECKING:
    from fusbench.evaluation.job import Evaluation

Piece = dict[str, np.ndarray]

FOLDER = "scans"
RECORD = "used-{}.json"
OF = "used"
LARGEST = 1 << 30  # bytes
DIGEST_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """The pieces of one run: read where they are of the model as it is now, and written.

    Parameters
    ----------
    folder : Path
        Of the run.
    asked : str
        The key of what was asked for.
    witness : Witness, optional
        Who tells what the model used.
    """

    folder: Path
    asked: str
    witness: Witness | None = None
    _used: dict[str, Used | None] = field(default_factory=dict, repr=False)

    def read(self, scan_id: str) -> Piece | None:
        """The arrays of a scan; None where there are none, damaged ones, or another model's."""
        piece = read_piece(_place(self.folder, scan_id))
        if piece is None or self.witness is None:
            return piece
        name = str(piece.pop(OF, ""))
        if name not in self._used:
            facts = read_told(self.folder / FOLDER / RECORD.format(name))
            same = bool(facts) and self.witness.unchanged(used_of(facts).record)
            self._used[name] = used_of(facts) if same else None
        return None if self._used[name] is None else piece

    def have(self, scan_id: str, fresh: Piece | None, score: Callable[[], Piece]) -> Piece:
        """The arrays of a scan: fresh ones, else those that were kept, else newly scored ones.

        What was not kept is kept from now on.
        """
        piece = self.read(scan_id) if fresh is None else None
        if piece is None:
            piece = score() if fresh is None else fresh
            self.write(scan_id, piece)
        return piece

    def write(self, scan_id: str, piece: Piece) -> None:
        """Keep the arrays of a scan, and what the model had used by then."""
        with stage("scans kept"):
            self._write(scan_id, piece)

    def _write(self, scan_id: str, piece: Piece) -> None:
        if self.witness is not None:
            used = self.witness.used()
            text = json.dumps(told(self.asked, used), sort_keys=True)
            name = text_sha256(text)[:16]
            if self._used.get(name) is None:
                _keep(self.folder / FOLDER / RECORD.format(name), text.encode())
                self._used[name] = used
            piece = {**piece, OF: np.array(name)}
        write_piece(_place(self.folder, scan_id), piece)

    @property
    def used(self) -> Used:
        """What the model used for all that was read and written."""
        return reduce(Used.__or__, filter(None, self._used.values()), Used())


def stopped_before(job: Evaluation, runs: Path, witness: Witness, scan_id: str) -> Used | None:
    """What the model of a stopped run had used, if it is of what is asked for and no other model.

    `scan_id` is the scan that a run scores first, after which its key is known.
    """
    for folder in sorted(runs.glob(f"{job.card.name}-*")):
        piece = read_piece(_place(folder, scan_id)) or {}
        facts = read_told(folder / FOLDER / RECORD.format(piece.get(OF, "")))
        used = used_of(facts)
        if facts.get("asked") == job.key() and witness.unchanged(used.record, nearby=True):
            return used
    return None


def kept(job: Evaluation, runs: Path, watched: bool) -> Iterator[Path]:
    """Folders with pieces of what is asked for, whatever the model used."""
    if not watched:
        yield from filter(Path.is_dir, [runs / job.key() / FOLDER])
        return
    for folder in sorted(runs.glob(f"{job.card.name}-*/{FOLDER}")):
        records = (read_told(path) for path in folder.glob(RECORD.format("*")))
        if any(facts.get("asked") == job.key() for facts in records):
            yield folder


def clear(folder: Path) -> None:
    """Remove the pieces of a run."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def write_piece(path: Path, arrays: Piece) -> None:
    """Keep the arrays of a scan, and a hash behind them.

    A disk that loses the end of a file is found out by the hash, so nothing waits for the disk.
    Where another process has finished the run and cleared its pieces, nothing is kept.
    """
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    data = content.getvalue()
    _keep(path, data + hashlib.sha256(data).digest())


def _keep(path: Path, data: bytes) -> None:
    try:
        with replacing(path, durable=False) as part:
            part.write_bytes(data)
    except OutputError as error:
        if not isinstance(error.__cause__, FileNotFoundError):
            raise


def read_piece(path: Path) -> Piece | None:
    """The arrays of a scan; None where there are none, or they are damaged."""
    try:
        content = read_bytes(path, LARGEST, DatasetError)
        data, digest = content[:-DIGEST_BYTES], content[-DIGEST_BYTES:]
        if hashlib.sha256(data).digest() == digest:
            return arrays_of(io.BytesIO(data), LARGEST)
    except (DatasetError, ValueError):
        pass
    return None


def _place(folder: Path, scan_id: str) -> Path:
    return folder / FOLDER / f"{scan_id}.npz"
