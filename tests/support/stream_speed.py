"""Times of one backend, live and of whole clips, beside the core's own speed, as JSON on stdout.

Whole windows are fitted to the network's size, and their densities back, as a stream's frames are.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from fusbench import Stream, metrics
from fusbench.data.frames import fit_density, fit_frames
from fusbench.zoo.checkpoint import describe, initial_weights, write_checkpoint
from fusbench.zoo.entries import ENTRIES, build
from fusbench.zoo.network import GATES
from support.stopwatch import best

SHAPE = (224, 288)  # of the frames; the network works at its bundled size
CLIP, STEPS = 48, 200  # frames of a clip, and steps of which the 99th of 100 is looked at


def multiplications(network):
    """Multiply-adds of one step: each frame's features once, the recurrence over the window."""
    scale, total = {"frames": 0}, 0
    for layer in network.layers:
        level = scale[layer.inputs[0]]
        rows, columns = (side >> level for side in network.input_shape)
        area, taps = rows * columns, layer.kernel**2 * layer.channels
        match layer.op:
            case "maxpool2d":
                level += 1
            case "upconv2d":
                total += area * 4 * layer.in_channels * layer.channels
                level -= 1
            case "conv2d":
                total += area * taps * layer.in_channels
            case "convlstm2d":
                past = (network.length - 1) * layer.channels  # the first frame has no state yet
                total += area * taps * GATES * (layer.in_channels + past)
        scale[layer.name] = level
    return total


def main(backend, folder):
    if hasattr(os, "sched_setaffinity"):  # before the framework counts the cores
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    network = build("clstmunet")
    weights = initial_weights(network, np.random.default_rng(0))
    path = Path(folder) / "clstmunet.safetensors"
    write_checkpoint(path, weights, describe(network, "clstmunet", ENTRIES["clstmunet"].window))
    stream = Stream(f"clstmunet-{backend}", checkpoint=path)
    frames = np.random.default_rng(1).integers(0, 256, (2, *SHAPE), np.uint8)
    window = np.random.default_rng(2).integers(0, 256, (network.length, *SHAPE), np.uint8)
    clip = np.random.default_rng(3).integers(0, 256, (CLIP, *network.input_shape), np.uint8)
    model = stream._model

    def whole_window():
        fitted = fit_frames(window[-1:], network.input_shape)  # the others were, when they came
        (density,) = model.predict(np.repeat(fitted[None], network.length, axis=1))
        return fit_density(metrics.check_density(density, network.input_shape, "here"), SHAPE)

    if backend == "torch":
        import torch

        torch.set_num_threads(1)
    left, right = (np.random.default_rng(k).random((768, 768), np.float32) for k in (2, 3))
    out = np.empty_like(left)
    times = best(
        {
            "stream": lambda: [stream.predict(frame) for frame in frames],
            "window": whole_window,
            "product": lambda: np.matmul(left, right, out=out),
        },
        repeats=15,
        calls=3,
        clock=time.process_time,
    )
    times |= best({"clip": lambda: model.predict_clip(clip)}, repeats=5, clock=time.process_time)
    times["clip"] /= CLIP
    times["stream"] /= len(frames)
    taken = []
    for _ in range(STEPS):
        start = time.process_time()
        stream.predict(frames[0])
        taken.append(time.process_time() - start)
    times["late"] = float(np.percentile(taken, 99) / np.median(taken))
    floor = times["product"] * multiplications(network) / left.shape[0] ** 3
    print(json.dumps(times | {"floor": floor, "multiplications": multiplications(network)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
