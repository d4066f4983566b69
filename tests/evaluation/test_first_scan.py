"""What the command does before its first scan: no more than that scan needs."""

import subprocess
import sys

CODE = """
import os, sys
import numpy
brought = set(sys.modules)  # by NumPy itself
from fusbench.evaluation import parts
from fusbench.cli import main

def first(*_, **__):
    watched = {"pandas", "matplotlib", "numpy.ma", "fractions"}
    print(*sorted(watched & set(sys.modules) - brought), flush=True)
    os._exit(0)

assert callable(parts.score_scan)
parts.score_scan = first
main()
"""


def test_libraries_that_the_first_scan_does_without_come_later(folder, tmp_path):
    line = (
        "evaluate",
        "--model",
        "uniform",
        "--dataset",
        str(folder),
        "--out",
        str(tmp_path / "r"),
    )
    done = subprocess.run(
        [sys.executable, "-c", CODE, *line], capture_output=True, text=True, check=True
    )
    assert done.stdout == "\n"
