"""ONNX Runtime against Torch, at the window that each network of the zoo has."""

import numpy as np
import pytest
from support.drawn import DISTINCT, SHAPE, drawn

from fusbench.doors.registry import load_model

pytest.importorskip("fusbench_onnx.model")
pytest.importorskip("fusbench_torch.model")
N_FRAMES = 40
CLIP = np.random.default_rng(1).integers(0, 256, (N_FRAMES, *SHAPE), np.uint8)


@pytest.mark.parametrize("name", DISTINCT)
def test_densities_are_torchs(name, tmp_path):
    path, _, _, window = drawn(tmp_path, name)
    ours, torchs = (load_model(f"{name}-{each}", checkpoint=path) for each in ("onnx", "torch"))
    want = torchs.predict_clip(CLIP)
    np.testing.assert_allclose(ours.predict_clip(CLIP), want, atol=1e-6)
    frames = CLIP[window.indices([0, 5], N_FRAMES)]
    np.testing.assert_allclose(ours.predict(frames), torchs.predict(frames), atol=1e-6)
