"""An ONNX file comes in as a model: its card is what the file tells of itself."""

from __future__ import annotations

import re
from pathlib import Path

from fusbench.errors import CheckpointError, ConfigError
from fusbench.models.card import ModelCard, card_from
from fusbench.zoo.exported import LEARN, exported_card, exported_metadata

LOADER = "fusbench_onnx.model:load"
MAY_TELL = (
    "name", "title", "window", "input_shape", "channels", "network", "recipe", "licence", "cite",
)  # fmt: skip


def card_of_exported(file: Path) -> ModelCard:
    """The card of an ONNX file, whose weights are the file itself.

    A stranger's file may leave out all but what is not the usual: it is called after itself.

    Raises
    ------
    CheckpointError
        If it is no ONNX file, or tells of no card.
    PluginError
        If a field is impossible.
    """
    told = exported_card(file)
    for key in told:
        if key not in MAY_TELL:
            what = f"its card tells '{key}', which a file may not"
            raise CheckpointError(what, str(file), LEARN)
    if not exported_metadata(file):
        told.pop("network", None)  # which nothing bears out
    facts = {"name": _name(file), "title": file.name, **told}
    ours = {"loader": LOADER, "backend": "onnx", "checkpoint": str(file.resolve())}
    return card_from({**facts, **ours}, str(file))


def _name(file: Path) -> str:
    return re.sub("[^a-z0-9.]+", "-", file.stem.lower()).strip("-.") or "model"


def refuse_weights(file: Path, checkpoint: Path | None) -> None:
    """Raise `ConfigError` where an ONNX file is given other weights than its own."""
    if checkpoint is not None and checkpoint.resolve() != file.resolve():
        fix = "Leave out --checkpoint, or name the model of the zoo that it is for."
        raise ConfigError("holds its own weights", str(file), fix)
