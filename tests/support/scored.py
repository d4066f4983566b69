"""Scores of a small data set, made in a process of its own: what settings of a machine may change.

``python -m support.scored FOLDER OUT.npz NAME...`` scores models by all metrics, in batches of two
sizes; a model that is no baseline has its weights in FOLDER. With them go a board's statistics.
"""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np

from fusbench import model_card
from fusbench.data.dataset import open_dataset
from fusbench.doors.registry import load_model
from fusbench.evaluation.job import Evaluation
from fusbench.evaluation.results import read_scores
from fusbench.evaluation.run import evaluate
from fusbench.metrics import ORDER
from fusbench.models import densities
from fusbench.statistics.intervals import sum_interval
from fusbench.statistics.pairs import all_pairs
from fusbench.zoo.weights import card_of_weights

BASELINES = ("uniform", "centre-bias", "mean-map", "previous-gaze")
METRICS = tuple(key for key in ORDER if key != "emd")  # which is of pictures larger than these
BATCHES = (16, 3)


def scores(folder, runs, name, size):
    """Scores (frames, metrics); the first size goes a network's quick way, others by windows."""
    card, checkpoint = model_card(name), None
    if name not in BASELINES:
        checkpoint = folder / f"{card.network}.safetensors"
        card = card_of_weights(card, checkpoint)
    data = open_dataset(folder / "data")
    job = Evaluation(card=card, dataset=data, metrics=METRICS, checkpoint=checkpoint)
    model = load_model(card, checkpoint=checkpoint, dataset=data)
    if checkpoint and size != BATCHES[0]:
        model = SimpleNamespace(predict=model.predict, card=card)
    densities.BATCH_SIZE = size
    _, run = evaluate(job, runs, load=lambda: model)
    return read_scores(run)[list(METRICS)].to_numpy()


def statistics():
    """p-values of pairs and ends of intervals of a board of 30 rows and 23 scans."""
    rng = np.random.default_rng(0)
    count = rng.integers(50, 90, 23)
    sums = count[:, None] * (rng.normal(0, 0.1, (23, 30)) + np.linspace(0, 0.2, 30))
    return {"pairs": all_pairs(sums, count).adjusted, "ends": np.stack(sum_interval(sums, count))}


def main(folder, out, *names):
    cv2.setUseOptimized(os.environ.get("OPTIMISED") != "no")
    cv2.setNumThreads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    runs = {(name, size): out.with_suffix("") / str(size) for name in names for size in BATCHES}
    found = {f"{n} {size}": scores(folder, run, n, size) for (n, size), run in runs.items()}
    np.savez(out, **found, **statistics())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
