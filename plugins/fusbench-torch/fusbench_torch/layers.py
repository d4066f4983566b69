"""The operation table: what each layer of a fusbench network does in Torch.

Values are (B, T, C, H, W). `windows`, int (n, L), stands for a whole clip run at once: the value
then is (1, T, C, H, W), each frame encoded once, and the first operation over time gathers the
windows of the n current frames from it. What comes after belongs to windows, and has no `windows`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from fusbench.zoo.network import GATES, SCALE, TINY, Layer
from fusbench_torch.normalise import Across, Normalised, precise

Parameters = dict[str, Tensor]


def fold(x: Tensor) -> Tensor:
    """(B, T, C, H, W) as (B * T, C, H, W), channels last in memory.

    Strides are as Torch wants them for that, also along axes of one: else what a kernel gives has
    its channels first, and is copied for the next one.
    """
    _, frames, channels, rows, columns = x.shape
    if frames == 1 and x.stride(2) == 1 and x.stride(0) == channels * rows * columns:
        return x[:, 0]  # they are so already, as of every layer of one frame
    return x.permute(0, 1, 3, 4, 2).flatten(0, 1).contiguous().permute(0, 3, 1, 2)


def unfold(x: Tensor, like: Tensor) -> Tensor:
    """(B * T, C, H, W) as (B, T, C, H, W), with the T of `like`."""
    return x[:, None] if like.shape[1] == 1 else x.unflatten(0, (-1, like.shape[1]))


def grey(frames: Tensor) -> Tensor:
    """Grey values 0..255, (B, T, H, W), as values 0..1, (B, T, 1, H, W)."""
    return frames[..., None].permute(0, 1, 4, 2, 3) * SCALE


def at_frames(x: Tensor, at: Tensor) -> Tensor:
    """Frames of a clip's value, (1, T, C, H, W), by number: (*at.shape, C, H, W)."""
    return x[0].movedim(1, -1)[at].movedim(-1, -3)


def gather(x: Tensor, windows: Tensor | None) -> Tensor:
    """The frames of each window, (B, L, C, H, W)."""
    return x if windows is None else at_frames(x, windows)


def steps(x: Tensor, windows: Tensor | None) -> Iterator[Tensor]:
    """The frames of each window one after another, each (B, C, H, W)."""
    yield from x.unbind(1) if windows is None else (at_frames(x, at) for at in windows.unbind(1))


def target(x: Tensor, windows: Tensor | None, index: int) -> Tensor:
    """The current frame of each window, (B, 1, C, H, W)."""
    return x[:, index : index + 1] if windows is None else at_frames(x, windows[:, index, None])


