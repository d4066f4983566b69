"""A fusbench network as a function of its parameters, in Keras on TensorFlow."""

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
from fusbench_keras.layers import OPERATIONS, gather

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
        self.operations = OPERATIONS
        self._variables: dict[str, Any] = {}

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        """Take weights by canonical name."""
        for name, weight in weights.items():
            value = channels_last(weight)
            if name in self._variables:
                self._variables[name].assign(value)
            else:
                self._variables[name] = keras.Variable(value, dtype="float32")
        names = (name for name in self.network.trained if name in weights)
        self.parameters = {name: self._variables[name] for name in names}

    def log_density(
        self,
        frames: Any,
        windows: Any = None,
        parameters: dict[str, Any] | None = None,
        dtype: str = "float32",
    ) -> Any:
        """Log-densities (B, H, W) of windows, uint8 (B, L, H, W).

        With `windows`, int (n, L), `frames` is a clip (1, T, H, W), each frame is encoded once, and
        the result is (n, H, W). `parameters` stand in for the network's own; normalised layers
        leave their batch's statistics there. Layers compute in `dtype`, which kernels must have;
        normalisation and softmax stay in single precision.
        """
        values = {FRAMES: tf.cast(tf.cast(frames, tf.float32)[..., None] * SCALE, dtype)}
        if parameters is None:
            parameters = {name: variable.value for name, variable in self.parameters.items()}
        windowed = self.network.windowed
        result = values[FRAMES]
        for layer in self.network.layers:
            mine = windowed.intersection(layer.inputs)  # these need no gathering any more
            read = [
                gather(values[name], windows if mine and name not in mine else None)
                for name in layer.inputs
            ]
            at = None if mine else windows
            result = self.operations[layer.op](layer, parameters, read, at, self.index)
            values[layer.name] = result
        return result


def channels_last(value: np.ndarray) -> np.ndarray:
    """A canonical parameter as Keras wants it: one transposition serves every kernel."""
    return value.transpose(CHANNELS_LAST) if value.ndim == 4 else value


def channels_first(value: np.ndarray) -> np.ndarray:
    """A Keras parameter in the canonical layout."""
    return np.ascontiguousarray(value.transpose(CHANNELS_FIRST)) if value.ndim == 4 else value
