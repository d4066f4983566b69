"""What a data set holds and how good it looks, as ``fusbench dataset show`` tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from fusbench.data.dataset import Dataset
from fusbench.data.overview import Counts, Quality, counts, quality
from fusbench.drawing.thumbnails import thumbnails
from fusbench.progress import Progress, silent
from fusbench.verbs.at_hand import at_hand
from fusbench.web.document import table_html

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COUNTS = ("split", "scans", "clips", "frames", "without gaze", "points", "points/frame")
LOOKS = (
    "split", "frames with gaze", "gaze rate", "longest gap", "at the border", "spread x, y",
    "still frames",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Overview:
    """A data set, split by split.

    Parameters
    ----------
    dataset : Dataset
    counts : mapping of str to Counts
        By split: scans, clips, frames, frames without gaze, gaze points, and points a frame.
    quality : mapping of str to Quality
        By split that holds clips, signs of good and bad recordings: see
        `fusbench.data.overview.Quality`.

    Examples
    --------
    >>> import fusbench
    >>> found = fusbench.show_dataset("phantom-tiny")
    >>> found
    <Overview of phantom-tiny 1.2 (synthetic): 6 clips of 6 scans>
    >>> found.frame.loc["test", ["frames", "without_gaze", "with_gaze"]].round(3).tolist()
    [30.0, 7.0, 0.767]
    """

    dataset: Dataset
    counts: Mapping[str, Counts]
    quality: Mapping[str, Quality]

    def __repr__(self) -> str:
        return f"<Overview of {repr(self.dataset)[len('<Dataset ') : -1]}>"

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each split: its counts and its quality, by their names."""
        rows = {
            split: asdict(held) | (asdict(self.quality[split]) if split in self.quality else {})
            for split, held in self.counts.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("split")

    def plot(self) -> Figure:
        """A frame of each scan with its gaze, of 48 scans at most, as a Matplotlib figure."""
        return thumbnails(self.dataset)

    def lines(self) -> tuple[list[list[str]], list[list[str]]]:
        """Counts and quality as texts, a line for each split."""
        held = [[split, *map(str, asdict(each).values())] for split, each in self.counts.items()]
        return held, [[split, *_looks(each)] for split, each in self.quality.items()]

    def _repr_html_(self) -> str:
        held, looks = self.lines()
        info = self.dataset.info
        caption = f"{info.name} {info.version}{' (synthetic)' * info.synthetic}"
        return table_html(caption, COUNTS, held) + table_html("Quality", LOOKS, looks)


def show_dataset(dataset: str | Path | Dataset, *, progress: Progress = silent) -> Overview:
    """Show what a data set holds and how good its gaze and frames look, split by split.

    Parameters
    ----------
    dataset : str, Path or Dataset
        A name or a folder; every frame is looked at.
    progress : callable, optional
        Shows how far it is; see `fusbench.progress`.

    Returns
    -------
    Overview

    Raises
    ------
    UnknownName, DatasetError, PluginError
        If the data set cannot be had.

    Examples
    --------
    >>> show_dataset("phantom-tiny").counts["train"].clips
    4
    """
    data = at_hand(dataset, progress=progress)
    with progress("looking at the frames") as update:
        return Overview(dataset=data, counts=counts(data), quality=quality(data, update))


def _looks(found: Quality) -> list[str]:
    """The quality of a split as cells of a table."""
    rate, still = found.gaze_rate_hz, found.still
    return [
        f"{found.with_gaze:.1%}",
        f"{rate:.1f} Hz" if rate else "unknown",
        f"{found.longest_gap_s:.2f} s",
        f"{found.at_border:.1%}",
        ", ".join(f"{share:.0%}" for share in found.spread),
        f"{still:.1%}" if still is not None else "no frames here",
    ]
