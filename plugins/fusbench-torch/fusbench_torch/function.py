"""A fusbench network as a function of its parameters, in Torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from torch import Tensor

from fusbench.data.window import Window
from fusbench.zoo.network import FRAMES, Layer, Network
from fusbench_torch.layers import OPERATIONS, gather, grey

Apply = Callable[[Layer, list[Tensor], Tensor | None], Tensor]


def run(
    network: Network, apply: Apply, frames: Tensor, windows: Tensor | None = None
) -> dict[str, Tensor]:
    """The values of all layers, by name, for grey values 0..1, (B, T, 1, H, W).

    `apply` gives a layer's value from those that it reads. With `windows`, int (n, L), the frames
    are those of a clip, B = 1, and are gathered where the first operation over time reads them.
    """
    return further(network, network.layers, apply, {FRAMES: frames}, windows)


def further(
    network: Network,
    layers: Iterable[Layer],
    apply: Apply,
    values: Mapping[str, Tensor],
    windows: Tensor | None = None,
) -> dict[str, Tensor]:
    """The same for some layers, from the values of those before them."""
    found = dict(values)
    for layer in layers:
        mine = network.windowed.intersection(layer.inputs)  # these need no gathering any more
        read = [
            gather(found[name], windows if mine and name not in mine else None)
            for name in layer.inputs
        ]
        found[layer.name] = apply(layer, read, None if mine else windows)
    return found


class TorchNetwork:
    """The layers of a `Network` with Torch tensors as parameters.

    Parameters
    ----------
    network : Network
    window : Window
        Its `target_index` says which frame of the window is the current one.
    device : str
    """

    def __init__(self, network: Network, window: Window, device: str = "cpu") -> None:
        self.network = network
        self.index = window.target_index
        self.device = torch.device(device)
        self.parameters: dict[str, Tensor] = {}
        self.operations = OPERATIONS
        _ = network.windowed  # known from here on: what is compiled cannot work it out

    def load(self, weights: Mapping[str, np.ndarray], *, trained: bool = False) -> None:
        """Take weights by canonical name; with `trained` their gradients can be asked for."""
        names = [name for name in self.network.trained if name in weights]
        found = {name: torch.tensor(weights[name], device=self.device) for name in names}
        self.parameters = {n: channels_last(w).requires_grad_(trained) for n, w in found.items()}

    def log_density(
        self,
        frames: Tensor,
        parameters: dict[str, Tensor] | None = None,
    ) -> Tensor:
        """Log-densities (B, H, W) of windows, uint8 (B, L, H, W) on the device.

        `parameters` stand in for the network's own; normalised layers leave their batch's
        statistics there.
        """

        def apply(layer: Layer, read: list[Tensor], at: Tensor | None) -> Tensor:
            return self.apply(layer, read, at, parameters)

        values = run(self.network, apply, grey(frames))
        return values[self.network.layers[-1].name]

    def apply(
        self,
        layer: Layer,
        read: list[Tensor],
        at: Tensor | None,
        parameters: dict[str, Tensor] | None = None,
    ) -> Tensor:
        """A layer's value from those that it reads, with the network's own parameters or others."""
        parameters = self.parameters if parameters is None else parameters
        return self.operations[layer.op](layer, parameters, read, at, self.index)


def channels_last(weight: Tensor) -> Tensor:
    """A kernel with channels last in memory, as convolutions over such values read it."""
    return weight.contiguous(memory_format=torch.channels_last) if weight.ndim == 4 else weight
