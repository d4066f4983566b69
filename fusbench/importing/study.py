"""A whole import: pairings into a data set folder that changes only when all of them are in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fusbench.data.folder import CLIP_COLUMNS, read_folder
from fusbench.data.gaze import watched_by
from fusbench.data.growing import Addition, growing
from fusbench.data.scan import DatasetInfo
from fusbench.data.tables import read_table
from fusbench.data.writer import StoredClip
from fusbench.errors import ConfigError, DatasetError, FusbenchError
from fusbench.importing.clip_files import Stored
from fusbench.importing.imported import Imported
from fusbench.importing.intake import Intake
from fusbench.importing.pairing import Pairing
from fusbench.importing.preflight import Failed, located, look, require_rate, with_observers
from fusbench.importing.records import read_records, told
from fusbench.importing.tally import Progress, tally_of
from fusbench.importing.work import Work

SIGMA_SHARE = 1 / 36


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
    sigma_deg : float, optional
        The same as a visual angle; 1 degree is usual. Needs the screen and the eye's distance.
    frame_size : (int, int), optional
        Rows and columns that crops are resized to; default: the first crop's.
    colour : bool
        Keep colour.
    clip_length : int
        Frames a clip.
    every : int
        Of so many frames one is kept, with the gaze on all of them.

    Examples
    --------
    >>> Study(licence="private", every=2).clip_length
    90
    """

    name: str = ""
    version: str = "1"
    licence: str = "private"
    citation: str = "none"
    description: str = ""
    sigma_px: float | None = None
    sigma_deg: float | None = None
    frame_size: tuple[int, int] | None = None
    colour: bool = False
    clip_length: int = 90
    every: int = 1

    def __post_init__(self) -> None:
        if self.clip_length < 1:
            raise ConfigError(f"a clip of {self.clip_length} frames is none", fix="Use 90, say.")
        if self.every < 1:
            raise ConfigError(f"one of {self.every} frames is none", fix="Use 2, say.")
        if self.sigma_px is not None and not 0 < self.sigma_px < 1e4:
            raise ConfigError(f"a sigma of {self.sigma_px} px is none", fix="Use 8, say.")
        if self.sigma_deg is not None and not 0 < self.sigma_deg < 45:
            raise ConfigError(f"a sigma of {self.sigma_deg} degrees is none", fix="Use 1, say.")
        if self.sigma_px is not None and self.sigma_deg is not None:
            raise ConfigError("sigma is given twice", fix="Give pixels or degrees.")


def import_recordings(
    root: str | Path,
    pairings: Sequence[Pairing],
    study: Study | None = None,
    *,
    keep_going: bool = False,
    dry_run: bool = False,
    jobs: int = 1,
    report: Progress | None = None,
) -> Imported:
    """Build a data set folder from recordings, or extend it by them.

    Every recording is looked at first: files, options, events, rates, sizes and clocks. What a
    recording's report forbids is taken in only if its pairing accepts that finding by name.

    Parameters
    ----------
    root : str or Path
        The data set's folder, new or existing.
    pairings : sequence of Pairing
        The same video again, with another observer, adds gaze and no frames.
    study : Study, optional
        Describes a new data set.
    keep_going : bool
        Take the good recordings in although others fail.
    dry_run : bool
        Read everything and write nothing.
    jobs : int
        Scans that are taken in at the same time.
    report : callable, optional
        Told (scan, frames done, frames in all), of all recordings together.

    Returns
    -------
    Imported
        The reports stand in ``import.json`` too.

    Raises
    ------
    LowQuality
        If a report forbids the use of a recording.
    Failed
        If several recordings cannot come in.
    DatasetError, ConfigError, OutputError
        If a source cannot be read, options do not fit, or the folder cannot be written. The folder
        is then as it was before.

    Examples
    --------
    >>> import cv2
    >>> import numpy as np
    >>> from fractions import Fraction
    >>> from fusbench import ReadOptions
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> video, gaze = Path(folder.name, "video"), Path(folder.name, "gaze.csv")
    >>> video.mkdir()
    >>> for n in range(12):
    ...     _ = cv2.imwrite(f"{video}/{n:02}.png", np.full((48, 64), 20 * n, np.uint8))
    >>> rows = [f"{10 * n},{20 + n % 9},30" for n in range(40)]
    >>> _ = gaze.write_text("\\n".join(["t,x,y", *rows]))
    >>> columns = {"time": "t", "time_unit": "ms", "x": "x", "y": "y", "space": "pixel"}
    >>> pairing = Pairing(
    ...     scan="s1", video=video, frame_rate_hz=Fraction(30), video_start_ns=0, no_banner=True,
    ...     gaze=gaze, gaze_format="table", options=ReadOptions(mapping=columns), split="test")
    >>> done = import_recordings(folder.name + "/study", [pairing])
    >>> done
    <Imported: 1 recording>
    >>> done.reports[0].points_per_frame
    3.33
    """
    root, study = Path(root), study or Study()
    if not pairings:
        raise ConfigError("there is nothing to import", fix="Give at least one recording.")
    pairings = with_observers(pairings)
    base = _existing(root)
    seen = look(
        pairings, base.image_shape if base else study.frame_size,
        base.frame_rate_hz if base else None, study.every, None if base else study.sigma_deg,
    )  # fmt: skip
    errors = seen.errors
    if errors and (not keep_going or len(errors) == len(pairings)):
        raise _one(list(errors.values()), len(pairings))
    good = [pairing for index, pairing in enumerate(pairings) if index not in errors]
    assert seen.size is not None
    colour = len(base.frame_shape) == 3 if base else study.colour
    kept = stored_as(replace(study, colour=colour), seen.size)
    with _place(root, dry_run) as (folder, addition):
        work = Work(
            root=folder, kept=kept, records=read_records(root), rows=_clip_rows(root),
            tally=tally_of(seen.frames, report), keep_going=keep_going or dry_run, dry_run=dry_run,
        )  # fmt: skip
        by_scan: dict[str, list[Pairing]] = {}
        for pairing in good:
            by_scan.setdefault(pairing.scan, []).append(pairing)
        with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
            try:
                done = list(pool.map(work.scan, by_scan.values()))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        found = [intake for intakes in done for intake in intakes]
        failed = [*errors.values(), *work.errors]
        found, wrong_rate = _of_one_rate(base, found)
        failed += wrong_rate
        if wrong_rate and not (keep_going or dry_run):
            raise _one(wrong_rate, len(pairings))
        if not found and not work.skipped:
            raise _one(failed, len(pairings))
        if addition is not None and found:
            intakes = [intake for _, intake in found]
            info = base or _of_intakes(study, root, intakes, seen.sigma_px)
            records = told([*work.records, *(intake.facts for _, intake in found)])
            addition.commit(info, _together(found), records)
    reports = tuple(intake.quality for _, intake in found)
    frames = sum(q.clip_frames for (p, i), q in zip(found, reports, strict=True) if not i.again)
    return Imported(
        reports=reports, skipped=tuple(work.skipped), errors=tuple(failed),
        size_bytes=frames * int(np.prod(kept.shape)),
    )  # fmt: skip


