"""How often a board tells rows apart that are alike: the table of docs/explanation/statistics.md.

Run it as ``python tests/simulations/false_positives.py BOARDS``: so many boards a line.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import product

import numpy as np

from fusbench.board.alike import alike
from fusbench.statistics.pairs import all_pairs

SCANS, ROWS = (6, 12, 23, 60), (2, 5, 10, 20, 40)
KINDS = ("alike", "uneven", "families", "skewed")
FRAMES = 4  # frames a scan that are made up to tell copies


def scan_means(rng: np.random.Generator, scans: int, rows: int, kind: str) -> np.ndarray:
    """Scan means of rows without a true difference, (scans, rows)."""
    own = rng.normal(size=(scans, rows))
    if kind == "uneven":  # some rows scatter 25 times as much as others
        own *= np.geomspace(0.13, 3.3, rows)
    elif kind == "families":  # rows that depend on one another, as trainings of one network do
        own = 0.8 * rng.normal(size=(scans, 3)) @ rng.normal(size=(3, rows)) + 0.3 * own
    elif kind == "skewed":  # both ways: differences of rows that are alike are symmetric
        own = rng.lognormal(0, 1, (scans, rows)) - np.exp(0.5)
    return rng.normal(0, 0.5, (scans, 1)) + 0.15 * own


def verdicts(means: np.ndarray, count: np.ndarray, copies: int) -> np.ndarray:
    """Bool (2,): whether a row is told apart from the best, and any from any.

    Each row is entered `copies` more times, as another backend would predict it.
    """
    rng = np.random.default_rng(0)
    entered = np.concatenate([means] * (1 + copies), axis=1)
    frames = [np.repeat(row, FRAMES)[:, None] + rng.uniform(0, 1e-5, (FRAMES * len(row), 1))
              for row in entered.T]  # fmt: skip
    kept = [group[0] for group in alike(frames, ["model"] * len(frames))]
    sums = entered[:, kept] * count[:, None]
    apart = all_pairs(sums, count).apart
    return np.array([apart[sums.sum(axis=0).argmin()].any(), apart.any()])


def rates(scans: int, rows: int, kind: str, boards: int) -> list[float]:
    """Shares of boards with false differences: from the best, of any pair; with twins, the same."""
    rng = np.random.default_rng([scans, rows, KINDS.index(kind)])
    hits = np.zeros((2, 2))
    for _ in range(boards):
        count = rng.integers(20, 200, scans)
        means = scan_means(rng, scans, rows, kind)
        hits += [verdicts(means, count, copies) for copies in (0, 1)]
    return (hits.ravel() / boards).tolist()


def main(boards: int) -> None:
    lines = list(product(SCANS, ROWS, KINDS))
    with ProcessPoolExecutor() as pool:
        jobs = [pool.submit(rates, *line, boards) for line in lines]
        for line, found in zip(lines, (job.result() for job in jobs), strict=True):
            print(*line, *(f"{share:.3f}" for share in found), sep=" | ", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
