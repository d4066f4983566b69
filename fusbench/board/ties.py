"""Tie groups: rows that the board's scans cannot tell apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusbench.statistics.tests_of_scans import (
    LEVEL,
    holm,
    paired_differences,
    sign_flip_p,
    smallest_p,
)

BLOCK = 512


@dataclass(frozen=True, kw_only=True)
class Ties:
    """Tie groups of rows in order, counted from 1, and the tests behind them.

    `groups` has shape (rows,). `adjusted` (rows, rows) holds each pair's p-value after Holm's
    correction over all pairs; 1 on the diagonal, and everywhere where `resolved` is False: then
    there are so many pairs for so few scans that no p-value can survive the correction.
    """

    groups: np.ndarray
    adjusted: np.ndarray
    resolved: bool


def tie_groups(scan_means: np.ndarray) -> Ties:
    """Tie groups of rows sorted from best to worst.

    Parameters
    ----------
    scan_means : ndarray, shape (scans, rows)
        Each row's mean of the primary metric over each scan.

    Notes
    -----
    Every pair of rows is tested with the sign-flip test on scan means, and the p-values are
    corrected by Holm's method as one family. The best row leads the first group. Going down, a row
    belongs to the group unless it differs from the group's leader; the first that does leads the
    next group. If no two rows truly differ, the chance that a board shows more than one group is
    at most 5 %.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=(23, 1))
    >>> tie_groups(np.hstack([noise, noise + [[0.0]], noise + [[1.0]]])).groups.tolist()
    [1, 1, 2]
    """
    scans, rows = scan_means.shape
    first, second = np.triu_indices(rows, 1)
    adjusted = np.ones((rows, rows))
    resolved = smallest_p(scans) * len(first) <= LEVEL
    if resolved and len(first):
        p = np.concatenate(
            [
                sign_flip_p(paired_differences(scan_means[:, second[at]], scan_means[:, first[at]]))
                for at in np.array_split(np.arange(len(first)), len(first) // BLOCK + 1)
            ]
        )
        adjusted[first, second] = adjusted[second, first] = holm(p)
    groups = np.zeros(rows, dtype=int)
    leader, group = 0, 1
    for row in range(rows):
        if adjusted[leader, row] <= LEVEL:
            leader, group = row, group + 1
        groups[row] = group
    return Ties(groups=groups, adjusted=adjusted, resolved=resolved)
