"""Whatever is public says of each parameter what it is, and what can go wrong."""

import ast
import inspect
import re
import textwrap
from importlib import import_module
from pathlib import Path

import pytest

import fusbench

ROOT = Path(fusbench.__file__).parents[1]


def public():
    """Every public function and class, and the public methods of the latter, by name."""
    pages = (ROOT / "docs/reference/api").glob("*.md")
    names = {
        name for page in pages for name in re.findall(r"^::: (\S+)", page.read_text("utf-8"), re.M)
    }
    for room in fusbench.MODULES:
        module = getattr(fusbench, room)
        values = (getattr(module, name) for name in module.__all__)
        names |= {f"{v.__module__}.{v.__name__}" for v in values if callable(v) and v.__doc__}
    found = {}
    for name in sorted(names):
        module, _, called = name.rpartition(".")
        value = getattr(import_module(module), called, None)
        if not (inspect.isclass(value) or inspect.isfunction(value)):
            continue  # an instance, as a metric's card is
        found[name] = value
        for member, held in vars(value).items() if inspect.isclass(value) else ():
            call = getattr(held, "__func__", held)
            if member[0] != "_" and inspect.isfunction(call):
                found[f"{name}.{member}"] = call
    return found


PUBLIC = public()


def parameters(value):
    asked = inspect.signature(value).parameters
    return [name for name in asked if name not in ("self", "cls", "args", "kwargs")]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_parameter_is_told(name):
    text = inspect.getdoc(PUBLIC[name])
    assert text, "no docstring"
    asked = [each for each in parameters(PUBLIC[name]) if each[0] != "_"]
    if not asked:
        return
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w+\n-+\n|\Z)", text, re.M | re.S)
    assert section, "no section Parameters"
    told = section[1]
    assert [each for each in asked if not re.search(rf"\b{each}\b", told)] == []


@pytest.mark.parametrize("name", PUBLIC)
def test_what_it_raises_itself_is_told(name):
    if inspect.isclass(PUBLIC[name]):
        return
    tree = ast.parse(textwrap.dedent(inspect.getsource(PUBLIC[name])))
    raised = {
        node.exc.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
    }
    raised = {{"unknown": "UnknownName"}.get(each, each) for each in raised}
    raised = {each for each in raised if each[0].isupper()}  # not what another function makes
    text = inspect.getdoc(PUBLIC[name])
    section = text.partition("\nRaises\n")[2]
    assert [each for each in raised if each not in section] == []


def test_enough_is_looked_at():
    """A pattern that finds nothing would find no fault."""
    assert len(PUBLIC) > 120
    assert {"fusbench.verbs.evaluate.evaluate", "fusbench.verbs.board.Board.new"} <= set(PUBLIC)
    assert {f"{module}.{name}" for name, module in fusbench.PUBLIC.items()} <= set(PUBLIC)
