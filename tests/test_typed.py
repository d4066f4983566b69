"""A type checker sees through the front door: every name has its type, and mistakes are found."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import fusbench

pytest.importorskip("mypy")
ROOT = Path(fusbench.__file__).parents[1]
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


def checked(folder, text):
    """Lines of a strict check of a user's script, by line number."""
    (folder / "script.py").write_text(text)
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent"]
    command += ["--cache-dir", str(folder / "cache"), "--no-error-summary", "script.py"]
    variables = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("script.py:")]
    assert not done.stderr
    return [(int(line.split(":")[1]), line) for line in lines if ": error:" in line]


def test_planted_errors_are_found_and_nothing_else(tmp_path):
    found = checked(tmp_path, SCRIPT)
    assert {number: line.rpartition("[")[2].rstrip("]") for number, line in found} == PLANTED


def test_every_public_name_has_a_type(tmp_path):
    names = sorted(set(fusbench.__all__) - {"__version__"})
    text = "import fusbench\n\n" + "".join(f"reveal_type(fusbench.{name})\n" for name in names)
    (tmp_path / "script.py").write_text(text)
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "script.py"]
    variables = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True)
    told = [line for line in done.stdout.splitlines() if "Revealed type" in line]
    assert len(told) == len(names)
    assert not [line for line in told if line.endswith('"Any"')]
