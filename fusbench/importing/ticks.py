"""Whether a clock's ticks are coarser than the samples that it times."""

from __future__ import annotations

import numpy as np

FEWEST = 64  # steps
SPREAD_MS = 1.5  # of one kind of step: times in whole milliseconds
FINE_MS = 2.0
RARE, FEW = 0.02, 0.01
EVEN = 2  # steps


def coarse_ms(time_ns: np.ndarray) -> float | None:
    """Length of a tick in milliseconds, where samples come evenly and their times do not.

    A tracker's samples come every 11.1 ms, say; a clock that goes in steps of 10 ms tells steps of
    10 and, every ninth time, 20, so that its times lie up to a tick beside the true ones. Lost
    samples leave such steps too, but not evenly.

    Parameters
    ----------
    time_ns : ndarray of int64, shape (N,)
        Rising.

    Examples
    --------
    >>> true_ms = np.arange(200) / 90 * 1000
    >>> coarse_ms((true_ms * 1e6).astype(np.int64)), coarse_ms(true_ms.astype(np.int64) * 10**6)
    (None, None)
    >>> coarse_ms(np.rint(true_ms / 10).astype(np.int64) * 10**7)
    10.0
    """
    steps = np.diff(time_ns) / 1e6
    if len(steps) < FEWEST:
        return None
    usual = steps[steps <= 3.5 * np.median(steps)]
    kinds = np.split(np.sort(usual), np.flatnonzero(np.diff(np.sort(usual)) > SPREAD_MS) + 1)
    often = [kind for kind in kinds if len(kind) >= RARE * len(usual)]
    if len(often) != 2 or len(usual) - sum(map(len, often)) > FEW * len(usual):
        return None
    short, long = (float(kind.mean()) for kind in often)
    tick = long - short
    if tick < FINE_MS or any(np.ptp(kind) > SPREAD_MS for kind in often):
        return None
    if abs(short / tick - round(short / tick)) > SPREAD_MS / 2 / tick:
        return None
    places = np.flatnonzero(np.isin(steps, min(often, key=len)))
    early, late = np.percentile(np.diff(places), (5, 95))
    return tick if late - early <= EVEN else None
