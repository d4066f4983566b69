"""A type checker sees through the front door: every name has its type, and mistakes are found."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fusbench

ROOT = Path(fusbench.__file__).parents[1]
PYRIGHT = shutil.which("pyright")
needs_pyright = pytest.mark.skipif(PYRIGHT is None, reason="no pyright is installed")
SCRIPT = """\
import fusbench

run = fusbench.evaluate("uniform", "phantom-tiny", runs="r", device=None)
good: float = run.result.n_frames / run.result.n_scans
number: int = run.summary
fusbench.evaluate("uniform", chekpoint="weights")
fusbench.open_dataset("phantom-tiny").clips[0].frams
fusbench.evaluate(["uniform", "mean-map"]).plot()
fusbench.evalaute("uniform")
"""
PLANTED = {
    5: "assignment",
    6: "call-overload",
    7: "attr-defined",
    8: "attr-defined",
    9: "attr-defined",
}


def run_mypy(folder, text):
    """Lines of a strict check of a user's script."""
    pytest.importorskip("mypy")
    (folder / "script.py").write_text(text)
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent"]
    command += ["--cache-dir", str(folder / "cache"), "--no-error-summary", "script.py"]
    variables = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)
    assert not done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith("script.py:")]


def run_pyright(folder, text):
    """What pyright, as strict as it can be, says of a user's script: lines, severities, words."""
    (folder / "script.py").write_text(text)
    settings = {"include": ["script.py"], "extraPaths": [str(ROOT)], "typeCheckingMode": "strict"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [PYRIGHT, "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    found = json.loads(done.stdout)["generalDiagnostics"]
    return [(d["range"]["start"]["line"] + 1, d["severity"], d["message"]) for d in found]


def revealing():
    """A script that asks for the type of every public name, and the names."""
    names = sorted(set(fusbench.__all__) - {"__version__"})
    return "import fusbench\n\n" + "".join(f"reveal_type(fusbench.{n})\n" for n in names), names


def test_planted_errors_are_found_and_nothing_else(tmp_path):
    errors = [line for line in run_mypy(tmp_path, SCRIPT) if ": error:" in line]
    found = {int(line.split(":")[1]): line.rpartition("[")[2].rstrip("]") for line in errors}
    assert found == PLANTED


def test_every_public_name_has_a_type(tmp_path):
    text, names = revealing()
    told = [line for line in run_mypy(tmp_path, text) if "Revealed type" in line]
    assert len(told) == len(names)
    assert not [line for line in told if line.endswith('"Any"')]


@needs_pyright
def test_pyright_finds_the_same(tmp_path):
    found = run_pyright(tmp_path, SCRIPT)
    assert {number for number, severity, _ in found if severity == "error"} == set(PLANTED)


@needs_pyright
def test_pyright_knows_every_type(tmp_path):
    text, names = revealing()
    told = run_pyright(tmp_path, text)
    assert [severity for _, severity, _ in told] == ["information"] * len(names)
    assert not [words for _, _, words in told if "Unknown" in words]
