"""Searching for an augmentation policy, as ``fusbench search`` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from fusbench.data.dataset import Dataset
from fusbench.doors.registry import model_card
from fusbench.errors import ConfigError, counted
from fusbench.files import replacing
from fusbench.metrics import METRICS
from fusbench.pools import cores
from fusbench.pools import workers as executor_of
from fusbench.progress import Progress, silent
from fusbench.searching.grid import PAPER_METRICS, TITLES, best_cell, cells, grid_table
from fusbench.searching.heatmap import heatmap
from fusbench.searching.run import Search, run_search, write_tables
from fusbench.training.recipe import recipe as find_recipe
from fusbench.verbs.at_hand import at_hand
from fusbench.web.document import table_html

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True)
class Searched:
    """What a search came to.

    Parameters
    ----------
    folder : Path
        Of the search, with ``cells.csv``, ``grid.csv`` and ``grid.png``.
    title : str
        The model, the data and the split.
    rows : tuple of dict
        Of each trained cell, by column.
    metrics : tuple of str
        Keys of the metrics that cells were scored on.
    failed : mapping of str to str
        By the cell's name, why it failed.

    Examples
    --------
    >>> row = {"kind": "ra", "n": 1, "m": 3.0, "seed": 0, "policy": "ra-1-3", "kld": 2.0}
    >>> rows = (row, {**row, "n": 3, "policy": "ra-3-3", "kld": 1.9})
    >>> found = Searched(
    ...     folder=Path("S"), title="unet-torch on phantom", rows=rows, metrics=("kld",), failed={})
    >>> found
    <Searched: unet-torch on phantom, 2 cells, best RA(3, 3) with KLD 1.900>
    >>> found.policy
    'ra-3-3'
    """

    folder: Path
    title: str
    rows: tuple[dict[str, Any], ...]
    metrics: tuple[str, ...]
    failed: Mapping[str, str]

    def __repr__(self) -> str:
        failed = f", {len(self.failed)} failed" if self.failed else ""
        many = counted(len(self.rows), "cell")
        return f"<Searched: {self.title}, {many}{failed}, best {self.told('kld')}>"

    @property
    def cells(self) -> pd.DataFrame:
        """A row for each trained cell: policy, seed, KLD in nats, steps, and scores."""
        return pd.DataFrame(list(self.rows))

    @property
    def grid(self) -> pd.DataFrame:
        """Cells averaged over seeds, best KLD first: kind, n, m, seeds, then each metric."""
        return grid_table(self.rows, self.metrics)

    @property
    def policy(self) -> str:
        """Name of the best policy on KLD, as `fusbench.train` takes it."""
        best = self.best()
        return f"{best['kind']}-{best['n']}-{best['m']:g}"

    def best(self, metric: str = "kld") -> dict[str, Any]:
        """The row of `grid` that is best on a metric, by column.

        Parameters
        ----------
        metric : str
            One of `metrics`.
        """
        return best_cell(self.grid, metric)

    def told(self, metric: str) -> str:
        """The best policy on a metric, in words.

        Parameters
        ----------
        metric : str
            One of `metrics`.
        """
        best = self.best(metric)
        policy = TITLES[best["kind"]].replace("n, m", f"{best['n']}, {best['m']:g}")
        return f"{policy} with {METRICS[metric].symbol} {best[metric]:.3f}"

    def plot(self) -> Figure:
        """The grid as a Matplotlib figure, as it lies in ``grid.png``."""
        return heatmap(self.grid, self.metrics, self.title)

    def _repr_html_(self) -> str:
        heads = ["policy", "n", "m", "seeds", *(METRICS[key].symbol for key in self.metrics)]
        lines = [
            [
                TITLES[row["kind"]],
                str(row["n"]),
                f"{row['m']:g}",
                str(row["seeds"]),
                *(f"{row[key]:.3f}" for key in self.metrics),
            ]
            for row in self.grid.to_dict("records")
        ]
        return table_html(self.title, heads, lines)


def search(
    model: str,
    dataset: str | Path | Dataset,
    out: str | Path,
    *,
    n: Sequence[int],
    m: Sequence[float],
    mix: bool = False,
    seeds: Sequence[int] = (0,),
    recipe: str = "fast",
    max_steps: int | None = None,
    validate_every: int | None = None,
    window_count: str | None = None,
    precision: str | None = None,
    device: str | None = None,
    all_metrics: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress = silent,
) -> Searched:
    """Train a network under every policy of a grid, and compare them on the validation split.

    The test split is never looked at. Every cell is a training in a process of its own, kept as
    soon as it is done; the same call continues a search, and a training that was stopped goes on
    from its own state.

    Parameters
    ----------
    model : str
        A zoo model, such as "unet-torch"; only its policy varies.
    dataset : str, Path or Dataset
        With a train and a val split.
    out : str or Path
        Folder of the search: cells, ``cells.csv``, ``grid.csv`` and ``grid.png``.
    n : sequence of int
        Numbers of operations, 0..16.
    m : sequence of float
        Their magnitudes, 0..10.
    mix : bool
        Also search Mix.RA(n, m).
    seeds : sequence of int
        Trainings of each policy.
    recipe, max_steps, validate_every, window_count, precision, device
        As of `fusbench.train`.
    all_metrics : bool
        Score every cell on all metrics, on the val split.
    workers : int, optional
        Trainings at once; default: one a core.
    scheduler : str, optional
        Address of a ``dask.distributed`` scheduler to train on instead.
    progress : callable, optional
        Shows how far it is; see `fusbench.progress`.

    Returns
    -------
    Searched

    Raises
    ------
    ConfigError
        If the model cannot be trained, the grid is empty or out of range, the data are of a fold,
        or the folder holds a search with other settings.
    ChildError
        If every cell failed.
    UnknownName, DatasetError
        If a name or the data cannot be had.

    Examples
    --------
    >>> found = search("unet-torch", "phantom", "S", n=[1, 3], m=[5, 7])  # doctest: +SKIP
    >>> found.policy  # doctest: +SKIP
    'ra-3-5'
    >>> search("uniform", "phantom-tiny", "S", n=[1, 3], m=[5, 7])
    Traceback (most recent call last):
    ...
    fusbench.errors.ConfigError: model 'uniform': has no learner, so fusbench cannot train it. \
