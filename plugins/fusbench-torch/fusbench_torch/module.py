"""The zoo's networks as ``torch.nn.Module``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from fusbench.data.scan import Clip
from fusbench.data.window import Window
from fusbench.errors import ConfigError
from fusbench.zoo.network import Layer, require_halving
from fusbench.zoo.normalise import KEPT, constants
from fusbench.zoo.start import Start, start, write_trained
from fusbench_torch.function import run
from fusbench_torch.layers import OPERATIONS, Parameters, grey


def network(
    name: str,
    *,
    base: int | None = None,
    levels: int | None = None,
    input_shape: tuple[int, int] | None = None,
    window: Window | None = None,
    weights: str | Path | None = None,
    seed: int = 0,
) -> ZooNetwork:
    """A network of the zoo as a ``torch.nn.Module``.

    Parameters
    ----------
    name : str
        An entry of the zoo without its backend, such as "clstmunet".
    base, levels, input_shape, window : optional
        Channels of the finest level, number of poolings, rows and columns, and the frames that are
        seen; default: those of the weights, else the zoo's own.
    weights : str or Path, optional
        "bundled", or a checkpoint of this entry. None draws them: then its convolutions are
        normalised over the batch in training mode, as ``fusbench train`` does it.
    seed : int
        Of drawn weights.

    Raises
    ------
    UnknownName, ConfigError, CheckpointError
        If there is no such network, size, or file, or the weights do not fit.

    Examples
    --------
    >>> net = network("unet", base=4, levels=2, input_shape=(24, 32))
    >>> net(torch.zeros(5, 1, 24, 32, dtype=torch.uint8)).exp().sum((1, 2)).allclose(torch.ones(5))
    True
    >>> list(net.state_dict())[:3]
    ['encoder1_conv1.weight', 'encoder1_conv1.bias', 'encoder1_conv1.gain']
    """
    begun = start(
        name, base=base, levels=levels, input_shape=input_shape, window=window,
        weights=weights, seed=seed,
    )  # fmt: skip
    return ZooNetwork(begun)


class ZooLayer(nn.Module):
    """One layer of a network, with its parameters; values are (B, T, C, H, W).

    Where it has a gain, it is normalised over the batch in training mode, and keeps running
    averages of the statistics as `fusbench.training` does: corrected for their start at zero.
    """

    mean: Tensor
    variance: Tensor
    steps: Tensor

    def __init__(self, layer: Layer, index: int, weights: Mapping[str, np.ndarray]) -> None:
        super().__init__()
        self.layer, self.index = layer, index
        self.kinds = tuple(weights)
        for kind, value in weights.items():
            self.register_parameter(kind, nn.Parameter(torch.tensor(value)))
        if "gain" in weights:
            self.register_buffer("mean", torch.zeros(layer.channels))
            self.register_buffer("variance", torch.ones(layer.channels))
            self.register_buffer("steps", torch.tensor(0))

    def forward(self, *read: Tensor, windows: Tensor | None = None) -> Tensor:
        """The layer's value from those that it reads; `windows` as in `fusbench_torch.layers`."""
        p = self._parameters_now()
        made = OPERATIONS[self.layer.op](self.layer, p, list(read), windows, self.index)
        if f"{self.layer.name}.gain" in p:
            self._keep(p[f"{self.layer.name}.mean"], p[f"{self.layer.name}.variance"])
        return made

    def _parameters_now(self) -> Parameters:
        """By canonical name; out of training mode, normalisation is folded in."""
        own = {
            kind: getattr(self, kind) for kind in self.kinds
        }  # of a replica, these are no parameters
        if "gain" in own and not self.training:
            scale, bias = constants(own.pop("gain"), own["bias"], self.mean, self.variance)
            own = {"weight": own["weight"] * scale[:, None, None, None], "bias": bias}
        return {f"{self.layer.name}.{kind}": value for kind, value in own.items()}

    @torch.no_grad()
    def _keep(self, mean: Tensor, variance: Tensor) -> None:
        self.steps.add_(1)
        share = (1 - KEPT) / (1 - KEPT ** self.steps.double())
        for kept, now in ((self.mean, mean), (self.variance, variance)):
            kept.lerp_(now.to(kept.dtype), share.to(kept.dtype))

    def extra_repr(self) -> str:
        """Operation and channels."""
        return f"{self.layer.op}, {self.layer.in_channels} -> {self.layer.channels}"


