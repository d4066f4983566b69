"""Predictions as files: one array (T, H, W) of densities a clip, named by the clip."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from fusbench.errors import DatasetError
from fusbench.files import file_sha256

SUFFIXES = (".npy", ".npz")
REMEDY = "Write floating-point densities (T, H, W) with numpy.save, one file a clip."


class Predictions(Mapping[str, np.ndarray]):
    """Arrays by clip_id, each opened when it is asked for and memory-mapped where it can be."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self.files = files

    def __getitem__(self, clip_id: str) -> np.ndarray:
        return _open(self.files[clip_id])

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)

    def sha256(self) -> str:
        """Hash over all files and the clips they are for."""
        digest = hashlib.sha256()
        for clip_id, path in sorted(self.files.items()):
            digest.update(f"{clip_id}\n{file_sha256(path)}\n".encode())
        return digest.hexdigest()


def read_predictions(folder: Path) -> Predictions:
    """The predictions of a folder: ``<clip_id>.npy``, or ``<clip_id>.npz`` that holds one array.

    Raises
    ------
    DatasetError
        If the folder is missing, holds none, or two for one clip. Opening an array raises it too:
        where the file is damaged, or no floating-point (T, H, W).
    """
    if not folder.is_dir():
        raise DatasetError("no folder of predictions is here", str(folder), "Check the path.")
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix not in SUFFIXES:
            continue
        if path.stem in files:
            what = f"two files predict the clip '{path.stem}'"
            raise DatasetError(what, str(folder), "Keep one of them.")
        files[path.stem] = path
    if not files:
        raise DatasetError("holds no .npy or .npz file", str(folder), REMEDY)
    return Predictions(files)


def _open(path: Path) -> np.ndarray:
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
        if isinstance(found, np.lib.npyio.NpzFile):
            with found:
                (array,) = found.values()
        else:
            array = found
    except (ValueError, OSError, EOFError, KeyError) as error:
        what = f"is damaged or holds no single array ({str(error).splitlines()[0]})"
        raise DatasetError(what, str(path), REMEDY) from None
    if array.ndim != 3 or array.dtype.kind != "f":
        shape = " x ".join(map(str, array.shape))
        raise DatasetError(f"holds {array.dtype} {shape}", str(path), REMEDY)
    return array
