"""The operation table: what each layer of a fusbench network is in ONNX.

A value is (N, C, H, W). Until the first operation over time N counts the frames of the clip, each
of which is encoded once; after it, the windows, of which all first frames come first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from fusbench.zoo.network import GATES, TINY, Layer
from fusbench_onnx.clip import ClipGraph, Value


def weight(g: ClipGraph, layer: Layer, name: str = "weight") -> str:
    """A parameter, by its canonical name."""
    name = f"{layer.name}.{name}"
    return g.constant(g.weights[name], name)


def conv(g: ClipGraph, layer: Layer, x: str, kernel: str, *bias: str) -> str:
    """A convolution that keeps rows and columns."""
    pads = [layer.kernel // 2] * 4
    return g.node("Conv", x, kernel, *bias, kernel_shape=[layer.kernel] * 2, pads=pads)


def conv2d(g: ClipGraph, layer: Layer, x: Value) -> Value:
    """A convolution that keeps rows and columns, perhaps with a rectifier."""
    y = conv(g, layer, x.name, weight(g, layer), weight(g, layer, "bias"))
    return x.of(g.node("Relu", y) if layer.relu else y)


def upconv2d(g: ClipGraph, layer: Layer, x: Value) -> Value:
    """A transposed convolution that doubles rows and columns.

    It is a convolution of one pixel to four, which runtimes have faster.
    """
    kernel = g.weights[f"{layer.name}.weight"]  # (in, out, 2, 2)
    by_place = kernel.transpose(2, 3, 1, 0).reshape(-1, kernel.shape[0], 1, 1)
    bias = np.tile(g.weights[f"{layer.name}.bias"], 4)
    names = (g.constant(by_place, f"{layer.name}.weight"), g.constant(bias, f"{layer.name}.bias"))
    y = g.node("DepthToSpace", g.node("Conv", x.name, *names), blocksize=2)
    return replace(x, name=y, halvings=x.halvings - 1)


def maxpool2d(g: ClipGraph, layer: Layer, x: Value) -> Value:
    """The largest of each 2 x 2 block."""
    y = g.node("MaxPool", x.name, kernel_shape=[2, 2], strides=[2, 2])
    return replace(x, name=y, halvings=x.halvings + 1)


def hard_sigmoid(g: ClipGraph, x: str) -> str:
    """clip(0.2 x + 0.5, 0, 1)."""
    return g.node("HardSigmoid", x, alpha=0.2, beta=0.5)


def drive(g: ClipGraph, layer: Layer, x: Value) -> Value:
    """What each frame brings to a ConvLSTM's gates, of 4 * C channels."""
    return x.of(conv(g, layer, x.name, weight(g, layer), weight(g, layer, "bias")))


def states(g: ClipGraph, layer: Layer, x: Value, trust: list[str] | None = None) -> list[str]:
    """The outputs of a ConvLSTM after each frame of each window.

    Every frame's input is convolved once, before the windows overlap. `trust`, one a frame, scales
    the state before each step.
    """
    recurrent = weight(g, layer, "recurrent_weight")
    h = c = ""
    found = []
    for t, z in enumerate(g.frames_of(layer.name, drive(g, layer, x))):
        if t:
            if trust is not None:
                h, c = g.node("Mul", trust[t], h), g.node("Mul", trust[t], c)
            z = g.node("Add", conv(g, layer, h, recurrent), z)
        i, f, new, o = g.nodes_out(GATES, "Split", z, axis=1, num_outputs=GATES)
        new = g.node("Mul", hard_sigmoid(g, i), g.node("Tanh", new))
        c = g.node("Add", g.node("Mul", hard_sigmoid(g, f), c), new) if t else new
        h = g.node("Mul", hard_sigmoid(g, o), g.node("Tanh", c))
        found.append(h)
    return found


def correlation(g: ClipGraph, frames: list[str]) -> list[str]:
    """Cosine over channels between each frame and the one before; 1 at the first frame."""
    channels, tiny = g.ints(1), g.constant(np.float32(TINY))

    def dot(a: str, b: str) -> str:
        return g.node("ReduceSum", g.node("Mul", a, b), channels)

    sizes = [dot(x, x) for x in frames]
    found = []
    for t, x in enumerate(frames):
        b = max(t - 1, 0)
        size = g.node("Add", g.node("Mul", sizes[t], sizes[b]), tiny)
        found.append(g.node("Div", dot(x, frames[b]), g.node("Sqrt", size)))
    return found


