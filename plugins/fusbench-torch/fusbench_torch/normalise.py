"""Normalisation over the batch with its rectifier as one operation, to full single precision.

Torch's own sums all pixels of a channel one by one, so that gradients are off by 0.3 %, and by
other 0.3 % with another number of threads; written out as a formula it costs a dozen passes over
memory, this takes ten short ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from fusbench.zoo.normalise import EPSILON

Across = Callable[[Tensor], Tensor]
WIDTH = 128  # of the rows that are summed: a vector unit's work, whatever the channels


class Normalised(torch.autograd.Function):
    """``relu(gain * (y - mean) / sqrt(variance + EPSILON) + bias)``; gives mean and variance too.

    y is (N, C, H, W), gain and bias (C,). Mean and variance are those of the batch (Ioffe and
    Szegedy, ICML 2015), and no gradient is asked of them as outputs. Where processes share a batch
    in so many equal `parts`, `across` sums their values: mean and variance are those of all.
    """

    @staticmethod
    def forward(
        ctx, y: Tensor, gain: Tensor, bias: Tensor, across: Across | None = None, parts: int = 1
    ) -> tuple[Tensor, Tensor, Tensor]:
        y = y.float().contiguous(memory_format=torch.channels_last)
        rows, count = as_rows(y), parts * y.numel() // y.shape[1]
        sums, squares = total(rows, y.shape[1]), total(rows * rows, y.shape[1])
        if across is not None:
            sums, squares = across(torch.stack([sums, squares]))
        mean = sums / count
        variance = (squares / count - mean * mean).clamp_min(0)
        deviation = (variance + EPSILON).sqrt()
        scale = gain / deviation
        made = torch.addcmul(along(bias - mean * scale, rows), rows, along(scale, rows)).relu_()
        ctx.save_for_backward(rows, made, mean, deviation, gain)
        ctx.shape, ctx.across, ctx.count = y.shape, across, count
        found = mean.float(), variance.float()
        ctx.mark_non_differentiable(*found)
        return as_pixels(made, y.shape), *found

    @staticmethod
    def backward(ctx, grad: Tensor, *_: Any) -> tuple[Tensor | None, ...]:
        rows, made, mean, deviation, gain = ctx.saved_tensors
        grad = as_rows(grad.float().contiguous(memory_format=torch.channels_last))
        grad = torch.ops.aten.threshold_backward(grad, made, 0)
        channels, count = len(mean), ctx.count
        of_bias = total(grad, channels)
        of_gain = (total(grad * rows, channels) - mean * of_bias) / deviation
        own = of_gain.to(gain.dtype), of_bias.to(gain.dtype)  # the learner sums these
        if ctx.across is not None:
            of_gain, of_bias = ctx.across(torch.stack([of_gain, of_bias]))
        scale = gain / deviation
        slope = -scale * of_gain / (count * deviation)
        level = -scale * of_bias / count - slope * mean
        of_y = torch.addcmul(along(level, rows), rows, along(slope, rows))
        of_y.addcmul_(grad, along(scale, rows))
        return as_pixels(of_y, ctx.shape), *own, None, None


def as_rows(y: Tensor) -> Tensor:
    """Channels-last memory as a matrix, each row a whole number of pixels."""
    channels = y.shape[1]
    flat = y.permute(0, 2, 3, 1).reshape(-1)
    pixels = max(1, WIDTH // channels)
    while flat.numel() % (pixels * channels):
        pixels -= 1
    return flat.view(-1, pixels * channels)


def as_pixels(rows: Tensor, shape: torch.Size) -> Tensor:
    """The inverse of `as_rows`."""
    n, channels, height, width = shape
    return rows.view(n, height, width, channels).permute(0, 3, 1, 2)


def total(rows: Tensor, channels: int) -> Tensor:
    """Sum over all pixels, float64 (channels,): rows in cascade, then the pixels of a row."""
    return rows.sum(0).view(-1, channels).double().sum(0)


def along(values: Tensor, rows: Tensor) -> Tensor:
    """A value per channel for each value of a row."""
    return values.float().repeat(rows.shape[1] // len(values))
