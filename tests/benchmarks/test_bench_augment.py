"""Augmented windows: against operations one by one, against the warps alone, and mixed ones."""

import itertools
import time
from functools import partial

import cv2
import numpy as np
import pytest
from PIL import Image, ImageEnhance
from support.figures import note
from support.stopwatch import best

from fusbench.augment.draw import Draw
from fusbench.augment.operations import OPERATIONS, Step
from fusbench.augment.policy import augmented_batch, policy
from fusbench.data.dataset import open_dataset
from fusbench.data.samples import Samples
from fusbench.data.window import Window

SHAPE, LENGTH = (224, 288), 6
BARE = "Nearly all of it is the warps of six frames; the peers' speed changes with the processor."
TABLES = "Beside the warps, a frame is looked up in one table of grey values."
MIXED = (
    "A mixed window is two that are read and laid over one another, and its target two maps, seen "
    "through the mask's own warp."
)
GEOMETRY = (
    Step("rotate", 20.0),
    Step("shear-x", 0.1),
    Step("translate-x", 0.05),
    Step("shear-y", -0.1),
)
GREY = (Step("brightness", 0.2), Step("contrast", -0.3), Step("gamma", 0.3))
MATRICES = [OPERATIONS[step.name].apply(step.value, SHAPE) for step in GEOMETRY]
INVERSES = [np.linalg.inv(matrix)[:2].ravel().tolist() for matrix in MATRICES]


@pytest.fixture(scope="module")
def frames():
    rng = np.random.default_rng(0)
    smooth = cv2.GaussianBlur(rng.uniform(0, 255, (*SHAPE, LENGTH)), (0, 0), 3)
    made = np.clip((smooth.transpose(2, 0, 1) - 127) * 6 + 110, 1, 225)
    return np.ascontiguousarray(made, dtype=np.uint8)


def one_by_one_in_pillow(frames):
    """Each operation on each frame, as RandAugment's common Pillow code has it."""
    table = [round(255 * (level / 255) ** np.exp(0.3)) for level in range(256)]
    changed = []
    for frame in frames:
        image = Image.fromarray(frame)
        for inverse in INVERSES:
            image = image.transform(image.size, Image.Transform.AFFINE, inverse, Image.BILINEAR)
        image = ImageEnhance.Brightness(image).enhance(1.2)
        image = ImageEnhance.Contrast(image).enhance(0.7)
        changed.append(np.asarray(image.point(table)))
    return np.stack(changed)


def one_by_one_in_opencv(frames):
    level = np.arange(256, dtype=np.float64)
    table = np.rint(255 * (level / 255) ** np.exp(0.3)).astype(np.uint8)
    changed = []
    for frame in frames:
        for matrix in MATRICES:
            frame = cv2.warpAffine(frame, matrix[:2], SHAPE[::-1])
        frame = cv2.convertScaleAbs(frame, alpha=1.2)
        frame = cv2.convertScaleAbs(frame, alpha=0.7, beta=96 * 0.3)
        changed.append(cv2.LUT(frame, table))
    return np.stack(changed)


def test_seven_operations_on_a_window(benchmark, frames):
    draw = Draw((*GEOMETRY, *GREY))
    ours = benchmark(draw.apply_frames, frames)
    inner = np.s_[:, 60:-60, 80:-80]
    other = one_by_one_in_opencv(frames)
    # the same picture, but for what four interpolations in turn have smoothed away
    assert np.corrcoef(ours[inner].ravel(), other[inner].ravel())[0, 1] > 0.99
    whole = draw.matrix(SHAPE)[:2]
    functions = {
        "pillow": lambda: one_by_one_in_pillow(frames),
        "opencv": lambda: one_by_one_in_opencv(frames),
        "warps": lambda: [cv2.warpAffine(frame, whole, SHAPE[::-1]) for frame in frames],
        "ours": lambda: draw.apply_frames(frames),
    }
    times = None
    for _ in range(4):  # shortest times, of more rounds while a bound is missed
        again = best(functions, repeats=15, clock=time.process_time, calls=3)
        times = again if times is None else times + again
        ratios = {name: times[name] / times["ours"] for name in ("pillow", "opencv")}
        of_warps = times["ours"] / times["warps"]
        if ratios["pillow"] >= 18 and ratios["opencv"] >= 3 and of_warps <= 1.33:
            break
    short = {"pillow": {"holds": 12, "why": BARE}, "opencv": {}}
    for name, goal in (("pillow", 18), ("opencv", 3)):
        what = f"a window augmented, times faster than {name}, step by step"
        spread = times.spread(name, "ours")
        note(benchmark, what, ratios[name], spread=spread, at_least=goal, **short[name])
    spread = times.spread("ours", "warps")
    what = "a window augmented, times its bare warps"
    note(benchmark, what, of_warps, spread=spread, at_most=1.33, holds=1.5, why=TABLES)


def test_mixed_windows(benchmark):
    """Batches of the same windows, three operations of magnitude 7 each, mixed and not."""
    data = open_dataset("phantom-tiny", ("train",))
    samples = Samples(data, "train", Window(length=LENGTH))
    chosen = np.arange(0, len(samples), len(samples) // 16)[:16]
    draws = itertools.count()

    def batch(name):
        rng = np.random.default_rng(next(draws) // 2)
        return augmented_batch(samples, chosen, policy(name), rng)

    benchmark.pedantic(batch, ("mixra-3-7",), rounds=3)
    times = best(
        {name: partial(batch, name) for name in ("ra-3-7", "mixra-3-7")},
        repeats=25, clock=time.process_time,
    )  # fmt: skip
    rounds = {name: [sum(taken)] for name, taken in times.rounds.items()}  # draws differ: all count
    ratio = rounds["mixra-3-7"][0] / rounds["ra-3-7"][0]
    spread = times.spread("mixra-3-7", "ra-3-7")
    note(
        benchmark, "a batch of Mix.RA, times one of RA", ratio, spread=spread, at_most=1.2,
        holds=2.5, why=MIXED,
    )  # fmt: skip
