"""``import.json``: what was taken into a data set folder, and how."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fusbench.data.rewriting import rewriting, state
from fusbench.errors import DatasetError
from fusbench.files import json_bytes
from fusbench.reading import read_json

RECORDS = "import.json"
LARGEST_RECORDS = 1 << 28  # bytes


def read_records(path: Path) -> dict[str, Any]:
    """What ``import.json`` holds, "recordings" a list of dict; without one, none are recorded."""
    fix = "Restore it, or remove it."
    if not path.exists():
        return {"schema": 1, "recordings": []}
    content = read_json(path, DatasetError, fix=fix, most=LARGEST_RECORDS)
    records = content.get("recordings")
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
        raise DatasetError("is damaged", str(path), fix)
    return content


def forget(path: Path, clips: set[str]) -> None:
    """Take the records of clips out of ``import.json``."""
    if path.exists():
        _change(
            path, lambda known: [r for r in known if not clips.intersection(r.get("clips", []))]
        )


def remember(path: Path, records: list[dict[str, Any]]) -> None:
    """Add records to ``import.json``; whatever else somebody wrote into it stays."""
    _change(path, lambda known: [*known, *records])


def _change(path: Path, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    before = state(path)
    content = read_records(path)
    content["recordings"] = change(content["recordings"])
    with rewriting(path, before) as part:
        part.write_bytes(json_bytes(content))
