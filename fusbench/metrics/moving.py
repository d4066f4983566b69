"""The least cost of moving mass on a grid: the transport problem, solved exactly.

POT's network simplex solves it where POT is installed, else SciPy's linear programming, which takes
several times as long on few bins and hundreds of times on many. Both find the optimum of the
same problem, so that their costs differ by rounding alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache

import numpy as np

from fusbench.errors import PredictionError

Solver = Callable[[np.ndarray, np.ndarray, np.ndarray], float]
"""The cost of moving `supply` (N,) to `demand` (M,), of sum 1 each, over distances (N, M)."""

MOST_PIVOTS = 100_000_000
FRAMEWORKS = ("PYTORCH", "JAX", "CUPY", "TENSORFLOW")  # which POT would import for its own arrays


def least_cost(p: np.ndarray, g: np.ndarray, solver: Solver | None = None) -> float:
    """The least cost of moving the mass `p` to `g`, Euclidean distances in bins.

    Parameters
    ----------
    p, g : ndarray of float64, shape (H, W)
        Mass a bin, each of sum 1.
    solver : callable, optional
        By default the fastest one that is installed.

    Raises
    ------
    PredictionError
        If there is no solution, as where the mass is not finite.

    Examples
    --------
    Half of the mass moves one bin down and one to the right:

    >>> least_cost(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[0.5, 0.0], [0.0, 0.5]])) ** 2
    0.5000000000000001
    """
    surplus = p - g
    sources, sinks = np.nonzero(surplus > 0), np.nonzero(surplus < 0)
    if not len(sources[0]) or not len(sinks[0]):
        return 0.0
    down, across = (np.subtract.outer(a, b) ** 2 for a, b in zip(sources, sinks, strict=True))
    supply, demand = surplus[sources], -surplus[sinks]
    moved = supply.sum()
    cost = (solver or _fastest())(supply / moved, demand / demand.sum(), np.sqrt(down + across))
    return float(cost * moved)


@cache
def _fastest() -> Solver:
    try:
        return by_pot()
    except ImportError:
        return by_linear_programming


def by_pot() -> Solver:
    """POT's solver. No framework is imported with it; `ImportError` where POT is not installed."""
    silent = {f"POT_BACKEND_DISABLE_{name}": "1" for name in FRAMEWORKS}
    before = {name: os.environ.get(name) for name in silent}
    os.environ.update(silent)
    try:
        from ot import emd2
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value

    def solve(supply: np.ndarray, demand: np.ndarray, distance: np.ndarray) -> float:
        cost, told = emd2(
            supply, demand, distance, numItermax=MOST_PIVOTS, log=True, check_marginals=False
        )
        if told["warning"]:
            raise PredictionError(f"the transport problem has no solution: {told['warning']}")
        return float(cost)

    return solve


def by_linear_programming(supply: np.ndarray, demand: np.ndarray, distance: np.ndarray) -> float:
    """The cost by SciPy's HiGHS."""
    from scipy.optimize import linprog
    from scipy.sparse import eye_array, kron, vstack

    n, m = distance.shape
    out, into = kron(eye_array(n), np.ones((1, m))), kron(np.ones((1, n)), eye_array(m))
    solved = linprog(
        distance.ravel(),
        A_eq=vstack([out, into]).tocsr()[:-1],  # the last row follows from the others
        b_eq=np.concatenate([supply, demand])[:-1],
        method="highs-ds",
        options={"dual_feasibility_tolerance": 1e-10, "primal_feasibility_tolerance": 1e-10},
    )
    if solved.status:
        raise PredictionError(f"the transport problem has no solution: {solved.message}")
    return float(solved.fun)
