"""The zoo's models, and exported files, in ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fusbench.errors import CheckpointError
from fusbench.models.card import ModelCard
from fusbench.reading import read_bytes
from fusbench.zoo.exported import LEARN, MOST_BYTES, is_exported
from fusbench.zoo.weights import card_of_weights
from fusbench_onnx.clip import DENSITY, NEXT, PAST, WINDOWS
from fusbench_onnx.export import exported
from fusbench_onnx.session import answer, opened, refuse_others

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
        refuse_others(content, str(checkpoint))
    else:
        content = exported(card, checkpoint)
    card = card_of_weights(card, checkpoint)
    session = opened(content, str(checkpoint), device)
    given = (*session.get_inputs(), *session.get_overridable_initializers())
    inputs = {each.name: len(each.shape) for each in given}
    of_clips = inputs.get(FRAMES) == 3 and inputs.get(WINDOWS) == 2
    outputs = {each.name for each in session.get_outputs()}
    of_windows = inputs.get(FRAMES) == (5 if card.channels == 3 else 4)
    if DENSITY not in outputs or not (of_clips or of_windows):
        what = "has no output 'density', or neither windows nor a clip as 'frames'"
        raise CheckpointError(what, str(checkpoint), LEARN)
    return (OnnxClips if of_clips else OnnxModel)(session, card, content)


class OnnxModel:
    """Predicts densities of windows with a graph (B, L, H, W), or (B, L, H, W, 3), -> (B, H, W)."""

    def __init__(self, session: Any, card: ModelCard, content: bytes) -> None:
        self.card = card
        self.content = content
        self.session = session

    def predict(self, frames: np.ndarray) -> np.ndarray:
        """Densities float32 (B, H, W) of windows, uint8 (B, L, H, W)."""
        return self._density({FRAMES: np.ascontiguousarray(frames)})

    def _density(self, given: dict[str, np.ndarray]) -> np.ndarray:
        (found,) = self._run([DENSITY], given)
        return found

    def _run(self, names: list[str], given: dict[str, np.ndarray]) -> list[np.ndarray]:
        return answer(self.session, names, given, f"model '{self.card.name}'")


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
        parts = []
        for seen, windows in self.card.window.stretches(len(frames), CHUNK):
            clip = np.ascontiguousarray(frames[seen])
            parts.append(self._density({FRAMES: clip, WINDOWS: windows}))
        return np.concatenate(parts)

    def step(self, frame: np.ndarray, past: Past | None = None) -> tuple[np.ndarray, Past]:
        """Density float32 (H, W) of the newest frame, uint8 (H, W), and what the next one needs."""
        given = {FRAMES: np.ascontiguousarray(frame)[None], **(past or {})}
        density, *kept = self._run([DENSITY, *self._kept], given)
        names = (PAST + name.removeprefix(NEXT) for name in self._kept)
        return density[0], dict(zip(names, kept, strict=True))
