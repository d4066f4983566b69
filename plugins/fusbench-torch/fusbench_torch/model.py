"""The zoo's models in Torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from fusbench.errors import ConfigError
from fusbench.models.card import ModelCard
from fusbench.zoo.checkpoint import check_weights, network_of, read_checkpoint, window_of
from fusbench_torch.clip import CHUNK, log_densities
from fusbench_torch.function import TorchNetwork
from fusbench_torch.live import Past, step


def load(card: ModelCard, checkpoint: Path, device: str = "cpu") -> TorchModel:
    """The model that a checkpoint holds, ready to predict.

    Raises
    ------
    CheckpointError
        If the file is damaged or holds another network's weights.
    """
    return TorchModel(card, checkpoint, device)


class TorchModel:
    """Predicts densities with a zoo network."""

    def __init__(self, card: ModelCard, checkpoint: Path, device: str = "cpu") -> None:
        stored = read_checkpoint(checkpoint)
        network = network_of(stored.metadata, str(checkpoint))
        check_weights(network, stored.weights, str(checkpoint))
        window = window_of(stored.metadata, str(checkpoint))
        self.card = replace(card, window=window, input_shape=network.input_shape)
        self.streams = network.streams
        self.network = TorchNetwork(network, window, checked_device(device))
        self.network.load(stored.weights)

    @torch.inference_mode()
    def predict(self, frames: np.ndarray) -> np.ndarray:
        """Densities float32 (B, H, W) of windows, uint8 (B, L, H, W)."""
        return log_densities(self.network, frames).exp().cpu().numpy()

    @torch.inference_mode()
    def predict_clip(self, frames: np.ndarray) -> np.ndarray:
        """Densities float32 (T, H, W), one for each frame of a clip, uint8 (T, H, W)."""
        parts = []
        for seen, windows in self.card.window.stretches(len(frames), CHUNK):
            parts.append(log_densities(self.network, frames[seen], windows).exp().cpu().numpy())
        return np.concatenate(parts)

    @torch.inference_mode()
    def step(self, frame: np.ndarray, past: Past | None = None) -> tuple[np.ndarray, Past]:
        """Density float32 (H, W) of the newest frame, uint8 (H, W), and what the next one needs."""
        log_density, kept = step(self.network, self.card.window, frame, past or {})
        return log_density.exp().cpu().numpy(), kept


def checked_device(device: str) -> str:
    """The device, if Torch can use it; `ConfigError` otherwise."""
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        what = f"device '{device}' cannot be used: {str(error).splitlines()[0]}"
        raise ConfigError(what, fix="Use --device cpu or cuda.") from None
    return device
