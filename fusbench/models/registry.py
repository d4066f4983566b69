"""From a model's name to the loaded model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusbench.discovery import MODELS, card, load_target
from fusbench.errors import CheckpointError, PluginError
from fusbench.models.card import ModelCard

if TYPE_CHECKING:
    from fusbench.data.dataset import Dataset


def model_card(name: str) -> ModelCard:
    """The card of a registered model; nothing else of the plug-in is imported.

    Raises
    ------
    UnknownName, PluginError

    Examples
    --------
    >>> model_card("uniform").role
    'floor'
    """
    return card(MODELS, "model", name, ModelCard)


def checkpoint_path(card: ModelCard, checkpoint: Path | None = None) -> Path | None:
    """File of the weights to load: the user's, else the card's; None where a model has none.

    Raises
    ------
    CheckpointError
        If the file is not there.
    """
    if checkpoint is not None:
        if not checkpoint.is_file():
            raise CheckpointError("no file is here", str(checkpoint), "Check --checkpoint.")
        return checkpoint
    if card.checkpoint is None:
        return None
    import fusbench.zoo

    path = Path(fusbench.zoo.__file__).parent / card.checkpoint
    if not path.is_file():
        fix = (
            f"Train them with: fusbench train --model {card.name} --dataset phantom --out F"
            " and name the file with --checkpoint F."
        )
        raise CheckpointError("no weights are bundled", f"model '{card.name}'", fix)
    return path


def card_of_weights(card: ModelCard, checkpoint: Path | None = None) -> ModelCard:
    """The card as these weights make it: a zoo checkpoint brings its own window and input shape.

    Its title tells where the weights were trained under another policy than the model's own.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, or made for another network.
    """
    path = checkpoint_path(card, checkpoint)
    if path is None or card.network is None:
        return card
    from fusbench.zoo.checkpoint import network_of, read_metadata, window_of
    from fusbench.zoo.entries import ENTRIES

    metadata = read_metadata(path)
    network = network_of(metadata, str(path))
    if metadata["network"] != card.network:
        what = f"holds the network '{metadata['network']}', not '{card.network}'"
        fix = f"Use --model {metadata['network']}-{card.backend}."
        raise CheckpointError(what, str(path), fix)
    policy, usual = metadata.get("policy"), ENTRIES[metadata["network"]].policy
    other = f"; these weights: {policy}" if policy and policy != usual else ""
    return replace(
        card,
        title=card.title + other,
        window=window_of(metadata),
        input_shape=network.input_shape,
    )


def load_model(
    card: ModelCard,
    *,
    checkpoint: Path | None = None,
    device: str | None = None,
    dataset: Dataset | None = None,
) -> Any:
    """Load a model through its card's loader.

    Raises
    ------
    PluginError, CheckpointError
    """
    where = f"model '{card.name}'"
    loader = load_target(card.loader, where, card.backend)
    arguments: dict[str, Any] = {}
    path = checkpoint_path(card, checkpoint)
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
