"""Small networks of the zoo with drawn weights."""

import numpy as np

from fusbench.zoo.checkpoint import describe, initial_weights, write_checkpoint
from fusbench.zoo.entries import ENTRIES, build

SHAPE = (8, 12)
DISTINCT = {(entry.make, entry.window): name for name, entry in reversed(ENTRIES.items())}.values()
"""An entry for each network of the zoo and window that it has there."""


def drawn(folder, name, window=None, told=None):
    """A checkpoint of an entry, its network, weights and window: the zoo's, if none is given."""
    window = window or ENTRIES[name].window
    network = build(name, window=window, base=2, levels=2, input_shape=SHAPE)
    rng = np.random.default_rng(3)
    weights = initial_weights(network, rng)
    weights = {k: v + rng.normal(0, 0.1, v.shape).astype("f4") for k, v in weights.items()}
    path = folder / f"{name}.safetensors"
    write_checkpoint(path, weights, {**describe(network, name, window), **(told or {})})
    return path, network, weights, window
