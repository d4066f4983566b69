"""Learners in Torch: of the zoo's networks, and of a module of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm as _Norm

from fusbench.data.samples import Batch
from fusbench.errors import CheckpointError, ConfigError
from fusbench.models.card import ModelCard
from fusbench.zoo.checkpoint import read_checkpoint
from fusbench.zoo.network import Network
from fusbench_torch.clip import log_densities
from fusbench_torch.function import TorchNetwork, channels_last
from fusbench_torch.layers import shared
from fusbench_torch.stepping import Named, TorchLearner, array_of

if TYPE_CHECKING:
    from fusbench_torch.group import TorchGroup


def learner(card: ModelCard, network: Network, **settings: Any) -> ZooLearner:
    """A learner for a network of the zoo under a card's window."""
    return ZooLearner(card, network, **settings)


class ZooLearner(TorchLearner):
    """Trains a network of the zoo, normalised where its weights have gains."""

    def __init__(self, card: ModelCard, network: Network, **settings: Any) -> None:
        super().__init__(**settings)
        self.network = TorchNetwork(network, card.window, str(self.device))
        self._log_density = self.compiled(self.network.log_density, fullgraph=True)

    def join(self, group: TorchGroup) -> None:
        """Take the means of a group's gradients, and normalise over its whole batch."""
        super().join(group)
        self.network.operations = shared(group.sum, group.place.size)

    def take(self, weights: Mapping[str, np.ndarray]) -> None:
        """Train these weights from now on; gains among them have their layers normalised."""
        names = [name for name in self.network.network.trained if name in weights]
        found = self._tensors({name: weights[name] for name in names})
        self.trained = {
            name: channels_last(weight).requires_grad_() for name, weight in found.items()
        }

    def training(self, frames: Tensor) -> tuple[Tensor, Named]:
        """Log-densities under the weights in training; layers leave their batch's statistics."""
        values = dict(self.trained)
        log_density = self._log_density(frames, parameters=values)
        return log_density, {n: value for n, value in values.items() if n not in self.trained}

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        """Have `log_densities` and `gradients` be those of these weights."""
        self.network.load(weights)

    def gradients(
        self, frames: np.ndarray, densities: np.ndarray, fixations: np.ndarray | None = None
    ) -> tuple[float, dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Mean loss of a batch, its gradient, and the batch's statistics, by canonical name."""
        batch = Batch(frames=frames, densities=densities, fixations=fixations)
        kept, shown = self.trained, self.network.parameters
        self.trained = {n: w.detach().requires_grad_() for n, w in shown.items()}
        try:
            loss, gradients, left = self.slopes(batch)
        finally:
            self.trained = kept
        share = 1 / float(self.scaling[0])  # a power of two
        slopes = {n: array_of(g) * np.float32(share) for n, g in gradients.items()}
        return float(loss.detach()), slopes, {n: array_of(v) for n, v in left.items()}

    @torch.inference_mode()
    def log_densities(self, frames: np.ndarray) -> np.ndarray:
        """Log-densities float32 (B, H, W) of windows, uint8 (B, L, H, W)."""
        with self._precision():
            return log_densities(self.network, frames).float().cpu().numpy()


class ModuleLearner(TorchLearner):
    """Trains a module of one's own: frames uint8 (B, L, H, W) in, log-densities (B, H, W) out.

    Parameters
    ----------
    module : torch.nn.Module
        Its own initial weights are where a training begins.
    **settings
        What ``fusbench train`` chose: device, precision, loss, compile.

    Examples
    --------
    A card whose `learner` names this function can be trained:

    >>> def learner(card, **settings):
    ...     return ModuleLearner(MyNetwork(), **settings)
    """

    def __init__(self, module: nn.Module, **settings: Any) -> None:
        super().__init__(**settings)
        self.module = module.to(self.device).train()
        self._forward = self.compiled(self.module)
        self.shown: Named = {}

    def join(self, group: TorchGroup) -> None:
        """Take the means of a group's gradients; batch normalisation is over its whole batch."""
        super().join(group)
        kinds = {type(part).__name__ for part in self.module.modules() if isinstance(part, _Norm)}
        if kinds and self.device.type != "cuda":
            what = f"{', '.join(sorted(kinds))} cannot share its batch between processors"
            fix = "Use --device cuda, one process, or nn.GroupNorm."
            raise ConfigError(what, fix=fix)
        self.module = nn.SyncBatchNorm.convert_sync_batchnorm(self.module)
        self._forward = self.compiled(self.module)

    def weights(self) -> dict[str, np.ndarray]:
        """The module's weights and buffers, by the names of its ``state_dict``."""
        return {name: array_of(value) for name, value in self.module.state_dict().items()}

    def others(self) -> Named:
        """The module's buffers."""
        names = self.module.state_dict().keys()
        return {n: value for n, value in self.module.named_buffers() if n in names}

    def take(self, weights: Mapping[str, np.ndarray]) -> None:
        """Train these weights from now on."""
        self.module.load_state_dict(self._tensors(weights))
        self.trained = {n: w for n, w in self.module.named_parameters() if w.requires_grad}

    def training(self, frames: Tensor) -> tuple[Tensor, Named]:
        """Log-densities of windows by the module in training; it keeps its own statistics."""
        return self._forward(frames), {}

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        """Have `log_densities` be those of these weights."""
        kinds = {name: value.dtype for name, value in self.module.state_dict().items()}
        found = self._tensors(weights)
        self.shown = {name: value.to(kinds[name]) for name, value in found.items()}

    @torch.no_grad()
    def log_densities(self, frames: np.ndarray) -> np.ndarray:
        """Log-densities float32 (B, H, W) of windows, uint8 (B, L, H, W)."""
        self.module.eval()
        try:
            with self._precision():
                found = torch.func.functional_call(self.module, self.shown, (self._on(frames),))
        finally:
            self.module.train()
        return found.float().cpu().numpy()


def load_weights(module: nn.Module, checkpoint: str | Path) -> None:
    """Give a module the weights of a checkpoint that ``fusbench train`` wrote.

    Raises
    ------
    CheckpointError
        If the file is damaged, or holds another module's weights.
    """
    stored = read_checkpoint(Path(checkpoint)).weights
    try:
        module.load_state_dict({name: torch.tensor(value) for name, value in stored.items()})
    except RuntimeError as error:
        told = " ".join(str(error).split())
        fix = "Give the checkpoint of this network."
        raise CheckpointError(f"does not fit: {told}", str(checkpoint), fix) from None
