"""Recordings on their way into a folder, scan by scan: what is there already, and what is new."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fusbench.errors import DatasetError, FusbenchError
from fusbench.importing.clip_files import Stored
from fusbench.importing.intake import Intake, take_in
from fusbench.importing.pairing import Pairing
from fusbench.importing.preflight import located
from fusbench.importing.quality import LowQuality
from fusbench.importing.records import asked_of, source_sha256
from fusbench.importing.tally import Tally, key_of
from fusbench.numerals import is_whole


@dataclass(kw_only=True)
class Work:
    """The taking in of scans, several at a time."""

    root: Path
    kept: Stored
    records: list[dict[str, Any]]
    rows: list[dict[str, str]]
    tally: Tally
    keep_going: bool
    dry_run: bool
    errors: list[FusbenchError] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def scan(self, pairings: list[Pairing]) -> list[tuple[Pairing, Intake]]:
        """All recordings of one scan, in their order."""
        done: list[tuple[Pairing, Intake]] = []
        for pairing in pairings:
            try:
                intake = self._recording(pairing, done)
            except FusbenchError as error:
                if not self.keep_going:
                    raise located(error, pairing) from None
                self.errors.append(located(error, pairing))
                intake = None
            self.tally.finish(key_of(pairing), pairing.scan)
            if intake is not None:
                done.append((pairing, intake))
        return done

    def _recording(self, pairing: Pairing, done: list[tuple[Pairing, Intake]]) -> Intake | None:
        asked = asked_of(pairing, self.kept)
        if any(record.get("asked") == asked for record in self.records):
            self.skipped.append(pairing.scan)
            return None
        digest = source_sha256(pairing.video)
        before = [r for r in self.records if r.get("video", {}).get("sha256") == digest]
        for record in before:
            _require_other(pairing, record)
        same = (intake for other, intake in done if source_sha256(other.video) == digest)
        seen = next(same, None)
        rows = [row for row in self.rows if row["scan_id"] == pairing.scan]
        split = rows[0]["split"] if rows else done[0][0].split if done else pairing.split
        pairing = replace(pairing, split=split)
        folder, first = self.root, _next_clip(pairing.scan, rows, done)
        again = bool(before) and seen is None
        if again:  # the frames are there: they are read anew for their times, and compared
            folder = Path(tempfile.mkdtemp(prefix=".again-", dir=self.root))
            first = _number(pairing.scan, before[0]["clips"][0])
        try:
            intake = take_in(
                pairing, folder, first_clip=first, kept=self.kept, seen=seen,
                report=self.tally.of(pairing),
            )  # fmt: skip
            if again:
                _require_same(pairing, intake, rows)
        finally:
            if again:
                shutil.rmtree(folder, ignore_errors=True)
        again = again or seen is not None
        refused = bool(intake.quality.refused)
        if (refused or self.dry_run) and not again:
            for clip in intake.stored if refused else ():
                (self.root / clip.row.file).unlink(missing_ok=True)
        if refused:
            raise LowQuality(intake.quality)
        intake.facts["asked"] = asked
        return replace(intake, again=again)


def _require_other(pairing: Pairing, record: dict[str, Any]) -> None:
    """Raise `DatasetError` where a video of the data set comes again, but not for its scan."""
    where = f"scan '{pairing.scan}'"
    same = record.get("observer", "") == pairing.observer
    if record["scan_id"] != pairing.scan or same:
        what = f"this video is in the data set already, as scan '{record['scan_id']}'"
        fix = "Leave it out, or import into a new folder."
        if record["scan_id"] == pairing.scan:
            fix = "Leave it out, name another --observer, or import into a new folder."
        raise DatasetError(what, where, fix)


def _require_same(pairing: Pairing, intake: Intake, rows: list[dict[str, str]]) -> None:
    known = {row["clip_id"]: row["sha256"] for row in rows}
    if any(known.get(clip.row.clip_id) != clip.row.sha256 for clip in intake.stored):
        what = "the video is in the data set with another crop, size or part"
        raise DatasetError(what, f"scan '{pairing.scan}'", "Give the options of its first import.")


def _next_clip(scan: str, rows: list[dict[str, str]], done: list[tuple[Pairing, Intake]]) -> int:
    names = [row["clip_id"] for row in rows]
    names += [clip.row.clip_id for _, intake in done for clip in intake.stored]
    return max((_number(scan, name) for name in names), default=0) + 1


def _number(scan: str, clip_id: str) -> int:
    number = clip_id.removeprefix(f"{scan}-")
    return int(number) if is_whole(number) else 0
