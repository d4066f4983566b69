"""``fusbench model``: what models there are, and what is known of one."""

from __future__ import annotations

from dataclasses import asdict
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from fusbench.cli import json_option

if TYPE_CHECKING:
    from fusbench.errors import FusbenchError
    from fusbench.installed import Entry

OF_AUTHORS = ("check", "export", "new")


class ModelCommands(click.Group):
    """Imports ``fusbench.cli.plugin`` when a command for those who make models is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *OF_AUTHORS])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in OF_AUTHORS:
            command: click.Command = getattr(import_module("fusbench.cli.plugin"), cmd_name)
            return command
        return super().get_command(ctx, cmd_name)


@click.group(cls=ModelCommands)
def model() -> None:
    """List, show, check, export and make models."""


@model.command("list", epilog="Example: fusbench model list --json")
@json_option
def list_models(as_json: bool) -> None:
    """List every installed model; no framework is imported."""
    from fusbench.verbs.listed import model_rows

    rows = model_rows()
    if as_json:
        from fusbench.cli.render import print_json

        print_json(rows)
        return
    from fusbench.cli.render import show, table

    columns = ("name", "title", "backend", "frames", "weights", "from")
    good = [[str(row[column]) for column in columns] for row in rows if "fault" not in row]
    bad = [[f"! {row['name']}", row["fault"], row["from"]] for row in rows if "fault" in row]
    show(table(columns, good, text=len(columns)))
    if bad:
        show(table(("broken", "cause", "from"), bad, text=3))
        show("'fusbench model show NAME' tells more of a broken one.")


@model.command("show", epilog="Example: fusbench model show clstmunet-keras")
@click.argument("name")
@json_option
def show_model(name: str, as_json: bool) -> None:
    """Show all that is known of a model, by name or Python file: its card, its weights and how
    they were trained.

    Of a broken one, show the cause, with the last lines that it wrote to standard error.
    """
    from fusbench.discovery import MODELS, find
    from fusbench.doors.open import entrant, is_file
    from fusbench.errors import CheckpointError, FusbenchError
    from fusbench.isolation.cards import read_cards
    from fusbench.zoo.weights import checkpoint_path

    if is_file(name):
        with entrant(name) as found:
            _show_facts({**asdict(found.card), "from": found.owner}, as_json)
        return
    entry = find(MODELS, "model", name)
    ((_, card),) = read_cards([entry])
    if isinstance(card, FusbenchError):
        _show_facts(_broken(entry, card), as_json)
        raise click.exceptions.Exit(1)
    facts: dict[str, Any] = {**asdict(card), "from": entry.owner}
    try:
        path = checkpoint_path(card)
    except CheckpointError as error:
        facts["checkpoint"], path = f"none: {error.what}", None
    if path and card.network:
        from fusbench.zoo.checkpoint import read_metadata

        facts |= {f"weights.{key}": value for key, value in read_metadata(path).items()}
    _show_facts(facts, as_json)


def _broken(entry: Entry, error: FusbenchError) -> dict[str, Any]:
    return {
        "name": entry.name,
        "from": entry.owner,
        "entry point": f"{entry.module}:{entry.attribute}",
        "fault": error.what,
        "remedy": error.fix,
        "last lines": error.last_words,
    }


def _show_facts(facts: dict[str, Any], as_json: bool) -> None:
    from fusbench.cli.render import print_json, show, table

    if as_json:
        print_json(facts)
        return
    rows = [[key, _text(value)] for key, value in facts.items() if value not in (None, "", {})]
    show(table(("fact", "value"), rows, text=2))


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return str(value)
