"""Runs against a reference run on the same frames: over all, by scan, by segment, by position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from fusbench.data.dataset import Dataset
from fusbench.data.pace import fast_frames
from fusbench.errors import ConfigError
from fusbench.evaluation.finished import Run, read_run
from fusbench.evaluation.results import KEY_COLUMNS
from fusbench.metrics import Metric, of_signature
from fusbench.statistics.intervals import scan_means, scan_sums, sum_interval
from fusbench.statistics.power import detectable_alone
from fusbench.statistics.tests_of_scans import effect_size, holm, sign_flip_p

N_POSITIONS = 6


def comparable(given: Sequence[Run | Path]) -> list[Run]:
    """Runs, or the folders of runs, that can be compared; the first is the reference.

    Raises
    ------
    ConfigError
        If there are fewer than two, or two differ in data, split, signature or frames.
    """
    if len(given) < 2:
        raise ConfigError("one run is no comparison", fix="Name two runs or more.")
    runs = [each if isinstance(each, Run) else read_run(each) for each in given]
    names = [run.name for run in runs]
    if len(set(names)) < len(names):  # two trainings of one model go by their folders
        runs = [replace(run, name=run.folder.name) for run in runs]
    first = runs[0]
    for run in runs[1:]:
        pairs = (
            (run.result.dataset.fingerprint == first.result.dataset.fingerprint, "data"),
            (run.result.split == first.result.split, "split"),
            (run.result.signature == first.result.signature, "signature"),
            (_keys(run) == _keys(first), "frames"),
        )
        for same, what in pairs:
            if not same:
                fix = "Compare runs on the same data, scored in the same way."
                raise ConfigError(f"its {what} is not that of {first.folder}", str(run.folder), fix)
    return runs


def _keys(run: Run) -> list[list[object]]:
    return run.scores[list(KEY_COLUMNS)].to_numpy().tolist()


def metrics_of(runs: Sequence[Run]) -> tuple[Metric, ...]:
    """The metrics that runs of one signature are scored by."""
    return of_signature(runs[0].result.signature)


def compare(runs: Sequence[Run], groups: np.ndarray | None = None) -> pd.DataFrame:
    """Differences of each run from the first, for each metric and group of frames.

    Parameters
    ----------
    runs : sequence of Run
        From `comparable`.
    groups : ndarray of str, shape (frames,), optional
        Group of each frame; "" leaves a frame out. By default all frames are one group.

    Returns
    -------
    DataFrame
        Columns group, run, metric, difference (mean over frames), low, high (95 % interval,
        resampled by scan), p (sign-flip test by scan), p_holm (corrected over runs and
        groups, metric by metric), effect, detectable, n_scans, n_frames.
    """
    keys = [metric.key for metric in metrics_of(runs)]
    labels = np.full(len(runs[0].scores), "all") if groups is None else np.asarray(groups)
    rows = []
    for group in dict.fromkeys(label for label in labels if label):
        at = labels == group
        scan_ids = runs[0].scores["scan_id"].to_numpy()[at]
        scans = pd.factorize(scan_ids, sort=True)[0]
        for run in runs[1:]:
            own, first = (one.scores[keys].to_numpy()[at] for one in (run, runs[0]))
            found = scan_sums(own - first, scans)
            numbers = (
                *sum_interval(*found), sign_flip_p(*found), effect_size(*found),
                detectable_alone(*found),
            )  # fmt: skip
            for key, values in zip(keys, np.transpose(numbers), strict=True):
                rows.append((group, run.name, key, *values, scans.max() + 1, at.sum()))
    columns = [
        "group", "run", "metric", "difference", "low", "high", "p", "effect", "detectable",
        "n_scans", "n_frames",
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    table["p_holm"] = table.groupby("metric")["p"].transform(lambda p: holm(p.to_numpy()))
    return table


def scan_differences(runs: Sequence[Run]) -> pd.DataFrame:
    """Difference of scan means from the first run: columns run, scan_id, and each metric."""
    keys = [metric.key for metric in metrics_of(runs)]
    index, scans = pd.factorize(runs[0].scores["scan_id"], sort=True)
    first, *others = (scan_means(run.scores[keys].to_numpy(), index) for run in runs)
    tables = []
    for run, means in zip(runs[1:], others, strict=True):
        table = pd.DataFrame(means - first, columns=keys)
        table.insert(0, "run", run.name)
        table.insert(1, "scan_id", scans)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def positions(runs: Sequence[Run], parts: int = N_POSITIONS) -> np.ndarray:
    """Each frame's part of the clip, named by its frames, such as "0-14"; str (frames,)."""
    frame = runs[0].scores["frame"].to_numpy()
    edges = np.unique(np.linspace(0, frame.max() + 1, parts + 1).round().astype(int))
    part = np.searchsorted(edges, frame, side="right") - 1
    names = np.array([f"{a}-{b - 1}" for a, b in pairwise(edges)])
    return names[part]


def segments(runs: Sequence[Run], dataset: Dataset) -> np.ndarray:
    """Each frame's kind of segment, such as "dwell"; without segments, how fast the picture moves.

    Returns
    -------
    ndarray of str, shape (frames,)
        The kinds that ``segments.csv`` names, "" where it names none. A data set without that file
        is cut into halves, "slow" and "fast": see `fusbench.data.pace.fast_frames`.

    Raises
    ------
    ConfigError
        If the data set is not the one that the runs are of.
    """
    result, scores = runs[0].result, runs[0].scores
    clips = {clip.clip_id: clip for clip in dataset.split(result.split)}
    same = dataset.fingerprint(result.split) == result.dataset.fingerprint
    if not same or not set(scores["clip_id"]) <= set(clips):
        fix = "Name the data set that the runs were scored on with --dataset."
        raise ConfigError("these are not the runs' data", dataset.where, fix)
    if any(clip.segments for clip in clips.values()):
        pairs = zip(scores["clip_id"], scores["frame"], strict=True)
        return np.array([clips[clip_id].segment(frame) for clip_id, frame in pairs])
    fast, _ = fast_frames(clips, scores)
    return np.where(fast, "fast", "slow")
