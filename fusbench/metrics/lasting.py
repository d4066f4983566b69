"""What was found in a map that nothing can write to, kept for as long as the map lives.

A baseline and the gaze on other pictures are the same for many frames: they are looked through once
where their owner has said that they stay as they are, by ``map.flags.writeable = False``.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

Found = TypeVar("Found")
_found: dict[int, dict[Any, Any]] = {}


def once(find: Callable[[np.ndarray], Found], m: np.ndarray) -> Found:
    """`find` of a map; of one that owns its memory and cannot be written to, found only once.

    Examples
    --------
    >>> def total(m):
    ...     print("summed")
    ...     return float(m.sum())
    >>> still = np.ones(3)
    >>> still.flags.writeable = False
    >>> once(total, still), once(total, still)
    summed
    (3.0, 3.0)
    """
    if m.flags.writeable or m.base is not None:
        return find(m)
    key = id(m)
    known = _found.get(key)
    if known is None:
        known = _found[key] = {once: weakref.ref(m, lambda _: _found.pop(key, None))}
    if find not in known:
        known[find] = find(m)
    result: Found = known[find]
    return result
