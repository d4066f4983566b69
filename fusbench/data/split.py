"""Scans dealt out to splits or folds: by person, seeded, even in frames."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fusbench.data.folder import CLIP_COLUMNS
from fusbench.data.rewriting import rewriting, state
from fusbench.data.scan import SPLITS, Clip
from fusbench.data.tables import numbers, read_table, write_rows
from fusbench.errors import ConfigError, DatasetError, counted
from fusbench.files import output_errors, write_bytes
from fusbench.locks import locked

FOLDS_FILE = "folds.csv"
FOLD_COLUMNS = ("scan_id", "fold")
AGAIN = "Make them with: fusbench dataset split DIR --folds 5."
COPY = "Make a copy with 'fusbench dataset make NAME DIR', and its folds with 'dataset split DIR'."


def deal(frames: Mapping[str, int], shares: Sequence[float], seed: int = 0) -> dict[str, int]:
    """Deal groups of frames out to parts, in proportion to `shares`.

    Groups of alike size are shuffled, then each, the largest first, goes to the part that is
    farthest behind its share of the frames; a part stays empty only if there are fewer groups.

    Parameters
    ----------
    frames : mapping of str to int
        Frames of each group.
    shares : sequence of float
        One a part; they need not sum to 1.
    seed : int

    Returns
    -------
    dict of str to int
        Part of each group, counted from 0.

    Examples
    --------
    >>> parts = deal({f"s{n}": 90 for n in range(10)}, (60, 20, 20), seed=1)
    >>> [list(parts.values()).count(part) for part in range(3)]
    [6, 2, 2]
    """
    wanted = np.asarray(shares, float) / np.sum(shares)
    rng = np.random.default_rng(seed)
    names = sorted(frames)
    names = [names[i] for i in rng.permutation(len(names))]
    names.sort(key=lambda name: -frames[name])  # stable: equal sizes stay shuffled
    block = max(len(wanted), int(np.ceil(1 / wanted.min())))
    for start in range(0, len(names), block):
        part = names[start : start + block]
        names[start : start + block] = [part[i] for i in rng.permutation(len(part))]
    given = np.zeros(len(wanted))
    result: dict[str, int] = {}
    for index, name in enumerate(names):
        empty = np.flatnonzero([part not in result.values() for part in range(len(wanted))])
        behind = wanted * (given.sum() + frames[name]) - given
        if len(empty) >= len(names) - index > 0:
            behind = np.where(np.isin(np.arange(len(wanted)), empty), behind, -np.inf)
        part_index = int(np.argmax(behind))
        result[name] = part_index
        given[part_index] += frames[name]
    return result


def _people(scans: Sequence[str], people: Mapping[str, str] | None) -> dict[str, str]:
    """The person that each scan shows; without a key every scan is a person of its own."""
    if people is None:
        return {scan: scan for scan in scans}
    for scan in scans:
        if scan not in people:
            raise ConfigError("the patient key lacks it", f"scan '{scan}'", "Add a row for it.")
    return {scan: people[scan] for scan in scans}


def read_patients(path: Path) -> dict[str, str]:
    """Person of each scan from a CSV file with the columns scan_id and patient."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return {row["scan_id"]: row["patient"] for row in rows}
    except (OSError, UnicodeDecodeError, KeyError, csv.Error) as error:
        fix = "Give a CSV file with the columns scan_id and patient."
        raise ConfigError(f"cannot be read: {error}", str(path), fix) from None


def _deal_scans(
    clips: Sequence[Clip], shares: Sequence[float], seed: int, people: Mapping[str, str] | None
) -> dict[str, int]:
    person_of = _people(sorted({clip.scan_id for clip in clips}), people)
    frames: dict[str, int] = {}
    for clip in clips:
        person = person_of[clip.scan_id]
        frames[person] = frames.get(person, 0) + clip.n_frames
    if len(frames) < len(shares):
        who = counted(len(frames), "scan")
        if people:
            who = "1 person" if len(frames) == 1 else f"{len(frames)} people"
        what = f"{who} cannot fill {len(shares)} parts"
        raise ConfigError(what, fix="Import more, or ask for fewer.")
    part = deal(frames, shares, seed)
    return {scan: part[person] for scan, person in person_of.items()}


