"""Golden fingerprints: what every machine must find when it makes an embedded data set."""

from __future__ import annotations

import os
from collections.abc import Mapping

VERSION = 2
"""Generator version that the fingerprints are of."""

GOLDEN: Mapping[str, Mapping[str, str]] = {}

SETTINGS = (
    "OPENCV_IPP",
    "OPENCV_CPU_DISABLE",
    "NPY_DISABLE_CPU_FEATURES",
    "NPY_ENABLE_CPU_FEATURES",
    "OPENBLAS_CORETYPE",
)
"""Environment variables that choose how NumPy and OpenCV compute."""


def recognised(fingerprint: str) -> str:
    """Name of the first embedded data set that has a split of this fingerprint; "" where none has.

    Examples
    --------
    >>> recognised("0" * 64)
    ''
    """
    return next((name for name, splits in GOLDEN.items() if fingerprint in splits.values()), "")


def suspects() -> str:
    """What may make this machine's data differ: versions, and settings where there are any.

    Examples
    --------
    >>> suspects().startswith("NumPy ")
    True
    """
    import cv2
    import numpy as np

    chosen = [f"{name}={os.environ[name]}" for name in SETTINGS if os.environ.get(name)]
    return ", ".join([f"NumPy {np.__version__}", f"OpenCV {cv2.__version__}", *chosen])
