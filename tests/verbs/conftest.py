"""What the tests of several verbs look at."""

import numpy as np
import pytest

import fusbench


@pytest.fixture
def maps(folder, tmp_path):
    """A folder of predictions."""
    out = tmp_path / "maps"
    out.mkdir()
    data = fusbench.open_dataset(folder)
    for clip in data.split("test"):
        array = np.full((clip.n_frames, *data.info.image_shape), 1.0, np.float32)
        np.save(out / f"{clip.clip_id}.npy", array / array[0].sum())
    return out
