"""What learners in Torch share: weights, moments and averages stay on the device between steps."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from fusbench.data.samples import Batch
from fusbench.errors import ConfigError, counted, unknown
from fusbench.training.optimiser import Update
from fusbench.training.recipe import Recipe
from fusbench.training.scaling import checked_precision, first_scaling, lowered, raised
from fusbench.training.steps import Kinds
from fusbench_torch.losses import LOSSES
from fusbench_torch.model import checked_device
from fusbench_torch.optimiser import RULES, laid_out

if TYPE_CHECKING:
    from fusbench_torch.group import TorchGroup

DTYPES = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}

Named = dict[str, Tensor]


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
        if loss not in LOSSES:
            fix = unknown("loss", loss, list(LOSSES)).fix
            raise ConfigError(f"loss '{loss}' is unknown", fix=fix)
        self.device = torch.device(checked_device(device))
        self.dtype = DTYPES[checked_precision(precision)]
        self.loss: Callable[..., Tensor] = LOSSES[loss]
        self.compiled = partial(torch.compile, dynamic=False) if compile else _as_it_is
        self.trained: Named = {}
        self.scaling = self.first = first_scaling(precision)
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
            | self._as_trained(state.get(kind, {}))
            for kind in ("mean", "square")
        )
        self.averages = self._as_trained(state["averages"])
        self.rule = RULES[recipe.optimiser]
        told = state.get("scaling", {}).get("scaling")
        self.scaling = (self.first if told is None else told).copy()

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
            self._move(update, gradients, norm / scale, 1 / scale)
        self._average(update, statistics)
        return told

    @torch.no_grad()
    def _move(self, update: Update, gradients: Named, norm: float, share: float) -> None:
        factor = update.scale(norm) * share
        if factor != 1:
            torch._foreach_mul_(list(gradients.values()), factor)
        self.rule(update, self.trained, self.mean, self.square, gradients)
        if self.dtype == torch.float16:
            self.scaling = raised(self.scaling)

    @torch.no_grad()
    def _average(self, update: Update, statistics: Named) -> None:
        """Count this step in the running averages, as all are, also one that moved nothing."""
        if self.averages:
            values = {**self.trained, **self.others(), **statistics}
            sums = list(self.averages.values())
            torch._foreach_mul_(sums, update.kept)
            new = [values[name].detach() for name in self.averages]
            torch._foreach_add_(sums, new, alpha=1 - update.kept)

    def _lowered(self) -> bool:
        """Halve the scale of float16 losses, whose gradient was too large; False at its end."""
        half = lowered(self.scaling) if self.dtype == torch.float16 else None
        self.scaling = self.scaling if half is None else half
        return half is not None

    def slopes(self, batch: Batch) -> tuple[Tensor, Named, Named]:
        """Mean loss of a batch, its gradient times the scale of losses, and its statistics."""
        frames, empirical = self._on(batch.frames), self._on(batch.densities)
        fixations = None if batch.fixations is None else self._on(batch.fixations)
        with self._precision():
            log_density, statistics = self.training(frames)
        loss = self.loss(log_density.float(), empirical, fixations)
        scale = float(self.scaling[0])
        target = loss if scale == 1 else loss * scale
        found = torch.autograd.grad(
            target,
            list(self.trained.values()),
            materialize_grads=True,  # where a window leaves a weight without use
        )
        return loss, dict(zip(self.trained, found, strict=True)), statistics

    def state(self) -> Kinds:
        """Copies of all that training changes."""
        kinds = {
            "weights": {**self.trained, **self.others()},
            "mean": self.mean,
            "square": self.square,
            "averages": self.averages,
        }
        scaling = {"scaling": self.scaling} if self.dtype == torch.float16 else {}
        copied = {k: {n: array_of(t) for n, t in named.items()} for k, named in kinds.items()}
        return {**copied, "scaling": scaling}

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

    def _as_trained(self, arrays: Mapping[str, np.ndarray]) -> Named:
        """Tensors that lie in memory as the trained ones of their names do."""
        found = self._tensors(arrays)
        return {
            n: laid_out(t, self.trained[n]) if n in self.trained else t for n, t in found.items()
        }


def _as_it_is(function: Any, **_: Any) -> Any:
    return function


def _norm(gradients: Mapping[str, Tensor]) -> Tensor:
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(list(gradients.values()))))


def array_of(tensor: Tensor) -> np.ndarray:
    """A tensor as an array of its own, in float32."""
    return tensor.detach().float().cpu().numpy().copy()
