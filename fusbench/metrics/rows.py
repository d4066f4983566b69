"""Maps frame by frame, the pixels of each in a row (N,), and what each of them must be."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import repeat

import numpy as np

from fusbench.errors import ConfigError
from fusbench.metrics.kernels import active
from fusbench.metrics.profile import (
    empty_map,
    empty_prediction,
    negative_prediction,
    not_finite,
    target,
)


def each_frame(one: Callable[..., float], p: np.ndarray, *maps: np.ndarray) -> np.ndarray:
    """A function of single frames (N,), for all of `p` (..., N); a map (N,) beside is for all."""
    if p.ndim == 1:
        return np.array(one(p, *maps))
    shape = p.shape[:-1]
    rows = [
        m.reshape(-1, m.shape[-1]) if m.ndim > 1 else repeat(m, math.prod(shape))
        for m in (p, *maps)
    ]
    return np.array([one(*row) for row in zip(*rows, strict=True)], np.float64).reshape(shape)


def gazed(gaze: np.ndarray, what: str = "fixation map") -> np.ndarray:
    """Indices of the pixels with gaze of a map (N,), at least one."""
    at: np.ndarray = active().fixated(gaze)
    if not len(at):
        raise empty_map(what)
    return at


def finite(p: np.ndarray) -> np.ndarray:
    """A prediction (N,) of finite numbers, as it came; a sum tells of one that is none."""
    if not math.isfinite(np.einsum("i->", p)) and not np.isfinite(p).all():
        raise not_finite()
    return p


def prediction_sum(p: np.ndarray) -> float:
    """The sum of a prediction (N,): finite, not negative and not empty."""
    total, negative = active().total(p)
    if not math.isfinite(total):
        finite(p)
    if negative:
        raise negative_prediction(p)
    if not total > 0:
        raise empty_prediction()
    return float(total)


def baseline_sum(b: np.ndarray) -> float:
    """The sum of a baseline: finite, not negative and not empty."""
    total, negative = active().total(b.reshape(-1))
    if negative or not math.isfinite(total):
        target(b, "baseline")
    if not total > 0:
        raise empty_map("baseline")
    return float(total)


def without(p: np.ndarray, gazed_pixels: int) -> int:
    """Number of pixels without gaze, at least one."""
    if gazed_pixels == len(p):
        raise ConfigError("every pixel has a gaze point", fix="Use auc_borji, which allows it.")
    return len(p) - gazed_pixels
