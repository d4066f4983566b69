"""The zoo's models, and exported files, in ONNX Runtime."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.errors import CheckpointError
from fusbench.models.card import ModelCard
from fusbench.reading import read_bytes
from fusbench.zoo.exported import LEARN, MOST_BYTES, is_exported
from fusbench_onnx.clip import DENSITY, NEXT, PAST, WINDOWS
from fusbench_onnx.session import opened

CHUNK = 32
FRAMES = "frames"
Past = dict[str, np.ndarray]  # by the name of the input: what is kept of the last frames


def load(card: ModelCard, checkpoint: Path, device: str = "cpu") -> OnnxModel:
    """The model that a checkpoint or an exported file holds, ready to predict.

    Raises
    ------
    CheckpointError
        If the file is damaged, holds another network's weights, or no density comes of it.
    ConfigError
        If the device cannot be used.
    """
    if is_exported(checkpoint):
        content = read_bytes(checkpoint, MOST_BYTES, CheckpointError)
    else:
        from fusbench.zoo.weights import card_of_weights
        from fusbench_onnx.export import exported

        card = card_of_weights(card, checkpoint)
        content = exported(card, checkpoint)
    session = opened(content, str(checkpoint), device)
    kinds = {len(each.shape) for each in session.get_inputs() if each.name == FRAMES}
    outputs = {each.name for each in session.get_outputs()}
    if not kinds <= {3, 4} or not kinds or DENSITY not in outputs:
        what = "has no input 'frames' of three or four sides, or no output 'density'"
        raise CheckpointError(what, str(checkpoint), LEARN)
    return (OnnxClips if kinds == {3} else OnnxModel)(session, card, content)


class OnnxModel:
    """Predicts densities of windows with a graph (B, L, H, W) -> (B, H, W)."""

    def __init__(self, session: Any, card: ModelCard, content: bytes) -> None:
        self.card = card
        self.content = content
        self.session = session

    def predict(self, frames: np.ndarray) -> np.ndarray:
        """Densities float32 (B, H, W) of windows, uint8 (B, L, H, W)."""
        return self._density({FRAMES: np.ascontiguousarray(frames)})

    def _density(self, given: dict[str, np.ndarray]) -> np.ndarray:
        found: np.ndarray = self.session.run([DENSITY], given)[0]
        return found


class OnnxClips(OnnxModel):
    """Predicts densities with a graph of a clip; see `fusbench_onnx.clip`."""

    def __init__(self, session: Any, card: ModelCard, content: bytes) -> None:
        super().__init__(session, card, content)
        self._kept = [each.name for each in session.get_outputs() if each.name.startswith(NEXT)]
        window = card.window
        self.streams = window.placement == "before" and (window.span == 1 or bool(self._kept))

    def predict(self, frames: np.ndarray) -> np.ndarray:
        """Densities float32 (B, H, W) of windows, uint8 (B, L, H, W)."""
        n_windows, length = frames.shape[:2]
        clip = np.ascontiguousarray(frames).reshape(-1, *frames.shape[2:])
        windows = np.arange(n_windows * length).reshape(n_windows, length)
        return self._density({FRAMES: clip, WINDOWS: windows})

    def predict_clip(self, frames: np.ndarray) -> np.ndarray:
        """Densities float32 (T, H, W), one for each frame of a clip, uint8 (T, H, W)."""
        n_frames = len(frames)
        window = replace(self.card.window, horizon=0)
        parts = []
        for start in range(0, n_frames, CHUNK):
            at = window.indices(np.arange(start, min(start + CHUNK, n_frames)), n_frames)
            first, last = at.min(), at.max()
            clip = np.ascontiguousarray(frames[first : last + 1])
            parts.append(self._density({FRAMES: clip, WINDOWS: at - first}))
        return np.concatenate(parts)

    def step(self, frame: np.ndarray, past: Past | None = None) -> tuple[np.ndarray, Past]:
        """Density float32 (H, W) of the newest frame, uint8 (H, W), and what the next one needs."""
        given = {FRAMES: np.ascontiguousarray(frame)[None], **(past or {})}
        density, *kept = self.session.run([DENSITY, *self._kept], given)
        names = (PAST + name.removeprefix(NEXT) for name in self._kept)
        return density[0], dict(zip(names, kept, strict=True))
