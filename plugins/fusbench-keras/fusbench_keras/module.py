"""The zoo's networks as ``keras.Model``."""

from __future__ import annotations

import fusbench_keras.backend  # noqa: F401  (chooses Keras's backend first, and quietly)

# isort: split

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from fusbench.data.scan import Clip
from fusbench.data.window import Window
from fusbench.zoo.network import FRAMES, PARAMETERS, SCALE, Layer
from fusbench.zoo.normalise import KEPT, constants
from fusbench.zoo.start import start, write_trained
from fusbench_keras.function import channels_first, channels_last
from fusbench_keras.layers import OPERATIONS, Parameters

Tensor = Any
PACKAGE = "fusbench"
TINY = 1e-30  # under the logarithm of a density that may be 0


def network(
    name: str,
    *,
    base: int | None = None,
    levels: int | None = None,
    input_shape: tuple[int, int] | None = None,
    window: Window | None = None,
    weights: str | Path | None = None,
    seed: int = 0,
) -> keras.Model:
    """A network of the zoo as a functional ``keras.Model``.

    It takes windows (B, L, H, W), grey values 0..255 of any type, and gives log-densities
    (B, H, W). Its layers have their canonical names, such as "encoder1_conv1", and values
    (B, T, H, W, C).

    Parameters
    ----------
    name : str
        An entry of the zoo without its backend, such as "clstmunet".
    base, levels, input_shape, window : optional
        Channels of the finest level, number of poolings, rows and columns, and the frames that are
        seen; default: those of the weights, else the zoo's own.
    weights : str or Path, optional
        "bundled", or a checkpoint of this entry. None draws them: then its convolutions are
        normalised over the batch in training, as ``fusbench train`` does it.
    seed : int
        Of drawn weights.

    Raises
    ------
    UnknownName, ConfigError, CheckpointError
        If there is no such network, size, or file, or the weights do not fit.

    Examples
    --------
    >>> net = network("unet", base=4, levels=2, input_shape=(24, 32))
    >>> net.output_shape
    (None, 24, 32)
    >>> net.compile("adam", loss=kld)
    """
    begun = start(
        name, base=base, levels=levels, input_shape=input_shape, window=window,
        weights=weights, seed=seed,
    )  # fmt: skip
    shape = (begun.network.length, *begun.network.input_shape)
    windows = keras.Input(shape, dtype="float32", name="windows")
    values = {FRAMES: Frames(begun.metadata)(windows)}
    for layer in begun.network.layers:
        made = ZooLayer(layer, begun.window.target_index, f"{layer.name}.gain" in begun.weights)
        values[layer.name] = made([values[read] for read in layer.inputs])
    model = keras.Model(windows, values[begun.network.layers[-1].name], name=name)
    for key, variable in variables(model).items():
        if key in begun.weights:
            variable.assign(channels_last(begun.weights[key]))
    return model


@keras.saving.register_keras_serializable(PACKAGE)
class Frames(keras.layers.Layer):
    """Grey values 0..255, (B, L, H, W), as the network reads them, (B, L, H, W, 1).

    `metadata` is what a checkpoint of the network tells.
    """

    def __init__(self, metadata: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(**{"name": FRAMES, **kwargs})
        self.metadata = dict(metadata)

    def call(self, windows: Tensor) -> Tensor:
        return ops.cast(windows, self.compute_dtype)[..., None] * SCALE

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "metadata": dict(self.metadata)}


