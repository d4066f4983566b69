"""A draw: the operations chosen for one window, applied to all of its frames and to its gaze."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from fusbench.augment.operations import OPERATIONS, Step
from fusbench.errors import ConfigError


@dataclass(frozen=True)
class Draw:
    """Drawn operations, in order; a value that can be printed, stored and replayed.

    Whatever their order, geometry comes first (composed into one matrix, so that a frame is
    interpolated once), then fields, then grey values (composed into one table), then filters;
    within each kind the drawn order holds.

    Parameters
    ----------
    steps : tuple of Step
        Name, value and seed of each operation; none leave the window as it is.

    Examples
    --------
    >>> draw = Draw((Step("translate-x", 0.25),))
    >>> [axis.tolist() for axis in draw.apply_points(np.array([1.0]), np.array([2.0]), (8, 8))]
    [[3.0], [2.0]]
    >>> Draw.from_json(draw.to_json()) == draw
    True
    """

    steps: tuple[Step, ...] = ()

    def to_json(self) -> list[list[Any]]:
        """The draw as plain lists: name, value, seed of each step."""
        return [[step.name, step.value, step.seed] for step in self.steps]

    @classmethod
    def from_json(cls, steps: list[list[Any]]) -> Draw:
        """The inverse of `to_json`.

        Parameters
        ----------
        steps : list of [str, float, int]
            Name, value and seed of each step.

        Raises
        ------
        ConfigError
            If this is no stored draw.
        """
        try:
            made = tuple(Step(str(n), float(value), int(seed)) for n, value, seed in steps)
        except (TypeError, ValueError):
            fix = "Give a list of [name, value, seed]."
            raise ConfigError("is no stored draw", fix=fix) from None
        for step in made:
            if step.name not in OPERATIONS:
                fix = f"Use {', '.join(OPERATIONS)}."
                raise ConfigError(f"the operation '{step.name}' is unknown", fix=fix)
            if not np.isfinite(step.value):
                raise ConfigError(f"the value of '{step.name}' is not finite", fix="Draw it anew.")
        return cls(made)

    def without_geometry(self) -> Draw:
        """The same draw with the picture left in place."""
        return Draw(tuple(s for s in self.steps if OPERATIONS[s.name].kind != "geometry"))

    def matrix(self, shape: tuple[int, int]) -> np.ndarray:
        """How the picture's geometry is changed.

        Parameters
        ----------
        shape : (int, int)
            Rows and columns of the picture.

        Returns
        -------
        ndarray of float64, shape (3, 3)
            Moves pixel coordinates (x, y, 1).
        """
        return _matrix(self, shape).copy()

    def apply_points(
        self, x_px: np.ndarray, y_px: np.ndarray, shape: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Gaze points moved as the picture is.

        Parameters
        ----------
        x_px, y_px : ndarray of float, shape (N,)
            In pixels.
        shape : (int, int)
            Rows and columns of the picture.

        Returns
        -------
        x_px, y_px : ndarray of float64, shape (N,)
            They may have left the picture.
        """
        x, y, _ = self.matrix(shape) @ np.stack([x_px, y_px, np.ones_like(x_px)])
        return x, y

    def apply_map(self, weights: np.ndarray) -> np.ndarray:
        """A map moved as the picture is, its edge values continued outside.

        Parameters
        ----------
        weights : ndarray of float32 or float64, shape (H, W)

        Returns
        -------
        ndarray, shape (H, W)
            Of the same type; its sum may be another.
        """
        matrix = self.matrix((weights.shape[0], weights.shape[1]))
        edge = cv2.BORDER_REPLICATE
        return cv2.warpAffine(weights, matrix[:2], weights.shape[::-1], borderMode=edge)

    def apply_frames(self, frames: np.ndarray) -> np.ndarray:
        """Frames of a window transformed, all of them alike; the input is left as it is.

        Parameters
        ----------
        frames : ndarray of uint8, shape (L, H, W)

        Returns
        -------
        ndarray of uint8, shape (L, H, W)
        """
        shape = (frames.shape[1], frames.shape[2])
        frames = self._moved(np.ascontiguousarray(frames), shape)
        field = self._field(shape)
        if field is not None:
            frames = np.stack([cv2.multiply(frame, field, dtype=cv2.CV_8U) for frame in frames])
        table = self._table(frames)
        if table is not None:
            frames = cv2.LUT(frames.reshape(-1, shape[1]), table).reshape(frames.shape)
        for step in self._of("filter"):
            frames = OPERATIONS[step.name].apply(step.value, frames)
        return frames

    def _of(self, *kinds: str) -> list[Step]:
        return [step for step in self.steps if OPERATIONS[step.name].kind in kinds]

    def _moved(self, frames: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        if not self._of("geometry"):
            return np.array(frames)
        matrix = self.matrix(shape)[:2]
        moved = np.empty_like(frames)
        for frame, into in zip(frames, moved, strict=True):
            cv2.warpAffine(frame, matrix, shape[::-1], dst=into)
        return moved

    def _field(self, shape: tuple[int, int]) -> np.ndarray | None:
        field = None
        for step in self._of("field"):
            one = OPERATIONS[step.name].apply(step.value, shape, np.random.default_rng(step.seed))
            field = one if field is None else field * one
        return None if field is None else np.ascontiguousarray(field, dtype=np.float32)

    def _table(self, frames: np.ndarray) -> np.ndarray | None:
        steps = self._of("grey", "histogram")
        if not steps:
            return None
        table = np.arange(256, dtype=np.float64)
        counts = None
        for step in steps:
            operation = OPERATIONS[step.name]
            if operation.kind == "grey":
                table = operation.apply(step.value, table)
            else:
                if counts is None:
                    counts = _counts(frames)
                table = operation.apply(step.value, table, counts)
        table[0] = 0  # black, around the fan, stays black
        return np.clip(np.rint(table), 0, 255).astype(np.uint8)


def _counts(frames: np.ndarray) -> np.ndarray:
    """How many pixels have each grey value, int (256,); OpenCV counts a frame exactly."""
    each = (cv2.calcHist([frame], [0], None, [256], [0, 256]) for frame in frames)
    counts: np.ndarray = sum(one.reshape(-1).astype(np.int64) for one in each)
    return counts


@lru_cache(maxsize=64)
def _matrix(draw: Draw, shape: tuple[int, int]) -> np.ndarray:
    """As `Draw.matrix`: a window's frames, gaze and mask ask for the same one."""
    matrix = np.eye(3)
    for step in draw._of("geometry"):
        matrix = OPERATIONS[step.name].apply(step.value, shape) @ matrix
    return matrix
