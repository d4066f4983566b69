"""How often a 95 % interval holds the truth: the table of docs/explanation/statistics.md.

Run it as ``python tests/simulations/coverage.py STUDIES SCORES.npy``: so many studies a cell, and
scan means (scans, models) of a board, whose scatter and whose differences are two populations.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from scipy import special, stats

from fusbench.statistics.intervals import sum_interval, times_drawn

SCANS = (2, 3, 4, 5, 6, 8, 12, 23, 60)
RESAMPLES = 2_000
Ends = tuple[np.ndarray, np.ndarray]


def student(x: np.ndarray) -> Ends:
    reach = stats.t.ppf(0.975, len(x) - 1) * x.std(axis=0, ddof=1) / np.sqrt(len(x))
    return x.mean(axis=0) - reach, x.mean(axis=0) + reach


def expanded(x: np.ndarray) -> Ends:
    """Percentiles widened as Student's t is (Hesterberg 2015): what fusbench printed before."""
    n = len(x)
    tail = special.ndtr(np.sqrt(n / (n - 1)) * special.stdtrit(n - 1, 0.025))
    low, high = np.quantile(times_drawn(n, RESAMPLES) @ x / n, [tail, 1 - tail], axis=0)
    return low, high


def bca(x: np.ndarray) -> Ends:
    """Bias-corrected and accelerated (Efron 1987)."""
    n, centre = len(x), x - x.mean(axis=0)
    means = np.sort(times_drawn(n, RESAMPLES) @ x / n, axis=0)
    below = (means < x.mean(axis=0)).mean(axis=0) + 0.5 * (means == x.mean(axis=0)).mean(axis=0)
    bias = special.ndtri(np.clip(below, 1 / RESAMPLES, 1 - 1 / RESAMPLES))
    skew = (centre**3).sum(axis=0) / (6 * (centre**2).sum(axis=0) ** 1.5)
    ends = []
    for z in bias + special.ndtri([[0.025], [0.975]]):
        at = (special.ndtr(bias + z / (1 - skew * z)) * RESAMPLES).astype(int)
        ends.append(np.take_along_axis(means, at.clip(0, RESAMPLES - 1)[None], axis=0)[0])
    return ends[0], ends[1]


def percentile_t(x: np.ndarray) -> Ends:
    _, low, high = sum_interval(x, np.ones(len(x)), resamples=RESAMPLES)
    return low, high


METHODS: dict[str, Callable[[np.ndarray], Ends]] = {
    "t": student, "expanded percentiles": expanded, "BCa": bca, "percentile-t": percentile_t,
}  # fmt: skip


def populations(scores: np.ndarray) -> dict[str, Callable[..., np.ndarray]]:
    """Draws (scans, studies) of mean 0 from each population."""
    gaps = scores - scores[:, [scores.mean(axis=0).argmin()]]
    gaps = gaps[:, gaps.std(axis=0) > 0]

    def of(table: np.ndarray) -> Callable[..., np.ndarray]:
        table = (table - table.mean(axis=0)) / table.std(axis=0)
        return lambda rng, n, size: table[
            rng.integers(0, len(table), (n, size)), rng.integers(0, table.shape[1], size)
        ]

    return {
        "normal": lambda rng, *size: rng.normal(size=size),
        "skewed (gamma of shape 2)": lambda rng, *size: rng.gamma(2, 1, size) - 2,
        "very skewed (log-normal)": lambda rng, *size: rng.lognormal(0, 1, size) - np.exp(0.5),
        "KLD of phantom scans": of(scores),
        "differences of KLD of phantom scans": of(gaps),
    }


def main(studies: int, scores: np.ndarray) -> None:
    for name, draw in populations(scores).items():
        for method, interval in METHODS.items():
            rng, cells = np.random.default_rng(0), []
            for scans in SCANS:
                low, high = interval(draw(rng, scans, studies))
                held = ((low <= 0) & (high >= 0)).mean()
                cells.append("-" if np.isnan(low).any() else f"{100 * held:.0f}")
            print(name, method, *cells, sep=" | ", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), np.load(sys.argv[2]))
