"""The options that every verb takes for a model, in one table."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from fusbench.cli.number import Real, Whole

PATH = click.Path(path_type=Path)
OPTIONS = {
    "checkpoint": click.option("--checkpoint", type=PATH, help="Weights of your own training."),
    "device": click.option("--device", help="The framework's name of a device, such as cuda."),
    "python": click.option(
        "--python", type=PATH,
        help="Interpreter of another environment, such as old/bin/python: each --model runs there.",
    ),
    "timeout_s": click.option(
        "--timeout", "timeout_s", type=Real(0), default=600, show_default=True,
        help="Longest wait, in seconds, for a model's answer to one clip or batch; 0: for ever.",
    ),
    "memory_gb": click.option(
        "--memory-limit", "memory_gb", type=Real(0, min_open=True),
        help="Most memory, in GB of address space, that a model may take; on Linux.",
    ),
    "allow_prints": click.option(
        "--allow-prints", is_flag=True, help="Drop what a model prints; do not fail for it."
    ),
    "allow_8_bit": click.option(
        "--allow-8-bit", is_flag=True, help="Take predictions of 8-bit maps."
    ),
    "seen_ok": click.option(
        "--seen-ok", is_flag=True,
        help="Score weights on scans that they saw in training; the result is marked.",
    ),
    "threads": click.option(
        "--threads", type=Whole(1),
        help="Threads of the libraries in each model's process; default: as these choose.",
    ),
}  # fmt: skip
"""By the field of `fusbench.doors.options.Options` that they fill."""


def model_options(
    *, without: tuple[str, ...] = ()
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the options of a model, and their values as one `options`.

    Parameters
    ----------
    without : tuple of str
        Those that mean nothing for the command.
    """
    taken = [name for name in OPTIONS if name not in without]

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def called(*arguments: Any, **values: Any) -> Any:
            from fusbench.doors.options import Options

            chosen = Options(**{name: values.pop(name) for name in taken})
            return command(*arguments, options=chosen, **values)

        for name in reversed(taken):
            called = OPTIONS[name](called)
        return called

    return decorated
