"""A whole import: pairings into a data set folder that changes only when all of them are in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.data.folder import CLIP_COLUMNS, read_folder
from fusbench.data.growing import RECORDS, growing
from fusbench.data.scan import DatasetInfo
from fusbench.data.tables import read_table
from fusbench.errors import ConfigError, DatasetError, FusbenchError
from fusbench.files import text_sha256, write_json
from fusbench.importing.intake import Intake, source_sha256, take_in
from fusbench.importing.pairing import Pairing
from fusbench.importing.quality import Finding, LowQuality, Quality
from fusbench.reading import read_json

SIGMA_SHARE = 1 / 36
LARGEST_RECORDS = 1 << 28  # bytes
LIBRARIES = ("fusbench", "numpy", "opencv-python-headless", "pandas", "av", "pydicom", "pillow")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Study:
    """What holds for a new data set; an existing one keeps its own.

    Parameters
    ----------
    name, version, licence, citation, description : str
        `name` defaults to the folder's.
    sigma_px : float, optional
        Standard deviation that makes a saliency map of a gaze point, in pixels of the stored
        frame; default: 1/36 of the width, as in the phantom.
    frame_size : (int, int), optional
        Rows and columns that crops are resized to; default: the first crop's.
    colour : bool
        Keep colour.
    clip_length : int
        Frames a clip.
    """

    name: str = ""
    version: str = "1"
    licence: str = "private"
    citation: str = "none"
    description: str = ""
    sigma_px: float | None = None
    frame_size: tuple[int, int] | None = None
    colour: bool = False
    clip_length: int = 90

    def __post_init__(self) -> None:
        if self.clip_length < 1:
            raise ConfigError(f"a clip of {self.clip_length} frames is none", fix="Use 90, say.")
        if self.sigma_px is not None and not 0 < self.sigma_px < 1e4:
            raise ConfigError(f"a sigma of {self.sigma_px} px is none", fix="Use 8, say.")


def import_recordings(
    root: str | Path,
    pairings: Sequence[Pairing],
    study: Study | None = None,
    *,
    accept_low_quality: bool = False,
    report: Progress | None = None,
) -> tuple[Quality, ...]:
    """Build a data set folder from recordings, or extend it by them.

    Parameters
    ----------
    root : str or Path
        The data set's folder, new or existing.
    pairings : sequence of Pairing
    study : Study, optional
        Describes a new data set.
    accept_low_quality : bool
        Take recordings in whose report forbids it.
    report : callable, optional
        Told (scan, frames done, frames in all or 0).

    Returns
    -------
    tuple of Quality
        A report a pairing; the same stands in ``import.json``.

    Raises
    ------
    LowQuality
        If a report forbids the use of a recording.
    DatasetError, ConfigError, OutputError
        If a source cannot be read, options do not fit, or the folder cannot be written. The folder
        is then as it was before.
    """
    root, study = Path(root), study or Study()
    if not pairings:
        raise ConfigError("there is nothing to import", fix="Give at least one recording.")
    _require_files(pairings)
    with growing(root) as addition:
        base = _existing(root)
        records = read_records(root)
        found: list[Intake] = []
        reports: list[Quality] = []
        for pairing in pairings:
            asked = asked_of(pairing, study.clip_length)
            if (already := _taken_in(asked, records)) is not None:
                reports.append(already)
                continue
            pairing, first_clip = _placed(pairing, root, records, found)
            intake = take_in(
                pairing,
                addition.place,
                first_clip=first_clip,
                clip_length=study.clip_length,
                frame_size=_frame_size(base, study, found),
                channels=3 if (len(base.frame_shape) == 3 if base else study.colour) else 1,
                report=_of_scan(report, pairing.scan),
            )
            if intake.quality.refused and not accept_low_quality:
                raise LowQuality(intake.quality)
            intake.facts["asked"] = asked
            found.append(intake)
            reports.append(intake.quality)
        if found:
            info = base or _new_info(study, root, found)
            _require_rate(info, found, accept_low_quality)
            stored = [clip for intake in found for clip in intake.stored]
            addition.commit(info, stored, _told([*records, *(i.facts for i in found)]))
    return tuple(reports)


def _require_files(pairings: Sequence[Pairing]) -> None:
    """Raise `DatasetError` if a source is missing, before hours are spent on the others."""
    for pairing in pairings:
        for kind, path in (("video", pairing.video), ("gaze file", pairing.gaze)):
            if not path.exists():
                where = f"scan '{pairing.scan}', {path}"
                raise DatasetError(f"no {kind} is here", where, "Check the path.")


def _of_scan(report: Progress | None, scan: str) -> Callable[[int, int], None] | None:
    return (lambda done, total: report(scan, done, total)) if report else None


def _existing(root: Path) -> DatasetInfo | None:
    """Description of the data set that is extended; it must be sound."""
    if not (root / "clips.csv").exists():
        return None

    def stop(error: FusbenchError) -> None:
        raise error

    return read_folder(root, stop)[0]


def asked_of(pairing: Pairing, clip_length: int) -> str:
    """What was asked for, as a hash: the content of both sources, and every option but paths."""
    options = {key: value for key, value in vars(pairing).items() if key not in ("video", "gaze")}
    sources = (source_sha256(pairing.video), source_sha256(pairing.gaze))
    return text_sha256(*sources, repr(sorted(options.items())), str(clip_length))


def _taken_in(asked: str, records: list[dict[str, Any]]) -> Quality | None:
    """The report of a recording that came in already, by the same sources and options."""
    for record in records:
        if record.get("asked") == asked:
            findings = tuple(Finding(**finding) for finding in record["findings"])
            return Quality(scan=record["scan_id"], findings=findings, **record["quality"])
    return None


def _placed(
    pairing: Pairing, folder: Path, records: list[dict[str, Any]], found: list[Intake]
) -> tuple[Pairing, int]:
    """The pairing with its scan's split, and the number of its first clip."""
    digest = source_sha256(pairing.video)
    for record in [*records, *(intake.facts for intake in found)]:
        if record.get("video", {}).get("sha256") == digest:
            what = f"this video is in the data set already, as scan '{record['scan_id']}'"
            fix = "Leave it out, or import into a new folder."
            raise DatasetError(what, f"scan '{pairing.scan}'", fix)
    rows = _clip_rows(folder)
    rows += [vars(clip.row) for intake in found for clip in intake.stored]
    rows = [row for row in rows if row["scan_id"] == pairing.scan]
    if rows:
        pairing = replace(pairing, split=rows[0]["split"])
    numbers = [row["clip_id"].removeprefix(f"{pairing.scan}-") for row in rows]
    return pairing, max((int(n) for n in numbers if n.isdecimal()), default=0) + 1


