"""A fusbench network as a function of its parameters, in Torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from fusbench.data.window import Window
from fusbench.zoo.network import FRAMES, SCALE, Layer, Network
from fusbench_torch.layers import OPERATIONS, gather

Apply = Callable[[Layer, list[Tensor], Tensor | None], Tensor]


def run(
    network: Network, apply: Apply, frames: Tensor, windows: Tensor | None = None
) -> dict[str, Tensor]:
    """The values of all layers, by name, for grey values 0..1, (B, T, 1, H, W).

    `apply` gives a layer's value from those that it reads. With `windows`, int (n, L), the frames
    are those of a clip, B = 1, and are gathered where the first operation over time reads them.
    """
    values = {FRAMES: frames}
    for layer in network.layers:
        mine = network.windowed.intersection(layer.inputs)  # these need no gathering any more
        read = [
            gather(values[name], windows if mine and name not in mine else None)
            for name in layer.inputs
        ]
        values[layer.name] = apply(layer, read, None if mine else windows)
    return values


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
        self.parameters = {
            name: torch.tensor(weights[name], device=self.device).requires_grad_(trained)
            for name in self.network.trained
            if name in weights
        }

    def log_density(
        self,
        frames: np.ndarray | Tensor,
        windows: np.ndarray | None = None,
        parameters: dict[str, Tensor] | None = None,
    ) -> Tensor:
        """Log-densities (B, H, W) of windows, uint8 (B, L, H, W).

        With `windows`, int (n, L), `frames` is a clip (1, T, H, W), each frame is encoded once, and
        the result is (n, H, W). `parameters` stand in for the network's own; normalised layers
        leave their batch's statistics there.
        """
        parameters = self.parameters if parameters is None else parameters
        given = frames if isinstance(frames, Tensor) else np.ascontiguousarray(frames)
        x = torch.as_tensor(given).to(self.device)
        at = None if windows is None else torch.from_numpy(windows).to(self.device)

        def apply(layer: Layer, read: list[Tensor], at: Tensor | None) -> Tensor:
            return self.operations[layer.op](layer, parameters, read, at, self.index)

        values = run(self.network, apply, x[:, :, None].float().mul_(SCALE), at)
        return values[self.network.layers[-1].name]
