"""A fusbench network run by Keras on TensorFlow."""

from __future__ import annotations

import fusbench_keras.backend  # noqa: F401  (chooses Keras's backend first, and quietly)

# isort: split

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from fusbench.data.window import Window
from fusbench.zoo.network import FRAMES, SCALE, Network
from fusbench_keras.layers import OPERATIONS

CHANNELS_LAST = (2, 3, 1, 0)
CHANNELS_FIRST = (3, 2, 0, 1)


class KerasNetwork:
    """The layers of a `Network` with Keras variables as parameters.

    Parameters
    ----------
    network : Network
    window : Window
        Its `target_index` says which frame of the window is the current one.
    """

    def __init__(self, network: Network, window: Window) -> None:
        self.network = network
        self.index = window.target_index
        self.parameters: dict[str, Any] = {}

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        """Take weights by canonical name."""
        for name in self.network.parameters:
            value = channels_last(weights[name])
            if name in self.parameters:
                self.parameters[name].assign(value)
            else:
                self.parameters[name] = keras.Variable(value, dtype="float32")

    def log_density(self, frames: Any, windows: Any = None) -> Any:
        """Log-densities (B, H, W) of windows, uint8 (B, L, H, W).

        With `windows`, int (n, L), `frames` is a clip (1, T, H, W), each frame is encoded once, and
        the result is (n, H, W).
        """
        values = {FRAMES: tf.cast(frames, tf.float32)[..., None] * SCALE}
        parameters = {name: variable.value for name, variable in self.parameters.items()}
        result = values[FRAMES]
        for layer in self.network.layers:
            read = [values[name] for name in layer.inputs]
            result = OPERATIONS[layer.op](layer, parameters, read, windows, self.index)
            values[layer.name] = result
        return result


def channels_last(value: np.ndarray) -> np.ndarray:
    """A canonical parameter as Keras wants it: one transposition serves every kernel."""
    return value.transpose(CHANNELS_LAST) if value.ndim == 4 else value


def channels_first(value: np.ndarray) -> np.ndarray:
    """A Keras parameter in the canonical layout."""
    return np.ascontiguousarray(value.transpose(CHANNELS_FIRST)) if value.ndim == 4 else value
