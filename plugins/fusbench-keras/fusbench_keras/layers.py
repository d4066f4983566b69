"""The operation table: what each layer of a fusbench network does in Keras.

Values are (B, T, H, W, C), channels last, as TensorFlow's convolutions on a CPU want them.
`windows`, int (n, L), stands for a whole clip run at once: the value then is (1, T, H, W, C), each
frame encoded once, and the first operation over time gathers the windows of the n current frames
from it. What comes after belongs to windows, and has no `windows`.
"""

from __future__ import annotations

import fusbench_keras.backend  # noqa: F401  (chooses Keras's backend first, and quietly)

# isort: split

from collections.abc import Callable
from typing import Any

from keras import ops

from fusbench.zoo.network import GATES, TINY, Layer
from fusbench.zoo.normalise import EPSILON

Tensor = Any
Parameters = dict[str, Tensor]
Across = Callable[[Tensor], Tensor]
SAME = {"padding": "same", "data_format": "channels_last"}


def fold(x: Tensor) -> Tensor:
    """(B, T, H, W, C) as (B * T, H, W, C)."""
    return ops.reshape(x, (-1, *x.shape[2:]))


def unfold(x: Tensor, like: Tensor) -> Tensor:
    """(B * T, H, W, C) as (B, T, H, W, C), with the T of `like`."""
    return ops.reshape(x, (-1, ops.shape(like)[1], *x.shape[1:]))


def gather(x: Tensor, windows: Tensor | None) -> Tensor:
    """The frames of each window, (B, L, H, W, C)."""
    return x if windows is None else ops.take(x[0], windows, axis=0)


def target(x: Tensor, windows: Tensor | None, index: int) -> Tensor:
    """The current frame of each window, (B, 1, H, W, C)."""
    if windows is None:
        return x[:, index : index + 1]
    return ops.take(x[0], windows[:, index], axis=0)[:, None]


def stack(layer: Layer, x: Tensor, windows: Tensor | None) -> Tensor:
    """The frames of each window as channels, (B, 1, H, W, L * C)."""
    moved = ops.transpose(gather(x, windows), (0, 2, 3, 1, 4))
    return ops.reshape(moved, (-1, 1, *moved.shape[1:3], layer.channels))


def conv2d(layer: Layer, p: Parameters, x: Tensor, across: Across = lambda mean: mean) -> Tensor:
    """A convolution that keeps rows and columns, perhaps with a rectifier.

    Where `p` holds a gain the batch is normalised, in single precision, and its mean and variance
    are left in `p`; where processes share a batch, `across` makes means of theirs.
    """
    y = ops.conv(fold(x), p[f"{layer.name}.weight"], **SAME)
    bias, gain = p[f"{layer.name}.bias"], p.get(f"{layer.name}.gain")
    if gain is None:
        y = y + ops.cast(bias, y.dtype)
    else:
        dtype, y = y.dtype, ops.cast(y, "float32")
        mean = across(ops.mean(y, (0, 1, 2)))
        variance = across(ops.mean(ops.square(y - mean), (0, 1, 2)))
        y = (y - mean) * (gain / ops.sqrt(variance + EPSILON)) + bias
        p[f"{layer.name}.mean"], p[f"{layer.name}.variance"] = mean, variance
        y = ops.cast(y, dtype)
    return unfold(ops.relu(y) if layer.relu else y, x)


def upconv2d(layer: Layer, p: Parameters, x: Tensor) -> Tensor:
    """A transposed convolution that doubles rows and columns."""
    y = ops.conv_transpose(
        fold(x), p[f"{layer.name}.weight"], 2, padding="valid", data_format="channels_last"
    )
    return unfold(y + ops.cast(p[f"{layer.name}.bias"], y.dtype), x)


def maxpool2d(x: Tensor) -> Tensor:
    """The largest of each 2 x 2 block."""
    return unfold(ops.max_pool(fold(x), 2, 2, data_format="channels_last"), x)


def hard_sigmoid(x: Tensor) -> Tensor:
    """clip(0.2 x + 0.5, 0, 1), TensorFlow 2.1's; Keras 3's own has the slope 1/6."""
    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


def drive(layer: Layer, p: Parameters, x: Tensor) -> Tensor:
    """What each frame brings to a ConvLSTM's gates, (B, T, H, W, 4 * C)."""
    y = ops.conv(fold(x), p[f"{layer.name}.weight"], **SAME)
    return unfold(y + ops.cast(p[f"{layer.name}.bias"], y.dtype), x)


def states(layer: Layer, p: Parameters, drive: Tensor, trust: Tensor | None = None) -> list[Tensor]:
    """The outputs of a ConvLSTM after each frame, each (B, H, W, C).

    `trust`, (B, L, H, W, 1), scales the state before each step.
    """
    recurrent = p[f"{layer.name}.recurrent_weight"]
    h: Tensor = None
    c: Tensor = None
    found = []
    for t in range(drive.shape[1]):
        z = drive[:, t]
        if t:
            if trust is not None:
                h, c = trust[:, t] * h, trust[:, t] * c
            z = z + ops.conv(h, recurrent, **SAME)
        i, f, g, o = ops.split(z, GATES, axis=-1)
        new = hard_sigmoid(i) * ops.tanh(g)
        c = hard_sigmoid(f) * c + new if t else new
        h = hard_sigmoid(o) * ops.tanh(c)
        found.append(h)
    return found


def recur(layer: Layer, p: Parameters, drive: Tensor) -> Tensor:
    """The last output of a ConvLSTM over what the frames bring, (B, 1, H, W, C)."""
    return states(layer, p, drive)[-1][:, None]


