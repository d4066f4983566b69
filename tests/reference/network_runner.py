"""A network run in plain NumPy and float64: the third voice beside Torch and Keras."""

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


def _convlstm2d(_layer, own, x, _index):
    h = c = None
    for frame in x[0]:
        z = _conv(frame, own["weight"], own["bias"])
        if h is None:
            h = c = np.zeros((len(z) // 4, *z.shape[1:]))
        z = z + _conv(h, own["recurrent_weight"])
        i, f, g, o = np.split(z, 4)
        c = _hard(f) * c + _hard(i) * np.tanh(g)
        h = _hard(o) * np.tanh(c)
    return [h]


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
    "convlstm2d": _convlstm2d,
    "softmax2d": _softmax2d,
}
