"""What a page shows, as one JSON value: clips chosen, frames and maps in sheets, gaze, scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusbench import pools
from fusbench.data.dataset import Dataset, open_dataset
from fusbench.data.scan import Clip
from fusbench.drawing.outline import MASS
from fusbench.drawing.overlay import HEAT
from fusbench.errors import unknown
from fusbench.evaluation.results import KEY_COLUMNS
from fusbench.metrics import METRICS, Metric, metric
from fusbench.view.sheet import (
    COLUMNS,
    MAP_SIDE,
    ROWS,
    Maps,
    fitted_shape,
    frame_sheets,
    map_sheets,
)
from fusbench.view.source import Source

Report = Callable[..., None]


def choose_clips(
    dataset: Dataset, split: str, sources: Sequence[Source], n_clips: int, named: Sequence[str] = ()
) -> tuple[Clip, ...]:
    """The clips that a page shows: those named, else half the worst and half the best.

    Worst and best are by the first source's mean of its first metric; without a source, clips
    spread evenly over the split. `n_clips` 0 takes all.

    Raises
    ------
    UnknownName
        If a clip is named that no source has, or that the split does not hold.
    """
    clips = {clip.clip_id: clip for clip in dataset.split(split)}
    for source in sources:
        have = set(source.scores["clip_id"])
        clips = {clip_id: clip for clip_id, clip in clips.items() if clip_id in have}
    for clip_id in named:
        if clip_id not in clips:
            raise unknown("clip", clip_id, list(clips), f"Seen in the {split} split.")
    if named:
        return tuple(clips[clip_id] for clip_id in dict.fromkeys(named))
    order = list(clips)
    if sources:
        first = next(str(key) for key in sources[0].scores if key not in KEY_COLUMNS)
        means = sources[0].scores.groupby("clip_id")[first].mean()
        worst_is_high = not metric(first).higher_is_better
        order.sort(key=lambda clip_id: means[clip_id], reverse=worst_is_high)
    if not 0 < n_clips < len(order):
        chosen = order
    elif sources:
        best = n_clips // 2
        chosen = order[: n_clips - best] + order[len(order) - best :]
    else:
        at = np.linspace(0, len(order) - 1, n_clips).round().astype(int)
        chosen = [order[number] for number in at]
    return tuple(clips[clip_id] for clip_id in chosen)


def content(
    dataset: Dataset,
    split: str,
    clips: Sequence[Clip],
    sources: Sequence[Source],
    *,
    signature: str,
    n_frames: int,
    side: int,
    metrics: Sequence[Metric] = tuple(METRICS.values()),
    report: Report | None = None,
    before: int = 0,
    total: int = 0,
) -> dict[str, Any]:
    """The page's data, ready for JSON.

    Parameters
    ----------
    clips : sequence of Clip
        Shown in this order.
    n_frames : int
        At most so many frames of a clip are shown, from its first.
    side : int
        Longer side of a shown frame, in pixels.
    metrics : sequence of Metric
        Those that the sources are scored by.
    report : callable, optional
        Told (steps done, steps in all, note=clip).
    before, total : int
        Clips that other pages have shown, and of all pages; default: these clips are all.
    """
    shape = dataset.info.image_shape
    frame_shape, map_shape = fitted_shape(shape, side), fitted_shape(shape, MAP_SIDE)
    maps = _all_maps(dataset, clips, sources, n_frames, map_shape, report, before, total)
    scores = [dict(list(source.scores.groupby("clip_id"))) for source in sources]
    keys = [m.key for m in metrics]
    info = asdict(dataset.info) | {"n_clips": len(dataset.split(split)), "split": split}
    return {
        "info": info,
        "signature": signature,
        "mass": MASS,
        "heat": HEAT[:, ::-1].tobytes().hex(),
        "tiles": {"columns": COLUMNS, "rows": ROWS, "frame": frame_shape, "map": map_shape},
        "metrics": [
            {"key": m.key, "symbol": m.symbol, "unit": m.unit, "higher": m.higher_is_better}
            for m in metrics
        ],
        "models": [
            {"name": s.name, "title": s.title, "summary": s.summary, "n": len(s.scores)}
            | _scans(s.scores, keys)
            for s in sources
        ],
        "clips": [
            {
                "id": clip.clip_id,
                "scan": clip.scan_id,
                "n": min(clip.n_frames, n_frames),
                "whole": clip.n_frames,
                "segments": [list(segment) for segment in clip.segments],
                "gaze": _gaze(clip, n_frames),
                **_observers(clip, n_frames),
                "frames": frame_sheets(clip.frames[:n_frames], frame_shape),
                "maps": [asdict(of_source[number]) for of_source in maps],
                "scores": [_columns(table[clip.clip_id], n_frames, keys) for table in scores],
            }
            for number, clip in enumerate(clips)
        ],
    }


def _scans(table: pd.DataFrame, keys: Sequence[str]) -> dict[str, Any]:
    """How many scans were scored, and between which means of theirs each metric lies."""
    means = table.groupby("scan_id")[list(keys)].mean()
    ranges = {key: [float(means[key].min()), float(means[key].max())] for key in keys}
    return {"n_scans": len(means), "range": ranges}


def _gaze(clip: Clip, n_frames: int) -> list[list[float]]:
    """For each frame its points, x and y in turn."""
    return [
        np.round(np.stack(clip.gaze.at(frame), axis=1), 1).ravel().tolist()
        for frame in range(min(clip.n_frames, n_frames))
    ]


def _observers(clip: Clip, n_frames: int) -> dict[str, Any]:
    """Who watched, and for each frame the number of each point's observer; empty lists for one."""
    watched = clip.gaze.observer_id
    names, number = np.unique([] if watched is None else watched, return_inverse=True)
    if len(names) < 2:
        return {"observers": [], "who": []}
    bounds = np.searchsorted(clip.gaze.frame, np.arange(min(clip.n_frames, n_frames) + 1))
    who = [number[low:high].tolist() for low, high in pairwise(bounds)]
    return {"observers": names.tolist(), "who": who}


