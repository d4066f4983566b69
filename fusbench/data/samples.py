"""Windows with their targets, as a lazy sequence: what training loops draw batches from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import overload

import numpy as np

from fusbench.data.dataset import Dataset
from fusbench.data.frames import fit_frames, fit_points
from fusbench.data.gaze import saliency_map
from fusbench.data.recent import Recent
from fusbench.data.scan import OPEN_MAPS, Clip
from fusbench.data.window import Window
from fusbench.errors import counted

MEMORY_BYTES = 2 << 30
"""Resized frames that one sequence of samples keeps."""


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
    """Several samples: frames uint8 (B, L, H, W) and densities float32 (B, H, W)."""

    frames: np.ndarray
    densities: np.ndarray

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
    memory_bytes : int
        What the resized clips that are kept may take together; the clip used last is always kept.

    Raises
    ------
    WindowError
        If a clip holds no complete window.
    DatasetError
        If the split is empty.

    Notes
    -----
    Frames of the stored size stay memory-mapped; a sample with a stride-1 window is a view into the
    file, and nothing is copied before a batch is made. At another size, each clip is resized when
    it is first touched, and kept as long as `memory_bytes` hold it.

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
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self.window = window
        self.stored_shape = dataset.info.image_shape
        self.shape = shape or self.stored_shape
        self.channels = channels
        scale = np.divide(self.shape, self.stored_shape)
        self.sigma_px = (dataset.info.sigma_px * scale[0], dataset.info.sigma_px * scale[1])
        self.clips = dataset.split(split)
        as_stored = self.shape == self.stored_shape and (channels == 3) == (
            len(dataset.info.frame_shape) == 3
        )
        # memory maps take a file each that is open, resized clips take memory
        bound = (OPEN_MAPS // 2, _one) if as_stored else (memory_bytes, attrgetter("nbytes"))
        self._recent = Recent(*bound)
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

    def _fit_clip(self, number: int) -> np.ndarray:
        return fit_frames(self.clips[number].frames, self.shape, self.channels)

    def __len__(self) -> int:
        return len(self.keys)

    def __repr__(self) -> str:
        shape = " x ".join(map(str, (self.window.length, *self.shape)))
        clips = counted(len(self.clips), "clip")
        return f"<Samples: {counted(len(self), 'window')} of {shape}, of {clips}>"

    def clip_of(self, index: int) -> tuple[Clip, int]:
        """Clip and target frame of sample `index`."""
        number, target = self.keys[index]
        return self.clips[number], target

    def frames_of(self, index: int) -> np.ndarray:
        """Frames of a window, uint8 (L, H, W): a view where it is complete and unstrided."""
        number, target = self.keys[index]
        frames = self._recent.get(number, self._fit_clip)
        first = target - self.window.horizon - self.window.target_index
        if self.window.stride == 1 and 0 <= first <= len(frames) - self.window.length:
            return frames[first : first + self.window.length]
        window: np.ndarray = frames[self.window.indices([target], len(frames))[0]]
        return window

    def points_of(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Gaze points of a sample's target frame, in pixels of `shape`."""
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

    def batch(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """The samples of these indices as arrays that may be written to."""
        samples = [self[int(index)] for index in indices]
        return Batch(
            frames=np.stack([sample.frames for sample in samples]),
            densities=np.stack([sample.density for sample in samples]),
        )

    def batches(self, size: int) -> Iterator[Batch]:
        """All samples in order, in batches of `size`; the last may be smaller."""
        for start in range(0, len(self), size):
            yield self.batch(range(start, min(start + size, len(self))))


def _one(_frames: np.ndarray) -> int:
    return 1
