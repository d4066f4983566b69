"""Finished runs of models that were watched: which are still of the model that is here.

Beside a run lies ``used.json``: what was asked for, and each file that the model read, with its
hash. A finished run counts only as long as all of them hold what they held.
"""

from __future__ import annotations

from dataclasses import asdict
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
        facts = read_told(folder / FILE)
        asked = facts.get("asked") == job.key() and is_finished(folder)
        if asked and witness.unchanged(used_of(facts).record, nearby=True):
            return folder
    return None


def is_of(folder: Path, witness: Witness) -> bool:
    """Whether the run in a folder is of the model as it is now."""
    facts = read_told(folder / FILE)
    return bool(facts) and witness.unchanged(used_of(facts).record)


def keep(folder: Path, job: Evaluation, used: Used) -> None:
    """Write what a run's model used."""
    write_json(folder / FILE, told(job.key(), used))


def drop(folder: Path) -> None:
    """Let a finished run count no more."""
    (folder / FILE).unlink(missing_ok=True)


def is_finished(folder: Path) -> bool:
    return (folder / "result.json").exists()


def told(asked: str, used: Used) -> dict[str, Any]:
    """What was asked for and what was used, as a file tells it."""
    return {"asked": asked, **asdict(used)}


def read_told(path: Path) -> dict[str, Any]:
    """What a file tells; nothing where there is none, or a damaged one."""
    try:
        return read_json(path, DatasetError)
    except DatasetError:
        return {}


def used_of(facts: dict[str, Any]) -> Used:
    """What was used, as far as it is told."""
    of_data = facts.get("of_data", ())
    return Used(
        source=str(facts.get("source", "")),
        versions=_mapping(facts.get("versions")),
        of_data=tuple(of_data) if isinstance(of_data, list) else (),
        record=_mapping(facts.get("record")),
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
