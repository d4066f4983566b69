"""What is scored on what: options that stand alike in several commands, in one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from fusbench.cli import Names

TERMS = {
    "dataset": click.option(
        "--dataset", default="phantom", show_default=True, help="A name or a folder."
    ),
    "split": click.option(
        "--split", default="test", show_default=True, help="train, val or test."
    ),
    "profile": click.option(
        "--profile", default="tuebingen", show_default=True, help="tuebingen or mit."
    ),
    "observers": click.option(
        "--observers", type=click.Choice(["pooled", "each"]), default="pooled", show_default=True,
        help="Where several people watched: one target of all their gaze, or of each one's in"
        " turn.",
    ),
    "metrics": click.option(
        "--metrics", type=Names(), default="kld,sim,nss,cc", show_default=True,
        help="Comma-separated; 'fusbench metric list' shows all.",
    ),
}  # fmt: skip
"""By the field of `fusbench.verbs.terms.Terms` that they fill."""


def terms(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command these options, in this order; without names, all of the table."""

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        for name in reversed(names or tuple(TERMS)):
            command = TERMS[name](command)
        return command

    return decorated