@keras.saving.register_keras_serializable(PACKAGE)
class ZooLayer(keras.layers.Layer):
    """One layer of a network, with its variables; values are (B, T, H, W, C).

    Where it has a gain, it is normalised over the batch in training, and keeps running averages of
    the statistics as `fusbench.training` does: corrected for their start at zero. One that is not
    trainable is not normalised over the batch either, as with Keras's own.
    """

    def __init__(
        self, layer: Layer | Mapping[str, Any], index: int, normalised: bool, **kwargs: Any
    ) -> None:
        if not isinstance(layer, Layer):
            layer = Layer(**{**layer, "inputs": tuple(layer["inputs"])})
        super().__init__(**{"name": layer.name, **kwargs})
        self.layer, self.index, self.normalised = layer, index, normalised

    def build(self, _input_shape: Any) -> None:
        layer = self.layer
        shapes = PARAMETERS[layer.op](layer.in_channels, layer.channels, layer.kernel)
        for kind, shape in shapes.items():
            value = np.zeros(shape, np.float32)
            self._add(kind, channels_last(value).shape, "zeros")
        if self.normalised:
            self._add("gain", (layer.channels,), "ones")
            self._add("mean", (layer.channels,), "zeros", trainable=False)
            self._add("variance", (layer.channels,), "ones", trainable=False)
            self._add("steps", (), "zeros", trainable=False)

    def _add(self, kind: str, shape: tuple[int, ...], value: str, trainable: bool = True) -> None:
        made = self.add_weight(shape=shape, initializer=value, trainable=trainable, name=kind)
        setattr(self, kind, made)

    def call(self, read: list[Tensor], training: bool | None = None) -> Tensor:
        learning = bool(training) and self.trainable
        p = self._parameters_now(learning)
        made = OPERATIONS[self.layer.op](self.layer, p, read, None, self.index)
        if self.normalised and learning:
            self._keep(p[f"{self.name}.mean"], p[f"{self.name}.variance"])
        return made

    def _parameters_now(self, learning: bool) -> Parameters:
        """By canonical name; out of training, normalisation is folded in."""
        kinds = (v.name for v in self.variables if v.name not in ("mean", "variance", "steps"))
        own = {kind: getattr(self, kind).value for kind in kinds}
        if "gain" in own and not learning:
            gain, mean, variance = own.pop("gain"), self.mean.value, self.variance.value
            scale, bias = constants(gain, own["bias"], mean, variance)
            own = {"weight": own["weight"] * scale, "bias": bias}
        return {f"{self.layer.name}.{kind}": value for kind, value in own.items()}

    def _keep(self, mean: Tensor, variance: Tensor) -> None:
        self.steps.assign_add(1.0)
        share = (1 - KEPT) / (1 - KEPT**self.steps.value)
        for kept, now in ((self.mean, mean), (self.variance, variance)):
            kept.assign(kept.value + share * (ops.cast(now, kept.dtype) - kept.value))

    def get_config(self) -> dict[str, Any]:
        own = {"layer": asdict(self.layer), "index": self.index, "normalised": self.normalised}
        return {**super().get_config(), **own}


def kld(density: Tensor, log_density: Tensor) -> Tensor:
    """Kullback-Leibler divergence (B,) of predicted log-densities from densities, (B, H, W), nats.

    Examples
    --------
    >>> found = kld(np.array([[[0.5, 0.5]]]), np.log([[[0.25, 0.75]]]))
    >>> round(float(found[0]), 4)  # 0.5 log 2 + 0.5 log 2/3
    0.1438
    """
    density = ops.cast(density, log_density.dtype)
    terms = density * (ops.log(ops.maximum(density, TINY)) - log_density)
    return ops.sum(terms, axis=(1, 2))


keras.saving.register_keras_serializable(PACKAGE)(kld)


def variables(model: keras.Model) -> dict[str, keras.Variable]:
    """The variables of a network's layers by canonical name; those of other layers are left out."""
    layers = [layer for layer in model.layers if isinstance(layer, ZooLayer)]
    return {f"{layer.name}.{v.name}": v for layer in layers for v in layer.variables}


def write_checkpoint(model: keras.Model, path: str | Path, clips: Iterable[Clip] = ()) -> None:
    """Write a network as a checkpoint that ``fusbench evaluate --checkpoint`` takes.

    Normalisation is folded in, as in every checkpoint of the zoo.

    Parameters
    ----------
    model : keras.Model
        A network that `network` made, trained, or loaded from a ``.keras`` file.
    path : str or Path
    clips : iterable of Clip
        What it was trained on, such as ``samples.clips``: the file names them, and ``evaluate``
        refuses to score it on them.

    Raises
    ------
    CheckpointError
        If a parameter is missing, of another shape, or not finite.
    """
    arrays = {key: channels_first(value.numpy()) for key, value in variables(model).items()}
    write_trained(Path(path), model.get_layer(FRAMES).metadata, arrays, clips)
