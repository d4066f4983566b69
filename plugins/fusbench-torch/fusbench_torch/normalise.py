"""Normalisation over the batch with its rectifier as one operation, to full precision.

Torch's own sums all pixels of a channel one by one, so that gradients are off by 0.3 %, and by
other 0.3 % with another number of threads; written out as a formula it costs a dozen passes over
memory. Here a processor goes through memory twice in each direction: what comes between is done a
piece at a time, which stays in its cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from fusbench.zoo.normalise import EPSILON

Across = Callable[[Tensor], Tensor]
WIDTH = 128  # of the rows that are summed: a vector unit's work, whatever the channels
PIECE = 1 << 17  # values that a core's cache holds with what is made of them


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
        y = precise(y).contiguous(memory_format=torch.channels_last)
        rows, channels = as_rows(y), y.shape[1]
        count = parts * y.numel() // channels
        sums, squares = totals(channels, ((part, part * part) for (part,) in pieces(rows)))
        if across is not None:
            sums, squares = across(torch.stack([sums, squares]))
        mean = sums / count
        variance = (squares / count - mean * mean).clamp_min(0)
        deviation = (variance + EPSILON).sqrt()
        scale = along(gain / deviation, rows)
        level = along(bias - mean * gain / deviation, rows)
        made = torch.empty_like(rows)
        for out, part in pieces(made, rows):
            torch.addcmul(level, part, scale, out=out).relu_()
        ctx.save_for_backward(rows, made, mean, deviation, gain)
        ctx.shape, ctx.across, ctx.count = y.shape, across, count
        found = mean.to(y.dtype), variance.to(y.dtype)
        ctx.mark_non_differentiable(*found)
        return as_pixels(made, y.shape), *found

    @staticmethod
    def backward(ctx, grad: Tensor, *_: Any) -> tuple[Tensor | None, ...]:
        rows, made, mean, deviation, gain = ctx.saved_tensors
        given = as_rows(grad.to(rows.dtype).contiguous(memory_format=torch.channels_last))
        channels, count = len(mean), ctx.count
        passed = ((rectified(*two), part) for *two, part in pieces(given, made, rows))
        of_bias, sloped = totals(channels, ((slope, slope * part) for slope, part in passed))
        of_gain = (sloped - mean * of_bias) / deviation
        own = of_gain.to(gain.dtype), of_bias.to(gain.dtype)  # the learner sums these
        if ctx.across is not None:
            of_gain, of_bias = ctx.across(torch.stack([of_gain, of_bias]))
        scale = gain / deviation
        slope = -scale * of_gain / (count * deviation)
        level = -scale * of_bias / count - slope * mean
        scale, slope, level = (along(values, rows) for values in (scale, slope, level))
        of_y = torch.empty_like(rows)
        for out, *two, part in pieces(of_y, given, made, rows):
            torch.addcmul(level, part, slope, out=out).addcmul_(rectified(*two), scale)
        return as_pixels(of_y, ctx.shape), *own, None, None


def precise(x: Tensor) -> Tensor:
    """A value in single precision, or in double where it is."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def rectified(grad: Tensor, made: Tensor) -> Tensor:
    """The gradient before a rectifier that made these values."""
    return torch.ops.aten.threshold_backward(grad, made, 0)


def pieces(*rows: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """The same rows of each, a piece after another where that is a processor's work."""
    if rows[0].device.type != "cpu" or torch.compiler.is_compiling():
        return iter([rows])
    size = max(1, PIECE * torch.get_num_threads() // rows[0].shape[1])
    return zip(*(each.split(size) for each in rows), strict=True)


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


def totals(channels: int, parts: Iterable[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
    """Sums over all pixels, float64 (channels,): rows in cascade, pieces, the pixels of a row."""
    sums = [sum(of_rows) for of_rows in zip(*map(_sums, parts), strict=True)]
    return tuple(each.view(-1, channels).sum(0) for each in sums)


def _sums(rows: tuple[Tensor, ...]) -> list[Tensor]:
    return [each.sum(0).double() for each in rows]


def along(values: Tensor, rows: Tensor) -> Tensor:
    """A value per channel for each value of a row."""
    return values.to(rows.dtype).repeat(rows.shape[1] // len(values))
