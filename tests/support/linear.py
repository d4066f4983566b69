"""A network of one kernel and its learner in NumPy, gradients written out by hand."""

import numpy as np
from scipy.special import entr

from fusbench.training.recipe import Recipe
from fusbench.zoo.network import Layer, Network

SHAPE = (24, 32)
LINEAR = Network(
    name="linear",
    layers=(Layer(name="head", op="conv2d", inputs=("frames",), in_channels=1, channels=1),),
    length=1,
    input_shape=SHAPE,
    base=1,
    levels=0,
)


class LinearLearner:
    """Softmax of the current frame's correlation with a 3 x 3 kernel."""

    def __init__(self, stop_at=None, spoil_at=None):
        self.stop_at, self.spoil_at, self.steps = stop_at, spoil_at, 0

    def load(self, weights):
        self.weights = {name: np.array(value, float) for name, value in weights.items()}

    def _log_density(self, frames):
        x = np.pad(frames[:, -1] / 255, ((0, 0), (1, 1), (1, 1)))
        self.patches = np.stack(
            [x[:, i : i + SHAPE[0], j : j + SHAPE[1]] for i in range(3) for j in range(3)], axis=-1
        )
        score = self.patches @ self.weights["head.weight"].ravel()
        score = score - score.max((1, 2), keepdims=True)
        return score - np.log(np.exp(score).sum((1, 2), keepdims=True))

    def log_densities(self, frames):
        return self._log_density(frames)

    def loss(self, frames, densities):
        log_density = self._log_density(frames)
        return float(-(entr(densities) + densities * log_density).sum() / len(frames))

    def gradients(self, frames, densities):
        self.steps += 1
        if self.steps == self.stop_at:
            raise KeyboardInterrupt
        loss = self.loss(frames, densities)
        error = (np.exp(self._log_density(frames)) - densities) / len(frames)
        kernel = np.tensordot(error, self.patches, axes=3).reshape(1, 1, 3, 3)
        if self.steps == self.spoil_at:
            loss = float("nan")
        return loss, {"head.weight": kernel, "head.bias": np.zeros(1)}, {}


FAST = Recipe(
    name="test", learning_rate=0.05, max_steps=24, validate_every=6, patience=0,
    batch_size=4, schedule="cosine", validation_stride=1,
)  # fmt: skip
