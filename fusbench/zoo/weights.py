"""The weight file of a model, and the card as its weights make it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from fusbench.errors import CheckpointError
from fusbench.files import text_sha256
from fusbench.models.card import ModelCard

SHARED = (
    "recipe",
    "base",
    "input_shape",
    "levels",
    "window",
    "train_fingerprint",
    "val_fingerprint",
)
"""What seeds of one training have in common, beside what results tell in words."""
TEXTS, COUNTS = ("policy", "precision", "dataset"), ("steps", "best_step", "seed")


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


def training_facts(card: ModelCard, checkpoint: Path | None = None) -> dict[str, Any]:
    """How a zoo model's weights were trained, and what use they make of history; else empty.

    The keys are `steps`, `best_step`, `seed`, `val_loss`, `recipe`, `policy`, `precision`,
    `dataset` and `recipe_sha256`, over all that seeds of one training share, as far as the file
    tells them, and `history` with its kinds of segment in nats; see
    `fusbench.training.validation.validated`.
    """
    path = checkpoint_path(card, checkpoint)
    if path is None or card.network is None:
        return {}
    from fusbench.zoo.checkpoint import read_metadata

    metadata = read_metadata(path)
    facts: dict[str, Any] = {key: metadata[key] for key in TEXTS if key in metadata}
    facts |= {key: int(metadata[key]) for key in COUNTS if key in metadata}
    numbers = [key for key in metadata if key == "val_loss" or key.startswith("history")]
    facts |= {key: float(metadata[key]) for key in numbers}
    if "recipe" in metadata:
        facts["recipe"] = json.loads(metadata["recipe"])["name"]
        facts["recipe_sha256"] = text_sha256(*(f"{k}={metadata.get(k, '')}" for k in SHARED))
    return facts
