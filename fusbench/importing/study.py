"""A whole import: pairings into a data set folder that changes only when all of them are in."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.data.folder import CLIP_COLUMNS
from fusbench.data.scan import DatasetInfo
from fusbench.data.writer import append_tables, write_tables
from fusbench.errors import ConfigError, DatasetError, OutputError
from fusbench.files import file_sha256, output_errors, replacing_folder, write_json
from fusbench.importing.intake import Intake, source_sha256, take_in
from fusbench.importing.pairing import Pairing
from fusbench.importing.quality import LowQuality, Quality

SIGMA_SHARE = 1 / 36
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
    with changing(root) as folder:
        base = _existing(folder, root)
        records = read_records(folder)
        found: list[Intake] = []
        for pairing in pairings:
            pairing, first_clip = _placed(pairing, folder, records, found)
            intake = take_in(
                pairing,
                folder,
                first_clip=first_clip,
                clip_length=study.clip_length,
                frame_size=_frame_size(base, study, found),
                channels=3 if (len(base.frame_shape) == 3 if base else study.colour) else 1,
                report=_of_scan(report, pairing.scan),
            )
            if intake.quality.refused and not accept_low_quality:
                raise LowQuality(intake.quality)
            found.append(intake)
        info = base or _new_info(study, root, found)
        _require_rate(info, found, accept_low_quality)
        stored = [clip for intake in found for clip in intake.stored]
        if base is None:
            write_tables(folder, info, stored)
        else:
            append_tables(folder, stored)
        records += [intake.facts for intake in found]
        write_records(folder, records)
    return tuple(intake.quality for intake in found)


def _require_files(pairings: Sequence[Pairing]) -> None:
    """Raise `DatasetError` if a source is missing, before hours are spent on the others."""
    for pairing in pairings:
        for kind, path in (("video", pairing.video), ("gaze file", pairing.gaze)):
            if not path.exists():
                where = f"scan '{pairing.scan}', {path}"
                raise DatasetError(f"no {kind} is here", where, "Check the path.")


def _of_scan(report: Progress | None, scan: str) -> Callable[[int, int], None] | None:
    return (lambda done, total: report(scan, done, total)) if report else None


@contextmanager
def changing(root: Path) -> Iterator[Path]:
    """A copy of a folder to change, or a new one; it takes its place only if the block succeeds.

    Frame files are linked, not copied, where the file system can. Files of the copy must be
    replaced, never written into.
    """
    if not root.exists() or (root.is_dir() and not any(root.iterdir())):
        with replacing_folder(root) as folder:
            yield folder
        return
    if not (root / "clips.csv").is_file():
        fix = "Choose a new folder, or one that holds a data set."
        raise OutputError("exists and holds no data set", str(root), fix)
    with output_errors(root):
        parent = root.resolve().parent
        part = Path(tempfile.mkdtemp(prefix=f".{root.name}.", dir=parent))
        old = Path(tempfile.mkdtemp(prefix=f".{root.name}.old.", dir=parent))
    before = file_sha256(root / "clips.csv")
    try:
        with output_errors(root):
            shutil.copytree(root, part, copy_function=_link, dirs_exist_ok=True, symlinks=True)
            yield part
            if file_sha256(root / "clips.csv") != before:
                fix = "Run the same command again."
                raise OutputError("was changed meanwhile", str(root), fix)
            place = root.resolve()
            os.rename(place, old / "data")
            try:
                os.rename(part, place)
            except BaseException:
                os.rename(old / "data", place)
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _existing(folder: Path, root: Path) -> DatasetInfo | None:
    """Description of the data set that is extended; it must be sound."""
    from fusbench.data.folder import read_folder
    from fusbench.errors import FusbenchError

    if not (folder / "clips.csv").exists():
        return None

    def stop(error: FusbenchError) -> None:
        raise type(error)(error.what, error.where.replace(str(folder), str(root)), error.fix)

    info, _ = read_folder(folder, stop)
    return info


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
    import csv

    if not (folder / "clips.csv").exists():
        return []
    with (folder / "clips.csv").open(encoding="utf-8", newline="") as stream:
        return [{key: row[key] for key in CLIP_COLUMNS} for row in csv.DictReader(stream)]


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
    path = folder / "import.json"
    if not path.exists():
        return []
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return list(content["recordings"])
    except (ValueError, KeyError, TypeError):
        raise DatasetError("is damaged", str(path), "Restore it, or remove it.") from None


def write_records(folder: Path, records: list[dict[str, Any]]) -> None:
    """Write ``import.json``: the recordings, and the libraries that read them."""
    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    for record in records:
        record.setdefault("libraries", versions)
    write_json(folder / "import.json", {"schema": 1, "recordings": records})
