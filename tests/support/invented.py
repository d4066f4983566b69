"""Runs whose scores are invented: their means, spreads and seeds are known."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from fusbench.evaluation.facts import DatasetFacts, ModelFacts
from fusbench.evaluation.results import KEY_COLUMNS, Result, summarise, write_result
from fusbench.metrics import signature
from fusbench.reproduction.rows import ROWS
from fusbench.zoo.entries import ENTRIES

METRICS = ("kld", "sim", "nss", "cc")
LEVELS = {  # mean scores, near those that the paper reports
    "uniform": (4.0, 0.05, 0.0, 0.0),
    "centre-bias": (3.0, 0.12, 1.2, 0.15),
    "mean-map": (2.6, 0.15, 2.3, 0.25),
    "unet": (2.9, 0.20, 2.9, 0.28),
    "unet-ra-5-5": (2.25, 0.25, 4.0, 0.38),
    "unet-ra-7-9": (2.10, 0.26, 4.4, 0.39),
    "unet-ra-3-9": (2.20, 0.27, 4.3, 0.38),
    "unet-mixra-3-7": (2.22, 0.26, 4.3, 0.37),
    "clstmunet-l4": (1.90, 0.30, 5.2, 0.44),
    "clstmunet": (1.80, 0.31, 5.4, 0.46),
    "clstmunet-l8": (1.801, 0.31, 5.4, 0.46),
    "clstmunet-l10": (1.85, 0.30, 5.3, 0.45),
    "clstmunet-around": (1.70, 0.33, 5.8, 0.48),
    "clstmunet-after": (2.30, 0.24, 3.9, 0.36),
    "unet-stacked": (1.75, 0.32, 5.5, 0.47),
    "clstmunet-frozen": (2.17, 0.25, 4.2, 0.38),
    "ideal-observer": (1.45, 0.36, 6.7, 0.54),
}
BASELINES = ("uniform", "centre-bias", "mean-map", "ideal-observer")


def invented_scores(data, row, *, split="test", seed=0, noise=0.2, seed_spread=0.02, fast=0.0):
    """Scores of every frame with gaze: a level, a scan's own, a seed's own, a frame's own.

    `fast` is added to KLD in sweeps.
    """
    rows = []
    rng = np.random.default_rng([sum(map(ord, row)), seed])
    own = rng.normal(0, seed_spread, 4)
    level = np.array(LEVELS[row])
    for scan_id, clips in data.scans(split):
        scan = np.random.default_rng(sum(map(ord, scan_id))).normal(0, 1.0, 4)
        scan = scan * (0.3, 0.02, 0.5, 0.03)  # the same for every row, as hard scans are
        for clip in clips:
            for frame in clip.gaze.frames():
                scores = level + scan + own + rng.normal(0, noise, 4)
                scores[0] += fast * (clip.segment(frame) == "sweep")
                scores = np.clip(scores, (0, 0, -np.inf, -1), (np.inf, 1, np.inf, 1))
                rows.append((scan_id, clip.clip_id, int(frame), *scores))
    return pd.DataFrame(rows, columns=[*KEY_COLUMNS, *METRICS])


def training_of(seed):
    """What weights tell of their training."""
    return {"recipe": "fast", "seed": seed, "steps": 3000, "best_step": 1200 + 300 * seed}


def invented_run(folder, data, row, *, backend="torch", split="test", seed=0, **changes):
    """Write one run folder."""
    scores = invented_scores(data, row, split=split, seed=seed, **changes)
    frozen = row == "clstmunet-frozen"
    model = "clstmunet" if frozen else row
    is_baseline = row in BASELINES
    key = f"{row}-{backend}-{split}-{seed}"
    result = Result(
        key=key,
        model=ModelFacts(
            name=model if is_baseline else f"{model}-{backend}",
            title=row,
            backend="numpy" if is_baseline else backend,
            role=ROWS[row].kind if is_baseline else "model",
            weights_sha256=None if is_baseline else f"{model}{seed}",
            window={} if is_baseline else asdict(ENTRIES[model].window),
            training={} if is_baseline else training_of(seed),
        ),
        dataset=DatasetFacts(
            name=data.info.name,
            version=data.info.version,
            synthetic=data.info.synthetic,
            fingerprint=data.fingerprint(split),
        ),
        split=split,
        signature=signature("tuebingen", data.info.sigma_px),
        profile="tuebingen",
        summary=summarise(scores),
        n_frames=len(scores),
        n_skipped=0,
        n_scans=scores["scan_id"].nunique(),
        environment={},
        config={"freeze_history": frozen},
    )
    write_result(folder / key, result, scores)
    return folder / key


def invented_runs(folder, data, rows=tuple(LEVELS), seeds=(), **changes):
    """Run folders of these rows; those in `seeds` have three."""
    return {
        row: tuple(
            invented_run(folder, data, row, seed=seed, **changes)
            for seed in (range(3) if row in seeds else range(1))
        )
        for row in rows
    }
