"""Foreign kinds of model, each written as its users would, come to the scores of one formula.

All of them say exp(brightness / 64), or the same of brightness that fades, in their own words.
"""

import numpy as np
import pandas as pd
import pytest
from support.metrics_by_hand import plain_scores
from support.small_dataset import small_clips, small_info

import fusbench
from fusbench.data.writer import write_dataset
from fusbench.testing import check_model

CARD = """
from fusbench import ModelCard
card = ModelCard(name="foreign", title="T", loader="foreign:Model"{more})
"""
TORCH = """
import torch
class Net(torch.nn.Module):
    def forward(self, x):
        return torch.softmax(x.flatten(1) / 64, 1).view_as(x)
class Model:
    def __init__(self, card):
        self.net = {net}
    @torch.inference_mode()
    def predict(self, frames):
        return self.net(torch.from_numpy(frames[:, -1]).float()).numpy()
"""
EXPORTED = (
    "torch.export.export(Net(), (torch.zeros(2, 24, 32),),"
    " dynamic_shapes=({0: torch.export.Dim('n', min=1, max=64)},)).module()"
)
KERAS = """
class Model:
    def __init__(self, card):
        import keras
        layers = keras.layers
        self.net = keras.Sequential([
            keras.Input((24, 32)), layers.Rescaling(1 / 64), layers.Flatten(), layers.Softmax(),
            layers.Reshape((24, 32))])
    def predict(self, frames):
        return self.net(frames[:, -1].astype("float32"))
"""
ONNX = """
import numpy as np
class Model:
    def __init__(self, card):
        import onnxruntime
        from onnx import TensorProto, helper, numpy_helper
        side = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 768])
        by = numpy_helper.from_array(np.float32([64]), "by")
        nodes = [helper.make_node("Div", ["x", "by"], ["z"]),
                 helper.make_node("Softmax", ["z"], ["y"], axis=1)]
        graph = helper.make_graph(nodes, "g", [side("x")], [side("y")], [by])
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        self.session = onnxruntime.InferenceSession(made.SerializeToString())
    def predict(self, frames):
        given = frames[:, -1].reshape(-1, 768).astype("float32")
        return self.session.run(None, {"x": given})[0].reshape(-1, 24, 32)
"""
PYSALIENCY = """
import numpy as np
class Model:
    def __init__(self, card):
        import pysaliency
        class Bright(pysaliency.Model):
            def _log_density(self, stimulus):
                z = np.asarray(stimulus, float)[..., 0] / 64
                return z - np.log(np.exp(z).sum())
        self.model = Bright()
    def predict(self, frames):
        colour = np.repeat(frames[:, -1, ..., None], 3, -1)
        return np.exp([self.model.log_density(picture) for picture in colour])
"""
NUMBA = """
import numpy as np
class Model:
    def __init__(self, card):
        import numba
        @numba.njit
        def bright(frames):
            found = np.exp(frames / 64)
            for one in found:
                one /= one.sum()
            return found
        self.bright = bright
    def predict(self, frames):
        return self.bright(frames[:, -1].astype(np.float64))
"""
PROGRAM = """
import subprocess, sys
import numpy as np
PROGRAM = '''
import io, sys, numpy as np
x = np.exp(np.load(io.BytesIO(sys.stdin.buffer.read())) / 64)
x /= x.sum((1, 2), keepdims=True)
out = io.BytesIO()
np.save(out, x)
sys.stdout.buffer.write(out.getvalue())
'''
def predict(frames):
    import io
    given = io.BytesIO()
    np.save(given, frames[:, -1])
    done = subprocess.run([sys.executable, "-c", PROGRAM], input=given.getvalue(),
                          stdout=subprocess.PIPE, check=True)
    return np.load(io.BytesIO(done.stdout))
"""
FADING = """
import torch
class Model:
    def __init__(self, card):
        self.cell = lambda x, h: x if h is None else 0.8 * h + 0.2 * x
    @torch.inference_mode()
    def step(self, frame, past):
        past = self.cell(torch.from_numpy(frame).double() / 64, past)
        return torch.softmax(past.flatten(), 0).view_as(past).numpy(), past
"""
STATE_SPACE = """
import numpy as np
A, B, C = np.array([0.8, 0.0]), np.array([0.2, 0.0]), np.array([1.0, 1.0])
def step(frame, state):
    bright = frame / 64
    if state is None:
        state = np.stack([bright, 0 * bright])
    else:
        state = A[:, None, None] * state + B[:, None, None] * bright
    y = np.exp(np.tensordot(C, state, 1))
    return y / y.sum(), state
"""
AVERAGE = """
import numpy as np
from scipy.signal import lfilter
def predict_clip(frames):
    bright = frames / 64
    faded, _ = lfilter([0.2], [1, -0.8], bright, axis=0, zi=0.8 * bright[:1])
    found = np.exp(faded)
    return found / found.sum((1, 2), keepdims=True)
"""
SIZED = ", input_shape=(24, 32)"
KINDS = {  # what each needs, and its file
    "TorchScript": ("torch", TORCH.format(net="torch.jit.script(Net())") + CARD.format(more="")),
    "an exported program": ("torch", TORCH.format(net=EXPORTED) + CARD.format(more=SIZED)),
    "Keras": ("keras", KERAS + CARD.format(more=SIZED)),
    "ONNX Runtime": ("onnxruntime", ONNX + CARD.format(more=SIZED)),
    "pysaliency": ("pysaliency", PYSALIENCY + CARD.format(more="")),
    "Numba": ("numba", NUMBA + CARD.format(more="")),
    "another program": ("numpy", PROGRAM),
    "a recurrent cell": ("torch", FADING + CARD.format(more=", memory='clip'")),
    "a state space": ("numpy", STATE_SPACE),
    "a moving average": ("scipy", AVERAGE),
}
REMEMBER = ("a recurrent cell", "a state space", "a moving average")


def formula(frames, fading):
    """The densities of a clip, written out in NumPy."""
    bright = frames / 64
    for t in range(1, len(bright) if fading else 0):
        bright[t] = 0.8 * bright[t - 1] + 0.2 * bright[t]
    found = np.exp(bright)
    return found / found.sum((1, 2), keepdims=True)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A small data set, and what the formula scores on it, fading or not."""
    root = write_dataset(tmp_path_factory.mktemp("foreign") / "small", small_info(), small_clips())
    data = fusbench.open_dataset(root)
    return root, {fading: pd.DataFrame(scores(data, fading)) for fading in (False, True)}


def scores(data, fading):
    for clip in data.split("test"):
        gaze, densities = clip.gaze, formula(clip.frames, fading)
        for frame in gaze.frames():
            at = gaze.frame == frame
            yield plain_scores(densities[frame], gaze.x_px[at], gaze.y_px[at], data.info.sigma_px)


@pytest.mark.parametrize("kind", KINDS)
def test_each_comes_to_the_scores_of_the_formula(kind, study, tmp_path):
    needs, text = KINDS[kind]
    pytest.importorskip(needs)
    root, wanted = study
    (tmp_path / "foreign.py").write_text(text)
    run = fusbench.evaluate(tmp_path / "foreign.py", root, runs=tmp_path / "runs")
    want = wanted[kind in REMEMBER]
    assert len(run.scores) == len(want) == 16
    np.testing.assert_allclose(run.scores[[*want]], want, rtol=2e-5, atol=2e-6)


def test_one_without_a_card_keeps_every_rule(tmp_path):
    (tmp_path / "foreign.py").write_text(KINDS["a state space"][1])
    findings = check_model(str(tmp_path / "foreign.py")).findings
    assert not [finding for finding in findings if finding.passed is False]
