"""A data set for a private test: everything but the gaze of one split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from fusbench.data.dataset import Dataset
from fusbench.data.gaze import GazePoints
from fusbench.data.scan import Clip
from fusbench.data.writer import NewClip, StoredClip, store_clip, write_dataset
from fusbench.progress import Progress, silent

NO_GAZE = GazePoints(
    frame=np.empty(0, np.int32), time_s=np.empty(0), x_px=np.empty(0), y_px=np.empty(0)
)


def withhold_gaze(
    dataset: Dataset, out: str | Path, split: str = "test", *, progress: Progress = silent
) -> Path:
    """Copy a data set without the gaze of a split, for a private test.

    Left out with the gaze is what would tell of it: the generating density, landmarks, segments.

    Parameters
    ----------
    dataset : Dataset
    out : str or Path
        The new folder, with the frames of all splits.
    split : {"train", "val", "test"}
        The split whose gaze is withheld.
    progress : callable, optional
        Shows how far it is; see `fusbench.progress`.

    Returns
    -------
    Path
        The folder. `Dataset.fingerprint` of the withheld split is what a board's rows name.

    Raises
    ------
    DatasetError
        If the split is empty, or a clip's frames are not at hand.
    OutputError
        If the folder exists.

    Examples
    --------
    >>> import tempfile, fusbench
    >>> folder = tempfile.TemporaryDirectory()
    >>> dataset = fusbench.open_dataset("phantom-tiny")
    >>> public = withhold_gaze(dataset, folder.name + "/public")
    >>> len(fusbench.open_dataset(public).split("test")[0].gaze)
    0
    """
    dataset.split(split)
    note = f"The gaze of the {split} split is withheld."
    info = replace(dataset.info, description=f"{dataset.info.description} {note}".strip())

    def stored(folder: Path) -> Iterator[StoredClip]:
        with progress("copying") as update:
            for done, clip in enumerate(dataset.clips, start=1):
                clip.verify()
                yield store_clip(folder, _copy(clip, hidden=clip.split == split), clip.store)
                update(done, len(dataset.clips))

    return write_dataset(out, info, stored)


def _copy(clip: Clip, *, hidden: bool) -> NewClip:
    return NewClip(
        clip_id=clip.clip_id,
        scan_id=clip.scan_id,
        split=clip.split,
        n_frames=clip.n_frames,
        frames=clip.frames,
        gaze=NO_GAZE if hidden else clip.gaze,
        density=None if hidden else clip.mixture,
        landmarks=None if hidden else clip.landmarks,
        segments=() if hidden else clip.segments,
    )
