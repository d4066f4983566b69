"""A network fed one frame at a time: each frame is encoded once, and its features are kept."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fusbench.data.window import Window
from fusbench.zoo.network import FRAMES
from fusbench_torch.function import TorchNetwork
from fusbench_torch.layers import OPERATIONS, drive, grey, last, states

Kept = tuple[Tensor, ...]  # of the last frames, the newest last, each (1, C, H, W)
Past = dict[str, Kept]  # by layer

# what a layer that reads several frames keeps of each, and what it makes of those of a window
KEPT = {"stack": lambda layer, p, x: x, "convlstm2d": drive}
READ = {
    "stack": lambda layer, p, kept: torch.cat(kept, dim=1)[:, None],
    "convlstm2d": lambda layer, p, kept: last(states(layer, p, kept)),
}


def step(
    network: TorchNetwork, window: Window, frame: np.ndarray, past: Past
) -> tuple[Tensor, Past]:
    """Log-density (H, W) of the newest frame, uint8 (H, W), and what is kept for the next one.

    `past` is empty before the first frame, which then stands for those before it.
    """
    x = torch.from_numpy(np.ascontiguousarray(frame)).to(network.device)
    values = {FRAMES: grey(x[None, None])}
    result, kept, p = values[FRAMES], {}, network.parameters
    for layer in network.network.layers:
        read = [values[name] for name in layer.inputs]
        if layer.op in KEPT:
            new = KEPT[layer.op](layer, p, read[0])[0]
            before = past.get(layer.name, (new,) * window.span)
            kept[layer.name] = (*before[1:], new)
            result = READ[layer.op](layer, p, kept[layer.name][:: window.stride])
        else:
            result = OPERATIONS[layer.op](layer, p, read, None, 0)
        values[layer.name] = result
    return result[0], kept
