"""By what losses in half precision are multiplied, so that no gradient is too small for it.

A scaling is two numbers, the factor and the steps since it changed: float32 (2,), as a training's
state keeps it. Other precisions have the factor 1.
"""

from __future__ import annotations

import numpy as np

from fusbench.errors import ConfigError, unknown

PRECISIONS = ("float32", "bfloat16", "float16")
LARGEST, PATIENCE = 2.0**16, 2000
"""The first factor, and the steps after which it is tried to double."""


def checked_precision(precision: str) -> str:
    """The precision itself.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if precision not in PRECISIONS:
        fix = unknown("precision", precision, list(PRECISIONS)).fix
        raise ConfigError(f"precision '{precision}' is unknown", fix=fix)
    return precision


def first_scaling(precision: str) -> np.ndarray:
    """Where a training begins.

    Examples
    --------
    >>> first_scaling("float16").tolist(), first_scaling("bfloat16").tolist()
    ([65536.0, 0.0], [1.0, 0.0])
    """
    return np.array([LARGEST if precision == "float16" else 1.0, 0.0], np.float32)


def lowered(scaling: np.ndarray) -> np.ndarray | None:
    """After a gradient that was too large: half of the factor; None where it was 1, or nearly.

    Examples
    --------
    >>> lowered(np.array([65536.0, 7.0], np.float32)).tolist()
    [32768.0, 0.0]
    >>> lowered(first_scaling("float32")) is None
    True
    """
    half = np.array([scaling[0] / 2, 0.0], np.float32)
    return half if half[0] >= 1 else None


def raised(scaling: np.ndarray) -> np.ndarray:
    """After a step that was made.

    Examples
    --------
    >>> raised(np.array([32768.0, 7.0], np.float32)).tolist()
    [32768.0, 8.0]
    >>> raised(np.array([32768.0, PATIENCE - 1], np.float32)).tolist()
    [65536.0, 0.0]
    """
    factor, steps = scaling.tolist()
    again = steps + 1 >= PATIENCE
    return np.array([factor * 2 if again else factor, 0 if again else steps + 1], np.float32)