class ZooNetwork(nn.Module):
    """A network of the zoo; `network` makes it.

    Its children are the layers by their canonical names, such as ``net.encoder1_conv1``, so that
    layers can be frozen, hooked or looked at one by one.

    Attributes
    ----------
    network : fusbench.zoo.network.Network
        Its description.
    window : fusbench.Window
        The frames that it sees.
    metadata : mapping of str to str
        What a checkpoint of it tells.
    """

    def __init__(self, begun: Start) -> None:
        super().__init__()
        self.network, self.window, self.metadata = begun.network, begun.window, begun.metadata
        _ = self.network.windowed  # known from here on: what is compiled cannot work it out
        self._first = next(iter(self.network.parameters))
        for layer in self.network.layers:
            own = {
                key.rpartition(".")[2]: value
                for key, value in begun.weights.items()
                if key.rpartition(".")[0] == layer.name
            }
            self.add_module(layer.name, ZooLayer(layer, self.window.target_index, own))

    def forward(self, frames: Tensor, windows: Tensor | None = None) -> Tensor:
        """Log-densities (B, H, W) of windows, (B, L, H, W): grey values 0..255 of any type.

        With `windows`, int (n, L), `frames` is a clip (1, T, H, W), each frame is encoded once, and
        the result is (n, H, W).
        """
        return self.features(frames, windows)[self.network.layers[-1].name]

    def features(self, frames: Tensor, windows: Tensor | None = None) -> dict[str, Tensor]:
        """The values of all layers by name, (B, T, C, H, W); the last one is what `forward` gives.

        T is L in a layer that reads each frame, and 1 after the layer that brings them together.
        """
        self._check(frames, windows)
        return run(self.network, self._layer, grey(frames.to(self.dtype)), windows)

    def _layer(self, layer: Layer, read: list[Tensor], windows: Tensor | None) -> Tensor:
        made: Tensor = getattr(self, layer.name)(*read, windows=windows)
        return made

    @property
    def dtype(self) -> torch.dtype:
        """Of its parameters."""
        name, _, kind = self._first.rpartition(".")
        found: torch.dtype = getattr(getattr(self, name), kind).dtype
        return found

    def _check(self, frames: Tensor, windows: Tensor | None) -> None:
        length = self.network.length
        clip = windows is not None
        if frames.ndim != 4 or (frames.shape[0] != 1 if clip else frames.shape[1] != length):
            want = "(1, T, H, W)" if clip else f"(B, {length}, H, W)"
            what = (
                f"frames are {tuple(frames.shape)} where network '{self.network.name}' sees {want}"
            )
            raise ConfigError(what, fix="Stack the frames of a window along the second axis.")
        where = f"network '{self.network.name}'"
        require_halving(frames.shape[2], frames.shape[3], self.network.levels, where)


def write_checkpoint(net: ZooNetwork, path: str | Path, clips: Iterable[Clip] = ()) -> None:
    """Write a network as a checkpoint that ``fusbench evaluate --checkpoint`` takes.

    Normalisation is folded in, as in every checkpoint of the zoo.

    Parameters
    ----------
    net : ZooNetwork
        Layers of one's own inside a larger module are not part of it.
    path : str or Path
    clips : iterable of Clip
        What it was trained on, such as ``samples.clips``: the file names them, and ``evaluate``
        refuses to score it on them.

    Raises
    ------
    CheckpointError
        If a parameter is missing, of another shape, or not finite.
    """
    arrays = {key: value.detach().float().cpu().numpy() for key, value in net.state_dict().items()}
    write_trained(Path(path), net.metadata, arrays, clips)
