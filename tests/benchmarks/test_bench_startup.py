"""Start-up of the command line against that of a bare interpreter, by the clock."""

import compileall
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from support.figures import note
from support.stopwatch import best

import fusbench

LISTED = "Half is the interpreter and its imports, the rest the entry points of all plug-ins."
FUSBENCH = Path(sys.executable).with_name("fusbench")


@pytest.mark.skipif(not FUSBENCH.exists(), reason="the command is not beside this interpreter")
def test_startup(benchmark):
    compileall.compile_dir(Path(fusbench.__file__).parent, quiet=1)  # as an installer does
    commands = {
        "bare": [sys.executable, "-c", "pass"],
        "help": [FUSBENCH, "--help"],
        "model list": [FUSBENCH, "model", "list"],
    }
    run = partial(subprocess.run, check=True, stdout=subprocess.DEVNULL)
    benchmark.pedantic(run, (commands["help"],), rounds=3)
    times = best({name: partial(run, line) for name, line in commands.items()}, repeats=40)
    ratios = {name: times[name] / times["bare"] for name in ("help", "model list")}
    for name, goal in (("help", 2.5), ("model list", 5)):
        what, spread = f"start-up for {name}, times a bare Python", times.spread(name, "bare")
        held = {"holds": 6, "why": LISTED} if name == "model list" else {}
        note(benchmark, what, ratios[name], spread=spread, at_most=goal, **held)
