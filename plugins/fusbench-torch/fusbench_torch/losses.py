"""The losses of a training, each the mean over a batch of log-densities (B, H, W).

`empirical` are densities (B, H, W), `fixations` the gaze points in each pixel (B, H, W), as far as
the loss needs them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

SHARE = 0.1  # of NSS and of CC in UNISAL's loss
PIXELS = (1, 2)
TINY = 1e-12  # added under roots and to counts that may be 0


def kld(log_density: Tensor, empirical: Tensor, fixations: Tensor | None = None) -> Tensor:
    """Kullback-Leibler divergence of the predicted density from the empirical one, in nats."""
    entropy = torch.special.entr(empirical).sum()
    return (-(empirical * log_density).sum() - entropy) / len(log_density)


def nss(density: Tensor, fixations: Tensor) -> Tensor:
    """Mean of the density in deviations from its mean at gaze points; 0 without any."""
    centred = density - density.mean(PIXELS, keepdim=True)
    deviation = (centred.square().mean(PIXELS, keepdim=True)).sqrt()
    found = (fixations * centred / deviation.clamp_min(TINY)).sum(PIXELS)
    return (found / fixations.sum(PIXELS).clamp_min(TINY)).mean()


def cc(density: Tensor, empirical: Tensor) -> Tensor:
    """Pearson correlation of predicted and empirical density over the pixels."""
    one = density - density.mean(PIXELS, keepdim=True)
    two = empirical - empirical.mean(PIXELS, keepdim=True)
    size = (one.square().sum(PIXELS) * two.square().sum(PIXELS)).sqrt()
    return ((one * two).sum(PIXELS) / size.clamp_min(TINY)).mean()


def kld_nss_cc(log_density: Tensor, empirical: Tensor, fixations: Tensor) -> Tensor:
    """KLD - 0.1 NSS - 0.1 CC (Droste, Jiao and Noble, ECCV 2020: UNISAL)."""
    density = log_density.exp()
    further = nss(density, fixations) + cc(density, empirical)
    return kld(log_density, empirical) - SHARE * further


LOSSES: dict[str, Callable[..., Tensor]] = {"kld": kld, "kld-nss-cc": kld_nss_cc}
