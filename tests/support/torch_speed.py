"""Processor time of a training step and of a clip's prediction in Torch, on one thread, as JSON.

A step of fusbench's own and one in plain Torch take turns: each makes its batch, augmented, and its
step of Adam. A clip's prediction stands beside what its multiplications need as matrix products.
"""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from fusbench_torch.learner import learner as learner_of
from fusbench_torch.model import load

from fusbench.augment.policy import policy
from fusbench.data.dataset import open_dataset
from fusbench.data.samples import Samples
from fusbench.doors.registry import model_card
from fusbench.training.job import Training
from fusbench.training.optimiser import update_of
from fusbench.training.recipe import RECIPES
from fusbench.training.state import first_state
from fusbench.zoo.checkpoint import describe, initial_weights, write_checkpoint
from fusbench.zoo.entries import ENTRIES, build
from support import plain_torch
from support.stopwatch import best
from support.stream_speed import multiplications

PAPER = RECIPES["paper"]
SIDE, PICTURES = 1024, 16  # rows of the matrices whose product is timed, also as pictures


def step(base, rows, columns, batch_size, repeats):
    """Seconds of a training step, ours and plain Torch's."""
    network = build("clstmunet", base=base, input_shape=(rows, columns))
    card = model_card("clstmunet-torch")
    data = open_dataset("phantom-tiny")
    samples = Samples(data, "train", card.window, shape=network.input_shape)
    job = Training(
        network=network, recipe=replace(PAPER, batch_size=batch_size), policy=policy("ra-7-9"),
        seed=0, train=samples, val=samples, metadata={},
    )  # fmt: skip
    learner = learner_of(card, network)
    learner.start(job.recipe, first_state(job).arrays)
    plain, model = plain_torch.training(
        base, network.levels, samples, job.policy, batch_size, PAPER.learning_rate
    )
    trained = sum(np.prod(shape) for shape in network.trained.values())
    # convolutions before a normalisation have no bias there; ours take it as the normalisation's
    assert sum(p.numel() for p in model.parameters()) == trained
    number = iter(range(10**9))

    def ours():
        n = next(number)
        return learner.step(job.batch(n), update_of(job.recipe, n, 0, 0.99))

    one, other = ours(), plain()
    assert abs(one - other) < 0.5  # nats, both before they have learnt
    return best({"ours": ours, "plain": plain}, repeats=repeats, clock=time.process_time)


def clip(base, rows, columns, n_frames, repeats, folder):
    """Seconds of a clip's prediction, and of its multiplications as matrix products."""
    network = build("clstmunet", base=base, input_shape=(rows, columns))
    path = Path(folder) / "w.safetensors"
    window = ENTRIES["clstmunet"].window
    write_checkpoint(
        path, initial_weights(network, np.random.default_rng(0)),
        describe(network, "clstmunet", window),
    )  # fmt: skip
    model = load(model_card("clstmunet-torch"), path)
    frames = np.random.default_rng(1).integers(0, 256, (n_frames, rows, columns), np.uint8)
    left, right = (torch.rand(SIDE, SIDE) for _ in range(2))
    out = torch.empty_like(left)
    # the same as a convolution of single pixels, which Torch gives to its other library of products
    pixels = left.view(PICTURES, -1, SIDE, 1).permute(0, 2, 1, 3)
    kernel = right.T.contiguous()[..., None, None]
    times = best(
        {
            "clip": lambda: model.predict_clip(frames),
            "product": lambda: torch.mm(left, right, out=out),
            "as pixels": lambda: torch.conv2d(pixels, kernel),
        },
        repeats=repeats, calls={"product": 3, "as pixels": 3}, clock=time.process_time,
    )  # fmt: skip
    total = n_frames * multiplications(network) / SIDE**3
    floor = total * min(times["product"], times["as pixels"])
    return {"clip": times["clip"], "floor": floor, "sgemm": total * times["product"]}


def main(what, *numbers):
    torch.set_num_threads(1)
    *sizes, last = numbers
    found = step(*map(int, numbers)) if what == "step" else clip(*map(int, sizes), last)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
