"""Training and prediction of the cLSTMU-Net in Torch on one thread, each beside a peer in one run.

Processor times, taken in turn; the shortest ones are compared. What a busy machine's caches cost
differs from side to side all the same: numbers count where nothing else runs.
"""

import os

import pytest
from support.apart import measured
from support.figures import note

STEPS = {  # base, rows, columns, batch, repeats -> times a step of plain Torch
    "bundled": ((8, 56, 72, 16, 12), 1.0),
    "full": ((32, 224, 288, 2, 4), 1.05),
}
CLIP, OF_FLOOR = (32, 224, 288, 24, 3), 1.35
WIDE = pytest.mark.skipif("FUSBENCH_WIDE" not in os.environ, reason="minutes long; FUSBENCH_WIDE=1")
SAME = "Both are Torch's layers and their gradients; the augmented batch is a tenth."
NOISE = 1.15  # what one machine's caches made of the same step on another day


@pytest.mark.parametrize("size", ["bundled", pytest.param("full", marks=WIDE)])
def test_a_training_step(benchmark, size):
    """With its augmented batch, against plain Torch with a DataLoader and fused Adam."""
    pytest.importorskip("fusbench_torch")
    numbers, goal = STEPS[size]
    times = benchmark.pedantic(measured, ("torch_speed", "step", *numbers), rounds=1)
    ratio = times["ours"] / times["plain"]
    what = f"a step of training, {size} size, times plain Torch"
    note(benchmark, what, ratio, at_most=goal, holds=goal * NOISE, why=SAME)


@WIDE
def test_a_clip(benchmark, tmp_path):
    """Against what its multiplications, each frame encoded once, take as matrix products.

    The product is the faster one of Torch's two: on some processors one has half the other's speed.
    """
    pytest.importorskip("fusbench_torch")
    times = benchmark.pedantic(measured, ("torch_speed", "clip", *CLIP, tmp_path), rounds=1)
    ratio = times["clip"] / times["floor"]
    note(benchmark, "a clip in Torch, times its multiplications", ratio, at_most=OF_FLOOR)
