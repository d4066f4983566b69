"""Commands on the pages are ones that the command line takes: verbs, options, kinds of values."""

import re
import shlex
from functools import cache
from pathlib import Path

import click
import pytest

from fusbench.cli import cli

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("plugins/*/README.md")]
    + [page for page in ROOT.glob("docs/**/*.md") if page.parent.name != "decisions"]
)
BLOCK = re.compile(r"^ *```(\w*)[^\n]*\n(.*?)^ *```", re.M | re.S)
SHELLS = ("", "sh", "bash")
CALL = re.compile(r"(?:^|&&|; do|-m|--rm [^\n]*) *\bfusbench ([a-z].*)")
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
FOREIGN = {  # of other programs, and of the whole command line
    "torchrun": {"--max-restarts"}, "pip": {"--no-deps", "--index-url"}, "pytest": {"--dist"},
    "ruff": {"--check"}, "mkdocs": {"--strict"}, "dask": {"--nthreads"}, "wsl": {"--install"},
    "docker": {"--gpus"}, "slurm": {"--array"}, "fusbench": {"--help", "--debug"},
}  # fmt: skip
FILLED = {"$k": "1", "$SLURM_ARRAY_TASK_ID": "1"}  # variables of a shell


def called(text):
    """Every call of fusbench in a page's blocks, as words."""
    for language, block in BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines() if language in SHELLS else ():
            for words in CALL.findall(line):
                for name, value in FILLED.items():
                    words = words.replace(name, value)
                yield [w for w in shlex.split(words, comments=True) if w not in ("...", "done")]


def understand(words):
    """Hand words to their command's parser, which runs nothing."""
    command, context, name = cli, None, "fusbench"
    while isinstance(command, click.Group):
        context = click.Context(command, parent=context, info_name=name)
        name, command, words = command.resolve_command(context, words)
    command.make_context(name, list(words), parent=context)


def leaves(command=cli, parent=None, name="fusbench"):
    """Every command without commands of its own, by its words."""
    context = click.Context(command, parent=parent, info_name=name)
    if not isinstance(command, click.Group):
        yield context.command_path, command
        return
    for each in command.list_commands(context):
        yield from leaves(command.get_command(context, each), context, each)


@cache
def options():
    return {name for _, command in leaves() for each in command.params for name in each.opts}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_blocks_are_understood(page):
    wrong = []
    for words in called(page.read_text(encoding="utf-8")):
        try:
            understand(words)
        except click.ClickException as error:
            wrong.append((shlex.join(words), error.format_message()))
    assert wrong == []


def test_enough_commands_are_found():
    """That the search finds what a reader sees."""
    assert sum(len(list(called(page.read_text(encoding="utf-8")))) for page in PAGES) > 120


@pytest.mark.parametrize(
    "words", ["evaluate --modle unet-torch", "train --model x --dataset y", "dataset makes a b"]
)
def test_what_is_no_command_is_found(words):
    (found,) = called(f"```\nfusbench {words}\n```\n")
    with pytest.raises(click.ClickException):
        understand(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_options_in_the_text_exist(page):
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    named = {option for code in CODE.findall(text) for option in OPTION.findall(code)}
    assert named - options() - set().union(*FOREIGN.values()) == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_installed_first_brings_the_models_named_after_it(page):
    for _, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        if "pip install" in block and "./plugins/" in block:
            named = set(re.findall(r"(?:--model|export) [a-z0-9-]+-(torch|keras|onnx)\b", block))
            assert named <= set(re.findall(r"/fusbench-(torch|keras|onnx)\b", block)), block


def test_the_page_of_commands_tells_which_take_json():
    """The sentence names those that take none, and the table every command."""
    page = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")
    sentence = page.partition("not on\n")[2].partition(". `--config")[0]
    named = {
        f"fusbench {group} {name}"
        for group, first, rest in re.findall(r"`([a-z]+) ([a-z]+)`([^.]*?)(?=, nor|$)", sentence)
        for name in (first, *re.findall(r"`([a-z]+)`", rest))
    }
    shown = {
        path: {name for p in command.params for name in p.opts if not getattr(p, "hidden", 0)}
        for path, command in leaves()
    }
    assert named == {path for path, taken in shown.items() if "--json" not in taken}
    words = {word for code in CODE.findall(page) for word in code.split()}
    assert {word for path in shown for word in path.split()[1:]} <= words


def test_the_page_of_commands_tells_which_take_a_file_of_settings():
    page = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")
    sentence = page.partition("`--config FILE` on ")[2].partition(" for [settings")[0]
    takes = {path for path, command in leaves() for p in command.params if "--config" in p.opts}
    assert {f"fusbench {name}" for name in CODE.findall(sentence)} == takes
