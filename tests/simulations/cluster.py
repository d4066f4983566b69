"""How long a million clips take, and what bounds it: the table of docs/explanation/scale.md.

Parts are dealt out as ``evaluate --jobs`` does it; workers take one after the other, share the
storage's bandwidth evenly, and read each frame once. Run ``python tests/simulations/cluster.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from fusbench.evaluation.parts import parts

CLIPS, CLIPS_A_SCAN, FRAMES_A_CLIP = 1_000_000, 50, 90
FRAME_BYTES = 224 * 288
OPEN_S = 270.0  # a process opens the folder: clips and gaze, of which the cache has the numbers
COSTS_S = {"zero-cost model": 0.0006, "small network": 0.005, "large network": 0.13}
WORKERS = (1, 16, 64, 256)
STORAGE = 1e9  # bytes a second


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """So many workers of one core, which read from one storage of so many bytes a second."""

    workers: int
    storage: float
    open_s: float


def makespan(frames: list[int], cost_s: float, frame_bytes: int, cluster: Cluster) -> float:
    """Seconds until all parts are scored, each of so many frames.

    Between two events every worker that scores has the same rate: what its core allows, or its
    share of the storage.
    """
    waiting = list(reversed(frames))
    ready: list[tuple[float, int]] = []  # when a worker has opened the folder, for which part
    now, left = 0.0, np.empty(0)  # frames left of the parts that are scored

    def take() -> None:
        if waiting:
            ready.append((now + cluster.open_s, waiting.pop()))

    for _ in range(cluster.workers):
        take()
    while ready or len(left):
        rate = min(1 / cost_s, cluster.storage / frame_bytes / max(len(left), 1))
        until = min((at for at, _ in ready), default=np.inf)
        step = min(until - now, left.min() / rate if len(left) else np.inf)
        now, left = now + step, left - step * rate
        done = left <= 1e-6
        begun = [count for at, count in ready if at <= now + 1e-9]
        ready[:] = [each for each in ready if each[0] > now + 1e-9]
        left = np.append(left[~done], begun)
        for _ in range(int(done.sum())):
            take()
    return now


def dealt(clips: int, clips_a_scan: int, frames_a_clip: int, count: int) -> list[int]:
    """Frames of the parts that scans are dealt out to."""
    gaze = SimpleNamespace(frames=lambda: range(frames_a_clip))
    group = (SimpleNamespace(gaze=gaze),) * clips_a_scan
    scans = [(f"s{number:06}", group) for number in range(clips // clips_a_scan)]
    return [sum(len(g.gaze.frames()) for _, c in part for g in c) for part in parts(scans, count)]


def main() -> None:
    print(f"| hours with workers | {' | '.join(map(str, WORKERS))} |")
    for name, cost_s in COSTS_S.items():
        hours = []
        for workers in WORKERS:
            cluster = Cluster(workers=workers, storage=STORAGE, open_s=OPEN_S)
            frames = dealt(CLIPS, CLIPS_A_SCAN, FRAMES_A_CLIP, workers)
            hours.append(f"{makespan(frames, cost_s, FRAME_BYTES, cluster) / 3600:.1f}")
        print(f"| {name}, {cost_s * 1e3:g} ms a frame | {' | '.join(hours)} |")


if __name__ == "__main__":
    main()
