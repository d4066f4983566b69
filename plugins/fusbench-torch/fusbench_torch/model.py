"""The zoo's models and learners in Torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from scipy.special import entr

from fusbench.errors import ConfigError
from fusbench.models.card import ModelCard
from fusbench.zoo.checkpoint import check_weights, network_of, read_checkpoint, window_of
from fusbench.zoo.network import Network
from fusbench_torch.function import TorchNetwork
from fusbench_torch.live import Past, step

CHUNK = 64
PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16}


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
        return self.network.log_density(frames).exp().cpu().numpy()

    @torch.inference_mode()
    def predict_clip(self, frames: np.ndarray) -> np.ndarray:
        """Densities float32 (T, H, W), one for each frame of a clip, uint8 (T, H, W)."""
        n_frames = len(frames)
        window = replace(self.card.window, horizon=0)
        parts = []
        for start in range(0, n_frames, CHUNK):
            at = window.indices(np.arange(start, min(start + CHUNK, n_frames)), n_frames)
            first, last = at.min(), at.max()
            clip = frames[None, first : last + 1]
            parts.append(self.network.log_density(clip, at - first).exp().cpu().numpy())
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


def learner(
    card: ModelCard, network: Network, device: str = "cpu", precision: str = "float32"
) -> TorchLearner:
    """A learner for a network under a card's window."""
    return TorchLearner(card, network, device, precision)


class TorchLearner:
    """Losses and gradients of a zoo network; see `fusbench.models.card.Learner`."""

    def __init__(self, card: ModelCard, network: Network, device: str, precision: str) -> None:
        if precision not in PRECISIONS:
            fix = f"Use one of {', '.join(PRECISIONS)}."
            raise ConfigError(f"precision '{precision}' is unknown", fix=fix)
        self.network = TorchNetwork(network, card.window, checked_device(device))
        self.dtype = PRECISIONS[precision]

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        """Take these weights; gains among them have their layers normalised over each batch."""
        self.network.load(weights, trained=True)

    def gradients(
        self, frames: np.ndarray, densities: np.ndarray
    ) -> tuple[float, dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Mean KLD of a batch, its gradient, and the batch's statistics, by canonical name."""
        trained, values = self.network.parameters, dict(self.network.parameters)
        enabled, device = self.dtype is not None, self.network.device
        with torch.autocast(device.type, dtype=self.dtype or torch.bfloat16, enabled=enabled):
            log_density = self.network.log_density(frames, parameters=values)
        empirical = torch.from_numpy(densities).to(device)
        cross_entropy = -(empirical * log_density).sum() / len(frames)
        found = torch.autograd.grad(cross_entropy, list(trained.values()))
        loss = float(cross_entropy.detach()) - float(entr(densities).sum()) / len(frames)
        gradients = {n: g.cpu().numpy() for n, g in zip(trained, found, strict=True)}
        left = {n: v.cpu().numpy() for n, v in values.items() if n not in trained}
        return loss, gradients, left

    @torch.inference_mode()
    def log_densities(self, frames: np.ndarray) -> np.ndarray:
        """Log-densities float32 (B, H, W) of windows, uint8 (B, L, H, W)."""
        enabled, device = self.dtype is not None, self.network.device
        with torch.autocast(device.type, dtype=self.dtype or torch.bfloat16, enabled=enabled):
            return self.network.log_density(frames).cpu().numpy()
