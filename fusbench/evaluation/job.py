"""What is to be evaluated, and the key that its run has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from fusbench import metrics
from fusbench.data.dataset import Dataset
from fusbench.evaluation.targets import Targets, baseline_of
from fusbench.files import file_sha256, text_sha256
from fusbench.metrics import Metric
from fusbench.models.card import ModelCard
from fusbench.models.entrant import Used
from fusbench.zoo.weights import checkpoint_path, training_facts

FITTED = ("train-gaze", "clip", "others")
NOTHING = Used()


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What is to be evaluated: a model with its weights, on a split, by metrics of a profile.

    Parameters
    ----------
    card : ModelCard
    dataset : Dataset
    split : {"train", "val", "test"}
    profile : {"tuebingen", "mit"}
    metrics : tuple of str
        Keys, in any order.
    kernel : {"numpy", "numba"}
        How they are computed; no part of the run's key.
    observers : {"pooled", "each"}
        "each": a frame's score is the mean over those who looked, each with a map of their own;
        "pooled" makes one map of the points of all.
    checkpoint : Path, optional
        Weights in place of the card's.
    device : str, optional
        The framework's name of a device.
    freeze_history : bool
        Show the model its current frame in place of the others.
    owner, version : str
        The distribution that the model comes from.
    threads : int
        Of the libraries, in the model's process.
    source : str
        Hash of predictions or answers, where no version and no witness identifies them.
    seen : str
        What the weights saw of the split in training; it follows from both.
    guest : mapping of str to str
        Versions of another environment that the model runs in.

    Raises
    ------
    UnknownName
        By `chosen` and `signature`, if there is no such metric or profile.

    Examples
    --------
    >>> import fusbench
    >>> dataset = fusbench.open_dataset("phantom-tiny", ("test",))
    >>> job = Evaluation(card=fusbench.model_card("uniform"), dataset=dataset, metrics=("nss",))
    >>> job.signature
    'nss|profile:tuebingen|sigma:8px|agg:frame-mean|v:1'
    """

    card: ModelCard
    dataset: Dataset
    split: str = "test"
    profile: str = "tuebingen"
    metrics: tuple[str, ...] = tuple(metrics.METRICS)
    kernel: str = "numpy"
    observers: str = "pooled"
    checkpoint: Path | None = None
    device: str | None = None
    freeze_history: bool = False
    owner: str = "fusbench"
    version: str = ""
    threads: int = 1
    source: str = ""
    seen: str = ""
    guest: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        on = f"{self.dataset.info.name}, {self.split} split"
        return f"<Evaluation of {self.card.name} on {on}, by {', '.join(self.metrics)}>"

    @property
    def signature(self) -> str:
        """How the scores are made, as every table that shows them states it."""
        baseline = baseline_of(self.dataset)
        return metrics.signature(
            self.profile, self.dataset.info.sigma_px, self.chosen, baseline, self.observers
        )

    @cached_property
    def chosen(self) -> tuple[Metric, ...]:
        """The metrics, in the order of every table."""
        return metrics.select(self.metrics)

    @cached_property
    def targets(self) -> Targets:
        """What predictions are compared with."""
        needs = frozenset(name for metric in self.chosen for name in metric.needs)
        return Targets(dataset=self.dataset, split=self.split, needs=needs)

    def weights_sha256(self) -> str | None:
        """Hash of the weight file; None for a model without one."""
        path = checkpoint_path(self.card, self.checkpoint)
        return file_sha256(path) if path else None

    def parameters(self) -> int | None:
        """Numbers in the weight file; None where there is none that can be read."""
        from fusbench.zoo.checkpoint import count_parameters

        path = checkpoint_path(self.card, self.checkpoint)
        return count_parameters(path) if path else None

    def macs(self) -> int | None:
        """Multiply-accumulates a frame, of a zoo model whose weights tell its network."""
        path = checkpoint_path(self.card, self.checkpoint)
        if path is None or self.card.network is None:
            return None
        from fusbench.zoo.checkpoint import network_of, read_metadata
        from fusbench.zoo.cost import multiply_accumulates

        return multiply_accumulates(network_of(read_metadata(path), str(path)))

    def training(self) -> dict[str, Any]:
        """How the weights were trained, as far as their file tells."""
        return training_facts(self.card, self.checkpoint)

    def key(self, used: Used = NOTHING) -> str:
        """Name of the run: the model's name and a hash over all that its scores follow from.

        Parameters
        ----------
        used : Used
            What a model of its own process read; without it, the hash is over what was asked for.
        """
        seen = used.source, tuple(used.versions.items())
        if seen not in self._keys:
            named = {"source": used.source, "versions": dict(used.versions)}
            more = {name: value for name, value in named.items() if value}
            digest = text_sha256(json.dumps(self._asked | more, sort_keys=True, default=str))
            self._keys[seen] = f"{self.card.name}-{digest[:16]}"
        return self._keys[seen]

    @cached_property
    def _keys(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], str]:
        return {}

    @cached_property
    def _asked(self) -> dict[str, Any]:
        parts: dict[str, Any] = {
            "card": {k: v for k, v in asdict(self.card).items() if (k, v) != ("memory", "window")},
            "weights": self.weights_sha256(),
            "data": self.dataset.fingerprint(self.split),
            "train": self.dataset.gaze_fingerprint("train") if self._sees_train else "",
            "signature": self.signature,
            "version": [self.owner, self.version],
            "device": self.device,
            "freeze_history": self.freeze_history,
        }
        if self.dataset.fold is not None:
            parts["fold"] = self.dataset.fold
        parts |= {"source": self.source} if self.source else {}
        parts |= {"guest": dict(self.guest)} if self.guest else {}
        if plugins := sorted(set(self.metrics) - set(metrics.ORDER)):
            parts["metrics"] = {key: metrics.owner(key) for key in plugins}
        return parts

    @property
    def _sees_train(self) -> bool:
        return self.card.sees in FITTED or "baseline" in self.targets.needs