def outputs(
    layer: Layer, p: Parameters, x: Tensor, windows: Tensor | None, trust: Tensor | None = None
) -> list[Tensor]:
    """The outputs of a ConvLSTM at each frame of each window, each (B, H, W, C).

    Every frame's input is convolved once, before the windows overlap.
    """
    return states(layer, p, gather(drive(layer, p, x), windows), trust)


def corrlstm2d(layer: Layer, p: Parameters, x: Tensor, windows: Tensor | None) -> Tensor:
    """The same with its state scaled by the correlation of each frame with the one before."""
    return outputs(layer, p, x, windows, correlation(gather(x, windows)))[-1][:, None]


def correlation(x: Tensor) -> Tensor:
    """Cosine over channels between each frame and the one before; 1 at the first frame."""
    dtype, x = x.dtype, ops.cast(x, "float32")
    before = ops.concatenate([x[:, :1], x[:, :-1]], axis=1)
    dot, size, size_before = (
        ops.sum(product, axis=-1, keepdims=True) for product in (x * before, x * x, before * before)
    )
    return ops.cast(dot / ops.sqrt(size * size_before + TINY), dtype)


def ema2d(layer: Layer, p: Parameters, x: Tensor, windows: Tensor | None) -> Tensor:
    """The exponential moving average at the last frame of each window, (B, 1, H, W, C)."""
    alpha = ops.cast(ops.sigmoid(p[f"{layer.name}.logit"]), x.dtype)
    average, *later = ops.unstack(gather(x, windows), axis=1)
    for frame in later:
        average = average + alpha * (frame - average)
    return average[:, None]


def pairs(x: Tensor, windows: Tensor | None) -> tuple[Tensor, Tensor]:
    """First and second frames of the pairs of a window, counted from its end."""
    x = gather(x, windows)
    odd = x.shape[1] % 2
    return x[:, odd::2], x[:, odd + 1 :: 2]


def change(x: Tensor, windows: Tensor | None) -> Tensor:
    """Of each pair of frames the second minus the first, (B, L // 2, H, W, C)."""
    first, second = pairs(x, windows)
    return second - first


def shuffle(x: Tensor, windows: Tensor | None) -> Tensor:
    """The channels rolled on by as many places as the frame lies before the window's last."""
    frames = ops.unstack(gather(x, windows), axis=1)
    last = len(frames) - 1
    return ops.stack([ops.roll(y, t - last, axis=-1) for t, y in enumerate(frames)], axis=1)


def gate(x: Tensor, maps: Tensor) -> Tensor:
    """Each of K equal groups of channels times the sigmoid of its own of K maps."""
    return x * ops.repeat(ops.sigmoid(maps), x.shape[-1] // maps.shape[-1], axis=-1)


def convlstm2d(layer: Layer, p: Parameters, x: Tensor, windows: Tensor | None) -> Tensor:
    """The last output of a ConvLSTM over the frames of each window, (B, 1, H, W, C)."""
    return outputs(layer, p, x, windows)[-1][:, None]


def softmax2d(x: Tensor) -> Tensor:
    """The logarithm of the softmax over all pixels, (B, H, W), in single precision."""
    rows, columns = x.shape[2:4]
    flat = ops.cast(ops.reshape(x, (-1, rows * columns)), "float32")
    return ops.reshape(ops.log_softmax(flat, axis=-1), (-1, rows, columns))


Operation = Callable[[Layer, Parameters, list[Tensor], Any, int], Tensor]

OPERATIONS: dict[str, Operation] = {
    "target": lambda layer, p, x, windows, index: target(x[0], windows, index),
    "stack": lambda layer, p, x, windows, index: stack(layer, x[0], windows),
    "second": lambda layer, p, x, windows, index: pairs(x[0], windows)[1],
    "change": lambda layer, p, x, windows, index: change(x[0], windows),
    "reverse": lambda layer, p, x, windows, index: ops.flip(gather(x[0], windows), axis=1),
    "shuffle": lambda layer, p, x, windows, index: shuffle(x[0], windows),
    "conv2d": lambda layer, p, x, windows, index: conv2d(layer, p, x[0]),
    "upconv2d": lambda layer, p, x, windows, index: upconv2d(layer, p, x[0]),
    "maxpool2d": lambda layer, p, x, windows, index: maxpool2d(x[0]),
    "concat": lambda layer, p, x, windows, index: ops.concatenate(x, axis=-1),
    "mean": lambda layer, p, x, windows, index: sum(x) / len(x),
    "gate": lambda layer, p, x, windows, index: gate(*x),
    "convlstm2d": lambda layer, p, x, windows, index: convlstm2d(layer, p, x[0], windows),
    "convlstm2d_all": lambda layer, p, x, windows, index: ops.stack(
        outputs(layer, p, x[0], windows), axis=1
    ),
    "corrlstm2d": lambda layer, p, x, windows, index: corrlstm2d(layer, p, x[0], windows),
    "ema2d": lambda layer, p, x, windows, index: ema2d(layer, p, x[0], windows),
    "softmax2d": lambda layer, p, x, windows, index: softmax2d(x[0]),
}


def shared(across: Across) -> dict[str, Operation]:
    """The same table where processes share a batch: it is normalised over all parts.

    Parameters
    ----------
    across : callable
        Gives the mean of all processes' values.
    """

    def normalised(
        layer: Layer, p: Parameters, x: list[Tensor], windows: Any, index: int
    ) -> Tensor:
        return conv2d(layer, p, x[0], across)

    return {**OPERATIONS, "conv2d": normalised}
