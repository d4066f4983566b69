"""fusbench's windows as a Keras data set, for training loops of one's own."""

from __future__ import annotations

import fusbench_keras.backend  # noqa: F401  (chooses Keras's backend first, and quietly)

# isort: split

from typing import Any

import keras
import numpy as np

from fusbench.data.samples import Samples


class WindowDataset(keras.utils.PyDataset):
    """Batches of windows, uint8 (B, L, H, W), and their densities, float32 (B, H, W).

    Parameters
    ----------
    samples : fusbench.data.samples.Samples
    batch_size : int
    shuffle : bool
        Draw another order each epoch, from `seed`.
    seed : int
    """

    def __init__(
        self,
        samples: Samples,
        batch_size: int = 16,
        *,
        shuffle: bool = True,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.samples, self.batch_size = samples, batch_size
        self.shuffle, self.seed, self.epoch = shuffle, seed, 0
        self.order = self._order()

    def _order(self) -> np.ndarray:
        if not self.shuffle:
            return np.arange(len(self.samples))
        return np.random.default_rng([self.seed, self.epoch]).permutation(len(self.samples))

    def __len__(self) -> int:
        return -(-len(self.samples) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        start = index * self.batch_size
        batch = self.samples.batch(self.order[start : start + self.batch_size])
        return batch.frames, batch.densities

    def on_epoch_end(self) -> None:
        """Draw the next epoch's order."""
        self.epoch += 1
        self.order = self._order()
