"""The data set that a verb was told: open already, or opened now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fusbench.data.dataset import Dataset, open_dataset
from fusbench.data.scan import SPLITS
from fusbench.errors import UnknownName
from fusbench.progress import Progress, silent
from fusbench.verbs.strangers import check_dataset_card

if TYPE_CHECKING:
    from fusbench.board.rules import Rules


def at_hand(
    dataset: str | Path | Dataset,
    splits: tuple[str, ...] = SPLITS,
    progress: Progress = silent,
    fold: int | str | None = None,
) -> Dataset:
    """A data set, with the frames of these splits.

    A stranger's plug-in is tried in a copy of this process first.

    Raises
    ------
    UnknownName, PluginError, DatasetError
        If there is none of this name, its plug-in cannot be imported, or it is unfit.

    Examples
    --------
    >>> data = at_hand("phantom-tiny", ("test",))
    >>> at_hand(data, ("test",)) is data
    True
    """
    if isinstance(dataset, Dataset):
        return dataset
    check_dataset_card(str(dataset))
    return open_dataset(dataset, splits, progress=progress, fold=fold)


def of_board(
    rules: Rules, dataset: str | Path | Dataset | None = None, progress: Progress = silent
) -> Dataset:
    """The data set that a board's rows are scored on, by default that of the name in its rules.

    Raises
    ------
    UnknownName
        If no folder here and no installed data set has that name.
    PluginError, DatasetError
    """
    try:
        return at_hand(
            rules.dataset if dataset is None else dataset, (rules.split,), progress, rules.fold
        )
    except UnknownName as error:
        if dataset is None:
            what = (
                f"the board's data '{rules.dataset}' are no folder here and no installed data set"
            )
            raise UnknownName(what, fix="Name their folder with --dataset.") from error
        raise