Choose one of the zoo; 'fusbench model list' shows them.
    """
    if any(each < 0 or not float(each).is_integer() for each in (*n, *seeds)):
        raise ConfigError("n and seeds are whole numbers from 0 on", fix="Give n=[1, 3], say.")
    if workers is not None and workers < 1:
        raise ConfigError(f"{workers} workers train nothing", fix="Give 1 or more, or none.")
    grid = cells(tuple(map(int, n)), tuple(map(float, m)), mix=mix, seeds=tuple(map(int, seeds)))
    card = model_card(model)
    if card.learner is None or card.network is None:
        fix = "Choose one of the zoo; 'fusbench model list' shows them."
        raise ConfigError("has no learner, so fusbench cannot train it", f"model '{model}'", fix)
    find_recipe(recipe)
    data = at_hand(dataset, ("train", "val"), progress)
    if data.fold is not None:
        fix = "Search on the stored splits."
        raise ConfigError(f"the data are of fold {data.fold}", data.where, fix)
    training = {
        "recipe": recipe, "max-steps": max_steps, "validate-every": validate_every,
        "window-count": window_count, "precision": precision, "device": device,
    }  # fmt: skip
    at_once = min(workers or cores(), len(grid))
    job = Search(
        model=model,
        dataset=str(data.root if isinstance(dataset, Dataset) else dataset),
        fingerprints={split: data.fingerprint(split) for split in ("train", "val")},
        folder=Path(out).resolve() if scheduler else Path(out),
        options={key: str(value) for key, value in training.items() if value is not None},
        all_metrics=all_metrics,
        threads=max(1, cores() // at_once),
    )
    with progress("searching") as update, executor_of(at_once, scheduler) as executor:
        rows, failed = run_search(job, grid, executor, report=update)
    kind = " (synthetic)" * data.info.synthetic
    found = Searched(
        folder=Path(out),
        title=f"{model} on {data.info.name}{kind}, validation split",
        rows=tuple(rows),
        metrics=PAPER_METRICS if all_metrics else ("kld",),
        failed=failed,
    )
    write_tables(found.folder, rows, found.metrics)
    with replacing(found.folder / "grid.png") as part:
        found.plot().savefig(part, dpi=150, format="png", metadata={"Software": None})
    return found
