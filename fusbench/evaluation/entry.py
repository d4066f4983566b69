"""Where models come in to be scored: whatever names or is one, and predictions."""

from __future__ import annotations

import os
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fusbench.doors.door import Source, check_name, is_folder, let_in
from fusbench.doors.loaded import card_of_model, refuse_options
from fusbench.doors.open import is_file
from fusbench.doors.options import Options
from fusbench.errors import ConfigError
from fusbench.evaluation.contest import Door
from fusbench.evaluation.loaded import loaded
from fusbench.models.card import ModelCard
from fusbench.models.predictions import predictions

if TYPE_CHECKING:
    from fusbench.data.dataset import Dataset


def door(
    source: Source, options: Options, dataset: Dataset | None = None, split: str = "test"
) -> Door:
    """What lets a model in, each time it is called.

    Parameters
    ----------
    source : str, Path, ModelCard or model
        A text that nobody registers and that is a folder means predictions, as a `Path` does.
    options : Options
    dataset : Dataset, optional
        What predictions and loaded models are tried on.
    split : str

    Raises
    ------
    UnknownName
        If nobody registers that name.
    ConfigError
        If the source needs a data set, or does not go with an option.
    """
    if isinstance(source, str | Path) and is_folder(source):
        return folder_door(Path(source), options, dataset, split)
    if isinstance(source, str | Path | ModelCard):
        if not isinstance(source, ModelCard):
            check_name(str(source), options)
        return partial(let_in, source, options)
    card_of_model(source)
    refuse_options(options.checkpoint, options.device, options.python)
    if dataset is None:
        fix = "Give the model's card or name in its place."
        raise ConfigError("a loaded model is known by its answers on a data set", fix=fix)
    return lambda: loaded(source, dataset, split, options.limits)


def words_of(source: Source) -> tuple[str, ...]:
    """What names a source on the command line of another process; nothing where only this has it.

    Examples
    --------
    >>> words_of("centre-bias")
    ('--model', 'centre-bias')
    """
    if not isinstance(source, str | Path):
        return ()
    if is_folder(source):
        return "--predictions", os.path.abspath(source)
    return "--model", os.path.abspath(source) if is_file(str(source)) else str(source)


def folder_door(
    folder: Path, options: Options, dataset: Dataset | None, split: str, name: str = ""
) -> Door:
    """What lets in the predictions of a folder, under its own name or another.

    Raises
    ------
    ConfigError
        If there is no data set that they could be of.
    """
    if dataset is None:
        fix = "Name a model in its place."
        raise ConfigError("predictions are made already", str(folder), fix)
    return lambda: nullcontext(
        predictions(folder, dataset, split, name=name, integers=options.allow_8_bit)
    )
