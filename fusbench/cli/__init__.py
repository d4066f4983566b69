"""The command line: nouns with verbs, and the verbs that are the point.

Data go to stdout, progress and errors to stderr. Exit codes: 0 done, 1 an error the user can mend
(one line), 2 wrong usage, 130 interrupted. Command modules import nothing heavy before they run.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

from fusbench.cli.ending import code_of, leave, stoppable
from fusbench.cli.stdout import any_output
from fusbench.errors import ConfigError, unknown
from fusbench.numerals import is_whole
from fusbench.threads import calm, keep_memory

WATCH = "FUSBENCH_WATCH"
COMMANDS = {
    "evaluate": "Score models on a data set, between floors and ceiling.",
    "compare": "Compare runs, paired by scan: differences, intervals, p-values.",
    "leaderboard": "Make, fill, build, check and show leaderboards.",
    "train": "Train a network of the zoo.",
    "search": "Search augmentation policies on the validation split.",
    "reproduce": "Set the paper's tables, figure and claims beside your own runs.",
    "predict": "Write densities and overlays for your own pictures.",
    "view": "Write a page to look at clips, gaze, maps and scores.",
    "model": "List, show, check and make models.",
    "metric": "List and show metrics.",
    "dataset": "List, make, check and show data sets.",
    "augment": "Look at augmentation policies.",
}

LIGHT = ("model", "metric")  # commands that list, and compute next to nothing


class Commands(click.Group):
    """The command table; ``fusbench.cli.<name>`` is imported when its command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        if cmd_name not in LIGHT:
            keep_memory()
        command: click.Command = getattr(import_module(f"fusbench.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(str(unknown("command", args[0], list(COMMANDS))), ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: fusbench evaluate --model clstmunet-keras",
)
@click.version_option(package_name="fusbench", prog_name="fusbench")
def cli() -> None:
    """Where will a sonographer look? Data sets, benchmark and models for gaze on ultrasound video.

    --debug anywhere on the line shows the traceback of an error.
    """


def read_config(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    """Defaults from a TOML file: its table of the command's name, keys named like the options."""
    if value is None:
        return
    from pathlib import Path

    from fusbench.reading import read_toml

    content = read_toml(Path(value), ConfigError)
    table = ctx.info_name or ""
    for name in content:
        if name not in COMMANDS:
            raise ConfigError(f"the table '{name}' is unknown", value, f"Use [{table}].")
    known = {o.lstrip("-"): p for p in ctx.command.params for o in p.opts if o[:2] == "--"}
    defaults = {}
    settings = content.get(table, {})
    if not isinstance(settings, dict):
        raise ConfigError(f"{table} is no table", value, f"Write [{table}] above its options.")
    for key, setting in settings.items():
        if key not in known:
            fix = unknown("option", key, list(known)).fix
            raise ConfigError(f"no option is called '{key}'", f"{value}, table [{table}]", fix)
        option = known[key]
        many = isinstance(setting, list)
        listed = option.multiple or option.nargs != 1 or isinstance(option.type, Names)
        values = setting if many else [setting]
        if (many and not listed) or not all(isinstance(v, str | int | float) for v in values):
            what = f"'{key}' has a value that the option cannot have"
            fix = "Give a list of texts or numbers." if listed else "Give one text or number."
            raise ConfigError(what, f"{value}, table [{table}]", fix)
        defaults[option.name] = setting
    ctx.default_map = {**(ctx.default_map or {}), **defaults}


class Names(click.ParamType):  # type: ignore[type-arg]  # a generic type only of newer click
    """Comma-separated names on the line, or a list of them in a file."""

    name = "names"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        parts = value if isinstance(value, list | tuple) else str(value).split(",")
        names = tuple(str(part).strip() for part in parts if str(part).strip())
        return names or self.fail("names are missing", param, ctx)


class Fold(click.ParamType):  # type: ignore[type-arg]  # as `Names`
    """A fold's number, or "all"."""

    name = "fold"

    def convert(self, value: Any, param: Any, ctx: Any) -> int | str:
        text = str(value)
        if text == "all":
            return text
        if is_whole(text):
            return int(text)
        self.fail(f"'{text}' is neither a fold's number nor 'all'", param, ctx)


config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False),
    is_eager=True,
    expose_value=False,
    callback=read_config,
    help="TOML file with a table named like the command; options on the line win.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")


def main(argv: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    calm()
    if WATCH in os.environ:
        from fusbench.child import end_with_parent

        end_with_parent()
    with stoppable():
        try:
            with any_output():
                code = cli.main(args=arguments, prog_name="fusbench", standalone_mode=False)
        except BaseException as error:
            code = code_of(error, debug)
    leave(code)
