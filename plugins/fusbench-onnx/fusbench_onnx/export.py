"""A checkpoint as an ONNX file: the graph with its weights, and what both tell of themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fusbench.models.card import ModelCard
from fusbench.zoo.checkpoint import check_weights, network_of, read_checkpoint, window_of
from fusbench.zoo.exported import CARD, METADATA
from fusbench_onnx.clip import written

TOLD = ("name", "title", "channels", "network", "recipe", "licence", "cite")


def exported(card: ModelCard, checkpoint: Path) -> bytes:
    """The ONNX file of a zoo network with the weights of a checkpoint.

    Parameters
    ----------
    card : ModelCard
        Of the zoo; the file keeps its name, title, licence and citation.
    checkpoint : Path

    Raises
    ------
    CheckpointError
        If the file is damaged or holds another network's weights.
    """
    stored = read_checkpoint(checkpoint)
    network = network_of(stored.metadata, str(checkpoint))
    check_weights(network, stored.weights, str(checkpoint))
    window = window_of(stored.metadata, str(checkpoint))
    facts: dict[str, Any] = {name: getattr(card, name) for name in TOLD}
    facts |= {"window": asdict(window), "input_shape": network.input_shape}
    told = {
        **stored.metadata,
        "weights_sha256": stored.sha256,
        "fusbench_version": version("fusbench"),
    }
    graph = written(network, window, stored.weights)
    return graph.model(card.name, _texts({CARD: facts, METADATA: told}))


def _texts(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: json.dumps(table, sort_keys=True) for name, table in tables.items()}
