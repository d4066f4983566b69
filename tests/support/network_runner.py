"""A network run in plain NumPy and float64: the third voice beside Torch and Keras."""

from itertools import pairwise

import numpy as np
from scipy.signal import correlate2d


def run(network, weights, frames, target_index):
    """Log-densities (B, H, W) of windows, uint8 (B, L, H, W)."""
    return np.stack([_run_window(network, weights, window, target_index) for window in frames])


def _run_window(network, weights, window, target_index):
    w = {name: value.astype(float) for name, value in weights.items()}
    values = {"frames": [frame[None] / 255 for frame in window.astype(float)]}  # time -> (C, H, W)
    for layer in network.layers:
        x = [values[name] for name in layer.inputs]
        own = {k.split(".")[1]: v for k, v in w.items() if k.split(".")[0] == layer.name}
        values[layer.name] = STEPS[layer.op](layer, own, x, target_index)
    return values[network.layers[-1].name][0]


def _conv(x, weight, bias=None):
    pad = weight.shape[2] // 2
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    out = [
        sum(correlate2d(x[i], kernel[i], mode="valid") for i in range(len(x))) for kernel in weight
    ]
    out = np.stack(out)
    return out if bias is None else out + bias[:, None, None]


def _conv2d(layer, own, x, _index):
    out = [_conv(frame, own["weight"], own["bias"]) for frame in x[0]]
    return [np.maximum(frame, 0) if layer.relu else frame for frame in out]


def _upconv2d(_layer, own, x, _index):
    result = []
    for frame in x[0]:
        out = np.zeros((own["weight"].shape[1], 2 * frame.shape[1], 2 * frame.shape[2]))
        for dy in range(2):
            for dx in range(2):
                out[:, dy::2, dx::2] = np.einsum("chw,co->ohw", frame, own["weight"][:, :, dy, dx])
        result.append(out + own["bias"][:, None, None])
    return result


def _maxpool2d(_layer, _own, x, _index):
    return [
        np.max([f[:, dy::2, dx::2] for dy in range(2) for dx in range(2)], axis=0) for f in x[0]
    ]


def _hard(x):
    return np.minimum(1, np.maximum(0, 0.2 * x + 0.5))


def _logistic(x):
    return 0.5 * (1 + np.tanh(x / 2))


def _outputs(own, frames, trust=None):
    """A ConvLSTM's output at each frame; `trust` has one map for each step after the first."""
    n = len(own["bias"]) // 4
    h = c = np.zeros((n, *frames[0].shape[1:]))
    found = []
    for t, frame in enumerate(frames):
        if t and trust is not None:
            h, c = h * trust[t - 1], c * trust[t - 1]
        z = _conv(frame, own["weight"], own["bias"]) + _conv(h, own["recurrent_weight"])
        i, f, g, o = np.split(z, 4)
        c = _hard(f) * c + _hard(i) * np.tanh(g)
        h = _hard(o) * np.tanh(c)
        found.append(h)
    return found


def _corrlstm2d(_layer, own, x, _index):
    frames = x[0]
    trust = []
    for old, new in pairwise(frames):
        dot = np.einsum("chw,chw->hw", old, new)
        squares = np.einsum("chw,chw->hw", old, old) * np.einsum("chw,chw->hw", new, new)
        trust.append(dot / np.sqrt(squares + 1e-6))
    return [_outputs(own, frames, trust)[-1]]


def _ema2d(_layer, own, x, _index):
    """The weights of the frames, written out: (1 - a)^age a, the first frame without its a."""
    alpha, n = _logistic(own["logit"][0]), len(x[0])
    weights = [(1 - alpha) ** (n - 1 - t) * (alpha if t else 1) for t in range(n)]
    return [sum(weight * frame for weight, frame in zip(weights, x[0], strict=True))]


def _pairs(frames):
    """Neighbours two by two, beginning with the last two."""
    return [(frames[t - 1], frames[t]) for t in range(len(frames) - 1, 0, -2)][::-1]


def _gate(_layer, _own, x, _index):
    result = []
    for features, maps in zip(*x, strict=True):
        groups = np.split(features, len(maps))
        weighed = [group * _logistic(one) for group, one in zip(groups, maps, strict=True)]
        result.append(np.concatenate(weighed))
    return result


def _shuffle(_layer, _own, x, _index):
    n = len(x[0])
    return [
        np.stack([maps[(c + n - 1 - t) % len(maps)] for c in range(len(maps))])
        for t, maps in enumerate(x[0])
    ]


def _softmax2d(_layer, _own, x, _index):
    score = x[0][0][0]
    score = score - score.max()
    return [score - np.log(np.exp(score).sum())]


STEPS = {
    "target": lambda _layer, _own, x, index: [x[0][index]],
    "stack": lambda _layer, _own, x, _index: [np.concatenate(x[0])],
    "conv2d": _conv2d,
    "upconv2d": _upconv2d,
    "maxpool2d": _maxpool2d,
    "concat": lambda _layer, _own, x, _index: [
        np.concatenate(frames) for frames in zip(*x, strict=True)
    ],
    "second": lambda _layer, _own, x, _index: [new for _, new in _pairs(x[0])],
    "change": lambda _layer, _own, x, _index: [new - old for old, new in _pairs(x[0])],
    "reverse": lambda _layer, _own, x, _index: x[0][::-1],
    "shuffle": _shuffle,
    "mean": lambda _layer, _own, x, _index: [
        np.mean(each, axis=0) for each in zip(*x, strict=True)
    ],
    "gate": _gate,
    "convlstm2d": lambda _layer, own, x, _index: _outputs(own, x[0])[-1:],
    "convlstm2d_all": lambda _layer, own, x, _index: _outputs(own, x[0]),
    "corrlstm2d": _corrlstm2d,
    "ema2d": _ema2d,
    "softmax2d": _softmax2d,
}
