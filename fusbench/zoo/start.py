"""What a network begins with: its size, its window, and weights, drawn or taken from a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.data.scan import Clip
from fusbench.data.window import Window
from fusbench.errors import CheckpointError
from fusbench.zoo.checkpoint import (
    check_entry,
    check_finite,
    check_weights,
    describe,
    initial_weights,
    naming_clips,
    network_of,
    read_checkpoint,
    window_of,
    write_checkpoint,
)
from fusbench.zoo.entries import ENTRIES, build, checkpoint_file
from fusbench.zoo.network import Network
from fusbench.zoo.normalise import folded, with_gains
from fusbench.zoo.weights import bundled

BUNDLED = "bundled"
"""In place of a file: the weights that come with the zoo."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """A network, the window that it sees, and the weights that it begins with.

    Parameters
    ----------
    network : Network
    window : Window
    weights : dict of str to ndarray of float32
        By the names of `Network.trained`. Drawn layers have gains, so that they are normalised
        while they are trained; taken ones have none, as theirs are folded into their weights.
    metadata : dict of str to str
        What a checkpoint of this network tells of itself.
    taken, drawn : tuple of str
        Layers whose weights came from a file, and those whose weights were drawn.
    """

    network: Network
    window: Window
    weights: Mapping[str, np.ndarray]
    metadata: Mapping[str, str]
    taken: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()


def start(
    name: str,
    *,
    base: int | None = None,
    levels: int | None = None,
    input_shape: tuple[int, int] | None = None,
    window: Window | None = None,
    weights: str | Path | None = None,
    seed: int = 0,
) -> Start:
    """A network of the zoo at any size, as a backend's ``network(...)`` is told.

    Parameters
    ----------
    name : str
        An entry of the zoo, such as "clstmunet".
    base, levels, input_shape, window : optional
        Channels of the finest level, number of poolings, rows and columns, and the frames that are
        seen; default: those of the weights, else the zoo's own.
    weights : str or Path, optional
        "bundled", or a checkpoint of this entry; None draws them from `seed`.
    seed : int

    Raises
    ------
    UnknownName
        If the zoo has no such entry.
    ConfigError
        If the input shape cannot be halved `levels` times.
    CheckpointError
        If there are no such weights, or they do not fit.

    Examples
    --------
    >>> wide = start("unet", base=16, input_shape=(112, 144))
    >>> wide.network.n_parameters
    481745
    """
    asked = {"base": base, "levels": levels, "input_shape": input_shape, "window": window}
    if weights is None:
        network, sees = sized(name, asked)
        return _begun(name, network, sees, {}, {}, seed)
    path = weights_file(name, weights)
    stored = read_checkpoint(path)
    theirs = network_of(stored.metadata, str(path))
    check_entry(stored.metadata, name, str(path), f"Ask for '{stored.metadata['network']}'.")
    sizes = {"base": theirs.base, "levels": theirs.levels, "input_shape": theirs.input_shape}
    network, sees = sized(name, asked, {**sizes, "window": window_of(stored.metadata)})
    check_weights(network, stored.weights, str(path))
    return _begun(name, network, sees, stored.weights, stored.metadata, seed)


def sized(
    name: str, asked: Mapping[str, Any], usual: Mapping[str, Any] | None = None
) -> tuple[Network, Window]:
    """An entry's network and window, of the sizes asked for, else the usual ones, else its own.

    Errors as in `fusbench.zoo.entries.build`.
    """
    chosen = {key: value for key, value in asked.items() if value is not None}
    sizes = {**(usual or {}), **chosen}
    network = build(name, **sizes)
    return network, sizes.get("window") or ENTRIES[name].window


def weights_file(name: str, weights: str | Path) -> Path:
    """The file of an entry's weights; "bundled" are the zoo's own."""
    if weights == BUNDLED:
        return bundled(checkpoint_file(name), f"{name}-torch")
    return Path(weights)


def begun_from(
    name: str, network: Network, window: Window, weights: str | Path, seed: int = 0
) -> Start:
    """A network whose layers are taken from other weights where they fit, and drawn elsewhere.

    A layer fits if the file holds each of its parameters at its shape.

    Raises
    ------
    CheckpointError
        If there are no such weights, or no layer fits.
    """
    path = weights_file(name, weights)
    stored = read_checkpoint(path)
    layers: dict[str, dict[str, tuple[int, ...]]] = {}
    for key, shape in network.parameters.items():
        layers.setdefault(_layer(key), {})[key] = shape
    have = {key: value.shape for key, value in stored.weights.items()}
    fit = [own for own in layers.values() if all(have.get(k) == shape for k, shape in own.items())]
    if not fit:
        what = f"no layer fits network '{network.name}' of base {network.base}"
        raise CheckpointError(what, str(path), "Choose --base as these weights have it, or others.")
    taken = {key: stored.weights[key] for own in fit for key in own}
    check_finite(taken, str(path))
    begun = _begun(name, network, window, taken, stored.metadata, seed)
    drawn = json.dumps(begun.drawn)
    origin = {"init": path.name, "init_sha256": stored.sha256, "init_drawn": drawn}
    return replace(begun, metadata={**begun.metadata, **origin})


def _begun(
    name: str,
    network: Network,
    window: Window,
    taken: Mapping[str, np.ndarray],
    before: Mapping[str, str],
    seed: int,
) -> Start:
    kept = {_layer(key) for key in taken}
    whole = taken.keys() >= network.parameters.keys()
    found = {**({} if whole else drawn(network, seed)), **taken}
    plain = {name for name in kept if name in network.normalised}
    weights = {
        key: found[key] for key in network.trained if key in taken or _layer(key) not in plain
    }
    layers = dict.fromkeys(map(_layer, network.parameters))
    return Start(
        network=network,
        window=window,
        weights=weights,
        metadata={**describe(network, name, window), **naming_clips((), before)},
        taken=tuple(layer for layer in layers if layer in kept),
        drawn=tuple(layer for layer in layers if layer not in kept),
    )


def origin(network: Network, metadata: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Layers that a training took from other weights, and those that it drew beside them.

    Both are empty where it began with drawn weights alone.
    """
    if "init" not in metadata:
        return [], []
    drawn = json.loads(metadata["init_drawn"])
    layers = dict.fromkeys(map(_layer, network.parameters))
    return [layer for layer in layers if layer not in drawn], drawn


def _layer(key: str) -> str:
    return key.rpartition(".")[0]


def drawn(network: Network, seed: int) -> dict[str, np.ndarray]:
    """What a training from scratch begins with, by the names of `Network.trained`."""
    rng = np.random.default_rng([seed, 2])
    return with_gains(network, initial_weights(network, rng))


def write_trained(
    path: Path,
    metadata: Mapping[str, str],
    arrays: Mapping[str, np.ndarray],
    clips: Iterable[Clip] = (),
) -> None:
    """Write a network as a checkpoint that ``fusbench evaluate`` takes like any other.

    Parameters
    ----------
    path : Path
    metadata : mapping of str to str
        Those of its `Start`.
    arrays : mapping of str to ndarray
        Parameters by canonical name; with gains among them, the layers' running statistics too.
    clips : iterable of Clip
        What it was trained on. The file names them, so that it is not scored on them unawares.
    """
    network = network_of(metadata)
    weights = folded(network, arrays, arrays)
    check_weights(network, weights, str(path))
    named = naming_clips((clip.sha256 for clip in clips), metadata)
    write_checkpoint(path, weights, {**metadata, **named})
