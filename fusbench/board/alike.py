"""Which predictions are the same: those with the same score on every frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SAME = 1e-4  # what another framework's rounding does to a frame's score; measured: up to 3e-5


def alike(values: Sequence[np.ndarray], kinds: Sequence[str]) -> list[list[int]]:
    """Numbers of arrays that agree within `SAME` everywhere with the first of their group.

    Parameters
    ----------
    values : sequence of ndarray, each of shape (frames, metrics)
    kinds : sequence of str
        Only arrays of one kind are gathered.

    Examples
    --------
    >>> alike([np.zeros((2, 1)), np.ones((2, 1)), np.full((2, 1), 1e-6)], ["model"] * 3)
    [[0, 2], [1]]
    """
    probes = np.array([array.flat[0] for array in values])
    heads: dict[str, list[int]] = {}
    groups: dict[int, list[int]] = {}
    for k, (array, kind) in enumerate(zip(values, kinds, strict=True)):
        known = heads.setdefault(kind, [])
        near = np.flatnonzero(np.abs(probes[known] - probes[k]) <= SAME)
        for head in (known[at] for at in near):
            if np.abs(array - values[head]).max() <= SAME:
                groups[head].append(k)
                break
        else:
            known.append(k)
            groups[k] = [k]
    return list(groups.values())