def stack(x: Tensor, windows: Tensor | None) -> Tensor:
    """The frames of each window as channels, (B, 1, L * C, H, W)."""
    return gather(x, windows).flatten(1, 2)[:, None]


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A convolution, (N, C, H, W), that keeps rows and columns.

    One small picture alone, as of live use, Torch gives to another library than all others, which
    takes half as long again.
    """
    pad = weight.shape[-1] // 2
    if pad and not torch.compiler.is_compiling() and _alone(x) and x.dtype == weight.dtype:
        return torch.mkldnn_convolution(x, weight, bias, [pad] * 2, [1] * 2, [1] * 2, 1)
    return F.conv2d(x, weight, bias, padding=pad)


def _alone(x: Tensor) -> bool:
    there = x.is_inference() and x.device.type == "cpu" and torch.backends.mkldnn.is_available()
    return there and len(x) == 1


def conv2d(
    layer: Layer, p: Parameters, x: Tensor, across: Across | None = None, parts: int = 1
) -> Tensor:
    """A convolution that keeps rows and columns, perhaps with a rectifier.

    Where `p` holds a gain the batch is normalised, and its mean and variance are left in `p`;
    `across` and `parts` as in `Normalised`.
    """
    weight, bias = p[f"{layer.name}.weight"], p[f"{layer.name}.bias"]
    gain = p.get(f"{layer.name}.gain")
    if gain is None:
        y = convolve(fold(x), weight, bias)
        return unfold(F.relu_(y) if layer.relu else y, x)
    y = convolve(fold(x), weight)
    y, mean, variance = Normalised.apply(y, gain, bias, across, parts)
    p[f"{layer.name}.mean"], p[f"{layer.name}.variance"] = mean, variance
    return unfold(y.to(weight.dtype), x)


def upconv2d(layer: Layer, p: Parameters, x: Tensor) -> Tensor:
    """A transposed convolution that doubles rows and columns."""
    weight, bias = p[f"{layer.name}.weight"], p[f"{layer.name}.bias"]
    return unfold(F.conv_transpose2d(fold(x), weight, bias, stride=2), x)


def maxpool2d(x: Tensor) -> Tensor:
    """The largest of each 2 x 2 block."""
    return unfold(F.max_pool2d(fold(x), 2), x)


def hard_sigmoid(x: Tensor) -> Tensor:
    """clip(0.2 x + 0.5, 0, 1), TensorFlow 2.1's, by Torch's own, which has the slope 1/6."""
    return F.hardsigmoid(1.2 * x)


def drive(layer: Layer, p: Parameters, x: Tensor) -> Tensor:
    """What each frame brings to a ConvLSTM's gates, (B, T, 4 * C, H, W)."""
    weight, bias = p[f"{layer.name}.weight"], p[f"{layer.name}.bias"]
    return unfold(convolve(fold(x), weight, bias), x)


def states(
    layer: Layer, p: Parameters, drives: Iterable[Tensor], trust: Tensor | None = None
) -> list[Tensor]:
    """The outputs of a ConvLSTM after each frame, each (B, C, H, W).

    `drives` are what the frames bring, one after another, each (B, 4 * C, H, W); `trust`,
    (B, L, 1, H, W), scales the state before each step.
    """
    recurrent = p[f"{layer.name}.recurrent_weight"]
    h = c = recurrent.new_zeros(0)
    found = []
    for t, z in enumerate(drives):
        if t:
            if trust is not None:
                h, c = trust[:, t] * h, trust[:, t] * c
            z = z + convolve(h, recurrent)
        i, f, _, o = hard_sigmoid(z).chunk(GATES, dim=1)
        new = i * torch.tanh(z.chunk(GATES, dim=1)[2])
        c = torch.addcmul(new, f, c) if t else new
        h = o * torch.tanh(c)
        found.append(h)
    return found


def last(found: list[Tensor]) -> Tensor:
    """Of states the last, (B, 1, C, H, W)."""
    return found[-1][:, None]


def correlation(x: Tensor) -> Tensor:
    """Cosine over channels between each frame and the one before; 1 at the first frame."""
    before = torch.cat([x[:, :1], x[:, :-1]], dim=1)
    dot, size = (x * before).sum(2, keepdim=True), (x * x).sum(2, keepdim=True)
    size_before = (before * before).sum(2, keepdim=True)
    return dot / (size * size_before + TINY).sqrt()


def ema2d(layer: Layer, p: Parameters, x: Tensor, windows: Tensor | None) -> Tensor:
    """The exponential moving average at the last frame of each window, (B, 1, C, H, W)."""
    alpha = torch.sigmoid(p[f"{layer.name}.logit"])
    average, *later = gather(x, windows).unbind(1)
    for frame in later:
        average = average + alpha * (frame - average)
    return average[:, None]


def pairs(x: Tensor, windows: Tensor | None) -> tuple[Tensor, Tensor]:
    """First and second frames of the pairs of a window, counted from its end."""
    x = gather(x, windows)
    odd = x.shape[1] % 2
    return x[:, odd::2], x[:, odd + 1 :: 2]


def change(x: Tensor, windows: Tensor | None) -> Tensor:
    """Of each pair of frames the second minus the first, (B, L // 2, C, H, W)."""
    first, second = pairs(x, windows)
    return second - first


