"""The zoo's models in Keras."""

from __future__ import annotations

import fusbench_keras.backend  # noqa: F401  (chooses Keras's backend first, and quietly)

# isort: split

from dataclasses import replace
from pathlib import Path

import numpy as np
import tensorflow as tf

from fusbench.errors import ConfigError
from fusbench.models.card import ModelCard
from fusbench.zoo.checkpoint import check_weights, network_of, read_checkpoint, window_of
from fusbench_keras.function import KerasNetwork
from fusbench_keras.live import Past, step

CHUNK = 64


def load(card: ModelCard, checkpoint: Path, device: str = "") -> KerasModel:
    """The model that a checkpoint holds, ready to predict.

    Raises
    ------
    CheckpointError
        If the file is damaged or holds another network's weights.
    """
    return KerasModel(card, checkpoint, device)


class KerasModel:
    """Predicts densities with a zoo network."""

    def __init__(self, card: ModelCard, checkpoint: Path, device: str = "") -> None:
        stored = read_checkpoint(checkpoint)
        network = network_of(stored.metadata, str(checkpoint))
        check_weights(network, stored.weights, str(checkpoint))
        window = window_of(stored.metadata, str(checkpoint))
        self.card = replace(card, window=window, input_shape=network.input_shape)
        self.streams = network.streams
        self.device = checked_device(device)
        self.network = KerasNetwork(network, window)
        with tf.device(self.device):
            self.network.load(stored.weights)
        rows, columns = network.input_shape
        frames = tf.TensorSpec((None, network.length, rows, columns), tf.uint8)
        clip = tf.TensorSpec((1, None, rows, columns), tf.uint8)
        windows = tf.TensorSpec((None, network.length), tf.int32)
        self._windows = tf.function(self._density, input_signature=[frames])
        self._clip = tf.function(self._density, input_signature=[clip, windows])
        self._live = tf.function(self._newest)

    def _density(self, frames: tf.Tensor, windows: tf.Tensor | None = None) -> tf.Tensor:
        return tf.exp(self.network.log_density(frames, windows))

    def predict(self, frames: np.ndarray) -> np.ndarray:
        """Densities float32 (B, H, W) of windows, uint8 (B, L, H, W)."""
        with tf.device(self.device):
            return self._windows(tf.constant(np.ascontiguousarray(frames))).numpy()

    def predict_clip(self, frames: np.ndarray) -> np.ndarray:
        """Densities float32 (T, H, W), one for each frame of a clip, uint8 (T, H, W)."""
        parts = []
        for seen, windows in self.card.window.stretches(len(frames), CHUNK):
            clip = tf.constant(np.ascontiguousarray(frames[None, seen]))
            with tf.device(self.device):
                parts.append(self._clip(clip, tf.constant(windows, tf.int32)).numpy())
        return np.concatenate(parts)

    def _newest(self, frame: tf.Tensor, past: Past) -> tuple[tf.Tensor, Past]:
        log_density, kept = step(self.network, self.card.window, frame, past)
        return tf.exp(log_density), kept

    def step(self, frame: np.ndarray, past: Past | None = None) -> tuple[np.ndarray, Past]:
        """Density float32 (H, W) of the newest frame, uint8 (H, W), and what the next one needs."""
        with tf.device(self.device):
            density, kept = self._live(tf.constant(np.ascontiguousarray(frame)), past or {})
        return density.numpy(), kept


def checked_device(device: str) -> str:
    """TensorFlow's name of the device, "" for its own choice; `ConfigError` if it has none."""
    if not device:
        return ""
    kind = {"cuda": "GPU", "gpu": "GPU", "cpu": "CPU"}.get(device.split(":")[0].lower())
    if kind is None or not tf.config.list_physical_devices(kind):
        what = f"device '{device}' cannot be used: TensorFlow finds none"
        raise ConfigError(what, fix="Use --device cpu or gpu.")
    number = device.partition(":")[2] or "0"
    return f"/{kind}:{number}"
