"""A model on trial: loaded in a process of its own, and asked about small synthetic clips."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.data.dataset import Dataset, open_dataset
from fusbench.data.frames import fit_frames
from fusbench.data.gaze import GazePoints
from fusbench.data.scan import DatasetInfo
from fusbench.data.writer import NewClip, write_dataset
from fusbench.isolation.parent import Guest
from fusbench.models.card import GAZING, ModelCard
from fusbench.models.densities import BATCH_SIZE, of_clip
from fusbench.models.entrant import Entrant

SHAPE = (48, 64)
OTHER_SHAPE = (36, 52)
SIGMA_PX = 3.0
TARGETS = BATCH_SIZE  # as many at once as an evaluation asks for
LONG = 90  # frames of a usual clip


class Trial:
    """A model, and its answers to what the rules ask.

    Parameters
    ----------
    guest : Guest
    introduce : callable
        Returns the guest's entrant.
    folder : str
        Where the synthetic data set may be written.
    """

    again: Callable[[], Trial]
    prints_allowed = False

    def __init__(self, guest: Guest, introduce: Callable[[], Entrant], folder: str) -> None:
        self.guest = guest
        self.introduce = introduce
        self.folder = Path(folder)

    @cached_property
    def entrant(self) -> Entrant:
        """The model's card, as its process tells of it."""
        return self.introduce()

    @property
    def card(self) -> ModelCard:
        """The card; once the model is loaded, as the weights make it."""
        return self.model.card if "model" in vars(self) else self.entrant.card

    @cached_property
    def model(self) -> Any:
        """The loaded model; its data set is its own, and who opens it is known."""
        model = self.entrant.load(self.dataset)
        if self.entrant.witness is not None:
            self.guest.ask("alone")
        return model

    @cached_property
    def dataset(self) -> Dataset:
        """A train clip and a test clip of a bright spot that wanders, with gaze on it."""
        root = self.folder / "small"
        if not root.exists():
            window = self.entrant.card.window
            n_frames = (window.length - 1) * window.stride + window.horizon + TARGETS
            write_dataset(root, _info(), [_clip("train", n_frames), _clip("test", n_frames)])
        return open_dataset(root)

    @cached_property
    def frames(self) -> np.ndarray:
        """The test clip as the model wants it, uint8 (T, h, w) or (T, h, w, 3)."""
        (clip,) = self.dataset.split("test")
        return fit_frames(clip.frames, self.card.input_shape, self.card.channels).copy()

    @cached_property
    def other(self) -> np.ndarray:
        """Frames of another clip, of the same shape."""
        (clip,) = self.dataset.split("train")
        return fit_frames(clip.frames, self.card.input_shape, self.card.channels).copy()

    @cached_property
    def long(self) -> np.ndarray:
        """The test clip there and back until it is as long as clips usually are."""
        back = np.concatenate([self.frames, self.frames[-2:0:-1]])
        return back[np.arange(max(LONG, len(self.frames))) % len(back)]

    @cached_property
    def targets(self) -> np.ndarray:
        """Target frames, the first ones of whose windows stick out of the clip."""
        last = len(self.frames) - 1
        return np.unique(np.linspace(0, last, TARGETS).astype(int))

    def predict(self, targets: np.ndarray, frames: np.ndarray | None = None) -> np.ndarray:
        """Densities (B, h, w) of target frames, in one call."""
        if self.card.sees in GAZING:
            (clip,) = self.dataset.split("test")
            densities: np.ndarray = self.model.predict_gaze(clip, targets)
            return densities
        frames = self.frames if frames is None else frames
        if self.card.of_clip:
            current = np.maximum(targets - self.card.window.horizon, 0)
            whole: np.ndarray = of_clip(self.model, self.card, frames, "the clip")[current]
            return whole
        densities = self.model.predict(frames[self.card.window.indices(targets, len(frames))])
        return densities

    @cached_property
    def first(self) -> np.ndarray:
        """The first answer: densities of all targets."""
        return self.predict(self.targets)


def _info() -> DatasetInfo:
    return DatasetInfo(
        name="conformance",
        version="1",
        licence="CC0-1.0",
        citation="fusbench, synthetic",
        frame_rate_hz=30.0,
        frame_shape=SHAPE,
        gaze_rate_hz=30.0,
        sigma_px=SIGMA_PX,
        synthetic=True,
    )


def _clip(split: str, n_frames: int) -> NewClip:
    """A bright spot on a speckled ground, on a path of its own for each split.

    Each frame has a darkest and a brightest value of its own, and none is black or white: what is
    scaled by those of a batch or a clip shows.
    """
    rng = np.random.default_rng(len(split))
    phase = np.linspace(0, 2, n_frames) + rng.uniform(0, 6)
    x = SHAPE[1] / 2 + SHAPE[1] / 4 * np.cos(phase)
    y = SHAPE[0] / 2 + SHAPE[0] / 4 * np.sin(phase)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    square = (columns - x[:, None, None]) ** 2 + (rows - y[:, None, None]) ** 2
    ground = rng.gamma(2.0, 20.0, (n_frames, *SHAPE))
    picture = ground + 180 * np.exp(-square / 50)
    low, high = 15 + 10 * np.sin(3 * phase), 215 + 25 * np.cos(2 * phase)
    picture = np.clip(picture, low[:, None, None], high[:, None, None]).astype(np.uint8)
    mixture = np.stack([np.ones(n_frames), x, y, np.full(n_frames, 4.0)], axis=-1)
    return NewClip(
        clip_id=f"{split}-1",
        scan_id=split,
        split=split,
        n_frames=n_frames,
        frames=picture,
        gaze=GazePoints(
            frame=np.arange(n_frames, dtype=np.int32),
            time_s=np.round(np.arange(n_frames) / 30, 6),
            x_px=np.round(x, 2),
            y_px=np.round(y, 2),
        ),
        density=mixture[:, None, :].astype(np.float32),
    )
