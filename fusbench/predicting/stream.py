"""Live use: frames go in one at a time, each is encoded once, and its density comes out."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Unpack

import numpy as np

from fusbench import metrics
from fusbench.data.frames import fit_density, fit_frames
from fusbench.doors.door import Source, opened
from fusbench.doors.options import ModelOptions, Options
from fusbench.errors import ConfigError, DatasetError, WindowError, counted


class Stream:
    """A model that follows a scan while it is made.

    Parameters
    ----------
    model : str, Path, ModelCard or model
        A registered name, a Python file, a card, or a loaded model, whose window ends at the
        current frame: placement "before", or which has the whole clip's memory and `step`. All but
        fusbench's own, the zoo's and loaded models run in a process of their own until `close`.
    **options
        checkpoint, device, python, timeout_s, memory_gb, allow_prints: see `Options`.

    Raises
    ------
    WindowError
        If the model's window holds frames that are still to come.
    ConfigError
        If the model looks at more than frames, or keeps the clip's memory and has no `step`.
    UnknownName, PluginError, CheckpointError

    Notes
    -----
    The densities are those of `predict_clip` on the same frames. With a horizon k, the density that
    frame t gives is that of the gaze in frame t + k. Before a window is full, the first frame
    stands for those before it.

    Examples
    --------
    >>> stream = Stream("centre-bias")
    >>> density = stream.predict(np.zeros((48, 64), np.uint8))
    >>> density.shape, round(float(density.sum()), 9)
    ((48, 64), 1.0)
    """

    def __init__(self, model: Source, **options: Unpack[ModelOptions]) -> None:
        self._open = ExitStack()
        try:
            found = self._open.enter_context(opened(model, Options(**options)))
            self._model, self.card = found
            self._check_card()
        except BaseException:
            self._open.close()
            raise
        self.reset()

    def __repr__(self) -> str:
        return f"<Stream {self.card.name}: {counted(self.n_frames, 'frame')} so far>"

    def _check_card(self) -> None:
        card, where = self.card, f"model '{self.card.name}'"
        if card.sees != "frames":
            what = "looks at recorded gaze, which a live scan does not have yet"
            raise ConfigError(what, where, "Use a model that sees frames only.")
        if card.window.placement != "before":
            what = f"its window ({card.window.placement}) holds frames that are still to come"
            raise WindowError(what, where, "Use a model with placement 'before' for live use.")
        if card.of_clip and not hasattr(self._model, "step"):
            what = "has the whole clip's memory and no method step(frame, past)"
            raise ConfigError(what, where, "Give it that method, to be used live.")

    def close(self) -> None:
        """End the model's process, if it has one of its own."""
        self._open.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reset(self) -> None:
        """Forget all frames: the next one begins another clip."""
        self.n_frames = 0
        self._shape: tuple[int, ...] = ()
        self._past: Any = None

    def predict(self, frame: np.ndarray) -> np.ndarray:
        """The density after one more frame.

        Parameters
        ----------
        frame : ndarray of uint8, shape (H, W) or (H, W, 3)
            Of any size, the same for all frames until `reset`; colour is red, green, blue.

        Returns
        -------
        ndarray of float64, shape (H, W)
            Not negative, sums to 1.

        Raises
        ------
        DatasetError
            If the array is no frame, or differs in size from the first one.
        PredictionError
            If the model gives no density.
        """
        frame = np.asarray(frame)
        self._check(frame)
        fitted = fit_frames(frame[None], self.card.input_shape, self.card.channels)[0]
        raw = self._next(fitted)
        where = f"model '{self.card.name}', frame {self.n_frames}"
        density = metrics.check_density(raw, fitted.shape[:2], where)
        self.n_frames += 1
        return fit_density(density, frame.shape[:2])

    def _next(self, frame: np.ndarray) -> np.ndarray:
        if hasattr(self._model, "step") and getattr(self._model, "streams", True):
            density: np.ndarray
            density, self._past = self._model.step(frame, self._past)
            return density
        window = self.card.window
        if self._past is None:
            self._past = np.repeat(frame[None], window.span, axis=0)
        else:
            self._past = np.concatenate((self._past[1:], frame[None]))
        (density,) = self._model.predict(self._past[None, :: window.stride])
        return density

    def _check(self, frame: np.ndarray) -> None:
        where, fix = f"frame {self.n_frames}", "Give uint8 arrays (H, W) or (H, W, 3)."
        is_colour = frame.ndim == 3 and frame.shape[2] == 3
        if frame.dtype != np.uint8 or not (frame.ndim == 2 or is_colour) or not frame.size:
            sides = " x ".join(map(str, frame.shape)) or "a single number"
            raise DatasetError(f"is {frame.dtype}, {sides}, and no frame", where, fix)
        self._shape = self._shape or frame.shape
        if frame.shape != self._shape:
            have, first = (" x ".join(map(str, shape)) for shape in (frame.shape, self._shape))
            what = f"has {have} pixels, the first {first}"
            raise DatasetError(what, where, "Call reset() where another clip begins.")
