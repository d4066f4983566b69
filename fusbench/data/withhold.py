"""A data set for a private test: everything but the gaze of one split."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from fusbench.data.dataset import Dataset
from fusbench.data.gaze import GazePoints
from fusbench.data.scan import Clip
from fusbench.data.writer import NewClip, StoredClip, store_clip, write_dataset

NO_GAZE = GazePoints(
    frame=np.empty(0, np.int32), time_s=np.empty(0), x_px=np.empty(0), y_px=np.empty(0)
)


def withhold_gaze(
    dataset: Dataset,
    root: Path,
    split: str = "test",
    report: Callable[[int, int], None] | None = None,
) -> Path:
    """Write a copy of a data set in which a split has frames but no gaze.

    Left out with the gaze is what would tell of it: the generating density, landmarks, segments.

    Parameters
    ----------
    dataset : Dataset
    root : Path
        The new folder.
    split : {"train", "val", "test"}
        The split whose gaze is withheld.
    report : callable, optional
        Told (clips done, clips in all).

    Raises
    ------
    DatasetError
        If the split is empty, or a clip's frames are not at hand.
    OutputError
        If the folder exists.
    """
    dataset.split(split)
    note = f"The gaze of the {split} split is withheld."
    info = replace(dataset.info, description=f"{dataset.info.description} {note}".strip())

    def stored(folder: Path) -> Iterator[StoredClip]:
        for done, clip in enumerate(dataset.clips, start=1):
            clip.verify()
            yield store_clip(folder, _copy(clip, hidden=clip.split == split), clip.store)
            if report:
                report(done, len(dataset.clips))

    return write_dataset(root, info, stored)


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
