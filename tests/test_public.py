"""The public names resolve, cost nothing before they are used, and are all told of."""

import ast
import pydoc
import subprocess
import sys
from pathlib import Path

import pytest

import fusbench


@pytest.mark.parametrize("name", sorted(fusbench.PUBLIC))
def test_every_public_name_is_what_its_module_calls_so(name):
    value = getattr(fusbench, name)
    assert value.__name__ == name
    assert value.__module__ == fusbench.PUBLIC[name]


def test_all_lists_are_one():
    """What is resolved, what is exported and what a type checker sees are the same names."""
    tree = ast.parse(Path(fusbench.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert {k: v for k, v in seen.items() if k not in fusbench.MODULES} == fusbench.PUBLIC
    assert set(fusbench.__all__) == {*fusbench.PUBLIC, *fusbench.MODULES, "__version__"}
    assert set(dir(fusbench)) == set(fusbench.__all__)


def test_help_is_a_page_with_every_name():
    page = pydoc.render_doc(fusbench, renderer=pydoc.plaintext)
    head = page.split("PACKAGE CONTENTS")[0]
    missing = [name for name in fusbench.__all__ if name[0] != "_" and name not in head]
    assert missing == []
    assert "fusbench.evaluate(" in head


@pytest.mark.parametrize("name", sorted(fusbench.PUBLIC))
def test_every_public_name_is_documented(name):
    value = getattr(fusbench, name)
    assert value.__doc__
    assert not value.__doc__.startswith(f"{name}("), "a dataclass without a docstring"


def test_metrics_are_reached_from_the_package():
    assert fusbench.metrics.kld.__name__ == "kld"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'kdl'"):
        _ = fusbench.kdl


def test_importing_fusbench_imports_nothing_heavy():
    code = "import sys, fusbench; print(sorted({'numpy', 'pandas', 'cv2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
