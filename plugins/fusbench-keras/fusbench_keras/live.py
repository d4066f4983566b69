"""A network fed one frame at a time: each frame is encoded once, and its features are kept."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from keras import ops

import fusbench_keras.backend  # noqa: F401  (chooses Keras's backend first)
from fusbench.data.window import Window
from fusbench.zoo.network import FRAMES, SCALE
from fusbench_keras.function import KerasNetwork
from fusbench_keras.layers import OPERATIONS, drive, recur, stack

Tensor = Any
Past = dict[str, Tensor]  # by layer: what is kept of the last frames, (1, T, H, W, C)

# what a layer that reads several frames keeps of each, and what it makes of those of a window
KEPT = {"stack": lambda layer, p, x: x, "convlstm2d": drive}
READ = {"stack": lambda layer, p, kept: stack(layer, kept, None), "convlstm2d": recur}


def step(network: KerasNetwork, window: Window, frame: Tensor, past: Past) -> tuple[Tensor, Past]:
    """Log-density (H, W) of the newest frame, uint8 (H, W), and what is kept for the next one.

    `past` is empty before the first frame, which then stands for those before it.
    """
    values = {FRAMES: tf.cast(frame, tf.float32)[None, None, ..., None] * SCALE}
    result, kept = values[FRAMES], {}
    p = {name: variable.value for name, variable in network.parameters.items()}
    for layer in network.network.layers:
        read = [values[name] for name in layer.inputs]
        if layer.op in KEPT:
            new = KEPT[layer.op](layer, p, read[0])
            kept[layer.name] = remember(past.get(layer.name), new, window.span)
            result = READ[layer.op](layer, p, kept[layer.name][:, :: window.stride])
        else:
            result = OPERATIONS[layer.op](layer, p, read, None, 0)
        values[layer.name] = result
    return result[0], kept


def remember(past: Tensor | None, new: Tensor, span: int) -> Tensor:
    """The last `span` frames' features, the newest last."""
    if past is None:
        return ops.repeat(new, span, axis=1)
    return ops.concatenate((past[:, 1:], new), axis=1)
