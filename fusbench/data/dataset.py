"""A data set: scans of clips under one description, opened by name or folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from fusbench.data.card import DatasetCard
from fusbench.data.folder import Report, read_folder
from fusbench.data.scan import SPLITS, Clip, DatasetInfo
from fusbench.discovery import DATASETS, card, load_target, scan
from fusbench.errors import DatasetError, FusbenchError, PluginError, counted, raised, unknown
from fusbench.files import text_sha256, told_as
from fusbench.progress import Progress, silent
from fusbench.progress import Report as Told

POOLED = "all"  # in place of a fold's number: all of them


@dataclass(frozen=True)
class Dataset:
    """Clips under one description. Opened by `open_dataset`, written by `write_dataset`.

    Parameters
    ----------
    root : Path
        The data set's folder.
    info : DatasetInfo
    clips : tuple of Clip
        Of all splits, in order of scan and clip.
    fold : int or "all", optional
        Number of the fold whose splits the clips have; None for the stored splits. "all" pools
        `folds`: each clip is in the test split here, and in that of one of them.
    folds : tuple of Dataset
        Those that are pooled.

    Examples
    --------
    >>> import fusbench
    >>> dataset = fusbench.open_dataset("phantom-tiny", ("test",))
    >>> dataset
    <Dataset phantom-tiny 1.2 (synthetic): 6 clips of 6 scans>
    >>> [clip.clip_id for clip in dataset.split("test")]
    ['s093-c1']
    """

    root: Path
    info: DatasetInfo
    clips: tuple[Clip, ...]
    fold: int | str | None = None
    folds: tuple[Dataset, ...] = ()

    @property
    def where(self) -> str:
        """What errors call it: its folder, or its name where the cache keeps it."""
        return told_as(self.root, self.info.name)

    @property
    def train_clips(self) -> tuple[Clip, ...]:
        """Clips of the train split, or of that of any fold."""
        parts = self.folds or (self,)
        return tuple(clip for part in parts for clip in part.clips if clip.split == "train")

    def __repr__(self) -> str:
        info, n_scans = self.info, len({clip.scan_id for clip in self.clips})
        synthetic = " (synthetic)" * info.synthetic
        clips = f"{counted(len(self.clips), 'clip')} of {counted(n_scans, 'scan')}"
        return f"<Dataset {info.name} {info.version}{synthetic}: {clips}>"

    def split(self, name: str) -> tuple[Clip, ...]:
        """Clips of a split, in order of scan and clip.

        Parameters
        ----------
        name : {"train", "val", "test"}

        Returns
        -------
        tuple of Clip

        Raises
        ------
        UnknownName
            If `name` is no split.
        DatasetError
            If the split is empty.
        """
        if name not in SPLITS:
            raise unknown("split", name, SPLITS)
        clips = tuple(clip for clip in self.clips if clip.split == name)
        if not clips:
            raise DatasetError(
                f"the {name} split is empty",
                self.where,
                "Assign scans to it, or choose another split with --split.",
            )
        return clips

    def scans(self, split: str) -> Iterator[tuple[str, tuple[Clip, ...]]]:
        """Scans of a split with their clips, ordered by scan_id.

        Parameters
        ----------
        split : {"train", "val", "test"}

        Yields
        ------
        scan_id : str
        clips : tuple of Clip

        Raises
        ------
        UnknownName, DatasetError
            As `split`.
        """
        found: dict[str, list[Clip]] = {}
        for clip in self.split(split):
            found.setdefault(clip.scan_id, []).append(clip)
        for scan_id in sorted(found):
            yield scan_id, tuple(found[scan_id])

    def fingerprint(self, split: str) -> str:
        """SHA-256 over what a split contains: frames, gaze, grouping into scans, and sigma.

        Names of data set, scans, clips and files do not count, nor does the order of rows. That of
        pooled folds is over the fingerprints of all of them.

        Parameters
        ----------
        split : {"train", "val", "test"}

        Returns
        -------
        str
            64 hexadecimal digits.

        Raises
        ------
        UnknownName, DatasetError
            As `split`.
        """
        return self._once("all", split, self._fingerprint)

    def _fingerprint(self, split: str) -> str:
        if self.folds:
            return text_sha256(*(part.fingerprint(split) for part in self.folds))
        scans = [
            text_sha256(*sorted(clip.digest for clip in clips)) for _, clips in self.scans(split)
        ]
        info = self.info
        facts = (info.frame_shape, info.frame_rate_hz, info.sigma_px)
        return text_sha256(*(repr(fact) for fact in facts), *sorted(scans))

    def gaze_fingerprint(self, split: str) -> str:
        """SHA-256 over the gaze of a split alone.

        Parameters
        ----------
        split : {"train", "val", "test"}

        Returns
        -------
        str
            64 hexadecimal digits; "" where the split is empty.
        """
        return self._once("gaze", split, self._gaze_fingerprint)

    def _gaze_fingerprint(self, split: str) -> str:
        parts = [
            text_sha256(
                *(repr(c.tolist()) for c in (clip.gaze.frame, clip.gaze.x_px, clip.gaze.y_px)),
                *([repr(groups.tolist())] if (groups := clip.gaze.grouping()).any() else []),
            )
            for clip in self.clips
            if clip.split == split
        ]
        return text_sha256(repr(self.info.image_shape), *sorted(parts)) if parts else ""

    def _once(self, of: str, split: str, made: Callable[[str], str]) -> str:
        if (of, split) not in self._made:
            self._made[of, split] = made(split)
        return self._made[of, split]

    @cached_property
    def _made(self) -> dict[tuple[str, str], str]:
        return {}


def dataset_card(name: str) -> DatasetCard:
    """The card of a registered data set.

    Raises
    ------
    UnknownName, PluginError
    """
    return card(DATASETS, "dataset", name, DatasetCard)


def open_dataset(
    source: str | Path,
    splits: tuple[str, ...] = SPLITS,
    *,
    progress: Progress = silent,
    fold: int | str | None = None,
) -> Dataset:
    """Open a data set; frames stay on disk until they are looked at.

    Parameters
    ----------
    source : str or Path
        A registered name, such as "phantom", or the path of a data set folder.
    splits : tuple of str
        Splits whose frames will be needed; a registered data set may make only these.
    progress : callable, optional
        Shows how far it is while a registered data set is made; see `fusbench.progress`.
    fold : int or "all", optional
        Take the splits of this fold, 1..K, of ``folds.csv`` in place of the stored ones: fold k is
        the test split, the next fold the val split, all others are the train split. "all" pools
        them; see `Dataset`.

    Raises
    ------
    UnknownName
        If `source` is neither a name nor a folder.
    DatasetError
        At the first breach of the specification, naming file, row and remedy.
    PluginError
        If the plug-in of that name cannot be imported, or makes no folder.

    Examples
    --------
    >>> dataset = open_dataset("phantom-tiny", ("test",))
    >>> dataset.info.frame_shape, dataset.info.sigma_px
    ((224, 288), 8.0)
    >>> dataset.split("test")[0].frames.shape
    (30, 224, 288)
    """
    for split in splits:
        if split not in SPLITS:
            raise unknown("split", split, SPLITS)
    names, faults = scan(DATASETS)
    if str(source) in names:
        wanted = splits if fold is None else SPLITS
        with progress(f"making {source}") as update:
            root = _provided(dataset_card(str(source)), wanted, update)
    elif Path(source).is_dir():
        root = Path(source)
    else:
        for fault in faults:
            if fault.name == str(source):
                raise PluginError(fault.what, f"data set '{source}'", fault.fix)
        see = "A folder's path does as well; 'fusbench dataset list' shows the names."
        raise unknown("data set", str(source), list(names), see)

    def stop(error: FusbenchError) -> None:
        raise error

    dataset = _dataset(root, stop)
    if fold is None:
        return dataset
    from fusbench.data.split import count_folds, folded

    if fold != POOLED:
        return replace(dataset, clips=folded(root, dataset.clips, fold, dataset.where), fold=fold)
    numbers = range(1, count_folds(root, dataset.where) + 1)
    parts = (replace(dataset, clips=folded(root, dataset.clips, k), fold=k) for k in numbers)
    tested = tuple(replace(clip, split="test") for clip in dataset.clips)
    return replace(dataset, clips=tested, fold=POOLED, folds=tuple(parts))


def _provided(card: DatasetCard, splits: tuple[str, ...], report: Told) -> Path:
    """The folder that a card's provider returns."""
    where = f"data set '{card.name}'"
    provide = load_target(card.provider, where)
    try:
        root = provide(card, splits, report)
    except FusbenchError:
        raise
    except Exception as error:  # a stranger's code
        fix = f"Look at {card.provider}; --debug shows the traceback."
        raise PluginError(f"its provider {raised(error)}", where, fix) from error
    if not isinstance(root, str | Path) or not Path(root).is_dir():
        what = f"its provider returned {root!r}, which is no folder"
        raise PluginError(what, where, "Return the path of a data set folder.")
    return Path(root)


def _dataset(root: Path, report: Report) -> Dataset:
    info, clips = read_folder(root, report)
    return Dataset(root, info, clips)
