"""The page on the zoo from Python: each backend's half runs, in a process of its own.

``python tests/docs/test_zoo_page.py`` writes the outputs anew; look at the difference before you
keep it.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs/how-to/zoo.md"
BACKENDS = ("torch", "keras")


def half(backend):
    """What stands under a backend's heading."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {backend.title()}\n")[2]
    return text.partition("\n## ")[0]


def run_now(backend, folder):
    """The same with the outputs of now."""
    part = Path(folder) / f"{backend}.md"
    part.write_text(half(backend), encoding="utf-8")
    command = [sys.executable, "-m", "support.examples", str(part)]
    variables = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_outputs_are_those_of_the_code(backend, tmp_path):
    pytest.importorskip(f"fusbench_{backend}")
    assert half(backend).count("```text") >= 5
    assert run_now(backend, tmp_path) == half(backend)


if __name__ == "__main__":
    for backend in BACKENDS:
        with tempfile.TemporaryDirectory() as folder:
            old, new = half(backend), run_now(backend, folder)
        PAGE.write_text(PAGE.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
