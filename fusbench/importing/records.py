"""What ``import.json`` tells of each recording: numbers, hashes and the options' words, no name."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

from fusbench.data.recorded import RECORDS, read_records
from fusbench.data.writer import StoredClip
from fusbench.files import known_sha256, text_sha256, write_json
from fusbench.footage.pictures import picture_files
from fusbench.footage.record import Footage
from fusbench.importing.clip_files import Stored
from fusbench.importing.geometry import View
from fusbench.importing.pairing import Pairing
from fusbench.importing.quality import Quality
from fusbench.importing.recording import GazeRecording
from fusbench.importing.timeline import Timeline

LIBRARIES = ("fusbench", "numpy", "opencv-python-headless", "pandas", "av", "pydicom", "pillow")


def source_sha256(path: Path) -> str:
    """SHA-256 of a source: of a file's bytes, or of a folder's pictures in their order."""
    if path.is_dir():
        return text_sha256(*(known_sha256(file) for file in picture_files(path)))
    return known_sha256(path)


def asked_of(pairing: Pairing, kept: Stored) -> str:
    """What was asked for, as a hash: the content of the sources, and every option but paths."""
    hidden = ("video", "gaze", "anchors", "events", "crop_file", "row", "remarks")
    options = {key: value for key, value in vars(pairing).items() if key not in hidden}
    beside = (pairing.anchors, pairing.events, pairing.crop_file)
    paths = (pairing.video, pairing.gaze, *(path for path in beside if path is not None))
    sources = [source_sha256(path) for path in paths]
    stored = {**vars(kept), "size": None}
    del stored["store"]  # the same pixels
    return text_sha256(*sources, repr(sorted(options.items())), repr(sorted(stored.items())))


def facts_of(
    pairing: Pairing,
    gaze: GazeRecording,
    footage: Footage,
    view: View,
    clock: Timeline | None,
    stored: tuple[StoredClip, ...],
    quality: Quality,
) -> dict[str, Any]:
    """The record of one recording."""
    hidden = ("scan", "observer", "findings")
    begin = int(clock.gaze_ns[0] - clock.video_ns[0]) if clock else None
    return {
        "scan_id": pairing.scan,
        **({"observer": pairing.observer} if pairing.observer else {}),
        "clips": [clip.row.clip_id for clip in stored],
        "video": {
            "sha256": source_sha256(pairing.video),
            "kind": footage.kind,
            "width": footage.shape[1],
            "height": footage.shape[0],
            **footage.facts,
        },
        "gaze": {
            "sha256": source_sha256(pairing.gaze),
            "format": pairing.gaze_format,
            "events": len(gaze.events),
            "blink_margin_ns": pairing.blink_margin_ns,
        },
        "video_start_ns": begin,
        "accepted": list(pairing.accept),
        "no_banner": pairing.no_banner,
        "view": view.facts(),
        "points": sum(len(clip.gaze) for clip in stored),
        "quality": {k: v for k, v in quality.facts().items() if k not in hidden},
        "findings": [vars(finding) for finding in quality.findings],
    }


def recorded(folder: Path) -> list[dict[str, Any]]:
    """What ``import.json`` tells of each imported recording; empty without one."""
    records: list[dict[str, Any]] = read_records(folder / RECORDS)["recordings"]
    return records


def write_records(folder: Path, records: list[dict[str, Any]]) -> None:
    """Write ``import.json``: the recordings, and the libraries that read them."""
    write_json(folder / RECORDS, {"schema": 1, "recordings": told(records)})


def told(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records, each with the libraries that read it."""
    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return [{"libraries": versions, **record} for record in records]
