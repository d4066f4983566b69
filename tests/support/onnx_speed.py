"""Times of ONNX Runtime beside Torch and one core of the machine, as JSON on stdout."""

import json
import sys
import time
from pathlib import Path

import numpy as np

from fusbench import load_model
from fusbench.zoo.checkpoint import describe, initial_weights, write_checkpoint
from fusbench.zoo.cost import multiply_accumulates
from fusbench.zoo.entries import ENTRIES, build
from support.stopwatch import best

N_FRAMES, N_STEPS, SIDE = 90, 30, 768


def steps(model, clip):
    """Processor seconds of each step but the first, which has nothing to remember."""
    past, taken = None, []
    for frame in clip:
        start = time.process_time()
        _, past = model.step(frame, past)
        taken.append(time.process_time() - start)
    return taken[1:]


def main(folder):
    name = "clstmunet"
    network = build(name)
    weights = initial_weights(network, np.random.default_rng(0))
    path = Path(folder) / f"{name}.safetensors"
    write_checkpoint(path, weights, describe(network, name, ENTRIES[name].window))
    import torch

    torch.set_num_threads(1)
    ours, torchs = (load_model(f"{name}-{each}", checkpoint=path) for each in ("onnx", "torch"))
    clip = np.random.default_rng(1).integers(0, 256, (N_FRAMES, *network.input_shape), np.uint8)
    left, right = (np.random.default_rng(k).random((SIDE, SIDE), np.float32) for k in (2, 3))
    out = np.empty_like(left)
    apart = float(np.abs(ours.predict_clip(clip) - torchs.predict_clip(clip)).max())
    times = best(
        {
            "onnx": lambda: ours.predict_clip(clip),
            "torch": lambda: torchs.predict_clip(clip),
            "onnx steps": lambda: steps(ours, clip[:N_STEPS]),
            "torch steps": lambda: steps(torchs, clip[:N_STEPS]),
            "product": lambda: np.matmul(left, right, out=out),
        },
        repeats=5,
        clock=time.process_time,
    )
    a_frame = times.pop("product") / SIDE**3 * multiply_accumulates(network)
    each = [taken for _ in range(10) for taken in steps(ours, clip[:N_STEPS])]
    print(
        json.dumps(
            {
                "apart": apart,
                "floor a frame": a_frame,
                "onnx": times["onnx"] / N_FRAMES,
                "torch": times["torch"] / N_FRAMES,
                "onnx step": times["onnx steps"] / N_STEPS,
                "torch step": times["torch steps"] / N_STEPS,
                "late": float(np.percentile(each, 99) / np.median(each)),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
