"""A network fed one frame at a time: each frame is encoded once, and its features are kept."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fusbench.data.window import Window
from fusbench.zoo.network import FRAMES
from fusbench_torch.function import TorchNetwork
from fusbench_torch.layers import OPERATIONS, RECURRENT, drive, grey, stack

Past = dict[str, Tensor]  # by layer: what is kept of the last frames, (1, T, C, H, W)

# what a layer that reads several frames keeps of each, and what it makes of those of a window
KEPT = {"stack": lambda layer, p, x: x, "convlstm2d": drive}
READ = {
    "stack": lambda layer, p, kept: stack(kept, None),
    "convlstm2d": lambda layer, p, kept: RECURRENT["convlstm2d"](layer, p, kept, kept, None),
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
            new = KEPT[layer.op](layer, p, read[0])
            kept[layer.name] = remember(past.get(layer.name), new, window.span)
            result = READ[layer.op](layer, p, kept[layer.name][:, :: window.stride])
        else:
            result = OPERATIONS[layer.op](layer, p, read, None, 0)
        values[layer.name] = result
    return result[0], kept


def remember(past: Tensor | None, new: Tensor, span: int) -> Tensor:
    """The last `span` frames' features, the newest last."""
    if past is None:
        return new.expand(-1, span, -1, -1, -1)
    return torch.cat((past[:, 1:], new), dim=1)
