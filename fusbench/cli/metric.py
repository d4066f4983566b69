"""``fusbench metric``: what metrics there are, and what is known of one."""

from __future__ import annotations

from typing import Any

import click

from fusbench.cli import json_option


@click.group()
def metric() -> None:
    """List and show metrics."""


@metric.command("list", epilog="Example: fusbench metric list --json")
@json_option
def list_metrics(as_json: bool) -> None:
    """List every installed metric, fusbench's own first; * marks those of every run."""
    from fusbench.cli.render import print_json, show, table
    from fusbench.errors import FusbenchError
    from fusbench.isolation.copies import facts_of
    from fusbench.metrics import METRICS, ORDER, ordered, plugins

    entries, faults = plugins()
    rows: list[dict[str, Any]] = [_facts(name) for name in ORDER]
    strangers = [entries[name] for name in ordered(entries)]
    for entry, told in facts_of(strangers, "metric", lambda entry: _facts(entry.name)):
        if isinstance(told, FusbenchError):
            told = {"name": entry.name, "from": entry.owner, "fault": told.what}
        rows.append(told)
    rows += [{"name": fault.name, "from": fault.where, "fault": fault.what} for fault in faults]
    if as_json:
        print_json(rows)
        return
    cells = [
        [
            f"{row['name']}{' *' if row['name'] in METRICS else ''}",
            row["title"],
            row["best"],
            row["unit"],
            ", ".join(row["needs"]),
            row["from"],
        ]
        for row in rows
        if "fault" not in row
    ]
    show(table(("name", "title", "best", "unit", "needs", "from"), cells, text=6))
    for row in rows:
        if "fault" in row:
            show(f"! {row['name']} ({row['from']}): {row['fault']}")


@metric.command("show", epilog="Example: fusbench metric show auc-judd")
@click.argument("name")
@json_option
def show_metric(name: str, as_json: bool) -> None:
    """Show a metric: its definition in each profile, what it needs, where it is published."""
    from fusbench.cli.render import print_json, show, table
    from fusbench.metrics import NEEDS
    from fusbench.verbs.strangers import check_metrics

    check_metrics([name])
    facts = _facts(name)
    if as_json:
        print_json(facts)
        return
    facts |= {f"in profile {profile}": text for profile, text in facts.pop("definitions").items()}
    facts["needs"] = "; ".join(f"{need}: {NEEDS[need]}" for need in facts["needs"])
    rows = [[key, str(value)] for key, value in facts.items() if value != ""]
    show(table(("fact", "value"), rows, text=2))


def _facts(name: str) -> dict[str, Any]:
    from fusbench.metrics import metric, owner

    card = metric(name)
    return {
        "name": card.key,
        "symbol": card.symbol,
        "title": card.title,
        "best": "highest" if card.higher_is_better else "lowest",
        "unit": card.unit,
        "needs": list(card.needs),
        "definitions": dict(card.definitions),
        "function": f"{card.function.__module__}.{card.function.__qualname__}",
        "version": card.version,
        "cite": card.cite,
        "from": " ".join(owner(name)),
    }