def _clip_rows(folder: Path) -> list[dict[str, str]]:
    if not (folder / "clips.csv").exists():
        return []
    table = read_table(folder / "clips.csv", CLIP_COLUMNS)
    columns = (table[column] for column in CLIP_COLUMNS)
    return [dict(zip(CLIP_COLUMNS, row, strict=True)) for row in zip(*columns, strict=True)]


def _frame_size(
    base: DatasetInfo | None, study: Study, found: list[Intake]
) -> tuple[int, int] | None:
    if base is not None:
        return base.image_shape
    if found:
        return found[0].frame_shape[0], found[0].frame_shape[1]
    return study.frame_size


def _new_info(study: Study, root: Path, found: list[Intake]) -> DatasetInfo:
    shape = found[0].frame_shape
    return DatasetInfo(
        name=study.name or root.resolve().name,
        version=study.version,
        licence=study.licence,
        citation=study.citation,
        description=study.description,
        frame_rate_hz=found[0].quality.frame_rate_hz,
        frame_shape=shape,
        gaze_rate_hz=float(np.median([intake.quality.gaze_rate_hz for intake in found])),
        sigma_px=study.sigma_px or round(shape[1] * SIGMA_SHARE, 2),
    )


def _require_rate(info: DatasetInfo, found: list[Intake], accept: bool) -> None:
    for intake in found:
        rate = intake.quality.frame_rate_hz
        if abs(rate / info.frame_rate_hz - 1) > 0.02 and not accept:
            what = f"has {rate:g} frames a second, the data set {info.frame_rate_hz:g}"
            fix = "Import it into a data set of its own, or pass --accept-low-quality."
            raise DatasetError(what, f"scan '{intake.quality.scan}'", fix)


def read_records(folder: Path) -> list[dict[str, Any]]:
    """What ``import.json`` tells of each imported recording; empty without one."""
    path, fix = folder / RECORDS, "Restore it, or remove it."
    if not path.exists():
        return []
    records = read_json(path, DatasetError, fix=fix, most=LARGEST_RECORDS).get("recordings")
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
        raise DatasetError("is damaged", str(path), fix)
    return records


def write_records(folder: Path, records: list[dict[str, Any]]) -> None:
    """Write ``import.json``: the recordings, and the libraries that read them."""
    write_json(folder / RECORDS, {"schema": 1, "recordings": _told(records)})


def _told(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records, each with the libraries that read it."""
    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return [{"libraries": versions, **record} for record in records]
