"""The two customary sets of definitions, by name, and the precondition that both share."""

from __future__ import annotations

import numpy as np

from fusbench.errors import ConfigError, FusbenchError, PredictionError, unknown

PROFILES = ("tuebingen", "mit")
EPS = 2.0**-52


def check_profile(profile: str) -> str:
    """A profile's name, as it came.

    Parameters
    ----------
    profile : {"tuebingen", "mit"}

    Raises
    ------
    UnknownName
        If there is none of this name.

    Examples
    --------
    >>> check_profile("mit")
    'mit'
    """
    if profile not in PROFILES:
        raise unknown("metric profile", profile, PROFILES)
    return profile


def pair(
    predicted: np.ndarray, other: np.ndarray, what: str, *, shares: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Both maps as float64 (..., H * W).

    With `shares` the prediction is divided by its sum: then it must not be negative, nor empty.

    Raises
    ------
    PredictionError
        If their shapes differ, or the prediction is no map of finite numbers.
    ConfigError
        If `other` is no such map, or empty: a frame without gaze has no target and is never scored.
    """
    p, q = _flat(predicted, other, what, finite=not shares)
    q = q.astype(np.float64, copy=False)
    if not (q.sum(-1) > 0).all():
        raise empty_map(what)
    if shares:
        sums(p)
    return p, q


def sums(p: np.ndarray) -> np.ndarray:
    """Sums of predictions (..., N), float64 (...): finite, not negative and not empty.

    A sum tells of a value that is not finite, so that no pass looks for one.

    Raises
    ------
    PredictionError
        If a prediction cannot be divided by its sum.
    """
    totals: np.ndarray = p.sum(-1)
    if not np.isfinite(totals).all() and not np.isfinite(p).all():
        raise not_finite()
    if p.min() < 0:
        raise negative_prediction(p)
    if not (totals > 0).all():
        raise empty_prediction()
    return totals


def shared(other: np.ndarray, what: str, shape: tuple[int, ...]) -> None:
    """Nothing, where a map is for predictions of a shape (..., H, W): one for each, or for all.

    Raises
    ------
    PredictionError
        If its shape is neither (..., H, W) nor (H, W).
    """
    if other.shape not in (shape, shape[-2:]):
        raise _apart(shape, what, other.shape)


def with_gaze(
    predicted: np.ndarray, fixations: np.ndarray, what: str, *, finite: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """As `pair`, with the fixation map in its own type; that it is not empty is not looked at.

    Without `finite` the prediction is left to who passes over its pixels anyway.
    """
    return _flat(predicted, fixations, what, finite)


def _flat(
    predicted: np.ndarray, other: np.ndarray, what: str, finite: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    p = numbers(predicted, "prediction", PredictionError).astype(np.float64, copy=False)
    q = target(other, what)
    if p.shape != q.shape or p.ndim < 2:
        raise _apart(p.shape, what, q.shape)
    if finite and not np.isfinite(p).all():
        raise not_finite()
    return p.reshape(*p.shape[:-2], -1), q.reshape(*q.shape[:-2], -1)


def numbers(values: np.ndarray, what: str, error: type[FusbenchError]) -> np.ndarray:
    """An array of real numbers that were not rounded too far; points are whole, and are exact.

    Raises
    ------
    PredictionError, ConfigError
        The error that was asked for, if it has masked values, is float16 or holds no real numbers.
    """
    article = "a" if error is PredictionError else "the"
    if np.ma.is_masked(values):
        fix = "Fill what is masked, or leave out such frames."
        raise error(f"{article} {what} has masked values", fix=fix)
    array = np.asarray(values)
    if array.dtype == np.float16 and "fixation" not in what:
        fix = "Give float32; a float16 map was rounded when it was made."
        raise error(f"{article} {what} of float16 has lost its small values", fix=fix)
    if array.dtype.kind not in "buif":
        raise error(f"{article} {what} holds {array.dtype}", fix="Give real numbers.")
    return array


def _apart(shape: tuple[int, ...], what: str, other: tuple[int, ...]) -> PredictionError:
    fix = "Give both maps the same rows and columns."
    return PredictionError(f"a prediction {shape} meets a {what} {other}", fix=fix)


def target(q: np.ndarray, what: str) -> np.ndarray:
    """What a prediction is compared with: finite, not negative, and points are whole numbers.

    Raises
    ------
    ConfigError
        If it is not, or holds no numbers as `numbers` wants them.
    """
    q = numbers(q, what, ConfigError)
    if q.dtype.kind in "ub":
        return q
    if not np.isfinite(q).all():
        raise ConfigError(
            f"the {what} has values that are not finite", fix="Leave out such frames."
        )
    if q.size and q.min() < 0:
        raise ConfigError(f"the {what} has negative values", fix="Give points, or a density.")
    if "fixation" in what and q.dtype.kind == "f" and (q != np.rint(q)).any():
        fix = "Give gaze points a pixel; a saliency map is for kld, sim, cc and emd."
        raise ConfigError(f"the {what} holds fractions of points, as a density does", fix=fix)
    return q


def not_finite() -> PredictionError:
    """The error of a prediction with NaN or infinity in it."""
    fix = "Check the model for overflow or a division by zero."
    return PredictionError("a prediction has values that are not finite", fix=fix)


def negative_prediction(p: np.ndarray) -> PredictionError:
    """The error of a prediction with negative values."""
    fix = "Probabilities are 0 or more; a softmax makes them so."
    return PredictionError(f"a prediction has negative values, down to {p.min():.4g}", fix=fix)


def empty_prediction() -> PredictionError:
    """The error of a prediction without anything in it."""
    return PredictionError("a prediction is empty", fix="Predict something there.")


def empty_map(what: str) -> ConfigError:
    """The error of a map without anything in it."""
    return ConfigError(f"the {what} is empty", fix="Leave out frames without gaze.")
