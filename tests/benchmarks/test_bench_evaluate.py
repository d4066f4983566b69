"""What `evaluate` itself takes: frames of a model that costs nothing."""

import hashlib
import time

import numpy as np
import pytest
from support.figures import note
from support.small_dataset import small_info
from support.stopwatch import best

from fusbench import metrics
from fusbench.data.dataset import open_dataset
from fusbench.data.gaze import GazePoints, fixation_map, saliency_map
from fusbench.data.writer import NewClip, write_dataset
from fusbench.evaluation.job import Evaluation
from fusbench.evaluation.parts import scorer
from fusbench.models.card import ModelCard
from fusbench.stages import watched

SHAPE, SIGMA, SCANS, FRAMES = (224, 288), 8.0, 16, 60
GOALS = {"numpy": 300, "numba": 150}  # microseconds a frame
HASHED = (
    "40 are the SHA-256 of a frame, 26 a matrix product over the gaze, 35 (NumPy) or 12 the check "
    "of the density, 140 or 39 the four metrics, and the rest new memory for two maps."
)
BESIDE = "The density is checked and copied, and a run keeps the scores: a call for each."
CARD = ModelCard(name="free", title="Costs nothing", loader="nowhere:load")


class Free:
    """The same density, whatever it is shown."""

    density = saliency_map(np.array([140.0]), np.array([110.0]), SHAPE, 50.0).astype(np.float32)

    def predict(self, frames):
        return np.broadcast_to(self.density, (len(frames), *SHAPE))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Scans of speckle; a scan's frames are held against their hash when it is first looked at."""
    rng = np.random.default_rng(0)
    frame = np.repeat(np.arange(FRAMES, dtype=np.int32), 3)
    clips = []
    for scan in range(SCANS):
        x, y = (rng.uniform(0.2, 0.8, len(frame)) * side for side in SHAPE[::-1])
        gaze = GazePoints(frame=frame, time_s=np.arange(len(frame)) / 90, x_px=x, y_px=y)
        frames = rng.integers(0, 256, (FRAMES, *SHAPE), np.uint8)
        clips.append(
            NewClip(
                clip_id=f"c{scan}",
                scan_id=f"s{scan}",
                split="test",
                n_frames=FRAMES,
                gaze=gaze,
                frames=frames,
            )
        )
    info = small_info(frame_shape=SHAPE, gaze_rate_hz=90.0, sigma_px=SIGMA)
    return open_dataset(write_dataset(tmp_path_factory.mktemp("free") / "set", info, clips))


def test_a_model_that_costs_nothing(benchmark, data):
    """Scan by scan in the way of every run, the kernels in turn; the quickest scan of each."""
    pytest.importorskip("numba")
    score = {name: scorer(Evaluation(card=CARD, dataset=data, kernel=name), Free) for name in GOALS}
    scans = [clips for _, clips in data.scans("test")]
    first = {name: one(scans[0]) for name, one in score.items()}  # compiled, and told examples
    np.testing.assert_allclose(first["numpy"]["scores"], first["numba"]["scores"], rtol=1e-11)
    taken = {name: [] for name in GOALS}
    *timed, last = scans[1:]
    for number, clips in enumerate(timed):
        name = list(GOALS)[number % len(GOALS)]
        start = time.process_time()
        score[name](clips)
        taken[name].append((time.process_time() - start) / FRAMES * 1e6)
    with watched() as stages:
        score["numpy"](last)
    benchmark.extra_info |= {
        f"{name}, microseconds": round(1e6 * seconds / FRAMES, 1)
        for name, seconds in stages.processor_s.items()
    }
    benchmark.pedantic(score["numpy"], (scans[1],), rounds=1)
    for name, goal in GOALS.items():
        what = f"a frame of a model that costs nothing, microseconds, {name}"
        spread = min(taken[name]), max(taken[name])
        note(benchmark, what, min(taken[name]), spread=spread, at_most=goal, held=False, why=HASHED)
        what = f"a frame of a model that costs nothing, times its parts, {name}"
        with metrics.kernel(name):
            ratio = min(taken[name]) / (1e6 * parts_s())
        note(benchmark, what, ratio, at_most=1.5, holds=2, why=BESIDE)


def parts_s():
    """Processor seconds of what no frame can do without: its hash, its map, and four metrics."""
    frame, (x, y) = np.zeros(SHAPE, np.uint8), np.array([[120.5, 130.2, 141.7], [90.1, 99.6, 80.3]])
    empirical, gaze = saliency_map(x, y, SHAPE, SIGMA), fixation_map(x, y, SHAPE)
    parts = {
        "hash": lambda: hashlib.sha256(frame).digest(),
        "map": lambda: saliency_map(x, y, SHAPE, SIGMA),
        "metrics": lambda: metrics.score_frame(Free.density, empirical, gaze),
    }
    return sum(best(parts, calls=5, repeats=20, clock=time.process_time).values())