def _one(errors: Sequence[FusbenchError], recordings: int) -> FusbenchError:
    return errors[0] if len(errors) == 1 else Failed(errors, recordings)


def _of_one_rate(
    base: DatasetInfo | None, found: list[tuple[Pairing, Intake]]
) -> tuple[list[tuple[Pairing, Intake]], list[FusbenchError]]:
    """The recordings of the data set's frame rate, which the first one sets; errors of others."""
    rate = base.frame_rate_hz if base else found[0][1].quality.frame_rate_hz if found else None
    good, errors = [], []
    for pairing, intake in found:
        try:
            require_rate(pairing, intake.quality.frame_rate_hz, rate)
            good.append((pairing, intake))
        except DatasetError as error:
            errors.append(located(error, pairing))
    return good, errors


def _together(found: list[tuple[Pairing, Intake]]) -> list[StoredClip]:
    """Each clip once, with the gaze of all who saw it."""
    clips: dict[str, list[StoredClip]] = {}
    for _, intake in found:
        for clip in intake.stored:
            clips.setdefault(clip.row.clip_id, []).append(clip)
    return [
        replace(same[0], gaze=watched_by([clip.gaze for clip in same])) for same in clips.values()
    ]


@contextmanager
def _place(root: Path, dry_run: bool) -> Iterator[tuple[Path, Addition | None]]:
    """Where frames are made, and the right to add them; of a dry run a folder thrown away."""
    if dry_run:
        with tempfile.TemporaryDirectory(prefix="fusbench-dry-run-") as name:
            yield Path(name), None
        return
    with growing(root) as addition:
        yield addition.place, addition


def _existing(root: Path) -> DatasetInfo | None:
    """Description of the data set that is extended; it must be sound."""
    if not (root / "clips.csv").exists():
        return None

    def stop(error: FusbenchError) -> None:
        raise error

    return read_folder(root, stop)[0]


def _clip_rows(folder: Path) -> list[dict[str, str]]:
    if not (folder / "clips.csv").exists():
        return []
    table = read_table(folder / "clips.csv", CLIP_COLUMNS)
    columns = (table[column] for column in CLIP_COLUMNS)
    return [dict(zip(CLIP_COLUMNS, row, strict=True)) for row in zip(*columns, strict=True)]


def _of_intakes(
    study: Study, root: Path, found: list[Intake], sigma_px: float | None
) -> DatasetInfo:
    first = found[0]
    gaze_rate_hz = float(np.median([intake.quality.gaze_rate_hz for intake in found]))
    rate_hz = first.quality.frame_rate_hz
    return info_of(study, root, first.frame_shape, rate_hz, gaze_rate_hz, sigma_px)


def stored_as(study: Study, size: tuple[int, int]) -> Stored:
    """How a study's frames of this size are stored."""
    return Stored(
        size=size,
        channels=3 if study.colour else 1,
        clip_length=study.clip_length,
        every=study.every,
    )


def info_of(
    study: Study,
    root: Path,
    shape: tuple[int, ...],
    frame_rate_hz: float,
    gaze_rate_hz: float,
    sigma_px: float | None = None,
) -> DatasetInfo:
    """Description of a new data set; `sigma_px` is what follows from an angle, if one was given."""
    return DatasetInfo(
        name=study.name or root.resolve().name,
        version=study.version,
        licence=study.licence,
        citation=study.citation,
        description=study.description,
        frame_rate_hz=frame_rate_hz,
        frame_shape=shape,
        gaze_rate_hz=gaze_rate_hz,
        sigma_px=sigma_px or study.sigma_px or round(shape[1] * SIGMA_SHARE, 2),
    )
