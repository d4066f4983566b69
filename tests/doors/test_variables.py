"""An environment variable that a model asks for is a part of it."""

import json
import os
import subprocess
import sys

import pytest
from support.broken_plugins import install

import fusbench
from fusbench.isolation.guest import beside

ASKS = """
import os
import numpy as np
from fusbench import ModelCard
card = ModelCard(name="asks", title="T", loader="{module}:Model")
{first}
class Model:
    def __init__(self, card):
        dict(os.environ), os.environ.copy(), {{**os.environ}}, os.environ.get("HOME")
        self.weight = {weight}
        os.environ["WEIGHT"] = "9"  # of no concern to the next look
    def predict(self, frames):
        d = frames[:, -1] * self.weight + 1.0
        return d / d.sum((1, 2), keepdims=True)
"""
WAYS = (
    'float(os.environ["WEIGHT"])',
    'float(os.environ.get("WEIGHT", "1"))',
    'float(os.getenv("WEIGHT") or 1)',
    'float(os.environ.setdefault("WEIGHT", "1"))',
    '2.0 if "WEIGHT" in os.environ else 1.0',
    'float(dict(os.environ.items()).get("WEIGHT", 1))',
)


@pytest.mark.parametrize("weight", WAYS)
def test_a_variable_that_is_asked_for_makes_the_run(weight, folder, tmp_path, monkeypatch):
    (tmp_path / "asks.py").write_text(ASKS.format(module="asks", weight=weight, first=""))

    def score(value):
        if value is None:
            monkeypatch.delenv("WEIGHT", raising=False)
        else:
            monkeypatch.setenv("WEIGHT", value)
        return fusbench.evaluate(tmp_path / "asks.py", folder, runs=tmp_path / "runs")

    values = ("3", "4") if "in os" not in weight else (None, "4")
    first, other = map(score, values)
    assert (other.again, first.key == other.key) == (False, False)
    assert first.summary.loc["kld", "mean"] != other.summary.loc["kld", "mean"]
    again = score(values[0])
    assert (again.key, again.again) == (first.key, True)
    again = score(values[1])
    assert (again.key, again.again) == (other.key, True)
    told = json.loads((other.folder / "used.json").read_text())["record"]["variables"]
    assert "WEIGHT" in told
    assert "HOME" not in told
    assert "4" not in told.values()  # it may be a secret


def test_no_other_variable_is_of_concern(folder, tmp_path, monkeypatch):
    """Copies of the whole, and what libraries ask for, tell nothing of a model."""
    (tmp_path / "asks.py").write_text(ASKS.format(module="asks", weight="1.0", first=""))
    first = fusbench.evaluate(tmp_path / "asks.py", folder, runs=tmp_path / "runs")
    monkeypatch.setenv("WEIGHT", "5")
    again = fusbench.evaluate(tmp_path / "asks.py", folder, runs=tmp_path / "runs")
    assert (again.key, again.again) == (first.key, True)
    told = json.loads((again.folder / "used.json").read_text())["record"]["variables"]
    assert told == {}


def test_a_plugin_asks_while_it_is_imported(folder, tmp_path, monkeypatch):
    """Before anybody knows which files are the plug-in's."""
    first = 'FIRST = float(os.environ.get("WEIGHT", "1"))'
    text = ASKS.format(module="asks_early", weight="FIRST", first=first)
    (tmp_path / "site").mkdir()
    install(tmp_path / "site", "asks-early", text.replace('name="asks"', 'name="asks-early"'))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    keys = []
    for value in ("1", "2"):
        monkeypatch.setenv("WEIGHT", value)
        keys.append(fusbench.evaluate("asks-early", folder, runs=tmp_path / "runs").key)
    assert keys[0] != keys[1]


def test_the_environment_is_as_before_to_its_users():
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1])\n"
        "from fusbench.isolation.variables import Variables\n"
        "before = repr(os.environ), dict(os.environ), list(os.environ), len(os.environ)\n"
        "seen = Variables(); seen.begin()\n"
        "after = repr(os.environ), dict(os.environ), list(os.environ), len(os.environ)\n"
        "assert before == after and type(os.environ.copy()) is dict\n"
        "assert os.environ | {'A': '1'} == {**os.environ, 'A': '1'}\n"
        "os.environ['B'] = '2'; assert os.getenv('B') == '2' and os.environb[b'B'] == b'2'\n"
        "del os.environ['B']; assert 'B' not in os.environ and not os.environ.get('B')\n"
        "assert {name for _, name in seen.asked} == {'B'}, seen.asked\n"
    )
    subprocess.run([sys.executable, "-c", code, os.getcwd()], check=True)


def test_what_a_variable_held_is_what_it_held_at_first(monkeypatch):
    monkeypatch.setenv("HELD", "1")
    variables = beside("variables").Variables()
    monkeypatch.setenv("HELD", "2")
    assert variables.digest("HELD").startswith("6b86b273")  # sha256 of "1"
    assert variables.digest("NEVER") == ""