def shuffle(x: Tensor, windows: Tensor | None) -> Tensor:
    """The channels rolled on by as many places as the frame lies before the window's last."""
    frames = gather(x, windows).unbind(1)
    last = len(frames) - 1
    return torch.stack([y.roll(t - last, dims=1) for t, y in enumerate(frames)], dim=1)


def gate(x: Tensor, maps: Tensor) -> Tensor:
    """Each of K equal groups of channels times the sigmoid of its own of K maps."""
    return x * torch.sigmoid(maps).repeat_interleave(x.shape[2] // maps.shape[2], dim=2)


def concat(x: list[Tensor]) -> Tensor:
    """Their channels one after another, channels last in memory."""
    return unfold(torch.cat([fold(each) for each in x], dim=1), x[0])


def softmax2d(x: Tensor) -> Tensor:
    """The logarithm of the softmax over all pixels, (B, H, W), in single precision or better."""
    flat = precise(x[:, 0, 0].flatten(1))
    return F.log_softmax(flat, dim=1).view(x.shape[0], *x.shape[3:])


Recurrence = Callable[[Layer, Parameters, Tensor, Tensor, Tensor | None], Tensor]
Operation = Callable[[Layer, Parameters, list[Tensor], Tensor | None, int], Tensor]

# what a ConvLSTM makes of what each frame brings, z, and of the frames themselves, x
RECURRENT: dict[str, Recurrence] = {
    "convlstm2d": lambda layer, p, z, x, windows: last(states(layer, p, steps(z, windows))),
    "convlstm2d_all": lambda layer, p, z, x, windows: torch.stack(
        states(layer, p, steps(z, windows)), dim=1
    ),
    "corrlstm2d": lambda layer, p, z, x, windows: last(
        states(layer, p, steps(z, windows), correlation(gather(x, windows)))
    ),
}


def recurrent(
    layer: Layer, p: Parameters, x: list[Tensor], windows: Tensor | None, index: int
) -> Tensor:
    """A ConvLSTM; every frame's input is convolved once, before the windows overlap."""
    return RECURRENT[layer.op](layer, p, drive(layer, p, x[0]), x[0], windows)


OPERATIONS: dict[str, Operation] = {
    "target": lambda layer, p, x, windows, index: target(x[0], windows, index),
    "stack": lambda layer, p, x, windows, index: stack(x[0], windows),
    "second": lambda layer, p, x, windows, index: pairs(x[0], windows)[1],
    "change": lambda layer, p, x, windows, index: change(x[0], windows),
    "reverse": lambda layer, p, x, windows, index: gather(x[0], windows).flip(1),
    "shuffle": lambda layer, p, x, windows, index: shuffle(x[0], windows),
    "conv2d": lambda layer, p, x, windows, index: conv2d(layer, p, x[0]),
    "upconv2d": lambda layer, p, x, windows, index: upconv2d(layer, p, x[0]),
    "maxpool2d": lambda layer, p, x, windows, index: maxpool2d(x[0]),
    "concat": lambda layer, p, x, windows, index: concat(x),
    "mean": lambda layer, p, x, windows, index: sum(x[1:], x[0]) / len(x),
    "gate": lambda layer, p, x, windows, index: gate(*x),
    "ema2d": lambda layer, p, x, windows, index: ema2d(layer, p, x[0], windows),
    "softmax2d": lambda layer, p, x, windows, index: softmax2d(x[0]),
    **dict.fromkeys(RECURRENT, recurrent),
}


def shared(across: Across, parts: int) -> dict[str, Operation]:
    """The same table where processes share a batch: it is normalised over all parts."""

    def normalised(
        layer: Layer, p: Parameters, x: list[Tensor], windows: Tensor | None, index: int
    ) -> Tensor:
        return conv2d(layer, p, x[0], across, parts)

    return {**OPERATIONS, "conv2d": normalised}