def corrlstm2d(g: ClipGraph, layer: Layer, x: Value) -> Value:
    """A ConvLSTM's last output, its state scaled by each frame's correlation with the last."""
    trust = correlation(g, g.frames_of(layer.inputs[0], x))
    return g.joined(states(g, layer, x, trust)[-1:], x)


def ema2d(g: ClipGraph, layer: Layer, x: Value) -> Value:
    """The exponential moving average at the last frame of each window."""
    alpha = g.node("Sigmoid", weight(g, layer, "logit"))
    average, *later = g.frames_of(layer.inputs[0], x)
    for frame in later:
        step = g.node("Mul", alpha, g.node("Sub", frame, average))
        average = g.node("Add", average, step)
    return g.joined([average], x)


def pairs(g: ClipGraph, layer: Layer, x: Value) -> tuple[list[str], list[str]]:
    """First and second frames of the pairs of a window, counted from its end."""
    frames = g.frames_of(layer.inputs[0], x)
    odd = len(frames) % 2
    return frames[odd::2], frames[odd + 1 :: 2]


def second(g: ClipGraph, layer: Layer, x: Value) -> Value:
    """Of each pair of frames the second."""
    return g.joined(pairs(g, layer, x)[1], x)


def change(g: ClipGraph, layer: Layer, x: Value) -> Value:
    """Of each pair of frames the second minus the first."""
    both = zip(*pairs(g, layer, x), strict=True)
    return g.joined([g.node("Sub", second, first) for first, second in both], x)


def reverse(g: ClipGraph, layer: Layer, x: Value) -> Value:
    """The frames of each window, last first."""
    return g.joined(g.frames_of(layer.inputs[0], x)[::-1], x)


def shuffle(g: ClipGraph, layer: Layer, x: Value) -> Value:
    """The channels rolled on by as many places as the frame lies before the window's last."""
    frames, rolled = g.frames_of(layer.inputs[0], x), []
    for before, frame in enumerate(reversed(frames)):
        places = np.roll(np.arange(layer.channels), -before)
        rolled.append(g.node("Gather", frame, g.ints(*places.tolist()), axis=1))
    return g.joined(rolled[::-1], x)


def stack(g: ClipGraph, layer: Layer, x: Value) -> Value:
    """The frames of each window as channels."""
    return g.joined([g.node("Concat", *g.frames_of(layer.inputs[0], x), axis=1)], x)


def concat(g: ClipGraph, layer: Layer, *read: Value) -> Value:
    """The channels of all inputs."""
    return read[0].of(g.node("Concat", *(value.name for value in read), axis=1))


def mean(g: ClipGraph, layer: Layer, *read: Value) -> Value:
    """The mean of all inputs."""
    return read[0].of(g.node("Mean", *(value.name for value in read)))


def gate(g: ClipGraph, layer: Layer, x: Value, maps: Value) -> Value:
    """Each of K equal groups of channels times the sigmoid of its own of K maps."""
    own = np.arange(layer.channels) * g.channels[layer.inputs[1]] // layer.channels
    weights = g.node("Gather", g.node("Sigmoid", maps.name), g.ints(*own.tolist()), axis=1)
    return x.of(g.node("Mul", x.name, weights))


def softmax2d(g: ClipGraph, layer: Layer, x: Value) -> Value:
    """The softmax over all pixels: a density, (N, H, W)."""
    rows, columns = g.network.input_shape
    flat = g.node("Reshape", x.name, g.ints(-1, rows * columns))
    return x.of(g.node("Reshape", g.node("Softmax", flat, axis=1), g.ints(-1, rows, columns)))


Operation = Callable[..., Value]

OPERATIONS: dict[str, Operation] = {
    "target": lambda g, layer, x: g.current(x),
    "stack": stack,
    "second": second,
    "change": change,
    "reverse": reverse,
    "shuffle": shuffle,
    "conv2d": conv2d,
    "upconv2d": upconv2d,
    "maxpool2d": maxpool2d,
    "concat": concat,
    "mean": mean,
    "gate": gate,
    "convlstm2d": lambda g, layer, x: g.joined(states(g, layer, x)[-1:], x),
    "convlstm2d_all": lambda g, layer, x: g.joined(states(g, layer, x), x),
    "corrlstm2d": corrlstm2d,
    "ema2d": ema2d,
    "softmax2d": softmax2d,
}
