"""Finished and stopped runs of models that were watched: which are still of the model that is here.

Beside a run lies ``used.json``: what was asked for, and each file that the model read, with its
hash. A finished run counts only as long as all of them hold what they held.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusbench.errors import DatasetError
from fusbench.files import write_json
from fusbench.models.entrant import Used, Witness
from fusbench.reading import read_json

if TYPE_CHECKING:
    from fusbench.evaluation.job import Evaluation

FILE = "used.json"


def finished_before(job: Evaluation, runs: Path, witness: Witness) -> Path | None:
    """The finished run of what is asked for, if nothing of its model has changed, or could have."""
    for folder in sorted(runs.glob(f"{job.card.name}-*")):
        told = _read(folder)
        asked = told.get("asked") == job.key() and is_finished(folder)
        if asked and witness.unchanged(_record(told), nearby=True):
            return folder
    return None


def is_of(folder: Path, witness: Witness) -> bool:
    """Whether the run, or the pieces, in a folder are of the model as it is now."""
    told = _read(folder)
    return bool(told) and witness.unchanged(_record(told))


def keep(folder: Path, job: Evaluation, used: Used) -> None:
    """Write what a run's model used."""
    write_json(folder / FILE, {"asked": job.key(), "record": dict(used.record)})


def drop(folder: Path) -> None:
    """Let a finished run count no more."""
    (folder / FILE).unlink(missing_ok=True)


def is_finished(folder: Path) -> bool:
    return (folder / "result.json").exists()


def _read(folder: Path) -> dict[str, Any]:
    try:
        return read_json(folder / FILE, DatasetError)
    except DatasetError:
        return {}


def _record(told: dict[str, Any]) -> dict[str, Any]:
    record = told.get("record")
    return record if isinstance(record, dict) else {}
