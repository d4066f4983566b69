"""Making and splitting data sets, as ``fusbench dataset`` does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from fusbench.data.dataset import Dataset, open_dataset
from fusbench.data.scan import SPLITS
from fusbench.data.split import fold_scans, read_patients, split_scans
from fusbench.errors import ConfigError, DatasetError, counted, unknown
from fusbench.phantom.folder import make_phantom
from fusbench.phantom.presets import PRESETS
from fusbench.progress import Progress, silent
from fusbench.statistics.intervals import FEWEST_SCANS
from fusbench.web.document import table_html

SHARES = (60.0, 20.0, 20.0)
LONGEST_LAG_S = 1.0


def make_dataset(
    name: str,
    out: str | Path,
    *,
    seed: int | None = None,
    lag_s: float | None = None,
    progress: Progress = silent,
) -> Dataset:
    """Make an embedded data set, all splits, in a new folder, as ``fusbench dataset make`` does.

    Parameters
    ----------
    name : str
        Of a phantom, such as "phantom".
    out : str or Path
        The new folder; one that holds this very data set already is recognised.
    seed : int, optional
        Another seed, 0 or more, makes another phantom.
    lag_s : float, optional
        Lag of the gaze behind the picture, 0 to 1 s.
    progress : callable, optional
        Shows how far it is; see `fusbench.progress`.

    Returns
    -------
    Dataset

    Raises
    ------
    UnknownName
        If no phantom has this name.
    ConfigError
        If seed or lag is out of range.
    OutputError
        If the folder holds something else.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> make_dataset("phantom-tiny", folder.name + "/still", lag_s=0)
    <Dataset phantom-tiny 1.2 (synthetic): 6 clips of 6 scans>
    """
    if name not in PRESETS:
        raise unknown("phantom", name, list(PRESETS))
    if lag_s is not None and not 0 <= lag_s <= LONGEST_LAG_S:
        raise ConfigError(f"a lag of {lag_s} s is outside 0..1", fix="Use 0.2, say.")
    if seed is not None and seed < 0:
        raise ConfigError(f"the seed {seed} is negative", fix="Use 0 or more.")
    phantom = PRESETS[name]
    if seed is not None:
        phantom = replace(phantom, seed=seed)
    if lag_s is not None:
        phantom = replace(phantom, lag_s=lag_s)
    with progress(f"making {name}") as update:
        make_phantom(Path(out), phantom, report=update)
    return open_dataset(out)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """How the scans of a data set were dealt out.

    Parameters
    ----------
    folder : Path
        Of the data set, which stores it.
    scans : mapping of str to str
        Part of each scan: a split, or "fold 1" to "fold K".
    frame : DataFrame
        By part, `scans`, `clips`, `frames`, and their `share` of all frames.
    remarks : tuple of str
        What intervals need, where the test split has too few scans for one.

    Examples
    --------
    >>> import shutil, tempfile, fusbench
    >>> folder = tempfile.TemporaryDirectory()
    >>> study = folder.name + "/study"
    >>> _ = shutil.copytree(fusbench.open_dataset("phantom-tiny").root, study)
    >>> fusbench.split_dataset(study, folds=3).frame["frames"].tolist()
    [60, 60, 60]
    """

    folder: Path
    scans: Mapping[str, str]
    frame: pd.DataFrame
    remarks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        told = ", ".join(f"{part} {scans}" for part, scans in self.frame["scans"].items())
        return f"<Parts of {self.folder.name}, in scans: {told}>"

    def _repr_html_(self) -> str:
        heads, lines = self.table()
        return table_html("; ".join([str(self.folder), *self.remarks]), heads, lines)

    def table(self) -> tuple[list[str], list[list[str]]]:
        """`frame` as texts: heads, and a line for each part."""
        lines = [
            [str(part), str(scans), str(clips), str(frames), f"{share:.1%}"]
            for part, scans, clips, frames, share in self.frame.itertuples()
        ]
        return ["part", "scans", "clips", "frames", "of all"], lines


def split_dataset(
    folder: str | Path,
    *,
    shares: tuple[float, float, float] | None = None,
    folds: int | None = None,
    seed: int = 0,
    patients: str | Path | Mapping[str, str] | None = None,
) -> Parts:
    """Assign the scans of a data set folder to splits, or to K folds, even in frames.

    Parameters
    ----------
    folder : str or Path
        Of the data set; what is assigned is stored in it.
    shares : (float, float, float), optional
        Of the frames, for train, val and test; default: 60, 20, 20.
    folds : int, optional
        Store so many folds instead, 3 or more, for `fold` of `fusbench.train` and
        `fusbench.evaluate`.
    seed : int
    patients : mapping of str to str, str or Path, optional
        Person of each scan, whose scans stay together, or a CSV file of scan_id and patient. It is
        not stored.

    Returns
    -------
    Parts

    Raises
    ------
    ConfigError
        If both shares and folds are given, or the scans cannot fill the parts.
    DatasetError
        If no data set folder is there.

    Examples
    --------
    >>> import shutil, tempfile, fusbench
    >>> folder = tempfile.TemporaryDirectory()
    >>> study = folder.name + "/study"
    >>> _ = shutil.copytree(fusbench.open_dataset("phantom-tiny").root, study)
    >>> split_dataset(study, shares=(1, 1, 1), seed=1)
    <Parts of study, in scans: train 2, val 2, test 2>
    """
    root = Path(folder)
    if not root.is_dir():
        fix = "Give the path of a data set; the embedded ones keep their splits."
        raise DatasetError("no data set folder is here", str(root), fix)
    if shares and folds is not None:
        raise ConfigError("shares and folds exclude each other", fix="Give one of them.")
    data = open_dataset(root)
    people = read_patients(Path(patients)) if isinstance(patients, str | Path) else patients
    if folds is not None:
        number_of = fold_scans(root, data.clips, folds, seed, people)
        part_of = {scan: f"fold {number}" for scan, number in number_of.items()}
        parts = [f"fold {number}" for number in range(1, folds + 1)]
    else:
        part_of = split_scans(root, data.clips, shares or SHARES, seed, people)
        parts = list(SPLITS)
    clips = pd.DataFrame(
        [(part_of[clip.scan_id], clip.scan_id, clip.n_frames) for clip in data.clips],
        columns=["part", "scan", "frames"],
    )
    groups = clips.groupby("part")
    frame = pd.DataFrame(
        {
            "scans": groups["scan"].nunique(),
            "clips": groups.size(),
            "frames": groups["frames"].sum(),
        }
    )
    frame = frame.reindex([part for part in parts if part in frame.index])
    frame["share"] = frame["frames"] / frame["frames"].sum()
    tested = sum(part == "test" for part in part_of.values())
    remarks = few_scans(tested, len(part_of)) if folds is None else ()
    return Parts(folder=root, scans=part_of, frame=frame, remarks=tuple(remarks))


def few_scans(tested: int, scans: int) -> list[str]:
    """What an interval needs, where the test split has too few scans for one."""
    if tested >= FEWEST_SCANS:
        return []
    line = f"The test split has {counted(tested, 'scan')}; an interval needs {FEWEST_SCANS}"
    if scans < FEWEST_SCANS:
        return [f"{line}, and there are {scans} in all: import more."]
    folds = min(5, scans)
    share = -(-100 * FEWEST_SCANS // scans)
    enough = f", or give it {share} % of the frames" if share <= 50 else ""
    return [f"{line}. Use --folds {folds}, which tests all {scans}{enough}."]
