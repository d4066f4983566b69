"""The weight file of a model, and the card as its weights make it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from fusbench.data.window import Window
from fusbench.errors import CheckpointError
from fusbench.files import text_sha256
from fusbench.models.card import ModelCard
from fusbench.numerals import number, whole

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
TEXTS, COUNTS = ("policy", "precision", "dataset", "init"), ("steps", "best_step", "seed")


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
    return None if card.checkpoint is None else bundled(card.checkpoint, card.name)


def bundled(file: str, model: str) -> Path:
    """Where the weights lie that come with the zoo, or at an absolute path.

    Raises
    ------
    CheckpointError
        If they are not there.
    """
    import fusbench.zoo

    path = Path(fusbench.zoo.__file__).parent / file
    if not path.is_file():
        fix = (
            f"Train them with: fusbench train --model {model} --dataset phantom --out F"
            " and name the file with --checkpoint F."
        )
        raise CheckpointError("no weights are bundled", f"model '{model}'", fix)
    return path


def card_of_weights(card: ModelCard, checkpoint: Path | None = None) -> ModelCard:
    """The card as these weights make it: a zoo checkpoint brings its own window and input shape.

    Its title tells where the weights were trained under another policy than the model's own, or
    for another window.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, or made for another network.
    """
    path = checkpoint_path(card, checkpoint)
    if path is None or card.network is None:
        return card
    from fusbench.zoo.checkpoint import check_entry, network_of, read_metadata, window_of

    metadata = read_metadata(path)
    network = network_of(metadata, str(path))
    fix = f"Use --model {metadata['network']}-{card.backend}."
    check_entry(metadata, card.network, str(path), fix)
    window = window_of(metadata)
    other = unlike(card.network, metadata.get("policy"), window)
    title = card.title + (f"; these weights: {other}" if other else "")
    return replace(card, title=title, window=window, input_shape=network.input_shape)


def unlike(entry: str, policy: str | None, window: Window) -> str:
    """What sets a training apart from that of an entry of the zoo: its policy, its window.

    Sizes and a horizon do not: the entry's name says nothing of them.

    Examples
    --------
    >>> from fusbench.data.window import Window
    >>> unlike("clstmunet", "ra-3-5", Window(length=4, horizon=15))
    'ra-3-5, 4 frames before'
    >>> unlike("clstmunet", "ra-7-9", Window(length=6))
    ''
    """
    from fusbench.zoo.entries import ENTRIES

    usual = ENTRIES[entry]
    told = [policy] if policy and policy != usual.policy else []
    if replace(window, horizon=0) != usual.window:
        told.append(in_words(window))
    return ", ".join(told)


def in_words(window: Window) -> str:
    """Length, placement and stride of a window, as titles have them.

    Examples
    --------
    >>> from fusbench.data.window import Window
    >>> in_words(Window(length=4, placement="after")), in_words(Window(length=6, stride=3))
    ('4 frames after', '6 frames before, every 3rd')
    """
    if window.length == 1:
        return "single frames"
    apart = {1: "", 2: ", every 2nd", 3: ", every 3rd"}
    every = apart.get(window.stride, f", every {window.stride}th")
    return f"{window.length} frames {window.placement}{every}"


def training_facts(card: ModelCard, checkpoint: Path | None = None) -> dict[str, Any]:
    """How weights were trained, and what use they make of history; empty where none tell of it.

    The keys are `steps`, `best_step`, `seed`, `val_loss`, `recipe`, `policy`, `precision`,
    `dataset`, `init` and `recipe_sha256`, over all that seeds of one training share, as far as the
    file tells them, and `history` with its kinds of segment in nats; see
    `fusbench.training.validation.validated`.
    """
    path = checkpoint_path(card, checkpoint)
    if path is None or (card.network is None and path.suffix != ".safetensors"):
        return {}
    from fusbench.zoo.checkpoint import read_metadata

    metadata = read_metadata(path)
    facts: dict[str, Any] = {key: metadata[key] for key in TEXTS if key in metadata}
    numbers = [key for key in metadata if key == "val_loss" or key.startswith("history")]
    try:
        facts |= {key: whole(metadata[key]) for key in COUNTS if key in metadata}
        facts |= {key: number(metadata[key]) for key in numbers}
        if "recipe" in metadata:
            facts["recipe"] = str(json.loads(metadata["recipe"])["name"])
    except (ValueError, TypeError, KeyError, RecursionError):
        what = "its metadata do not tell of a training"
        raise CheckpointError(what, str(path), "Give a file that 'fusbench train' wrote.") from None
    if "recipe" in metadata:
        shared = (*SHARED, "init_sha256") if "init_sha256" in metadata else SHARED
        facts["recipe_sha256"] = text_sha256(*(f"{k}={metadata.get(k, '')}" for k in shared))
    return facts
