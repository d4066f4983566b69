"""A training as a value: what is to be trained, how, and on what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fusbench.augment.policy import Policy, augmented_batch
from fusbench.data.samples import Batch, Samples
from fusbench.errors import counted
from fusbench.training.place import ONLY, Place
from fusbench.training.recipe import Recipe
from fusbench.zoo.network import Network
from fusbench.zoo.normalise import statistics_of


@dataclass(frozen=True, kw_only=True)
class Training:
    """What is to be trained, and on what.

    Parameters
    ----------
    network : Network or None
        Of the zoo; None for a plug-in's own, whose `weights` say what there is to train.
    recipe : Recipe
    policy : Policy or None
        Augmentation of the training windows.
    seed : int
        Of initial weights, order and augmentation.
    train, val : Samples
        Windows to learn from, and to stop by.
    metadata : dict of str to str
        What the checkpoint is to tell of itself; it also identifies a training that is resumed.
    weights : dict, optional
        To start from, instead of drawn ones. A layer without a gain among them is not normalised: a
        training that goes on from a checkpoint leaves its normalisation as it is.
    place : Place
        Whose share of the batches is made, where several processes train together.

    Examples
    --------
    >>> import fusbench
    >>> from fusbench.training.recipe import recipe
    >>> from fusbench.zoo.entries import build
    >>> dataset = fusbench.open_dataset("phantom-tiny")
    >>> train = fusbench.Samples(dataset, "train", fusbench.Window())
    >>> val = fusbench.Samples(dataset, "val", fusbench.Window())
    >>> Training(
    ...     network=build("unet"), recipe=recipe("fast"), policy=fusbench.policy("ra-7-9"), seed=0,
    ...     train=train, val=val, metadata={}).batch(0).frames.shape
    (16, 1, 224, 288)
    """

    network: Network | None
    recipe: Recipe
    policy: Policy | None
    seed: int
    train: Samples
    val: Samples
    metadata: dict[str, str]
    weights: dict[str, np.ndarray] | None = None
    place: Place = ONLY

    def __repr__(self) -> str:
        policy = "no augmentation" if self.policy is None else str(self.policy)
        name = self.metadata.get("model") if self.network is None else self.network.name
        what = f"{name}, recipe {self.recipe.name}, {policy}, seed {self.seed}"
        return f"<Training of {what}: {counted(len(self.train), 'window')}>"

    @property
    def parameters(self) -> Mapping[str, tuple[int, ...]]:
        """Name and shape of what a checkpoint holds."""
        if self.network is not None:
            return self.network.parameters
        return {name: np.shape(value) for name, value in (self.weights or {}).items()}

    @property
    def trained(self) -> Mapping[str, tuple[int, ...]]:
        """Name and shape of what this training changes."""
        if self.network is None:
            return self.parameters
        if not self.recipe.normalise:
            return self.network.parameters
        shapes, given = self.network.trained, self.weights
        return shapes if given is None else {k: v for k, v in shapes.items() if k in given}

    @property
    def statistics(self) -> Mapping[str, tuple[int, ...]]:
        """Name and shape of the normalisation's statistics, where there is one."""
        return {} if self.network is None else statistics_of(self.network, self.trained)

    def batch(self, step: int) -> Batch:
        """The batch of a step, or this process's share of it: a function of seed and step alone.

        Parameters
        ----------
        step : int
            From 0.

        Returns
        -------
        Batch
            Frames uint8 (B, L, H, W) and densities float32 (B, H, W), augmented by the policy; with
            a loss that looks at gaze points, these too.
        """
        size = min(self.recipe.batch_size, len(self.train))
        share = self.place.share(size)
        epoch, position = divmod(step, len(self.train) // size)
        order = _order(self.seed, epoch, len(self.train))
        chosen = order[position * size : (position + 1) * size]
        gazed = self.recipe.loss != "kld"
        if self.policy is None:
            return self.train.batch(chosen[share], with_fixations=gazed)
        rng = np.random.default_rng([self.seed, 1, step])
        return augmented_batch(
            self.train, chosen, self.policy, rng, with_fixations=gazed, share=share
        )


@lru_cache(maxsize=2)
def _order(seed: int, epoch: int, n_windows: int) -> np.ndarray:
    """The windows of an epoch in the order in which they are drawn; steps of one epoch share it."""
    order = np.random.default_rng([seed, 0, epoch]).permutation(n_windows)
    order.flags.writeable = False
    return order
