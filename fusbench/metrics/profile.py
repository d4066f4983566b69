"""The two customary sets of definitions, by name, and the precondition that both share."""

from __future__ import annotations

import numpy as np

from fusbench.errors import ConfigError, PredictionError, unknown

PROFILES = ("tuebingen", "mit")
EPS = 2.0**-52


def check_profile(profile: str) -> str:
    """The profile's name, or `UnknownName` with the nearest one."""
    if profile not in PROFILES:
        raise unknown("metric profile", profile, PROFILES)
    return profile


def pair(predicted: np.ndarray, other: np.ndarray, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Both maps as float64 (..., H * W).

    Raises
    ------
    PredictionError
        If their shapes differ.
    ConfigError
        If `other` is empty: a frame without gaze has no target and is never scored.
    """
    p, q = _flat(predicted, np.asarray(other, dtype=np.float64), what)
    if not (q.sum(-1) > 0).all():
        raise empty_map(what)
    return p, q


def with_gaze(
    predicted: np.ndarray, fixations: np.ndarray, what: str
) -> tuple[np.ndarray, np.ndarray]:
    """As `pair`, with the fixation map in its own type, and not yet looked at."""
    return _flat(predicted, np.asarray(fixations), what)


def _flat(predicted: np.ndarray, q: np.ndarray, what: str) -> tuple[np.ndarray, np.ndarray]:
    p = np.asarray(predicted, dtype=np.float64)
    if p.shape != q.shape or p.ndim < 2:
        fix = "Give both maps the same rows and columns."
        raise PredictionError(f"a prediction {p.shape} meets a {what} {q.shape}", fix=fix)
    return p.reshape(*p.shape[:-2], -1), q.reshape(*q.shape[:-2], -1)


def empty_map(what: str) -> ConfigError:
    """The error of a map without anything in it."""
    return ConfigError(f"the {what} is empty", fix="Leave out frames without gaze.")
