"""``fusbench model``: what models there are, and what is known of one."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from fusbench.cli import json_option

if TYPE_CHECKING:
    from fusbench.discovery import Entry


@click.group()
def model() -> None:
    """List and show models."""


@model.command("list", epilog="Example: fusbench model list --json")
@json_option
def list_models(as_json: bool) -> None:
    """List every installed model; no framework is imported."""
    from fusbench.discovery import MODELS, scan
    from fusbench.errors import FusbenchError

    entries, faults = scan(MODELS)
    rows = []
    for name, entry in entries.items():
        try:
            rows.append(_row(entry))
        except FusbenchError as error:
            rows.append({"name": name, "from": entry.owner, "fault": error.what})
    rows += [{"name": fault.name, "from": fault.where, "fault": fault.what} for fault in faults]
    if as_json:
        from fusbench.cli.render import print_json

        print_json(rows)
        return
    from fusbench.cli.render import show, table

    columns = ("name", "title", "backend", "frames", "weights", "from")
    good = [[str(row[column]) for column in columns] for row in rows if "fault" not in row]
    show(table(columns, good, text=len(columns)))
    for row in rows:
        if "fault" in row:
            show(f"! {row['name']} ({row['from']}): {row['fault']}")


def _row(entry: Entry) -> dict[str, Any]:
    from fusbench.discovery import card_of
    from fusbench.errors import CheckpointError
    from fusbench.models.card import ModelCard
    from fusbench.models.registry import checkpoint_path

    card = card_of(entry, "model", ModelCard)
    window = card.window
    frames = "1" if window.length == 1 else f"{window.length} {window.placement}"
    try:
        weights = "bundled" if checkpoint_path(card) else "needs none"
    except CheckpointError:
        weights = "to be trained"
    return {
        "name": card.name,
        "title": card.title,
        "backend": card.backend,
        "frames": frames,
        "weights": weights,
        "role": card.role,
        "from": entry.owner,
    }


@model.command("show", epilog="Example: fusbench model show clstmunet-keras")
@click.argument("name")
@json_option
def show_model(name: str, as_json: bool) -> None:
    """Show all that is known of a model: its card, its weights and how they were trained."""
    from fusbench.discovery import MODELS, find
    from fusbench.errors import CheckpointError
    from fusbench.models.registry import checkpoint_path, model_card

    card = model_card(name)
    facts: dict[str, Any] = {**asdict(card), "from": find(MODELS, "model", name).owner}
    try:
        path = checkpoint_path(card)
    except CheckpointError as error:
        facts["checkpoint"], path = f"none: {error.what}", None
    if path and card.network:
        from fusbench.zoo.checkpoint import read_metadata

        facts |= {f"weights.{key}": value for key, value in read_metadata(path).items()}
    if as_json:
        from fusbench.cli.render import print_json

        print_json(facts)
        return
    from fusbench.cli.render import show, table

    rows = [[key, _text(value)] for key, value in facts.items() if value not in (None, "", {})]
    show(table(("fact", "value"), rows, text=2))


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return str(value)
