"""Batch normalisation that exists in training only: a checkpoint holds it folded into its layers.

A normalised convolution is trained as ``gain * (y - mean) / sqrt(variance + EPSILON) + bias`` with
y the convolution without bias, and mean and variance those of the batch (Ioffe and Szegedy, ICML
2015). With the running statistics in their place that is again a convolution with a bias, so what
predicts is the plain network: no layer, no state and no arithmetic more than without.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fusbench.zoo.network import Network

EPSILON = 1e-3
KEPT = 0.99
"""Share of the running statistics that a step keeps: a momentum of 0.01."""


def with_gains(network: Network, weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Drawn weights with the gains that a training begins with, 1 each."""
    gains = {
        name: np.ones(shape, np.float32)
        for name, shape in network.trained.items()
        if name not in network.parameters
    }
    return {**weights, **gains}


def constants(gain: Any, bias: Any, mean: Any, variance: Any) -> tuple[Any, Any]:
    """Scale and bias of a normalisation whose statistics have become constants.

    Arrays or tensors (C,) of any framework.

    Examples
    --------
    >>> constants(2.0, 1.0, 3.0, 4.0 - EPSILON)
    (1.0, -2.0)
    """
    scale = gain / (variance + EPSILON) ** 0.5
    return scale, bias - mean * scale


def statistics_of(network: Network, trained: Mapping[str, object]) -> dict[str, tuple[int, ...]]:
    """Name and shape of the running statistics of those layers that have a gain in `trained`."""
    shapes = network.statistics.items()
    return {name: n for name, n in shapes if f"{name.rpartition('.')[0]}.gain" in trained}


def folded(
    network: Network,
    trained: Mapping[str, np.ndarray],
    statistics: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """The plain network's weights, in which the running statistics have become constants.

    Parameters
    ----------
    network : Network
    trained : mapping of str to ndarray
        By the names of `Network.trained`. A layer without a gain is not normalised, and stays.
    statistics : mapping of str to ndarray
        By the names of `Network.statistics`.

    Returns
    -------
    dict of str to ndarray of float32
        By the names of `Network.parameters`.

    Examples
    --------
    >>> from fusbench.zoo.unet import unet
    >>> network = unet(base=2, levels=1, input_shape=(4, 4))
    >>> trained = {name: np.ones(shape) for name, shape in network.trained.items()}
    >>> found = {name: np.full(shape, 3.0) for name, shape in network.statistics.items()}
    >>> weights = folded(network, trained, found)
    >>> round(float(weights["encoder1_conv1.weight"].ravel()[0]), 4)  # 1 / sqrt(3 + 0.001)
    0.5773
    >>> round(float(weights["encoder1_conv1.bias"][0]), 4)  # 1 - 3 / sqrt(3 + 0.001)
    -0.7318
    """
    weights = {name: np.asarray(trained[name], np.float32) for name in network.parameters}
    for layer in network.normalised:
        if f"{layer}.gain" not in trained:
            continue
        variance = np.asarray(statistics[f"{layer}.variance"], float)
        gain, bias = trained[f"{layer}.gain"], trained[f"{layer}.bias"]
        scale, bias = constants(gain, bias, statistics[f"{layer}.mean"], variance)
        kernel = trained[f"{layer}.weight"] * scale[:, None, None, None]
        weights[f"{layer}.weight"] = kernel.astype(np.float32)
        weights[f"{layer}.bias"] = bias.astype(np.float32)
    return weights
