"""The step of `fusbench.training.optimiser` by Torch's own kernels, in place on the device.

Torch's AdamW has the reference's formula: both moments corrected, epsilon added to the corrected
root, the decay apart from the gradient. Its fused kernel makes the step in one pass over memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from fusbench.training.optimiser import Update
from fusbench.training.recipe import Recipe

FUSED = ("cpu", "cuda")
Named = Mapping[str, Tensor]


class Adam:
    """Adam, and AdamW, of these weights and moments, which it changes in place."""

    def __init__(self, recipe: Recipe, weights: Named, mean: Named, square: Named) -> None:
        self.weights, self.done = weights, -1
        device = next(iter(weights.values())).device
        fused = device.type in FUSED
        groups: list[dict[str, Any]] = [
            {"params": [w for w in weights.values() if w.ndim > 1]},
            {"params": [w for w in weights.values() if w.ndim <= 1], "weight_decay": 0.0},
        ]
        self.torch = torch.optim.AdamW(
            groups,
            betas=(recipe.beta1, recipe.beta2),
            eps=recipe.epsilon,
            weight_decay=recipe.weight_decay,
            fused=fused,
        )
        self.counts = [torch.zeros((), device=device if fused else "cpu") for _ in weights]
        for (name, weight), count in zip(weights.items(), self.counts, strict=True):
            known = {"step": count, "exp_avg": mean[name], "exp_avg_sq": square[name]}
            self.torch.state[weight] = known

    @torch.no_grad()
    def update(self, update: Update, gradients: Named) -> None:
        """Move the weights."""
        if self.done != update.number - 1:
            for count in self.counts:
                count.fill_(update.number - 1)
        for name, gradient in gradients.items():
            self.weights[name].grad = laid_out(gradient, self.weights[name])
        for group in self.torch.param_groups:
            group["lr"] = update.rate
        self.torch.step()
        self.torch.zero_grad(set_to_none=True)
        self.done = update.number


class Sgd:
    """Stochastic gradient descent with momentum; changes weights and mean in place."""

    def __init__(self, recipe: Recipe, weights: Named, mean: Named, square: Named) -> None:
        self.weights, self.mean = weights, mean

    @torch.no_grad()
    def update(self, update: Update, gradients: Named) -> None:
        """Move the weights."""
        names = list(gradients)
        mean, weights = [self.mean[n] for n in names], [self.weights[n] for n in names]
        torch._foreach_mul_(mean, update.beta1)
        torch._foreach_add_(mean, list(gradients.values()))
        if update.decay != 1:
            torch._foreach_mul_([w for w in weights if w.ndim > 1], update.decay)
        torch._foreach_add_(weights, mean, alpha=-update.rate)


def laid_out(gradient: Tensor, weight: Tensor) -> Tensor:
    """A gradient with its weight's strides: the fused kernel goes through memory, not by index.

    Convolutions over channels-last values give channels-last gradients.
    """
    if gradient.stride() == weight.stride():
        return gradient
    return torch.empty_like(weight).copy_(gradient)


RULES = {"adam": Adam, "adamw": Adam, "sgd": Sgd}
