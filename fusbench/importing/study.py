"""A whole import: pairings into a data set folder that changes only when all of them are in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from fusbench.data.folder import CLIP_COLUMNS, read_folder
from fusbench.data.gaze import watched_by
from fusbench.data.growing import Addition, growing
from fusbench.data.scan import DatasetInfo
from fusbench.data.tables import read_table
from fusbench.data.writer import StoredClip
from fusbench.errors import ConfigError, DatasetError, FusbenchError
from fusbench.importing.described import Study, info_of, stored_as
from fusbench.importing.imported import Imported
from fusbench.importing.intake import Intake
from fusbench.importing.manifest import Row, read_manifest
from fusbench.importing.pairing import Pairing
from fusbench.importing.preflight import Failed, located, look, require_rate, with_observers
from fusbench.importing.records import recorded, told
from fusbench.importing.tally import Tally
from fusbench.importing.work import Work
from fusbench.progress import Progress, Report, silent


def import_recordings(
    root: str | Path,
    pairings: Sequence[Pairing | Row] | str | Path,
    study: Study | None = None,
    *,
    keep_going: bool = False,
    dry_run: bool = False,
    jobs: int = 1,
    progress: Progress = silent,
) -> Imported:
    """Build a data set folder from recordings, or extend it by them.

    Every recording is looked at first: files, options, events, rates, sizes and clocks. What a
    recording's report forbids is taken in only if its pairing accepts that finding by name.

    Parameters
    ----------
    root : str or Path
        The data set's folder, new or existing.
    pairings : sequence of Pairing, str or Path
        The same video again, with another observer, adds gaze and no frames. Or a manifest: a CSV
        file of one row a recording, its columns named like the options of ``dataset import``.
    study : Study, optional
        Describes a new data set.
    keep_going : bool
        Take the good recordings in although others fail.
    dry_run : bool
        Read everything and write nothing.
    jobs : int
        Scans that are taken in at the same time.
    progress : callable, optional
        Shows how many frames of all recordings together are done; see `fusbench.progress`.

    Returns
    -------
    Imported
        The reports stand in ``import.json`` too.

    Raises
    ------
    LowQuality
        If a report forbids the use of a recording.
    Failed
        If several recordings, or rows of a manifest, cannot come in.
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
    rows = _rows(pairings)
    if not rows:
        raise ConfigError("there is nothing to import", fix="Give at least one recording.")
    unread = [row.error for row in rows if row.error is not None]
    described = with_observers([row.pairing for row in rows if row.pairing is not None])
    with progress("importing") as update:
        given = (
            Path(root), described, unread, study or Study(), dry_run, keep_going, jobs, update
        )  # fmt: skip
        try:
            return _take_in(*given)
        except MadeMeanwhile:  # the data set that another process began sets sizes and rates
            return _take_in(*given)


class MadeMeanwhile(Exception):
    """Another process made the data set while this one waited to begin it."""


def _rows(pairings: Sequence[Pairing | Row] | str | Path) -> list[Row]:
    """What is to come in, with what a manifest's bad rows are told."""
    if isinstance(pairings, str | Path):
        return read_manifest(Path(pairings))
    return [
        each if isinstance(each, Row) else Row(where=each.row, pairing=each) for each in pairings
    ]


def _take_in(
    root: Path, pairings: Sequence[Pairing], unread: Sequence[FusbenchError], study: Study,
    dry_run: bool, keep_going: bool, jobs: int, report: Report,
) -> Imported:  # fmt: skip
    base = _existing(root)
    seen = look(
        pairings, base.image_shape if base else study.frame_size,
        base.frame_rate_hz if base else None, study.every, None if base else study.sigma_deg,
    )  # fmt: skip
    errors = seen.errors
    failed, many = [*unread, *errors.values()], len(unread) + len(pairings)
    if failed and (not keep_going or len(failed) == many):
        raise _one(failed, many)
    good = [
        replace(pairing, remarks=(*pairing.remarks, *seen.remarks.get(index, ())))
        for index, pairing in enumerate(pairings)
        if index not in errors
    ]
    assert seen.size is not None
    colour = len(base.frame_shape) == 3 if base else study.colour
    kept = stored_as(replace(study, colour=colour), seen.size)
    with _place(root, dry_run) as (folder, addition):
        if base is None and addition is not None and not addition.is_new:
            raise MadeMeanwhile
        work = Work(
            root=folder, kept=kept, records=recorded(root), rows=_clip_rows(root),
            tally=Tally(expected=dict(seen.frames), report=report),
            keep_going=keep_going or dry_run, dry_run=dry_run,
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
        failed += work.errors
        found, wrong_rate = _of_one_rate(base, found)
        failed += wrong_rate
        if wrong_rate and not (keep_going or dry_run):
            raise _one(wrong_rate, many)
        if not found and not work.skipped:
            raise _one(failed, many)
        if addition is not None and found:
            intakes = [intake for _, intake in found]
            info = base or _of_intakes(study, root, intakes, seen.sigma_px)
            records = told([intake.facts for _, intake in found])
            addition.commit(info, _together(found), records)
    reports = tuple(intake.quality for _, intake in found)
    return Imported(
        reports=reports, skipped=tuple(work.skipped), errors=tuple(failed),
        size_bytes=sum(intake.size_bytes for _, intake in found if not intake.again),
        clips=sum(len(intake.stored) for _, intake in found if not intake.again),
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
