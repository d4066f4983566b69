"""A model's densities for a clip's frames: the one way from frames to what is scored or drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fusbench import metrics
from fusbench.data.frames import fit_density, fit_frames
from fusbench.data.scan import Clip
from fusbench.errors import PredictionError
from fusbench.models.card import ModelCard

BATCH_SIZE = 16


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
    shape = card.input_shape or clip.info.image_shape
    for frames, raw in _raw_densities(model, card, clip, targets, freeze_history):
        if np.shape(raw)[:1] != (len(frames),):
            what = f"{np.shape(raw)} densities came for {len(frames)} windows"
            where = f"model '{card.name}', clip '{clip.clip_id}'"
            raise PredictionError(what, where, "Return one density (H, W) a window.")
        for frame, density in zip(frames, raw, strict=True):
            where = f"model '{card.name}', clip '{clip.clip_id}', frame {frame}"
            checked = metrics.check_density(density, shape, where)
            yield fit_density(checked, clip.info.image_shape)


def _raw_densities(
    model: Any, card: ModelCard, clip: Clip, targets: np.ndarray, freeze_history: bool
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    if card.sees in ("clip", "nothing"):
        for start in range(0, len(targets), BATCH_SIZE):
            batch = targets[start : start + BATCH_SIZE]
            yield batch, model.predict_gaze(clip, batch)
        return
    frames = fit_frames(clip.frames, card.input_shape, card.channels)
    window = card.window
    if hasattr(model, "predict_clip") and not freeze_history:
        current = np.maximum(targets - window.horizon, 0)
        densities = model.predict_clip(frames)
        if np.shape(densities)[:1] != (len(frames),):
            what = f"{np.shape(densities)} densities came for {len(frames)} frames"
            where = f"model '{card.name}', clip '{clip.clip_id}'"
            raise PredictionError(what, where, "Return one density (H, W) a frame.")
        yield targets, densities[current]
        return
    for start in range(0, len(targets), BATCH_SIZE):
        batch = targets[start : start + BATCH_SIZE]
        at = window.indices(batch, len(frames))
        if freeze_history:
            at = np.broadcast_to(at[:, [window.target_index]], at.shape)
        yield batch, model.predict(frames[at])
