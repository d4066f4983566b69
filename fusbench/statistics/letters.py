"""Letters: two rows share one exactly where they are not told apart."""

from __future__ import annotations

from string import ascii_lowercase

import numpy as np


def letter_groups(apart: np.ndarray) -> np.ndarray:
    """Groups of rows of which no two are told apart, such that every such pair is in one.

    Parameters
    ----------
    apart : ndarray of bool, shape (rows, rows)
        Symmetric; rows in the order of the table.

    Returns
    -------
    ndarray of bool, shape (rows, groups)

    Notes
    -----
    Going down the table, each pair that shares no group yet opens one, which then takes in every
    row, from the top, that is told apart from none of its members.
    """
    rows = len(apart)
    alike = ~apart
    np.fill_diagonal(alike, True)
    lacking = alike.copy()
    groups = []
    for row in range(rows):
        while lacking[row, row:].any():
            members = np.zeros(rows, dtype=bool)
            free = alike[row].copy()
            pair = [row, row + int(np.argmax(lacking[row, row:]))]
            for member in pair:
                members[member] = True
                free &= alike[member]
            free &= ~members
            while free.any():
                member = int(np.argmax(free))
                members[member] = True
                free &= alike[member]
                free[member] = False
            lacking[np.ix_(members, members)] = False
            groups.append(members)
    return np.array(groups, dtype=bool).reshape(len(groups), rows).T


def letters(groups: np.ndarray) -> list[str]:
    """Each row's letters: ``a`` is the first group; after ``z`` comes ``aa``, with spaces between.

    >>> letters(np.array([[1, 0], [1, 1], [0, 1]], dtype=bool))
    ['a', 'ab', 'b']
    """
    names = [_name(k) for k in range(groups.shape[1])]
    gap = " " if len(names) > len(ascii_lowercase) else ""
    return [gap.join(n for n, has in zip(names, row, strict=True) if has) for row in groups]


def _name(number: int) -> str:
    more, last = divmod(number, len(ascii_lowercase))
    return (_name(more - 1) if more else "") + ascii_lowercase[last]
