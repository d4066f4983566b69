"""The border at which a model's output is checked."""

from __future__ import annotations

import numpy as np

from fusbench.errors import PredictionError
from fusbench.metrics.kernels import active

TOLERANCE = 1e-3


def check_density(density: np.ndarray, shape: tuple[int, int], where: str) -> np.ndarray:
    """A prediction as a density: float64, not negative, finite, sum 1.

    Parameters
    ----------
    density : array_like, shape (H, W)
        What a model returned for one frame.
    shape : (int, int)
        Rows and columns that it must have.
    where : str
        Model, clip and frame, for the message.

    Raises
    ------
    PredictionError
        If it has another shape, a negative or non-finite value, or a sum further than 1e-3 from 1.

    Examples
    --------
    >>> check_density([[0.25, 0.25], [0.25, 0.2501]], (2, 2), "here").sum().item()
    1.0
    """
    array: np.ndarray = np.asarray(density)
    if array.shape != tuple(shape):
        have, want = (" x ".join(map(str, s)) or "a number" for s in (array.shape, shape))
        fix = "Return one density (rows, columns) a window."
        raise PredictionError(f"the density has shape {have}, not {want}", where, fix)
    if array.dtype == np.float16:
        fix = "Return float32, and cast before the softmax."
        raise PredictionError("the density holds float16, whose small values are lost", where, fix)
    if array.dtype.kind != "f":
        fix = "Return floating-point numbers."
        raise PredictionError(f"the density holds {array.dtype}", where, fix)
    share: np.ndarray | None = active().shares(array, TOLERANCE)
    if share is not None:
        return share
    total = array.sum(dtype=np.float64)
    if not np.isfinite(array).all():
        fix = "Check the model for overflow or a division by zero."
        raise PredictionError("the density has values that are not finite", where, fix)
    if (array < 0).any():
        fix = "Probabilities are 0 or more; a softmax makes them so."
        raise PredictionError(
            f"the density has negative values, down to {array.min():.4g}", where, fix
        )
    fix = "Normalise the output, for instance by a softmax over rows and columns."
    raise PredictionError(f"the density sums to {total:.4f}, not 1", where, fix)
