"""Learners in Keras: of the zoo's networks, and of models of one's own."""

from __future__ import annotations

import fusbench_keras.backend  # noqa: F401  (chooses Keras's backend first, and quietly)

# isort: split

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from fusbench.data.samples import Batch
from fusbench.errors import CheckpointError, ConfigError
from fusbench.models.card import ModelCard
from fusbench.zoo.checkpoint import read_checkpoint
from fusbench.zoo.network import Network
from fusbench_keras.function import KerasNetwork, channels_first, channels_last
from fusbench_keras.layers import shared
from fusbench_keras.stepping import KerasLearner, Named, Tensor

if TYPE_CHECKING:
    from fusbench_keras.group import KerasGroup


def learner(card: ModelCard, network: Network, **settings: Any) -> ZooLearner:
    """A learner for a network of the zoo under a card's window."""
    return ZooLearner(card, network, **settings)


class ZooLearner(KerasLearner):
    """Trains a network of the zoo, normalised where its weights have gains."""

    inward = staticmethod(channels_last)
    outward = staticmethod(channels_first)

    def __init__(self, card: ModelCard, network: Network, **settings: Any) -> None:
        super().__init__(**settings)
        self.network = KerasNetwork(network, card.window)
        rows, columns = network.input_shape
        frames = tf.TensorSpec((None, network.length, rows, columns), tf.uint8)
        self._look = self.function(self.network.log_density, input_signature=[frames])
        self._graphs: dict[tuple[str, ...], Any] = {}

    def join(self, group: KerasGroup) -> None:
        """Take the means of a group's gradients, and normalise over its whole batch."""
        super().join(group)
        self.network.operations = shared(lambda value: group.mean([value])[0])

    def take(self, weights: Mapping[str, np.ndarray]) -> None:
        """Train these weights from now on; gains among them have their layers normalised."""
        names = [name for name in self.network.network.trained if name in weights]
        self.trained = self._variables({name: channels_last(weights[name]) for name in names})

    def training(self, frames: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Log-densities under the weights in training; layers leave their batch's statistics."""
        kernels = {n for n, value in self.trained.items() if len(value.shape) > 1}
        values: dict[str, Any] = {
            n: tf.cast(value, self.dtype) if n in kernels else value
            for n, value in self.trained.items()
        }
        log_density = self.network.log_density(frames, parameters=values, dtype=self.dtype)
        return log_density, {n: value for n, value in values.items() if n not in self.trained}

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        """Have `log_densities` and `gradients` be those of these weights."""
        with tf.device(self.device):
            self.network.load(weights)

    def gradients(
        self, frames: np.ndarray, densities: np.ndarray, fixations: np.ndarray | None = None
    ) -> tuple[float, dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Mean loss of a batch, its gradient, and the batch's statistics, by canonical name."""
        batch = Batch(frames=frames, densities=densities, fixations=fixations)
        kept, shown = self.trained, self.network.parameters
        self.trained = {name: variable.value for name, variable in shown.items()}
        try:
            with tf.device(self.device):
                factor = tf.constant(self.scaling[0])
                loss, _, found, left = self._graph(*shown)(factor, *self._given(batch))
        finally:
            self.trained = kept
        gradients = {n: channels_first(g.numpy()) for n, g in zip(shown, found, strict=True)}
        return float(loss), gradients, {n: value.numpy() for n, value in left.items()}

    def _graph(self, *names: str) -> Any:
        """A graph for each set of parameters: one with gains is another network."""
        if names not in self._graphs:
            self._graphs[names] = self.function(self._slopes)
        return self._graphs[names]

    def log_densities(self, frames: np.ndarray) -> np.ndarray:
        """Log-densities float32 (B, H, W) of windows, uint8 (B, L, H, W)."""
        with tf.device(self.device):
            return self._look(tf.constant(np.ascontiguousarray(frames))).numpy()


class ModelLearner(KerasLearner):
    """Trains a model of one's own: frames uint8 (B, L, H, W) in, log-densities (B, H, W) out.

    Parameters
    ----------
    model : keras.Model
        Built; its own initial weights are where a training begins.
    **settings
        What ``fusbench train`` chose: device, precision, loss, compile.

    Examples
    --------
    A card whose `learner` names this function can be trained:

    >>> def learner(card, **settings):
    ...     return ModelLearner(my_network(), **settings)
    """

    def __init__(self, model: keras.Model, **settings: Any) -> None:
        super().__init__(**settings)
        kinds = {layer.compute_dtype for layer in model._flatten_layers()}
        if self.dtype != "float32" and self.dtype not in kinds:
            fix = f"Build it with dtype=keras.DTypePolicy('mixed_{self.dtype}') for its layers."
            raise ConfigError(f"no layer of this model computes in {self.dtype}", fix=fix)
        self.model = model
        self.shown: tuple[list[Tensor], list[Tensor]] = ([], [])
        self._look = self.function(self._shown)

    def join(self, group: KerasGroup) -> None:
        """Take the means of a group's gradients; batch normalisation must be over its batch."""
        super().join(group)
        norms = keras.layers.BatchNormalization
        own = [n for n in self.model._flatten_layers() if isinstance(n, norms)]
        if not all(layer.synchronized for layer in own):
            what = "its BatchNormalization is over each process's share of a batch"
            raise ConfigError(what, fix="Make it BatchNormalization(synchronized=True).")

    def weights(self) -> dict[str, np.ndarray]:
        """The model's weights, each named by its place and its own name."""
        return {name: variable.numpy() for name, variable in named(self.model).items()}

    def others(self) -> Named:
        """The model's weights that are not trained by the gradient."""
        return {n: v for n, v in self._values().items() if n not in self.trained}

    def _values(self) -> Named:
        return {name: variable.value for name, variable in named(self.model).items()}

    def take(self, weights: Mapping[str, np.ndarray]) -> None:
        """Train these weights from now on."""
        assign(self.model, weights)
        mine = {id(variable) for variable in self.model.trainable_variables}
        found = named(self.model).items()
        self.trained = {n: variable.value for n, variable in found if id(variable) in mine}

    def training(self, frames: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Log-densities of windows by the model in training; it keeps its own statistics."""
        return self.model(frames, training=True), {}

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        """Have `log_densities` be those of these weights."""
        names = {id(variable): name for name, variable in named(self.model).items()}
        kinds = (self.model.trainable_variables, self.model.non_trainable_variables)
        one, two = (
            [
                tf.constant(weights[names[id(v)]], v.dtype) if id(v) in names else v.value
                for v in kind
            ]
            for kind in kinds
        )
        self.shown = one, two

    def _shown(self, frames: Tensor, trained: list[Tensor], others: list[Tensor]) -> Tensor:
        return self.model.stateless_call(trained, others, frames, training=False)[0]

    def log_densities(self, frames: np.ndarray) -> np.ndarray:
        """Log-densities float32 (B, H, W) of windows, uint8 (B, L, H, W)."""
        with tf.device(self.device):
            return self._look(tf.constant(np.ascontiguousarray(frames)), *self.shown).numpy()


def named(model: keras.Model) -> dict[str, Any]:
    """The weights of a model, each named by its place and its own name, such as "000.kernel".

    Keras numbers layers anew in each process; the place is the same wherever the model is built.
    """
    return {f"{place:03d}.{v.name}": v for place, v in enumerate(model.weights)}


def assign(model: keras.Model, weights: Mapping[str, np.ndarray]) -> None:
    """Give a model the weights that `named` names."""
    for name, variable in named(model).items():
        variable.assign(weights[name])


def load_weights(model: keras.Model, checkpoint: str | Path) -> None:
    """Give a model the weights of a checkpoint that ``fusbench train`` wrote.

    Raises
    ------
    CheckpointError
        If the file is damaged, or holds another model's weights.
    """
    stored = read_checkpoint(Path(checkpoint)).weights
    shapes = {name: tuple(variable.shape) for name, variable in named(model).items()}
    if shapes != {name: value.shape for name, value in stored.items()}:
        fix = "Give the checkpoint of this network."
        raise CheckpointError("does not fit this model", str(checkpoint), fix)
    assign(model, stored)
