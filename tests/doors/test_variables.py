"""An environment variable that a model asks for is a part of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.broken_plugins import install

import fusbench
from fusbench.isolation.guest import beside

VARIABLES = Path(fusbench.__file__).with_name("isolation") / "variables.py"

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
UNSEEN = (  # of a copy, or by another program: the name stands in code or settings
    'float(dict(os.environ).get("WEIGHT", 1))',
    'float(next((v for k, v in {**os.environ}.items() if k.startswith("WEI_")), 1))',
    'float(dict(os.environ).get(open(__file__[:-7] + "conf.yaml").read()[17:-1], 1))',
    'float(os.popen("echo ${WEIGHT}").read().strip() or 1)',
)
ASKED = (  # what is asked for ("*": the names of all), of an environment with A, B and C
    ("dict(os.environ)", ""),
    ("os.environ.copy(), {**os.environ, **{**os.environ}}, {}.update(os.environ)", ""),
    ("(lambda **all: all)(**os.environ)", ""),
    ("subprocess.run(['true'], env=os.environ)", ""),
    ("dict(os.environ); os.environ['A']", "A"),
    ("os.environ.keys(); os.environ['A']; os.environ['B']", "A B"),
    ("'A' in os.environ.keys()", "A"),
    ("os.environ.keys() & {'A', 'B', 'D'}", "A B D"),
    ("[os.environ[k] for k in os.environ.keys() if k < 'B']", "* A"),
    ("[os.environ[k] for k in os.environ if k > 'B']", "* C"),
    ("list(os.environ.values())", "* A B C"),
    ("os.environb[b'A']; os.environb.get(b'D'); os.getenvb(b'C')", "A C D"),
    ("os.path.expandvars('$A/${D}')", "A D"),
    ("string.Template('$B').substitute(os.environ), '{C}'.format_map(os.environ)", "B C"),
    ("collections.ChainMap(os.environ, {'D': ''})['A']", "A"),
    ("copy.copy(os.environ)['A']; copy.deepcopy(os.environ)['B']", "A B"),
    ("exec('os.environ.get(chr(68))')", "D"),
    ("exec(compile('os.environ.get(chr(68))', '', 'exec'))", "D"),
    ("os.chdir(mkdtemp()); os.rmdir(os.getcwd()); exec(compile(ASK, 'a.py', 'exec'))", ""),
    ("list(map(os.getenv, 'AB'))", "A B"),
    ("os.environ['A']; seen.told(lambda _: os.getenv('B'), {})", "A B"),  # meanwhile
    ("os.environ.get('HOME'), os.environ.get('_'), repr(os.environ)", ""),
)


@pytest.mark.parametrize("weight", WAYS)
def test_a_variable_that_is_asked_for_makes_the_run(weight, folder, tmp_path, monkeypatch):
    weight = weight.replace('"WEIGHT"', '"".join(("WEI", "GHT"))')  # no text of the code
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


@pytest.mark.parametrize("weight", UNSEEN)
def test_a_variable_that_the_code_names_makes_the_run(weight, folder, tmp_path, monkeypatch):
    (tmp_path / "asks.py").write_text(ASKS.format(module="asks", weight=weight, first=""))
    (tmp_path / "conf.yaml").write_text("weight: ${oc.env:WEIGHT}")
    name = "WEI_GHT" if "WEI_" in weight else "WEIGHT"
    found = []
    for value in (None, "3", "4", None):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
        found.append(fusbench.evaluate(tmp_path / "asks.py", folder, runs=tmp_path / "runs"))
    assert [run.again for run in found] == [False, False, False, True]
    assert len({run.key for run in found[:3]}) == 3
    assert found[3].key == found[0].key


def test_a_file_of_variables_that_is_put_beside_a_model_makes_it_another(folder, tmp_path):
    beside = 'open(__file__[:-7] + ".env").read() if os.path.exists(__file__[:-7] + ".env") else 1'
    text = ASKS.format(module="asks", weight=f"float({beside})", first="")
    (tmp_path / "asks.py").write_text(text)
    runs = [fusbench.evaluate(tmp_path / "asks.py", folder, runs=tmp_path / "runs") for _ in "12"]
    (tmp_path / ".env").write_text("3")
    later = fusbench.evaluate(tmp_path / "asks.py", folder, runs=tmp_path / "runs")
    assert [run.again for run in (*runs, later)] == [False, True, False]


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


def test_the_environment_is_as_before_to_its_users(tmp_path):
    (tmp_path / "uses.py").write_text(
        "import os, sys; sys.path.insert(0, sys.argv[1])\n"
        "from fusbench.isolation.variables import Variables\n"
        "before = repr(os.environ), dict(os.environ), list(os.environ), len(os.environ)\n"
        "seen = Variables(); seen.begin()\n"
        "after = repr(os.environ), dict(os.environ), list(os.environ), len(os.environ)\n"
        "assert before == after and type(os.environ.copy()) is dict\n"
        "assert os.environ | {'A': '1'} == {**os.environ, 'A': '1'}\n"
        "os.environ['B'] = '2'; assert os.getenv('B') == '2' and os.environb[b'B'] == b'2'\n"
        "del os.environ['B']; assert 'B' not in os.environ and not os.environ.get('B')\n"
        "assert {name for _, name in seen.asked} == {'', 'B'}, seen.asked\n"  # '': by list
    )
    subprocess.run([sys.executable, str(tmp_path / "uses.py"), os.getcwd()], check=True)


def test_what_a_variable_held_is_what_it_held_at_first(monkeypatch):
    monkeypatch.setenv("HELD", "1")
    variables = beside("variables").Variables()
    monkeypatch.setenv("HELD", "2")
    assert variables.digest("HELD").startswith("6b86b273")  # sha256 of "1"
    assert variables.digest("NEVER") == ""


SEES = """
import collections, copy, importlib.util, json, os, string, subprocess, sys, threading
from tempfile import mkdtemp
spec = importlib.util.spec_from_file_location("variables", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
for name in list(os.environ):
    del os.environ[name]
os.environ.update(A="1", B="2", C="3", HOME="4", PATH="/bin:/usr/bin")
seen = module.Variables()
seen.begin()
found, ASK = [], "os.environ['A']"
for code in json.loads(sys.argv[2]):
    seen.asked.clear()
    exec(compile(code, "/of/model.py", "exec"), globals())
    found.append(sorted(name or "*" for name in seen.told(lambda file: file == "/of/model.py", {})))
print(json.dumps(found))
"""


def _seen(codes):
    told = subprocess.run(
        [sys.executable, "-c", SEES, str(VARIABLES), json.dumps(codes)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return json.loads(told.stdout)


def test_what_is_asked_for_is_told_from_what_is_copied():
    codes = [code for code, _ in ASKED]
    assert dict(zip(codes, map(" ".join, _seen(codes)), strict=True)) == dict(ASKED)


def test_a_question_is_seen_while_other_threads_copy():
    code = """
sys.setswitchinterval(1e-6)
def copies():
    while not done.is_set():
        dict(os.environ), os.environ.copy(), {**os.environ}
def asks():
    for number in range(2000):
        os.environ.get(f"N{number:04}"), os.environ["A"]
    done.set()
done = threading.Event()
threads = [threading.Thread(target=each) for each in (copies, asks, copies)]
[each.start() for each in threads]
[each.join() for each in threads]
"""
    assert _seen([code]) == [["A", *(f"N{number:04}" for number in range(2000))]]


def test_windows_knows_names_in_upper_case(monkeypatch):
    upper = os._Environ({"A": "1"}, str.upper, str, str, str)
    monkeypatch.setattr(os, "environ", upper)
    variables = beside("variables").Variables()
    variables.see("a", sys._getframe())
    assert variables.told(lambda file: file == __file__, {}) == {"A": variables.digest("A")}
    assert variables.digest("A")
