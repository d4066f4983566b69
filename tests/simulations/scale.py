"""What large data sets take to open, check, score and extend: trials of docs/explanation/scale.md.

Run ``python tests/simulations/scale.py FOLDER --clips 50000`` or, for long clips,
``... FOLDER --scans 1 --clips 1 --frames 18000 --height 720 --width 960 --gaze-rows 54000``. Each
command is a process of its own, the first one with an empty cache; processor time is that of all
its processes, memory that of the largest one. ``--dataset phantom-full`` tries a data set that is
there, and ``--page`` adds what memory was held to the page of benchmarks, with its goal.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np

from fusbench.data.folder import ClipRow
from fusbench.data.gaze import GazePoints
from fusbench.data.scan import DatasetInfo
from fusbench.data.writer import NewClip, info_toml, store_clip

OPEN = "import fusbench, sys; print(repr(fusbench.open_dataset(sys.argv[1])))"
LARGE_GB, PAPER_GB = 2.0, 1.5  # goals
SPLITS = ("test", "train", "test", "val")
FRAME_RATE_HZ, SIGMA_PX = 30.0, 2.0
NOTHING = np.empty(0)
NO_GAZE = GazePoints(
    frame=NOTHING.astype(np.int32), time_s=NOTHING, x_px=NOTHING, y_px=NOTHING
)  # the table is written beside it
OPTIONS = {
    "clips": 5000, "scans": 1000, "frames": 10, "height": 24, "width": 32, "gaze-rows": 400,
}  # fmt: skip


def make(root: Path, options: argparse.Namespace) -> None:
    """Write a data set clip by clip, of which no more than one is held."""
    (root / "frames").mkdir(parents=True)
    info = DatasetInfo(
        name="large", version="1", licence="CC0-1.0", citation="none",
        frame_rate_hz=FRAME_RATE_HZ, frame_shape=(options.height, options.width),
        gaze_rate_hz=FRAME_RATE_HZ * options.gaze_rows / options.frames, sigma_px=SIGMA_PX,
        synthetic=True,
    )  # fmt: skip
    (root / "dataset.toml").write_text(info_toml(info))
    with (root / "clips.csv").open("w") as clips, (root / "gaze.csv").open("w") as gaze:
        clips.write(",".join(field.name for field in fields(ClipRow)) + "\n")
        gaze.write("clip_id,frame,time_s,x_px,y_px\n")
        for number in range(options.clips):
            row, lines = clip(root, options, number)
            clips.write(",".join(map(str, asdict(row).values())) + "\n")
            gaze.writelines(lines)


def clip(root: Path, options: argparse.Namespace, number: int) -> tuple[ClipRow, Iterator[str]]:
    """A stored clip's row, and the lines of its gaze: a walk over noise that drifts."""
    rng = np.random.default_rng(number)
    scan = number * options.scans // options.clips
    height, width, n_frames = options.height, options.width, options.frames
    noise = rng.integers(0, 256, (height + 64, width + 64), np.uint8)
    frames = np.memmap(root / "drawn", np.uint8, "w+", shape=(n_frames, height, width))
    for t in range(n_frames):
        frames[t] = noise[t % 64 : t % 64 + height, t * 3 % 64 : t * 3 % 64 + width]
    name = f"s{scan:05}-c{number:06}"
    new = NewClip(
        clip_id=name, scan_id=f"s{scan:05}", split=SPLITS[scan % len(SPLITS)], n_frames=n_frames,
        frames=frames, gaze=NO_GAZE,
    )  # fmt: skip
    count = options.gaze_rows
    time_s = np.arange(count) * (n_frames / FRAME_RATE_HZ / count)
    steps = rng.normal(0, 0.02, (2, count)).cumsum(axis=1)
    x, y = ((0.5 + 0.4 * np.sin(steps)) * [[width - 1], [height - 1]]).round(2).tolist()
    frame = (time_s * FRAME_RATE_HZ + 1e-9).astype(int).tolist()
    rows = zip(frame, time_s.tolist(), x, y, strict=True)
    lines = (f"{name},{f},{t!r},{across},{down}\n" for f, t, across, down in rows)
    row = store_clip(root, new).row
    (root / "drawn").unlink()
    return row, lines


