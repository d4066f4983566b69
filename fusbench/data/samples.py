"""Windows with their targets, as a lazy sequence: what training loops draw batches from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from fusbench.data.dataset import Dataset
from fusbench.data.fitted import MEMORY_BYTES, FittedFrames
from fusbench.data.frames import fit_points
from fusbench.data.gaze import fixation_map, saliency_map
from fusbench.data.scan import Clip
from fusbench.data.window import Window
from fusbench.errors import counted


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A window, frames uint8 (L, H, W), and its target: x_px, y_px (N,), density float32 (H, W)."""

    scan_id: str
    clip_id: str
    frame: int
    frames: np.ndarray
    x_px: np.ndarray
    y_px: np.ndarray
    density: np.ndarray

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.frames.shape))
        gaze = counted(len(self.x_px), "gaze point")
        return f"<Sample {self.clip_id}, frame {self.frame}: {shape}, {gaze}>"


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Several samples: frames uint8 (B, L, H, W) and densities float32 (B, H, W).

    Where they were asked for, `fixations` float32 (B, H, W) are the gaze points in each pixel.
    """

    frames: np.ndarray
    densities: np.ndarray
    fixations: np.ndarray | None = None

    def __repr__(self) -> str:
        return f"<Batch: {' x '.join(map(str, self.frames.shape))}>"


class Samples(Sequence[Sample]):
    """All windows of a split whose target frame has gaze, in order of scan, clip and frame.

    Parameters
    ----------
    dataset : Dataset
    split : {"train", "val", "test"}
    window : Window
    shape : (int, int), optional
        Rows and columns that frames, gaze and sigma are scaled to; default: as stored.
    channels : {1, 3}
    complete : bool
        Leave out targets whose window would need repeated edge frames (the rule for training).
    window_count : {"exact", "paper"}
        "exact" keeps all T - L + 1 complete windows of a clip, "paper" drops the last one, T - L.
    every : int
        Keep each `every`-th target frame of a clip only; of a clip without gaze there, its first
        target with gaze.
    cache : {"memory", "disk", "none"}
        Where clips of another size are kept; see `fusbench.data.fitted.FittedFrames`.
    memory_bytes : int
        What those kept in memory may take together; the clip used last is always kept.

    Raises
    ------
    WindowError
        If a clip holds no complete window.
    DatasetError
        If the split is empty.
    ConfigError
        If there is no such cache.

    Notes
    -----
    Frames of the stored size stay memory-mapped; a sample with a stride-1 window is a view into the
    file, and nothing is copied before a batch is made. At another size, each clip is resized when
    it is first touched, and kept as long as `memory_bytes` hold it. With a cache "disk" or "none"
    windows are read from files, and memory does not grow with the data.

    Samples can be pickled: what crosses to another process are paths and gaze, no frames, and each
    process keeps resized clips of its own.

    Examples
    --------
    >>> import fusbench
    >>> dataset = fusbench.open_dataset("phantom-tiny", ("test",))
    >>> samples = Samples(dataset, "test", Window(length=6), shape=(56, 72))
    >>> samples[0].frames.shape, samples.batch([0, 1, 2]).densities.shape
    ((6, 56, 72), (3, 56, 72))
    """

    def __init__(
        self,
        dataset: Dataset,
        split: str,
        window: Window,
        *,
        shape: tuple[int, int] | None = None,
        channels: int = 1,
        complete: bool = True,
        window_count: str = "exact",
        every: int = 1,
        cache: str = "memory",
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self.window = window
        self.stored_shape = dataset.info.image_shape
        self.shape = shape or self.stored_shape
        self.channels = channels
        scale = np.divide(self.shape, self.stored_shape)
        self.sigma_px = (dataset.info.sigma_px * scale[0], dataset.info.sigma_px * scale[1])
        self.clips = dataset.split(split)
        self._before = window.horizon + window.target_index
        # the first frame of each clip's last window, where a window is a slice
        fits = window.stride == 1
        self._last = [clip.n_frames - window.length if fits else -1 for clip in self.clips]
        self._frames = FittedFrames(self.clips, self.shape, channels, cache, memory_bytes)
        keys = []
        for number, clip in enumerate(self.clips):
            targets = np.arange(clip.n_frames)
            if complete:
                window.require(clip.n_frames, f"clip '{clip.clip_id}'")
                targets = window.complete_targets(clip.n_frames)
            if window_count == "paper":
                targets = targets[:-1]
            seen = np.intersect1d(targets, clip.gaze.frames())
            kept = np.intersect1d(seen, targets[::every])
            targets = kept if len(kept) else seen[:1]
            keys += [(number, int(target)) for target in targets]
        self.keys: tuple[tuple[int, int], ...] = tuple(keys)

    def __len__(self) -> int:
        return len(self.keys)

    def __repr__(self) -> str:
        shape = " x ".join(map(str, (self.window.length, *self.shape)))
        clips = counted(len(self.clips), "clip")
        return f"<Samples: {counted(len(self), 'window')} of {shape}, of {clips}>"

    def clip_of(self, index: int) -> tuple[Clip, int]:
        """Where a sample comes from.

        Parameters
        ----------
        index : int
            From 0 to ``len(samples) - 1``.

        Returns
        -------
        clip : Clip
        frame : int
            The target frame, whose gaze is predicted.
        """
        number, target = self.keys[index]
        return self.clips[number], target

    def frames_of(self, index: int) -> np.ndarray:
        """Frames of a window.

        Parameters
        ----------
        index : int
            From 0 to ``len(samples) - 1``.

        Returns
        -------
        ndarray of uint8, shape (L, H, W) or (L, H, W, 3)
            A view of the file where the window is complete, unstrided and of the stored size.

        Raises
        ------
        DatasetError
            If the frames' file cannot be read, or is another than ``clips.csv`` says.
        """
        number, target = self.keys[index]
        first, length = target - self._before, self.window.length
        if 0 <= first <= self._last[number]:
            return self._frames(number, slice(first, first + length))
        n_frames = self.clips[number].n_frames
        return self._frames(number, self.window.indices([target], n_frames)[0])

    def points_of(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Gaze points of a sample's target frame.

        Parameters
        ----------
        index : int
            From 0 to ``len(samples) - 1``.

        Returns
        -------
        x_px, y_px : ndarray of float64, shape (K,)
            In pixels of `shape`.
        """
        number, target = self.keys[index]
        return fit_points(*self.clips[number].gaze.at(target), self.stored_shape, self.shape)

    @overload
    def __getitem__(self, index: int) -> Sample: ...

    @overload
    def __getitem__(self, index: slice) -> list[Sample]: ...

    def __getitem__(self, index: int | slice) -> Sample | list[Sample]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        clip, target = self.clip_of(index)
        x_px, y_px = self.points_of(index)
        return Sample(
            scan_id=clip.scan_id,
            clip_id=clip.clip_id,
            frame=target,
            frames=self.frames_of(index),
            x_px=x_px,
            y_px=y_px,
            density=saliency_map(x_px, y_px, self.shape, self.sigma_px).astype(np.float32),
        )

    def batch(self, indices: Sequence[int] | np.ndarray, *, with_fixations: bool = False) -> Batch:
        """Several samples as arrays that may be written to.

        Parameters
        ----------
        indices : sequence of int, shape (B,)
        with_fixations : bool
            Count the gaze points in each pixel, too.

        Returns
        -------
        Batch
            Frames uint8 (B, L, H, W), densities float32 (B, H, W), and perhaps fixations.

        Raises
        ------
        IndexError
            If there is no such sample.
        """
        chosen = [range(len(self))[index] for index in np.asarray(indices).tolist()]
        colour = (3,) if self.channels == 3 else ()
        frames = np.empty((len(chosen), self.window.length, *self.shape, *colour), np.uint8)
        densities = np.empty((len(chosen), *self.shape), np.float32)
        fixations = np.empty_like(densities) if with_fixations else None
        for place, index in enumerate(chosen):
            points = self.points_of(index)
            frames[place] = self.frames_of(index)
            densities[place] = saliency_map(*points, self.shape, self.sigma_px)
            if fixations is not None:
                fixations[place] = fixation_map(*points, self.shape)
        return Batch(frames=frames, densities=densities, fixations=fixations)

    def batches(self, size: int) -> Iterator[Batch]:
        """All samples in order, in batches.

        Parameters
        ----------
        size : int
            Samples of a batch; the last may be smaller.

        Yields
        ------
        Batch
        """
        for start in range(0, len(self), size):
            yield self.batch(range(start, min(start + size, len(self))))
