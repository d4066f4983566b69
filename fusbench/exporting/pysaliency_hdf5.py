"""Two HDF5 files as pysaliency keeps them: frames as stimuli, a frame's gaze as a scanpath."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fusbench.data.dataset import Dataset
from fusbench.errors import DatasetError
from fusbench.footage.record import missing
from fusbench.progress import Report


def write(dataset: Dataset, folder: Path, report: Report) -> None:
    """Write ``stimuli.hdf5`` and ``fixations.hdf5``; ``pysaliency.read_hdf5`` opens both.

    Every frame with gaze is a stimulus, and its points are one scanpath. pysaliency takes the pixel
    of a point by cutting off the fraction, so half a pixel is added to fusbench's coordinates.
    """
    try:
        import h5py
    except ModuleNotFoundError:
        raise missing("h5py", "writing HDF5") from None
    paths: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    names: dict[str, list[str]] = {"clip_id": [], "split": []}
    numbers: list[int] = []
    with h5py.File(folder / "stimuli.hdf5", "w") as file:
        for done, clip in enumerate(dataset.clips, start=1):
            for frame in clip.gaze.frames():
                picture = np.asarray(clip.frames[frame])
                file.create_dataset(str(len(paths)), data=picture, compression="gzip")
                x_px, y_px = clip.gaze.at(frame)
                time_s = clip.gaze.time_s[clip.gaze.frame == frame]
                paths.append((x_px + 0.5, y_px + 0.5, time_s))
                names["clip_id"].append(clip.clip_id)
                names["split"].append(clip.split)
                numbers.append(int(frame))
            report(done, len(dataset.clips))
        if not paths:
            raise DatasetError("no frame has gaze", dataset.where, "Check the gaze.")
        for key, values in names.items():
            text = h5py.special_dtype(vlen=str)
            file.create_dataset(key, data=[v.encode() for v in values], dtype=text)
        file.create_dataset("frame", data=numbers)
        file.attrs["type"] = np.bytes_("Stimuli")
        file.attrs["version"] = np.bytes_("1.1")
        file.attrs["size"] = len(paths)
        file.attrs["__attributes__"] = np.bytes_('["clip_id", "split", "frame"]')
    longest = max(len(path[0]) for path in paths)
    trains = np.full((3, len(paths), longest), np.nan)
    for index, path in enumerate(paths):
        for axis, column in enumerate(path):
            trains[axis, index, : len(column)] = column
    with h5py.File(folder / "fixations.hdf5", "w") as file:
        for name, train in zip(("train_xs", "train_ys", "train_ts"), trains, strict=True):
            file.create_dataset(name, data=train)
        file.create_dataset("train_ns", data=np.arange(len(paths)))
        file.create_dataset("train_subjects", data=np.zeros(len(paths), np.int64))
        file.attrs["type"] = np.bytes_("FixationTrains")
        file.attrs["version"] = np.bytes_("1.0")
        file.attrs["__attributes__"] = np.bytes_("[]")
