"""Learners in Torch: weights, moments and averages stay on the device from step to step."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm as _Norm

from fusbench.data.samples import Batch
from fusbench.errors import CheckpointError, ConfigError, counted, unknown
from fusbench.models.card import ModelCard
from fusbench.training.optimiser import Update
from fusbench.training.recipe import Recipe
from fusbench.training.steps import Kinds
from fusbench.zoo.checkpoint import read_checkpoint
from fusbench.zoo.network import Network
from fusbench_torch.function import TorchNetwork
from fusbench_torch.layers import shared
from fusbench_torch.losses import LOSSES
from fusbench_torch.model import checked_device
from fusbench_torch.optimiser import RULES

if TYPE_CHECKING:
    from fusbench_torch.group import TorchGroup

PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}
LARGEST_SCALE, PATIENCE = 2.0**16, 2000
"""What float16 losses are first multiplied with, and steps after which it is tried to double."""

Named = dict[str, Tensor]


def learner(card: ModelCard, network: Network, **settings: Any) -> ZooLearner:
    """A learner for a network of the zoo under a card's window."""
    return ZooLearner(card, network, **settings)


class TorchLearner(ABC):
    """What learners in Torch share; see `fusbench.training.steps.Steps`.

    A learner says which tensors it trains, what a batch's log-densities are while it trains, and
    what they are where others' weights are looked at.
    """

    def __init__(
        self,
        *,
        device: str = "cpu",
        precision: str = "float32",
        loss: str = "kld",
        compile: bool = False,
    ) -> None:
        for what, value, table in (("precision", precision, PRECISIONS), ("loss", loss, LOSSES)):
            if value not in table:
                fix = unknown(what, value, list(table)).fix
                raise ConfigError(f"{what} '{value}' is unknown", fix=fix)
        self.device = torch.device(checked_device(device))
        self.dtype = PRECISIONS[precision]
        self.loss: Callable[..., Tensor] = LOSSES[loss]
        self.compiled = torch.compile if compile else lambda function: function
        self.trained: Named = {}
        self.scaling = torch.tensor([LARGEST_SCALE if precision == "float16" else 1.0, 0.0])
        self.compiles = compile
        self.group: TorchGroup | None = None

    def join(self, group: TorchGroup) -> None:
        """Take the means of a group's gradients from now on.

        Raises
        ------
        ConfigError
            If this learner cannot.
        """
        if self.compiles:
            raise ConfigError("--compile is for one process", fix="Leave it out.")
        cards, each = torch.cuda.device_count(), group.place.local_size
        if self.device.type == "cuda" and 1 < cards < each:
            what = f"{each} processes of a machine have {counted(cards, 'graphics card')}"
            raise ConfigError(what, fix="Start one process for each card.")
        self.group = group

    @abstractmethod
    def training(self, frames: Tensor) -> tuple[Tensor, Named]:
        """Log-densities of windows under the weights in training, and a batch's statistics."""

    def others(self) -> Named:
        """Tensors that training changes beside the trained ones."""
        return {}

    def start(self, recipe: Recipe, state: Kinds) -> None:
        """Begin, or go on, from this state."""
        self.take(state["weights"])
        self.mean, self.square = (
            {n: torch.zeros_like(w) for n, w in self.trained.items()}
            | self._tensors(state.get(kind, {}))
            for kind in ("mean", "square")
        )
        self.averages = self._tensors(state["averages"])
        self.rule = RULES[recipe.optimiser]
        if state.get("scaling"):
            self.scaling = torch.from_numpy(state["scaling"]["scaling"].copy())

    @abstractmethod
    def take(self, weights: Mapping[str, np.ndarray]) -> None:
        """Train these weights from now on."""

    def step(self, batch: Batch, update: Update) -> float:
        """Make one step and return the batch's mean loss."""
        loss, gradients, statistics = self.slopes(batch)
        if self.group is not None:
            loss, *means = self.group.mean([loss.detach(), *gradients.values()])
            gradients = dict(zip(gradients, means, strict=True))
        told, norm = torch.stack([loss.detach(), _norm(gradients)]).tolist()
        scale = float(self.scaling[0])
        if not math.isfinite(told) or (not math.isfinite(norm) and not self._lowered()):
            return math.nan
        if math.isfinite(norm):
            self._move(update, gradients, statistics, norm / scale, 1 / scale)
        return told

    def _move(
        self, update: Update, gradients: Named, statistics: Named, norm: float, share: float
    ) -> None:
        factor = update.scale(norm) * share
        with torch.no_grad():
            if factor != 1:
                torch._foreach_mul_(list(gradients.values()), factor)
            self.rule(update, self.trained, self.mean, self.square, gradients)
            if self.averages:
                values = {**self.trained, **self.others(), **statistics}
                sums = list(self.averages.values())
                torch._foreach_mul_(sums, update.kept)
                new = [values[name].detach() for name in self.averages]
                torch._foreach_add_(sums, new, alpha=1 - update.kept)
        self._raised()

    def _lowered(self) -> bool:
        """Halve the scale of float16 losses, whose gradient was too large; False at its end."""
        self.scaling = torch.tensor([float(self.scaling[0]) / 2, 0.0])
        return bool(self.dtype == torch.float16 and self.scaling[0] >= 1)

    def _raised(self) -> None:
        if self.dtype == torch.float16:
            scale, count = self.scaling.tolist()
            again = count + 1 >= PATIENCE
            self.scaling = torch.tensor([scale * 2 if again else scale, 0 if again else count + 1])

    def slopes(self, batch: Batch) -> tuple[Tensor, Named, Named]:
        """Mean loss of a batch, its gradient times the scale of losses, and its statistics."""
        frames, empirical = self._on(batch.frames), self._on(batch.densities)
        fixations = None if batch.fixations is None else self._on(batch.fixations)
        with self._precision():
            log_density, statistics = self.training(frames)
        loss = self.loss(log_density.float(), empirical, fixations)
        scale = float(self.scaling[0])
        target = loss if scale == 1 else loss * scale
        found = torch.autograd.grad(target, list(self.trained.values()))
        return loss, dict(zip(self.trained, found, strict=True)), statistics

    def state(self) -> Kinds:
        """Copies of all that training changes."""
        kinds = {
            "weights": {**self.trained, **self.others()},
            "mean": self.mean,
            "square": self.square,
            "averages": self.averages,
            "scaling": {"scaling": self.scaling} if self.dtype == torch.float16 else {},
        }
        return {kind: {n: _array(t) for n, t in named.items()} for kind, named in kinds.items()}

    def _precision(self) -> AbstractContextManager[Any]:
        dtype = self.dtype or torch.bfloat16
        return torch.autocast(self.device.type, dtype=dtype, enabled=self.dtype is not None)

    def _on(self, array: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(np.ascontiguousarray(array))
        if self.device.type == "cuda":
            return tensor.pin_memory().to(self.device, non_blocking=True)
        return tensor.to(self.device)

    def _tensors(self, arrays: Mapping[str, np.ndarray]) -> Named:
        return {n: torch.tensor(np.asarray(a), device=self.device) for n, a in arrays.items()}


class ZooLearner(TorchLearner):
    """Trains a network of the zoo, normalised where its weights have gains."""

    def __init__(self, card: ModelCard, network: Network, **settings: Any) -> None:
        super().__init__(**settings)
        self.network = TorchNetwork(network, card.window, str(self.device))
        self._log_density = self.compiled(self.network.log_density)

    def join(self, group: TorchGroup) -> None:
        """Take the means of a group's gradients, and normalise over its whole batch."""
        super().join(group)
        self.network.operations = shared(group.sum, group.place.size)

    def take(self, weights: Mapping[str, np.ndarray]) -> None:
        """Train these weights from now on; gains among them have their layers normalised."""
        names = [name for name in self.network.network.trained if name in weights]
        found = self._tensors({name: weights[name] for name in names})
        self.trained = {name: weight.requires_grad_() for name, weight in found.items()}

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
        slopes = {n: _array(g) * np.float32(share) for n, g in gradients.items()}
        return float(loss.detach()), slopes, {n: _array(v) for n, v in left.items()}

    @torch.inference_mode()
    def log_densities(self, frames: np.ndarray) -> np.ndarray:
        """Log-densities float32 (B, H, W) of windows, uint8 (B, L, H, W)."""
        with self._precision():
            return self.network.log_density(frames).float().cpu().numpy()


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
        return {name: _array(value) for name, value in self.module.state_dict().items()}

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
        with self._precision():
            found = torch.func.functional_call(self.module, self.shown, (self._on(frames),))
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


def _norm(gradients: Mapping[str, Tensor]) -> Tensor:
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(list(gradients.values()))))


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().float().cpu().numpy().copy()
