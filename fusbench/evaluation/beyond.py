"""Scores beyond the ideal observer's, which knows the density that gaze was drawn from.

No prediction is expected to have a smaller KLD than its (see `fusbench.phantom.observer`); for
other metrics it is a reference. Either way a better row is marked: it may have seen the gaze.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from fusbench.errors import DatasetError, counted
from fusbench.evaluation.finished import Run, read_run
from fusbench.evaluation.results import SLACK, Result
from fusbench.metrics import Metric, of_signature

IDEAL = "ideal-observer"


def beyond(
    means: Mapping[str, float], ideal: Mapping[str, float], chosen: Iterable[Metric]
) -> tuple[str, ...]:
    """Keys of the metrics in which means are better than the ideal observer's, both being numbers.

    Examples
    --------
    >>> from fusbench.metrics import METRICS
    >>> chosen = [METRICS["kld"], METRICS["nss"]]
    >>> beyond({"kld": 1.2, "nss": 4.0}, {"kld": 1.4, "nss": 6.0}, chosen)
    ('kld',)
    >>> beyond({"kld": math.nan, "nss": 7.0}, {"kld": 1.4, "nss": 6.0}, chosen)
    ('nss',)
    """
    return tuple(
        m.key
        for m in chosen
        if (means[m.key] - ideal[m.key]) * (1 if m.higher_is_better else -1) > SLACK
    )


def beyond_run(result: Result, ideal: Result) -> tuple[str, ...]:
    """The same of two results."""
    chosen = of_signature(ideal.signature)
    return beyond(_means(result), _means(ideal), chosen)


def _means(result: Result) -> dict[str, float]:
    """Of each metric; one that is infinite is told as None, and is then better than no other."""
    means = {key: numbers["mean"] for key, numbers in result.summary.items()}
    return {key: math.nan if mean is None else mean for key, mean in means.items()}


def marked(name: str, keys: Sequence[str], chosen: Iterable[Metric], n_scans: int) -> str:
    """The mark in words.

    Examples
    --------
    >>> from fusbench.metrics import METRICS
    >>> marked("my-net", ["kld"], METRICS.values(), 1).partition(": ")[2]
    'it may have seen the gaze, or be lucky with 1 scan'
    """
    symbols = ", ".join(m.symbol for m in chosen if m.key in keys)
    luck = f"it may have seen the gaze, or be lucky with {counted(n_scans, 'scan')}"
    return f"{name} is better than the ideal observer in {symbols}: {luck}"


def ideal_near(runs: Sequence[Run]) -> Run | None:
    """The ideal observer's run on the frames of these runs: one of them, or one beside them."""
    places = sorted({run.folder.parent for run in runs})
    beside = (_read(path) for place in places for path in sorted(place.glob(f"{IDEAL}-*")))
    wanted = _frames_of(runs[0].result)
    for run in (*runs, *beside):
        if run and run.result.model.name == IDEAL and _frames_of(run.result) == wanted:
            return run
    return None


def _frames_of(result: Result) -> tuple[str, str, str, int]:
    return result.dataset.fingerprint, result.split, result.signature, result.n_frames


def _read(folder: Path) -> Run | None:
    try:
        return read_run(folder)
    except DatasetError:
        return None
