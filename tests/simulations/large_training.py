"""How much memory a training holds on the paper's amount of data: docs/explanation/scale.md.

Run it as ``python tests/simulations/large_training.py FOLDER STEPS``: it writes 45,666 frames of
224 x 288 there (3 GB, the clips of ``phantom-full`` by number and length), trains a small network
of six frames with each way to keep them, and prints what each process held at most. An epoch is
1,726 steps; after 500, five sixths of the train split's frames have been read.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fusbench.data.dataset import open_dataset
from fusbench.data.gaze import GazePoints
from fusbench.data.scan import DatasetInfo
from fusbench.data.writer import NewClip, write_dataset

SHAPE = (224, 288)
CLIPS = {"train": (69, 29_250), "val": (23, 7_290), "test": (23, 9_126)}  # scans, frames
LENGTH = 90
WAYS = {  # name -> cache, input size
    "memory-mapped": ("memory", SHAPE),
    "read from files": ("none", SHAPE),
    "resized, kept in memory": ("memory", (112, 144)),
    "resized, kept on disk": ("disk", (112, 144)),
    "resized anew": ("none", (112, 144)),
}


def clips(shape: tuple[int, int] = SHAPE) -> Iterator[NewClip]:
    """Noise that is another in each clip, with a gaze point on each frame."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (LENGTH, *shape), np.uint8)
    for split, (scans, frames) in CLIPS.items():
        for number, first in enumerate(range(0, frames, LENGTH)):
            n_frames = min(LENGTH, frames - first)
            points = GazePoints(
                frame=np.arange(n_frames, dtype=np.int32),
                time_s=np.round(np.arange(n_frames) / 30, 6),
                x_px=np.round(rng.uniform(0, shape[1] - 1, n_frames), 2),
                y_px=np.round(rng.uniform(0, shape[0] - 1, n_frames), 2),
            )
            picture = noise[:n_frames] + np.uint8(number % 251)
            picture[0, 0, :2] = number // 251, len(split)
            yield NewClip(
                clip_id=f"{split}-{number}", scan_id=f"{split}{number % scans}", split=split,
                n_frames=n_frames, gaze=points, frames=picture,
            )  # fmt: skip


def info(shape: tuple[int, int] = SHAPE) -> DatasetInfo:
    """What the made data set tells of itself."""
    return DatasetInfo(
        name="noise", version="1", licence="CC0-1.0", citation="none", frame_rate_hz=30.0,
        frame_shape=shape, gaze_rate_hz=30.0, sigma_px=8.0, synthetic=True,
    )  # fmt: skip


def most_mb(command: list[str]) -> int:
    """The most memory, in MB, that a command's process held, mapped pages of files included."""
    with subprocess.Popen(command) as running:
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise SystemExit(f"ended with {running.returncode}: {' '.join(command)}")
    return used.ru_maxrss // 1024


def main(folder: str, steps: str) -> None:
    root = Path(folder) / "noise"
    if not root.exists():
        write_dataset(root, info(), clips())
    stored = open_dataset(root).clips
    print(f"{len(stored)} clips, {sum(clip.n_frames for clip in stored):,} frames", flush=True)
    for name, (cache, (rows, columns)) in WAYS.items():
        held = most_mb([
            sys.executable, "-m", "fusbench", "train", "--model", "unet-stacked-torch",
            "--base", "1", "--levels", "1", "--dataset", str(root),
            "--input-size", str(rows), str(columns), "--cache", cache,
            "--max-steps", steps, "--validate-every", steps, "--workers", "0",
            "--policy", "none", "--out", str(Path(folder) / f"{cache}-{rows}.safetensors"),
        ])  # fmt: skip
        print(f"{name}: {held:,} MB", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
