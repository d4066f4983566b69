"""A model's densities for a clip's frames: the one way from frames to what is scored or drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fusbench import metrics
from fusbench.arrays import let_go
from fusbench.data.fitted import fitted_clip
from fusbench.data.frames import fit_density
from fusbench.data.scan import Clip
from fusbench.errors import PredictionError, counted
from fusbench.models.card import GAZING, ModelCard
from fusbench.stages import stage

BATCH_SIZE = 16
STRETCH = 1024
"""Frames of a clip whose densities, or whose pages where it is mapped, are held together."""
Raw = Iterator[tuple[np.ndarray, np.ndarray]]
"""Batches of target frames, and what a model gave for them."""


def densities(
    model: Any, card: ModelCard, clip: Clip, targets: np.ndarray, *, freeze_history: bool = False
) -> Iterator[np.ndarray]:
    """Predicted densities (H, W) of a clip's target frames, checked and at the clip's own size.

    The one place where frames are resized to `card.input_shape` and densities back. `targets` is
    int (B,); a batch never crosses a clip. With `freeze_history` every frame of a window is its
    current one, a control that shows what the past frames are worth.

    Raises
    ------
    PredictionError
        If a prediction is no density, naming model, clip and frame.
    """
    size = clip.info.image_shape
    where = f"clip '{clip.clip_id}'"
    if card.sees in (*GAZING, "nothing"):
        raw: Raw = ((batch, model.predict_gaze(clip, batch)) for batch in _batches(targets))
        yield from _checked(raw, card, card.input_shape or size, size, where)
        return
    with stage("frames to the model's size"):
        frames = fitted_clip(clip, card.input_shape, card.channels)
    raw = _of_windows(model, card, frames, targets, freeze_history, where)
    number = 0
    try:
        for number, density in enumerate(_checked(raw, card, _shape(frames), size, where), start=1):
            yield density
            if number % STRETCH == 0:
                let_go(frames)
    finally:
        if number >= STRETCH:
            let_go(frames)


def frame_densities(
    model: Any, card: ModelCard, frames: np.ndarray, size: tuple[int, int], where: str
) -> Iterator[np.ndarray]:
    """For every frame, the density whose current frame it is, checked and at the `size` asked for.

    Parameters
    ----------
    model, card
        A model that sees frames only.
    frames : ndarray of uint8, shape (T, h, w) or (T, h, w, 3)
        At the model's input size.
    size : (int, int)
        Rows and columns of the densities.
    where : str
        Where the frames come from, for messages.
    """
    targets = np.arange(len(frames)) + card.window.horizon
    raw = _of_windows(model, card, frames, targets, False, where)
    yield from _checked(raw, card, _shape(frames), size, where)


def _shape(frames: np.ndarray) -> tuple[int, int]:
    return frames.shape[1], frames.shape[2]


def _batches(targets: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(targets), BATCH_SIZE):
        yield targets[start : start + BATCH_SIZE]


def _of_windows(
    model: Any,
    card: ModelCard,
    frames: np.ndarray,
    targets: np.ndarray,
    freeze_history: bool,
    where: str,
) -> Raw:
    window, current = card.window, np.maximum(targets - card.window.horizon, 0)
    if not freeze_history and (card.of_clip or hasattr(model, "predict_clip")):
        at_most = STRETCH if (np.diff(current) >= 0).all() else len(frames)
        for first, found in _of_stretches(model, card, frames, at_most, where):
            there = np.flatnonzero((current >= first) & (current < first + len(found)))
            for batch in _batches(there):
                yield targets[batch], found[current[batch] - first]
        return
    if card.of_clip:
        for frame in current:
            still = np.repeat(frames[[frame]], frame + 1, axis=0)
            yield np.array([frame + window.horizon]), of_clip(model, card, still, where)[-1:]
        return
    for batch in _batches(targets):
        at = window.indices(batch, len(frames))
        if freeze_history:
            at = np.broadcast_to(at[:, [window.target_index]], at.shape)
        yield batch, model.predict(frames[at])


def _of_stretches(
    model: Any, card: ModelCard, frames: np.ndarray, at_most: int, where: str
) -> Iterator[tuple[int, np.ndarray]]:
    """The first frame of each stretch of a clip, and the densities of the stretch's frames.

    A clip of up to so many frames is one stretch. What remembers the whole clip and cannot be given
    frame by frame gets it whole, however long it is.
    """
    if len(frames) <= at_most or (card.of_clip and not hasattr(model, "step")):
        yield 0, of_clip(model, card, frames, where)
    elif card.of_clip:
        past = None
        for first in range(0, len(frames), at_most):
            found, past = stepped(model, frames[first : first + at_most], past)
            yield first, found
    else:
        for number, (seen, windows) in enumerate(card.window.stretches(len(frames), at_most)):
            found = of_clip(model, card, frames[seen], where)
            begin = windows[0, card.window.target_index]
            yield number * at_most, found[begin : begin + len(windows)]


def of_clip(model: Any, card: ModelCard, frames: np.ndarray, where: str) -> np.ndarray:
    """A model's densities (T, h, w) for all frames of a clip, by `predict_clip` or by steps.

    Raises
    ------
    PredictionError
        If they are not one a frame.
    """
    by_steps = not hasattr(model, "predict_clip")
    whole = stepped(model, frames)[0] if by_steps else np.asarray(model.predict_clip(frames))
    if whole.shape[:1] != (len(frames),):
        what = f"{whole.shape} densities came for {counted(len(frames), 'frame')}"
        fix = "Return one density (H, W) a frame."
        raise PredictionError(what, f"model '{card.name}', {where}", fix)
    return whole


def stepped(model: Any, frames: np.ndarray, past: Any = None) -> tuple[np.ndarray, Any]:
    """Densities (T, h, w) of frames given to `step` one by one, and what the next call needs.

    Raises
    ------
    PredictionError
        If they are of several sizes.
    """
    found = []
    for frame in frames:
        density, past = model.step(frame, past)
        found.append(np.asarray(density))
    if len({density.shape for density in found}) > 1:
        what = f"densities of several sizes came for {counted(len(frames), 'frame')}"
        raise PredictionError(what, fix="Return one density (H, W) of the frame's size.")
    return np.stack(found), past


def _checked(
    raw: Raw, card: ModelCard, shape: tuple[int, int], size: tuple[int, int], where: str
) -> Iterator[np.ndarray]:
    while True:
        with stage("model"):
            given = next(raw, None)
        if given is None:
            return
        targets, densities = given
        if np.shape(densities)[:1] != (len(targets),):
            asked = counted(len(targets), "window")
            what = f"{np.shape(densities)} densities came for {asked}"
            fix = "Return one density (H, W) a window."
            raise PredictionError(what, f"model '{card.name}', {where}", fix)
        for frame, density in zip(targets, densities, strict=True):
            place = f"model '{card.name}', {where}, frame {frame}"
            with stage("densities checked and fitted"):
                checked = metrics.check_density(density, shape, place)
                fitted = checked if shape == size else fit_density(checked, size)
            yield fitted
