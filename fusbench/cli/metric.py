"""``fusbench metric``: what metrics there are, and what is known of one."""

from __future__ import annotations

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
    from fusbench.metrics import METRICS
    from fusbench.verbs.listed import metric_rows

    rows = metric_rows()
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
    from fusbench.verbs.listed import metric_facts
    from fusbench.verbs.strangers import check_metrics

    check_metrics([name])
    facts = metric_facts(name)
    if as_json:
        print_json(facts)
        return
    facts |= {f"in profile {profile}": text for profile, text in facts.pop("definitions").items()}
    facts["needs"] = "; ".join(f"{need}: {NEEDS[need]}" for need in facts["needs"])
    rows = [[key, str(value)] for key, value in facts.items() if value != ""]
    show(table(("fact", "value"), rows, text=2))
