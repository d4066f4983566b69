"""fusbench's windows in users' own training loops."""

import numpy as np
import pytest

from fusbench.data.dataset import open_dataset
from fusbench.data.samples import Samples
from fusbench.data.window import Window


@pytest.fixture
def samples(folder):
    return Samples(open_dataset(folder), "train", Window(length=3), shape=(12, 16))


def test_torch(samples):
    pytest.importorskip("torch")
    from fusbench_torch.data import WindowDataset
    from torch.utils.data import DataLoader

    data = WindowDataset(samples)
    assert len(data) == len(samples)
    frames, densities = next(iter(DataLoader(data, batch_size=5)))
    want = samples.batch(range(5))
    np.testing.assert_array_equal(frames.numpy(), want.frames)
    np.testing.assert_array_equal(densities.numpy(), want.densities)


KERAS = """
import sys
import numpy as np
from fusbench.data.dataset import open_dataset
from fusbench.data.samples import Samples
from fusbench.data.window import Window
from fusbench_keras.data import WindowDataset
import keras

samples = Samples(open_dataset(sys.argv[1]), "train", Window(length=3), shape=(12, 16))
data = WindowDataset(samples, batch_size=5)
first = np.concatenate([data[k][1] for k in range(len(data))])
assert len(first) == len(samples)
data.on_epoch_end()
second = np.concatenate([data[k][1] for k in range(len(data))])
assert (first != second).any()
key = lambda maps: sorted(maps.reshape(len(maps), -1).tolist())
assert key(first) == key(second) == key(np.stack([s.density for s in samples]))
model = keras.Sequential([
    keras.layers.Lambda(lambda x: keras.ops.cast(x[:, -1], "float32")),
    keras.layers.Reshape((12, 16, 1)), keras.layers.Conv2D(1, 3, padding="same"),
    keras.layers.Reshape((192,)), keras.layers.Softmax(), keras.layers.Reshape((12, 16)),
])
model.compile("sgd", "kl_divergence")
model.fit(data, epochs=1, verbose=0)
"""


def test_keras(folder):
    pytest.importorskip("keras")
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-c", KERAS, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
