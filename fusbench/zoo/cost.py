"""What a network's prediction costs, counted from its description: the same on every machine."""

from __future__ import annotations

from dataclasses import dataclass

from fusbench.zoo.network import FRAMES, GATES, Layer, Network

TO_ONE = frozenset({"target", "stack", "convlstm2d", "corrlstm2d", "ema2d"})  # reduce T to 1
IN_PAIRS = frozenset({"second", "change"})  # halve T
CELLS = frozenset({"convlstm2d", "convlstm2d_all", "corrlstm2d"})


@dataclass(frozen=True, kw_only=True)
class Value:
    """Frames, rows and columns of what a layer gives."""

    frames: int
    height: int
    width: int


def multiply_accumulates(network: Network) -> int:
    """Multiply-accumulates that one more frame of a clip costs.

    Those of all convolutions, recurrent ones included, over the frames of a window, where what
    belongs to a single frame is computed once, as in `predict_clip`. Element by element operations
    are left out: they are a hundredth or less.

    Examples
    --------
    >>> from fusbench.zoo.unet import unet
    >>> multiply_accumulates(unet(base=2, levels=1, input_shape=(4, 4)))
    3616
    """
    height, width = network.input_shape
    values = {FRAMES: Value(frames=network.length, height=height, width=width)}
    total = 0
    for layer in network.layers:
        read = values[layer.inputs[0]]
        values[layer.name] = _made(layer, read)
        once = layer.inputs[0] not in network.windowed  # what is a frame's is computed once
        frames = 1 if once else read.frames
        total += frames * _of_input(layer, read) + (read.frames - 1) * _of_state(layer, read)
    return total


def largest_value(network: Network) -> int:
    """Numbers of the largest value that a layer gives for one more frame of a clip.

    Examples
    --------
    >>> from fusbench.zoo.unet import unet
    >>> largest_value(unet(base=2, levels=1, input_shape=(4, 4)))  # 4 channels enter the decoder
    64
    """
    height, width = network.input_shape
    values = {FRAMES: Value(frames=network.length, height=height, width=width)}
    most = 0
    for layer in network.layers:
        made = values[layer.name] = _made(layer, values[layer.inputs[0]])
        frames = made.frames if layer.name in network.windowed else 1
        most = max(most, frames * layer.channels * made.height * made.width)
    return most


def _made(layer: Layer, read: Value) -> Value:
    frames = read.frames
    if layer.op in TO_ONE:
        frames = 1
    elif layer.op in IN_PAIRS:
        frames //= 2
    factor = {"maxpool2d": 0.5, "upconv2d": 2}.get(layer.op, 1)
    return Value(frames=frames, height=int(read.height * factor), width=int(read.width * factor))


def _of_input(layer: Layer, read: Value) -> int:
    """Multiply-accumulates of a layer for each frame that it reads."""
    pixels, channels = read.height * read.width, layer.in_channels * layer.channels
    if layer.op == "conv2d":
        return pixels * layer.kernel**2 * channels
    if layer.op == "upconv2d":  # 2 x 2 outputs of each pixel
        return pixels * 4 * channels
    if layer.op in CELLS:
        return pixels * layer.kernel**2 * channels * GATES
    return 0


def _of_state(layer: Layer, read: Value) -> int:
    """Those of a recurrence for each step but the first, whose state is 0."""
    if layer.op not in CELLS:
        return 0
    return read.height * read.width * layer.kernel**2 * layer.channels**2 * GATES
