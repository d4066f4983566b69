"""The step of `fusbench.training.optimiser` in Torch's own kernels, in place on the device.

Each takes names in the order of `gradients`, and changes weights and moments.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from fusbench.training.optimiser import Update

FUSED = ("cpu", "cuda")
"""Devices for which Torch has AdamW in one pass over memory."""

Named = Mapping[str, Tensor]


def adam(update: Update, weights: Named, mean: Named, square: Named, gradients: Named) -> None:
    """A step of Adam, or AdamW."""
    kernels = [name for name in gradients if weights[name].ndim > 1]
    others = [name for name in gradients if weights[name].ndim <= 1]
    for names, decay in ((kernels, update.decay), (others, 1.0)):
        if names:
            w, m, v = ([named[name] for name in names] for named in (weights, mean, square))
            slopes = [laid_out(gradients[name], weights[name]) for name in names]
            rule = _fused if slopes[0].device.type in FUSED else _in_passes
            rule(update, decay, w, m, v, slopes)


def _fused(
    update: Update,
    decay: float,
    weights: list[Tensor],
    mean: list[Tensor],
    square: list[Tensor],
    gradients: list[Tensor],
) -> None:
    done = torch.tensor(float(update.number), device=weights[0].device)
    torch._fused_adamw_(
        weights,
        gradients,
        mean,
        square,
        [],
        [done] * len(weights),
        lr=update.rate,
        beta1=update.beta1,
        beta2=update.beta2,
        weight_decay=(1 - decay) / update.rate if update.rate else 0.0,
        eps=update.epsilon,
        amsgrad=False,
        maximize=False,
    )


def _in_passes(
    update: Update,
    decay: float,
    weights: list[Tensor],
    mean: list[Tensor],
    square: list[Tensor],
    gradients: list[Tensor],
) -> None:
    torch._foreach_mul_(mean, update.beta1)
    torch._foreach_add_(mean, gradients, alpha=1 - update.beta1)
    torch._foreach_mul_(square, update.beta2)
    torch._foreach_addcmul_(square, gradients, gradients, value=1 - update.beta2)
    roots = torch._foreach_div(square, 1 - update.beta2**update.number)
    torch._foreach_sqrt_(roots)
    torch._foreach_add_(roots, update.epsilon)
    if decay != 1:
        torch._foreach_mul_(weights, decay)
    rate = update.rate / (1 - update.beta1**update.number)
    torch._foreach_addcdiv_(weights, mean, roots, value=-rate)


def sgd(update: Update, weights: Named, mean: Named, square: Named, gradients: Named) -> None:
    """A step of stochastic gradient descent with momentum."""
    moved, means = [weights[n] for n in gradients], [mean[n] for n in gradients]
    torch._foreach_mul_(means, update.beta1)
    torch._foreach_add_(means, list(gradients.values()))
    if update.decay != 1:
        torch._foreach_mul_([w for w in moved if w.ndim > 1], update.decay)
    torch._foreach_add_(moved, means, alpha=-update.rate)


def laid_out(value: Tensor, weight: Tensor) -> Tensor:
    """A value with its weight's strides: the fused kernel goes through memory, not by index.

    Convolutions over channels-last values give channels-last gradients.
    """
    if value.stride() == weight.stride():
        return value
    return torch.empty_like(weight, requires_grad=False).copy_(value)


RULES = {"adam": adam, "adamw": adam, "sgd": sgd}
