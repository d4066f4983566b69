"""What an evaluation keeps of each scan until all are done: scores, seconds, some densities."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fusbench import metrics
from fusbench.data.dataset import Dataset
from fusbench.data.scan import Clip
from fusbench.evaluation.landmarks import REACH, landmark_mass
from fusbench.evaluation.results import KEY_COLUMNS
from fusbench.evaluation.viewing import viewings
from fusbench.models.card import ModelCard
from fusbench.models.densities import densities
from fusbench.stages import stage

if TYPE_CHECKING:
    import pandas as pd

    from fusbench.evaluation.job import Evaluation

N_EXAMPLES = 6


def examples(dataset: Dataset, split: str) -> list[tuple[str, int]]:
    """Clip and frame of the six frames that a run's picture shows: one each of scans far apart."""
    scans = [clips for _, clips in dataset.scans(split)]
    chosen = np.linspace(0, len(scans) - 1, N_EXAMPLES).round().astype(int).tolist()
    picked = []
    for number in dict.fromkeys(chosen):
        clip = scans[number][0]
        frames = clip.gaze.frames()
        if len(frames):
            picked.append((clip.clip_id, int(frames[len(frames) // 2])))
    return picked


def score_scan(
    model: Any,
    card: ModelCard,
    clips: tuple[Clip, ...],
    job: Evaluation,
    wanted: set[tuple[str, int]],
) -> dict[str, np.ndarray]:
    """Scores, mass on landmarks, seconds and example densities of a scan's clips, by name."""
    clip_ids, frames, rows, shown = [], [], [], {}
    masses: list[np.ndarray] = []
    known = all(clip.landmarks is not None for clip in clips)
    radius_px, seconds = REACH * job.dataset.info.sigma_px, 0.0
    freeze = job.freeze_history
    for clip in clips:
        with stage("frames held against their hash"):
            clip.verify()
        places = clip.landmarks
        asked = [
            (
                view,
                frozenset(view.frames.tolist()),
                densities(model, card, view.seen, view.frames, freeze_history=freeze),
            )
            for view in viewings(clip, job.observers, card.sees)
            if len(view.frames)
        ]
        for frame in clip.gaze.frames().tolist():
            where = f"clip '{clip.clip_id}', frame {frame}"
            scores, reached = [], []
            for view, numbers, predictions in asked:
                if frame not in numbers:
                    continue
                start = time.perf_counter()
                predicted = next(predictions)
                seconds += time.perf_counter() - start
                for seen_by in view.targets_at(frame):
                    with stage("maps of the gaze"):
                        target = job.targets.at(seen_by, frame)
                    with stage("metrics"):
                        score = metrics.score(predicted, target, job.chosen, job.profile, where)
                    scores.append(list(score.values()))
                if places is not None and known:
                    with stage("mass on landmarks"):
                        reached.append(landmark_mass(predicted, places[frame], radius_px))
                if (clip.clip_id, frame) in wanted:
                    shown[f"example:{clip.clip_id}:{frame}"] = predicted.astype(np.float32)
            clip_ids.append(clip.clip_id)
            frames.append(frame)
            rows.append(_mean(scores))
            if reached:
                masses.append(_mean(reached))
    return {
        "clip_id": np.array(clip_ids, dtype=np.str_),
        "frame": np.array(frames, dtype=np.int64),
        "scores": _table(rows, len(job.chosen)),
        **({"landmarks": _table(masses, len(job.dataset.info.landmarks))} if known else {}),
        "seconds": np.array(seconds),
        **shown,
    }


def _mean(scores: list[Any]) -> Any:
    """The mean over observers, of which most data have one."""
    return scores[0] if len(scores) == 1 else np.mean(scores, axis=0)


def _table(rows: list[Any], width: int) -> np.ndarray:
    return np.array(rows, dtype=np.float64).reshape(-1, width)


def joined(
    pieces: dict[str, dict[str, np.ndarray]], part: str, columns: Sequence[str]
) -> pd.DataFrame | None:
    """A part of all scans' pieces as one table, a row a frame; None where a scan has none."""
    if not all(part in piece for piece in pieces.values()):
        return None
    import pandas as pd  # a quarter of a second, which the first scan need not wait for

    tables = []
    for scan_id, piece in pieces.items():
        table = pd.DataFrame(piece[part], columns=list(columns))
        keys: tuple[Any, ...] = (scan_id, piece["clip_id"], piece["frame"])
        for position, (name, column) in enumerate(zip(KEY_COLUMNS, keys, strict=True)):
            table.insert(position, name, column)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)
