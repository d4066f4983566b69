"""The public names resolve, cost nothing before they are used, and are all told of."""

import ast
import doctest
import inspect
import pydoc
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import fusbench

ROOT = Path(fusbench.__file__).parents[1]
ELSEWHERE = ("fusbench.verbs.train.train",)  # needs a backend; a test of this file runs it


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


def documented():
    """Public names and those that the pages of the reference show, by where they are defined."""
    pages = (ROOT / "docs/reference/api").glob("*.md")
    shown = {
        name for page in pages for name in re.findall(r"^::: (\S+)", page.read_text("utf-8"), re.M)
    }
    public = {f"{module}.{name}" for name, module in fusbench.PUBLIC.items()}
    assert public <= shown
    return sorted(shown)


@pytest.mark.parametrize("name", documented())
def test_everything_documented_has_an_example_that_runs(name):
    """The examples themselves run as doctests; this one is for those that nobody wrote."""
    module, _, called = name.rpartition(".")
    value = getattr(import_module(module), called)
    assert value.__module__ == module
    assert not value.__doc__.startswith(f"{called}("), "a dataclass without a docstring"
    examples = doctest.DocTestParser().get_examples(value.__doc__)
    run = [e for e in examples if doctest.SKIP not in e.options and e.want]
    assert run or name in ELSEWHERE
    if not inspect.isclass(value):
        asked = [p for p in inspect.signature(value).parameters if p not in ("args", "kwargs")]
        assert not asked or re.search(r"^ *(Parameters|Examples)$", value.__doc__, re.M)


@pytest.mark.slow
def test_the_example_of_a_training_runs():
    pytest.importorskip("fusbench_torch")
    text = re.sub(r"(\n *\.\.\.| ) # doctest: \+SKIP", "", fusbench.train.__doc__)
    test = doctest.DocTestParser().get_doctest(text, {"train": fusbench.train}, "train", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(test) == doctest.TestResults(0, 4)


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    """What a user meets at a prompt."""
    dataset = fusbench.open_dataset("phantom-tiny")
    folder = tmp_path_factory.mktemp("runs")
    names = ["uniform", "centre-bias"]
    rows = fusbench.evaluate(names, dataset, runs=folder)
    samples = fusbench.Samples(dataset, "test", fusbench.Window(length=6))
    policy = fusbench.policy("ra-7-9")
    return [
        *(dataset, dataset.info, dataset.clips[0], dataset.clips[0].gaze),
        *(rows, rows[0], rows[0].result, fusbench.compare(list(rows))),
        *(samples, samples[0], samples.batch([0, 1]), samples.window),
        *(fusbench.Stream("uniform"), fusbench.model_card("uniform"), fusbench.Options()),
        *(policy, policy.draw(np.random.default_rng(0)), fusbench.metrics.metric("kld")),
        *(fusbench.Study(), fusbench.ReadOptions(), _gaze(folder)),
    ]


def _gaze(folder):
    """A recording of 5,000 samples, of which 4 in 5 are valid."""
    path = folder / "gaze.csv"
    rows = (f"{5 * n}," + ("," if n % 5 == 0 else "10,20") for n in range(5000))
    path.write_text("\n".join(["t,x,y", *rows]))
    columns = {"time": "t", "time_unit": "ms", "x": "x", "y": "y", "space": "screen"}
    return fusbench.read_gaze(path, "table", fusbench.ReadOptions(mapping=columns))


def test_what_is_shown_at_a_prompt_is_one_line(objects):
    """However many clips, gaze points or pixels an object holds."""
    shown = {type(each).__name__: repr(each) for each in objects}
    assert len(shown) == len(objects)
    assert {name: text for name, text in shown.items() if "\n" in text or len(text) > 500} == {}
    holders = {name: text for name, text in shown.items() if text.startswith("<")}
    assert max(map(len, holders.values())) < 130
    assert shown["GazeRecording"] == "<GazeRecording: 5000 samples, 80% valid, in screen>"
    assert shown["Dataset"] == "<Dataset phantom-tiny 1.2 (synthetic): 6 clips of 6 scans>"


def test_metrics_are_reached_from_the_package():
    assert fusbench.metrics.kld.__name__ == "kld"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'kdl'"):
        _ = fusbench.kdl


def test_importing_fusbench_imports_nothing_heavy():
    code = "import sys, fusbench; print(sorted({'numpy', 'pandas', 'cv2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
