"""What a data set is made of: its description, and clips whose frames are read when looked at."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from fusbench.data.gaze import GazePoints, fixation_map, saliency_map
from fusbench.data.packed import SUFFIX, PackedFrames
from fusbench.data.stored import (
    map_array,
    packed_frames,
    packed_sha256,
    read_errors,
    unpacked,
)
from fusbench.errors import DatasetError, counted
from fusbench.files import known_sha256, text_sha256, told_as

SPLITS = ("train", "val", "test")
SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class DatasetInfo:
    """What holds for a whole data set: the content of ``dataset.toml``.

    Parameters
    ----------
    name, version, licence, citation, description : str
    frame_rate_hz, gaze_rate_hz : float
    frame_shape : (int, int) or (int, int, 3)
        Rows, columns and, for colour frames, 3.
    pixel_spacing_mm : (float, float) or None
        Row and column spacing, where known.
    sigma_px : float
        Standard deviation of the Gaussian that turns a gaze point into a saliency map.
    synthetic : bool
        True where no person was recorded.
    landmarks : tuple of str
        Names of the landmarks whose positions ``landmarks/`` holds.

    Examples
    --------
    >>> DatasetInfo(
    ...     name="mine", version="1", licence="private", citation="none", frame_rate_hz=30.0,
    ...     frame_shape=(480, 640), gaze_rate_hz=90.0, sigma_px=17.8)
    <DatasetInfo mine 1: 480 x 640 at 30 Hz, sigma 17.8 px, private>
    """

    name: str
    version: str
    licence: str
    citation: str
    frame_rate_hz: float
    frame_shape: tuple[int, ...]
    gaze_rate_hz: float
    sigma_px: float
    pixel_spacing_mm: tuple[float, float] | None = None
    synthetic: bool = False
    description: str = ""
    landmarks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        size = " x ".join(map(str, self.frame_shape))
        facts = f"{size} at {self.frame_rate_hz:g} Hz, sigma {self.sigma_px:g} px"
        return f"<DatasetInfo {self.name} {self.version}: {facts}, {self.licence}>"

    @property
    def image_shape(self) -> tuple[int, int]:
        """Rows and columns, whatever the number of channels."""
        return self.frame_shape[0], self.frame_shape[1]


@dataclass(frozen=True, kw_only=True)
class Clip:
    """Consecutive frames of one scan, with the gaze on them.

    Parameters
    ----------
    clip_id, scan_id : str
        Ids of the clip, and of the examination that it is a part of.
    split : {"train", "val", "test"}
    n_frames : int
        T, the length of the clip.
    gaze : GazePoints
        On any of its frames, none or many in each.
    info : DatasetInfo
        Of the data set: shapes, rates and sigma.
    root : Path
        The data set's folder.
    file : str
        The frames' file below `root`; "" where this copy holds the gaze alone.
    sha256 : str
        Of that file's content.
    segments : tuple of (int, int, str)
        First and last frame, and kind, of each part whose kind is known.

    Examples
    --------
    >>> import fusbench
    >>> dataset = fusbench.open_dataset("phantom-tiny", ("test",))
    >>> clip = dataset.split("test")[0]
    >>> clip.frames.shape, clip.frames.dtype.name
    ((30, 224, 288), 'uint8')
    >>> x_px, y_px = clip.gaze.at(0)
    >>> round(float(clip.saliency_map(0).sum()), 9)
    1.0
    """

    clip_id: str
    scan_id: str
    split: str
    n_frames: int
    gaze: GazePoints
    info: DatasetInfo
    root: Path
    file: str = ""
    sha256: str = ""
    segments: tuple[tuple[int, int, str], ...] = ()

    def __repr__(self) -> str:
        size = f"{counted(self.n_frames, 'frame')}, {counted(len(self.gaze), 'gaze point')}"
        return f"<Clip {self.clip_id} of {self.scan_id}, {self.split}: {size}>"

    @property
    def path(self) -> Path:
        """The clip's frame file; `DatasetError` where this copy holds only the gaze."""
        if not self.file:
            raise DatasetError(
                "holds the clip's gaze but not its frames",
                f"{told_as(self.root, self.info.name)}, clip '{self.clip_id}'",
                "Open a copy of the data set that includes this split's frames.",
            )
        return self.root / self.file

    @property
    def frames(self) -> np.ndarray:
        """Frames, uint8 (T, H, W) or (T, H, W, 3), memory-mapped: nothing is copied.

        Only the maps that were used last stay open, so that a data set may have any number of
        clips; hold the array itself where it is used over and over. A packed file is unpacked
        whole, and the clips that were used last are kept; `packed` unpacks some frames alone.

        Before the first look the file is held against its hash, so that nobody trains on, scores
        or exports other pixels than the data set's fingerprint says.
        """
        self.verify()
        return self._stored()

    def _stored(self) -> np.ndarray:
        packed = self.packed
        if packed is None:
            return map_array(self.path, self._shape, np.uint8)
        return unpacked(self.path, packed)

    @property
    def store(self) -> str:
        """How its frames lie on disk: "npy" or "zstd"."""
        return "zstd" if self.file.endswith(SUFFIX) else "npy"

    @property
    def _shape(self) -> tuple[int, ...]:
        return self.n_frames, *self.info.frame_shape

    @property
    def packed(self) -> PackedFrames | None:
        """The clip's packed file, whose frames unpack one by one; None where it is memory-mapped.

        Its frames are not held against their hash: `verify` does that.
        """
        if self.store == "npy":
            return None
        return packed_frames(self.path, self._shape)

    @property
    def mixture(self) -> np.ndarray | None:
        """The known generating density of synthetic gaze, float32 (T, K, 4), or None.

        Columns are weight, x_px, y_px, sd_px of a Gaussian mixture over gaze points.
        """
        return self._optional("density", (self.n_frames, None, 4))

    @property
    def landmarks(self) -> np.ndarray | None:
        """Positions of the data set's landmarks, float32 (T, N, 3), or None.

        Columns are x_px, y_px and visibility from 0 to 1; `DatasetInfo.landmarks` names the N.
        """
        return self._optional("landmarks", (self.n_frames, len(self.info.landmarks), 3))

    def _optional(self, folder: str, shape: tuple[int | None, ...]) -> np.ndarray | None:
        path = self.root / folder / f"{self.clip_id}.npy"
        return map_array(path, shape, np.float32) if path.exists() else None

    def verify(self) -> None:
        """Hold the frame file against the hash that ``clips.csv`` names.

        Raises
        ------
        DatasetError
            If it is another file, or cannot be read.
        """
        with read_errors(self.path):
            if self.store == "zstd":
                found = packed_sha256(self.path, self._shape)
            else:
                self._stored()
                found = known_sha256(self.path)
        if found != self.sha256:
            raise DatasetError(
                "the file's content does not match its sha256 in clips.csv",
                str(self.path),
                "Restore the file, or make the data set anew.",
            )

    def check(self) -> None:
        """Look for faults of the clip's arrays, up to the first one.

        Raises
        ------
        DatasetError
            Naming the file and what is wrong with it.
        """
        if self.file:
            _ = self.frames
        _ = self.landmarks
        if self.mixture is not None and not np.allclose(self.mixture[..., 0].sum(1), 1, atol=1e-3):
            where = str(self.root / "density" / f"{self.clip_id}.npy")
            raise DatasetError("the weights of a frame do not sum to 1", where, "Normalise them.")

    def saliency_map(self, frame: int) -> np.ndarray:
        """Empirical saliency map of a frame.

        Parameters
        ----------
        frame : int
            One with gaze, from 0.

        Returns
        -------
        ndarray of float64, shape (H, W)
            Not negative, sums to 1.

        Raises
        ------
        ConfigError
            If the frame has no gaze.
        """
        return saliency_map(*self.gaze.at(frame), self.info.image_shape, self.info.sigma_px)

    def fixation_map(self, frame: int) -> np.ndarray:
        """Gaze points per pixel of a frame.

        Parameters
        ----------
        frame : int
            From 0.

        Returns
        -------
        ndarray of uint16, shape (H, W)
            0 everywhere for a frame without gaze.
        """
        return fixation_map(*self.gaze.at(frame), self.info.image_shape)

    def segment(self, frame: int) -> str:
        """Kind of the segment that a frame lies in.

        Parameters
        ----------
        frame : int
            From 0.

        Returns
        -------
        str
            Such as "sweep"; "" where it is unknown.
        """
        kinds = (kind for first, last, kind in self.segments if first <= frame <= last)
        return next(kinds, "")

    @cached_property
    def digest(self) -> str:
        """SHA-256 over frames and gaze, and over which points are one observer's; no names."""
        gaze = hashlib.sha256()
        for column in (self.gaze.frame, self.gaze.time_s, self.gaze.x_px, self.gaze.y_px):
            gaze.update(np.ascontiguousarray(column).tobytes())
        if (grouping := self.gaze.grouping()).any():
            gaze.update(repr(grouping.tolist()).encode())
        return text_sha256(self.sha256, str(self.n_frames), gaze.hexdigest())
