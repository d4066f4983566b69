"""The grid of a policy search: its cells, and the table of what they came to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fusbench.augment.policy import Policy
from fusbench.errors import ConfigError
from fusbench.metrics import METRICS
from fusbench.numerals import number

KINDS = {False: "ra", True: "mixra"}
PAPER_METRICS = ("kld", "sim", "nss", "cc")
TITLES = {"ra": "RA(n, m)", "mixra": "Mix.RA(n, m)"}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One training of the grid: a policy and a seed.

    Raises
    ------
    ConfigError
        If n or m is out of range.

    Examples
    --------
    >>> Cell(n=3, m=7.0, mix=True, seed=1).name
    'mixra-3-7-seed1'
    """

    n: int
    m: float
    mix: bool
    seed: int

    def __post_init__(self) -> None:
        Policy(n=self.n, m=self.m, mix=self.mix)

    @property
    def policy(self) -> str:
        """The policy's name."""
        return f"{KINDS[self.mix]}-{self.n}-{self.m:g}"

    @property
    def name(self) -> str:
        """Name of the cell's files."""
        return f"{self.policy}-seed{self.seed}"


def cells(
    n: Sequence[int], m: Sequence[float], *, mix: bool, seeds: Sequence[int]
) -> tuple[Cell, ...]:
    """All cells of a grid over n and m, for RA and, with `mix`, for Mix.RA."""
    if not (n and m and seeds):
        raise ConfigError("the grid is empty", fix="Give at least one n, one m and one seed.")
    kinds = (False, True) if mix else (False,)
    return tuple(
        Cell(n=one, m=other, mix=kind, seed=seed)
        for kind in kinds
        for one in sorted(set(n))
        for other in sorted(set(m))
        for seed in sorted(set(seeds))
    )


def numbers(text: str, option: str) -> tuple[float, ...]:
    """The numbers of a list such as "1,3,5".

    Raises
    ------
    ConfigError
        If this is no such list.

    Examples
    --------
    >>> numbers("3,5", "--m")
    (3.0, 5.0)
    """
    try:
        return tuple(map(number, text.split(",")))
    except ValueError:
        fix = "Give numbers with commas between them, such as 1,3,5."
        raise ConfigError(f"'{text}' is no list of numbers", option, fix) from None


def whole_numbers(text: str, option: str) -> tuple[int, ...]:
    """The whole numbers of a list; errors as in `numbers`."""
    found = numbers(text, option)
    if any(number != int(number) or number < 0 for number in found):
        raise ConfigError(f"'{text}' holds no whole numbers", option, "Count from 0, as in 1,3,5.")
    return tuple(int(number) for number in found)


def grid_table(rows: Iterable[dict[str, Any]], metrics: Sequence[str]) -> pd.DataFrame:
    """Cells averaged over seeds: columns kind, n, m, seeds, then each metric; best KLD first.

    Examples
    --------
    >>> row = {"kind": "ra", "n": 1, "m": 3.0, "kld": 2.0}
    >>> grid_table([row, {**row, "kld": 3.0}], ["kld"]).to_dict("records")
    [{'kind': 'ra', 'n': 1, 'm': 3.0, 'seeds': 2, 'kld': 2.5}]
    """
    table = pd.DataFrame(list(rows))
    groups = table.groupby(["kind", "n", "m"], sort=True)
    means = groups[list(metrics)].mean()
    means.insert(0, "seeds", groups.size())
    return means.reset_index().sort_values("kld", kind="stable", ignore_index=True)


def best_cell(grid: pd.DataFrame, metric: str) -> dict[str, Any]:
    """The row of a grid that is best on a metric, by column."""
    rows: list[dict[str, Any]] = grid.to_dict("records")  # type: ignore[assignment]
    best = max if METRICS[metric].higher_is_better else min
    return best(rows, key=lambda row: row[metric])
