"""Windows of a 90-frame clip: against a copy in memory, and against decoding PNG files."""

import time
from dataclasses import replace

import cv2
import numpy as np
import pytest
from support.figures import note
from support.stopwatch import best

from fusbench.data.dataset import open_dataset
from fusbench.data.gaze import GazePoints
from fusbench.data.samples import Samples
from fusbench.data.scan import DatasetInfo
from fusbench.data.window import Window
from fusbench.data.writer import NewClip, write_dataset

SHAPE, N_FRAMES, LENGTH, CLIPS = (224, 288), 90, 6, 10
INFO = DatasetInfo(
    name="noise", version="1", licence="CC0-1.0", citation="", frame_rate_hz=30.0,
    frame_shape=SHAPE, gaze_rate_hz=30.0, sigma_px=8.0, synthetic=True,
)  # fmt: skip
COPIED = "The copy alone takes nearly all of it; the peer's speed is that of its library."
CALLED = "Nothing is copied: it is a look-up of the clip and a slice; the peer's speed changes."
TARGETS = (
    "More than half is the target, a saliency map in double precision and its copy in single; the "
    "frames alone are copied at memory's speed. Decoding became quicker, too."
)
UNPACKED = (
    "Zstandard takes half of it and summing differences a third, both at their libraries' speed."
)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A clip of speckle-like noise, as a data set and as a folder of PNG files."""
    root = tmp_path_factory.mktemp("windows")
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (N_FRAMES, *SHAPE), dtype=np.uint8)
    for number, frame in enumerate(frames):
        cv2.imwrite(str(root / f"{number:03}.png"), frame)
    return open_dataset(write_dataset(root / "set", INFO, [clip_of("c", frames)])), root


def clip_of(name, frames):
    """A clip of a scan of its own, with a gaze point on each frame."""
    one = np.ones(N_FRAMES)
    gaze = GazePoints(
        frame=np.arange(N_FRAMES, dtype=np.int32), time_s=one, x_px=one * 100, y_px=one * 90
    )
    return NewClip(
        clip_id=name, scan_id=name, split="test", n_frames=N_FRAMES, gaze=gaze, frames=frames
    )


def test_windows(benchmark, clip):
    data, pictures = clip
    samples = Samples(data, "test", Window(length=LENGTH))
    windows = [range(t - LENGTH + 1, t + 1) for t in range(LENGTH - 1, N_FRAMES)]
    memory = np.array(data.clips[0].frames)
    buffer = np.empty((LENGTH, *SHAPE), np.uint8)

    def views():
        return sum(len(samples.frames_of(index)) for index in range(len(samples)))

    def copies():
        for index in range(len(samples)):
            np.copyto(buffer, samples.frames_of(index))

    def memory_copies():
        for window in windows:
            np.copyto(buffer, memory[window.start : window.stop])

    def decoded():
        flag = cv2.IMREAD_GRAYSCALE
        return [
            np.stack([cv2.imread(str(pictures / f"{k:03}.png"), flag) for k in w]) for w in windows
        ]

    np.testing.assert_array_equal([s.frames for s in samples], decoded())
    benchmark(views)
    times = best(
        {"png": decoded, "memory": memory_copies, "copies": copies, "views": views},
        clock=time.process_time,
    )
    ratios = {
        "copies, times faster than PNG": times["png"] / times["copies"],
        "views, times faster than PNG": times["png"] / times["views"],
        "copies, share of memory speed": times["memory"] / times["copies"],
    }
    pairs = [("png", "copies"), ("png", "views"), ("memory", "copies")]
    short = [{"holds": 50, "why": COPIED}, {"holds": 350, "why": CALLED}, {}]
    goals = (150, 1000, 0.5)
    for (name, ratio), both, goal, held in zip(ratios.items(), pairs, goals, short, strict=True):
        what = f"windows as {name}"
        note(benchmark, what, ratio, spread=times.spread(*both), at_least=goal, **held)


def test_batches(benchmark, tmp_path):
    """Batches of 16 windows of a shuffled epoch, with targets, against PNG files of the same."""
    rng = np.random.default_rng(0)
    clips = []
    for number in range(CLIPS):
        frames = rng.integers(0, 256, (N_FRAMES, *SHAPE), np.uint8)
        for k, frame in enumerate(frames):
            cv2.imwrite(str(tmp_path / f"{number}-{k}.png"), frame)
        clips.append(clip_of(f"c{number}", frames))
    data = open_dataset(write_dataset(tmp_path / "set", INFO, clips))
    samples = Samples(data, "test", Window(length=LENGTH))
    order = rng.permutation(len(samples))[: len(samples) // 16 * 16].reshape(-1, 16)

    def decoded(index):
        number, target = samples.keys[index]
        paths = (tmp_path / f"{number}-{k}.png" for k in range(target - LENGTH + 1, target + 1))
        return np.stack([cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in paths])

    def epoch():
        for indices in order:
            samples.batch(indices)

    first = samples.batch(order[0])
    np.testing.assert_array_equal(first.frames, [decoded(index) for index in order[0]])
    benchmark.pedantic(samples.batch, (order[0],), rounds=3)
    times = best(
        {
            "png": lambda: [decoded(index) for index in order[0]],
            "ours": epoch,
        },
        clock=time.process_time,
    )
    ratio, spread = (
        len(order) * times["png"] / times["ours"],
        [len(order) * each for each in times.spread("png", "ours")],
    )
    what = "training batches, times faster than PNG"
    note(benchmark, what, ratio, spread=spread, at_least=60, holds=10, why=TARGETS)


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """The embedded phantom's frames, memory-mapped and packed."""
    data, folder = open_dataset("phantom-tiny", ("train",)), tmp_path_factory.mktemp("stores")
    clips = [
        NewClip(
            clip_id=clip.clip_id, scan_id=clip.scan_id, split=clip.split, n_frames=clip.n_frames,
            gaze=clip.gaze, frames=clip.frames,
        )
        for clip in data.split("train")
    ]  # fmt: skip
    info = replace(data.info, landmarks=())
    stores = ("npy", "zstd")
    return [open_dataset(write_dataset(folder / s, info, clips, store=s)) for s in stores]


@pytest.mark.parametrize("cache", ["memory", "none"])
def test_packed_windows(benchmark, scans, cache):
    """Shuffled windows of packed clips, against memory-mapped ones: of three epochs, and unkept."""
    order, epochs = np.random.default_rng(0), 3 if cache == "memory" else 1

    def windows(data):
        samples = Samples(data, "train", Window(length=LENGTH), cache=cache)
        for _ in range(epochs):
            for index in order.permutation(len(samples)).tolist():
                np.array(samples.frames_of(index))

    benchmark(lambda: windows(scans[1]))
    times = best(
        {"mapped": lambda: windows(scans[0]), "packed": lambda: windows(scans[1])},
        clock=time.process_time,
    )
    size = [sum(clip.path.stat().st_size for clip in data.split("train")) for data in scans]
    ratio = times["packed"] / times["mapped"]
    what, spread = (
        f"packed windows, cache {cache}, times mapped ones",
        times.spread("packed", "mapped"),
    )
    held = {"holds": 6, "why": UNPACKED} if cache == "none" else {}
    note(benchmark, what, ratio, spread=spread, at_most=5, **held)
    note(
        benchmark,
        f"packed frames, cache {cache}, share of the space",
        size[1] / size[0],
        at_most=0.4,
    )