def addition(folder: Path, root: Path, options: argparse.Namespace) -> list[str]:
    """The arguments that add a recording of a second, of pictures and a table of gaze."""
    pictures, table = folder / "pictures", folder / "gaze.csv"
    pictures.mkdir(parents=True, exist_ok=True)
    number = os.getpid()  # another recording each time
    rng = np.random.default_rng(number)
    for t in range(30):
        frame = rng.integers(0, 256, (options.height, options.width), np.uint8)
        cv2.imwrite(str(pictures / f"{t:02}.png"), frame)
    rows = [f"{k / 90:.5f},{options.width / 2},{options.height / 2 + k % 3}\n" for k in range(90)]
    table.write_text("".join(["time,x,y\n", *rows]))
    text = f"""dataset import {root} --scan added-{number} --video {pictures}
        --frame-rate {FRAME_RATE_HZ} --gaze {table} --gaze-format table
        --map time=time --map x=x --map y=y --time-unit s
        --space pixel --video-start 0s --no-banner"""
    return text.split()


def trial(name: str, command: list[str], cache: Path) -> float:
    """Run a command with this cache, and print what it took; the memory that it held, in GB."""
    code = (
        "import resource, subprocess, sys, time\n"
        "begin = time.monotonic()\n"
        "code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(code, used.ru_utime + used.ru_stime, time.monotonic() - begin, used.ru_maxrss)"
    )
    environment = {**os.environ, "FUSBENCH_CACHE": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", code, *command], env=environment, stdout=subprocess.PIPE, text=True
    )
    rc, used_s, wall_s, most_kb = done.stdout.split()
    took = f"{float(used_s):8.1f} s of processor time {float(wall_s):8.1f} s by the clock"
    failed = f"  FAILED, {rc}" if rc != "0" else ""
    print(f"{name:16}{took} {int(most_kb) / 1e6:6.2f} GB{failed}", flush=True)
    return int(most_kb) / 1e6


def tell(held: dict[str, float], options: argparse.Namespace) -> None:
    """Add what memory each command held to the page of benchmarks."""
    sys.path[:0] = [str(Path(__file__).parents[1] / name) for name in ("", "benchmarks")]
    import page
    from support.figures import note

    data, goal = options.dataset, PAPER_GB
    if not data:
        size = f"{options.frames:,} frames of {options.height} x {options.width}"
        rows = f"{options.clips * options.gaze_rows:,} rows of gaze"
        clips = f"{options.clips:,} clip{'s' * (options.clips > 1)}"
        data, goal = f"{clips} of {size} with {rows}", LARGE_GB
    noted = SimpleNamespace(extra_info={})
    for name, gigabytes in held.items():
        note(noted, f"{data}, {name}, GB held", gigabytes, at_most=goal)
    page.add(noted.extra_info["figures"], None)
    page.write()


def main() -> None:
    """Make the data set where there is none, and try each command on it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    for option, value in OPTIONS.items():
        parser.add_argument(f"--{option}", type=int, default=value)
    parser.add_argument("--dataset", default="")
    parser.add_argument("--page", action="store_true")
    options = parser.parse_args()
    root, cache = options.folder / "large", options.folder / "cache"
    if not options.dataset and not root.exists():
        make(root, options)
    data = options.dataset or str(root)
    cli, out = [sys.executable, "-m", "fusbench"], options.folder / "runs"
    commands = {
        "opened": [sys.executable, "-c", OPEN, data],
        "opened again": [sys.executable, "-c", OPEN, data],
        "checked": [*cli, "dataset", "check", data],
        "scored": [*cli, "evaluate", "--model", "uniform", "--dataset", data, "--out", str(out)],
    }
    if not options.dataset:
        commands["one scan added"] = [*cli, *addition(options.folder / "added", root, options)]
    held = {name: trial(name, command, cache) for name, command in commands.items()}
    if options.page:
        tell(held, options)


if __name__ == "__main__":
    main()