def split_scans(
    root: Path,
    clips: Sequence[Clip],
    shares: tuple[float, float, float] = (60, 20, 20),
    seed: int = 0,
    people: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Assign the scans of a data set folder to train, val and test, and store it.

    Parameters
    ----------
    root : Path
        The folder; its ``clips.csv`` is replaced as a whole.
    clips : sequence of Clip
    shares : (float, float, float)
        Of the frames, for train, val and test.
    seed : int
    people : mapping of str to str, optional
        Person of each scan: all scans of a person go together. It is not stored.

    Returns
    -------
    dict of str to str
        Split of each scan.
    """
    if len(shares) != len(SPLITS) or not all(0 < share < np.inf for share in shares):
        fault = "all positive" if len(shares) == len(SPLITS) else "three"
        raise ConfigError(f"the shares {shares} are not {fault}", fix="Use 60,20,20, say.")
    split = {scan: SPLITS[part] for scan, part in _deal_scans(clips, shares, seed, people).items()}
    with output_errors(root), locked(root):
        before = state(root / "clips.csv")
        table = read_table(root / "clips.csv", CLIP_COLUMNS)
        table["split"] = [
            split.get(scan, old) for scan, old in zip(table["scan_id"], table["split"], strict=True)
        ]
        rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
        with rewriting(root / "clips.csv", before) as part:
            part.write_bytes(write_rows(rows, tuple(table)).encode())
    return split


def fold_scans(
    root: Path,
    clips: Sequence[Clip],
    folds: int,
    seed: int = 0,
    people: Mapping[str, str] | None = None,
) -> dict[str, int]:
    """Assign the scans of a data set folder to folds 1..K, and store it as ``folds.csv``.

    In fold k, the scans of fold k are the test split, those of the next fold the val split, and all
    others the train split.

    Returns
    -------
    dict of str to int
        Fold of each scan.
    """
    if folds < 3:
        what = f"{folds} folds leave no scan to train on beside test and validation"
        raise ConfigError(what, fix="Use 3 or more; 5 is common.")
    parts = _deal_scans(clips, (1,) * folds, seed, people)
    fold = {scan: part + 1 for scan, part in sorted(parts.items())}
    rows = [{"scan_id": scan, "fold": part} for scan, part in fold.items()]
    with output_errors(root), locked(root):
        write_bytes(root / FOLDS_FILE, write_rows(rows, FOLD_COLUMNS).encode())
    return fold


def _folds(root: Path, where: str) -> dict[str, int]:
    """Fold of each scan, as it is stored; `DatasetError` where it is not."""
    path = root / FOLDS_FILE
    if not path.exists():
        embedded = where != str(root)
        raise DatasetError("the data set stores no folds", where, COPY if embedded else AGAIN)
    table = read_table(path, FOLD_COLUMNS)
    number = numbers(table["fold"])
    if not (np.isfinite(number).all() and (number % 1 == 0).all()):
        raise DatasetError("is no table of scan_id and fold", str(path), AGAIN)
    return dict(zip(table["scan_id"], number.astype(int).tolist(), strict=True))


def count_folds(root: Path, where: str = "") -> int:
    """How many folds a folder stores; errors as in `folded`."""
    return max(_folds(root, where or str(root)).values(), default=0)


def folded(root: Path, clips: Sequence[Clip], fold: int | str, where: str = "") -> tuple[Clip, ...]:
    """The clips with the splits of a fold; `where` is what errors call the folder.

    Raises
    ------
    DatasetError
        If the folder stores no folds, or a scan has none.
    ConfigError
        If there is no such fold.
    """
    path = root / FOLDS_FILE
    of_scan = _folds(root, where or str(root))
    count = max(of_scan.values(), default=0)
    if not isinstance(fold, int) or not 1 <= fold <= count:
        raise ConfigError(f"there is no fold {fold}", str(path), f"Use --fold 1 to {count}.")
    result = []
    for clip in clips:
        if clip.scan_id not in of_scan:
            raise DatasetError("has no fold", f"{path}, scan '{clip.scan_id}'", AGAIN)
        own = of_scan[clip.scan_id]
        split = "test" if own == fold else "val" if own == fold % count + 1 else "train"
        result.append(replace(clip, split=split))
    return tuple(result)
