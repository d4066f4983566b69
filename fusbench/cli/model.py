"""``fusbench model``: what models there are, what is known of one, checking one, making one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fusbench.cli import json_option

if TYPE_CHECKING:
    from fusbench.discovery import Entry
    from fusbench.errors import FusbenchError
    from fusbench.models.card import ModelCard
    from fusbench.testing import Report


@click.group()
def model() -> None:
    """List, show, check and make models."""


@model.command("list", epilog="Example: fusbench model list --json")
@json_option
def list_models(as_json: bool) -> None:
    """List every installed model; no framework is imported."""
    from fusbench.discovery import MODELS, scan
    from fusbench.errors import FusbenchError
    from fusbench.models.doors import read_cards

    entries, faults = scan(MODELS)
    rows = []
    for entry, card in read_cards(entries.values()):
        if isinstance(card, FusbenchError):
            rows.append({"name": entry.name, "from": entry.owner, "fault": card.what})
        else:
            rows.append(_row(entry, card))
    rows += [{"name": fault.name, "from": fault.where, "fault": fault.what} for fault in faults]
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


def _row(entry: Entry, card: ModelCard) -> dict[str, Any]:
    from fusbench.errors import CheckpointError
    from fusbench.models.registry import checkpoint_path

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
    """Show all that is known of a model: its card, its weights and how they were trained.

    Of a broken one, show the cause, with the last lines that it wrote to standard error.
    """
    from fusbench.discovery import MODELS, find
    from fusbench.errors import CheckpointError, FusbenchError
    from fusbench.models.doors import read_cards
    from fusbench.models.registry import checkpoint_path

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


@model.command("check", epilog="Example: fusbench model check clstmunet-torch --json")
@click.argument("name")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Weights of your own training.")
@click.option("--device", help="The framework's name of a device, such as cuda.")
@click.option(
    "--python", type=click.Path(path_type=Path), help="Interpreter of another environment."
)
@click.option(
    "--timeout", "timeout_s", type=click.FloatRange(0), default=120, show_default=True,
    help="Longest wait, in seconds, for an answer of the model; 0: for ever.",
)  # fmt: skip
@click.option(
    "--memory-limit", "memory_gb", type=click.FloatRange(0, min_open=True),
    help="Most memory, in GB of address space, that the model may take.",
)  # fmt: skip
@json_option
def check(
    name: str,
    checkpoint: Path | None,
    device: str | None,
    python: Path | None,
    timeout_s: float,
    memory_gb: float | None,
    as_json: bool,
) -> None:
    """Measure a model, by name or Python file, against every rule. Exit code 1 if it breaks one."""
    from fusbench.cli.render import print_json
    from fusbench.isolation import Limits
    from fusbench.testing import check_model

    limits = Limits(timeout_s=timeout_s, memory_gb=memory_gb)
    report = check_model(name, python=python, checkpoint=checkpoint, device=device, limits=limits)
    if as_json:
        print_json({**asdict(report), "passed": report.passed})
    else:
        _show_report(report)
    if not report.passed:
        raise click.exceptions.Exit(1)


MARKS = {True: "✓", False: "✗", None: "-"}


def _show_report(report: Report) -> None:
    from fusbench.cli.render import show, table

    cells = [[MARKS[f.passed], f.rule, f.demand, f.measured, f.limit] for f in report.findings]
    show(table(("", "rule", "demands that", "measured", "limit"), cells, text=5))
    broken = [finding for finding in report.findings if finding.passed is False]
    for finding in broken:
        show(f"✗ {finding.rule}: {finding.fix}")
    if broken and report.last_words:
        show("", "The last lines that it wrote to standard error:", report.last_words)
    n = len(broken)
    verdict = f"breaks {n} rule{'s' * (n != 1)}" if n else "keeps every rule"
    show(f"{report.model} {verdict}.")


@model.command("new", epilog="Example: fusbench model new my-net --backend torch my-net")
@click.argument("name")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--backend", type=click.Choice(["numpy", "torch", "keras"]), default="numpy",
    show_default=True, help="What the model computes with.",
)  # fmt: skip
@json_option
def new(name: str, folder: Path, backend: str, as_json: bool) -> None:
    """Write a whole plug-in around a small model that works, to put your own into."""
    from fusbench.cli.render import print_json, show
    from fusbench.models.template import new_plugin, plugin_files

    new_plugin(name, folder, backend)
    files = [str(folder / path) for path in plugin_files(name, backend)]
    if as_json:
        print_json({"model": name, "files": files})
        return
    show(
        f"{folder} holds the plug-in {name}. Next:",
        f"  pip install -e {folder}",
        f"  fusbench model check {name}",
        f"  fusbench evaluate --model {name}",
    )