def _columns(table: pd.DataFrame, n_frames: int, keys: Sequence[str]) -> dict[str, Any]:
    """A clip's scores: the frames that have some, and each metric's values."""
    shown = table[table["frame"] < n_frames]
    values = {key: [float(f"{v:.5g}") for v in shown[key]] for key in keys}
    mean = {key: float(table[key].mean()) for key in keys}
    return {"frame": shown["frame"].tolist(), "values": values, "mean": mean}


def _all_maps(
    dataset: Dataset,
    clips: Sequence[Clip],
    sources: Sequence[Source],
    n_frames: int,
    shape: tuple[int, int],
    report: Report | None,
    before: int = 0,
    total: int = 0,
) -> list[list[Maps]]:
    """Maps of each source and clip; frameworks never share a process, so two take children."""
    isolated = len({source.framework for source in sources} - {""}) > 1
    made: list[list[Maps]] = []
    steps, done = len(sources) * (total or len(clips)), len(sources) * before
    ids, of = [clip.clip_id for clip in clips], (dataset.root, dataset.fold)
    for source in sources:
        if isolated and source.framework and not source.stays:
            with pools.processes(1) as pool:
                maps = pool.submit(_maps, source, *of, ids, n_frames, shape).result()
        else:
            maps = _maps(source, *of, ids, n_frames, shape)
        made.append(maps)
        if report:
            report(done + len(made) * len(clips), steps, note=source.name)
    return made


def _maps(
    source: Source, root: Path, fold: int | str | None, clip_ids: list[str], n_frames: int,
    shape: tuple[int, int],
) -> list[Maps]:  # fmt: skip
    dataset = open_dataset(root, fold=fold)
    clips = {clip.clip_id: clip for clip in dataset.clips}
    chosen = tuple(clips[clip_id] for clip_id in clip_ids)
    made = []
    for clip, densities in zip(chosen, source.densities(dataset, chosen), strict=True):
        made.append(map_sheets(islice(densities, min(clip.n_frames, n_frames)), shape))
    return made
