"""From a model's name to the loaded model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusbench.discovery import MODELS, card, load_target
from fusbench.errors import PluginError
from fusbench.models.card import ModelCard
from fusbench.zoo.weights import checkpoint_path

if TYPE_CHECKING:
    from fusbench.data.dataset import Dataset


def model_card(name: str) -> ModelCard:
    """The card of a registered model; nothing else of the plug-in is imported.

    Parameters
    ----------
    name : str

    Returns
    -------
    ModelCard

    Raises
    ------
    UnknownName
        If nobody registers that name.
    PluginError
        If its plug-in cannot be imported, or registers no card.

    Examples
    --------
    >>> model_card("uniform").role
    'floor'
    """
    return card(MODELS, "model", name, ModelCard)


def load_model(
    model: str | ModelCard,
    *,
    checkpoint: str | Path | None = None,
    device: str | None = None,
    dataset: Dataset | None = None,
) -> Any:
    """Load a model into this process, through its card's loader.

    Parameters
    ----------
    model : str or ModelCard
        A registered name, or a card.
    checkpoint : str or Path, optional
        Weights of your own in place of the bundled ones.
    device : str, optional
        The framework's name of a device.
    dataset : Dataset, optional
        For a model that sees more than frames.

    Returns
    -------
    Model
        What `fusbench.models.card.Model` describes: ``predict`` and perhaps more.

    Raises
    ------
    UnknownName, PluginError, CheckpointError

    Examples
    --------
    >>> import numpy as np
    >>> load_model("uniform").predict(np.zeros((2, 1, 4, 5), np.uint8)).shape
    (2, 4, 5)
    """
    card = model_card(model) if isinstance(model, str) else model
    where = f"model '{card.name}'"
    loader = load_target(card.loader, where, card.backend)
    arguments: dict[str, Any] = {}
    path = checkpoint_path(card, Path(checkpoint) if checkpoint else None)
    if path is not None:
        arguments["checkpoint"] = path
    if device is not None:
        arguments["device"] = device
    if card.sees != "frames":
        arguments["dataset"] = dataset
    try:
        return loader(card, **arguments)
    except TypeError as error:
        fix = "Its loader takes (card) and, where they apply, checkpoint=, device= and dataset=."
        raise PluginError(f"cannot be loaded: {error}", where, fix) from error
