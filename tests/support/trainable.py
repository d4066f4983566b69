"""A plug-in whose network is trained in NumPy: its loss is the weights' own size.

`installed` puts it on a path; another process finds it there by its entry point.
"""

import numpy as np

CARD = """
from fusbench import ModelCard
card = ModelCard(
    name="trainable", title="Trainable", loader="trainable_model:none", network="unet",
    learner="trainable_model:Shrinking",
)
"""


def installed(folder):
    """The folder, with the plug-in in it."""
    info = folder / "trainable_model-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: trainable-model\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[fusbench.models]\ntrainable = trainable_card:card\n")
    (folder / "trainable_card.py").write_text(CARD)
    (folder / "trainable_model.py").write_text("from support.trainable import Shrinking\n")
    return folder


class Shrinking:
    """A learner whose gradients follow from weights and frames, and whose densities are flat."""

    def __init__(self, card, network, precision="float32", device=None):
        self.network = network

    def load(self, weights):
        self.weights = weights

    def gradients(self, frames, densities):
        of_frames = frames.mean() / 255
        loss = sum(float((value.astype(float) ** 2).sum()) for value in self.weights.values())
        gradients = {name: 2 * value + of_frames for name, value in self.weights.items()}
        statistics = {k: np.ones(shape) for k, shape in self.network.statistics.items()}
        return loss, gradients, statistics

    def log_densities(self, frames):
        level = next(iter(self.weights.values())).mean()
        flat = np.full((len(frames), *frames.shape[-2:]), level, np.float32)
        flat[:, 0, 0] = 0
        return flat - np.log(np.exp(flat).sum((1, 2), keepdims=True))
