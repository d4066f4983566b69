"""A network over a whole clip: each frame is encoded once, and values are made piece by piece.

Pieces are small enough for the processor's caches, and for its allocator to use their memory again:
what is larger is mapped anew for every layer, which takes longer than the arithmetic.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fusbench.zoo.cost import largest_value
from fusbench.zoo.network import FRAMES, Layer, Network
from fusbench_torch.function import TorchNetwork, further
from fusbench_torch.layers import RECURRENT, drive, fold, grey

PIECE_BYTES = 16 << 20
"""What the largest value of a layer may take on a processor."""
CHUNK = 64
"""Frames or windows of a piece, at most."""


def piece(network: Network, device: torch.device) -> int:
    """Frames or windows that are run at once.

    Examples
    --------
    >>> from fusbench.zoo.entries import build
    >>> full = build("clstmunet", base=32, input_shape=(224, 288))
    >>> [piece(full, torch.device(kind)) for kind in ("cpu", "cuda")]
    [1, 64]
    """
    if device.type != "cpu":
        return CHUNK
    return min(max(PIECE_BYTES // (4 * largest_value(network)), 1), CHUNK)


def log_densities(
    network: TorchNetwork, frames: np.ndarray, windows: np.ndarray | None = None
) -> Tensor:
    """Log-densities (n, H, W) of the windows, int (n, L), of a clip, uint8 (T, H, W).

    Without `windows`, frames are those of windows, uint8 (n, L, H, W).
    """
    if windows is None:
        windows = np.arange(len(frames) * frames.shape[1]).reshape(frames.shape[:2])
        frames = frames.reshape(-1, *frames.shape[2:])
    clip = torch.from_numpy(np.ascontiguousarray(frames)).to(network.device)
    at = torch.from_numpy(windows).to(network.device)
    return _log_densities(network, clip, at)


def _log_densities(network: TorchNetwork, clip: Tensor, windows: Tensor) -> Tensor:
    described, size = network.network, piece(network.network, network.device)
    late = [layer for layer in described.layers if layer.name in described.windowed]
    kept, driven = encoded(network, clip, late, size)

    def apply(layer: Layer, read: list[Tensor], at: Tensor | None) -> Tensor:
        if layer.name in driven:
            z = driven[layer.name]
            return RECURRENT[layer.op](layer, network.parameters, z, read[0], at)
        return network.apply(layer, read, at)

    found = [
        further(described, late, apply, kept, at)[described.layers[-1].name]
        for at in windows.split(size)
    ]
    return torch.cat(found)


def encoded(
    network: TorchNetwork, clip: Tensor, late: list[Layer], size: int
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Of each frame what layers over windows read, (1, T, C, H, W), and what drives recurrences."""
    described, p = network.network, network.parameters
    early = [layer for layer in described.layers if layer.name not in described.windowed]
    read = {name for layer in late for name in layer.inputs} - described.windowed
    recurrent = [layer for layer in late if layer.op in RECURRENT and layer.inputs[0] in read]
    kept: dict[str, list[Tensor]] = {name: [] for name in read}
    driven: dict[str, list[Tensor]] = {layer.name: [] for layer in recurrent}
    for part in clip.split(size):
        values = further(described, early, network.apply, {FRAMES: grey(part[None])})
        for name, parts in kept.items():
            parts.append(fold(values[name]))
        for layer in recurrent:
            driven[layer.name].append(fold(drive(layer, p, values[layer.inputs[0]])))
    one, two = ({n: torch.cat(each)[None] for n, each in some.items()} for some in (kept, driven))
    return one, two
