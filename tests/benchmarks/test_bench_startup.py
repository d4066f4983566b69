"""Start-up of the command line against that of a bare interpreter, in processor time."""

import compileall
import sys
from pathlib import Path

import pytest
from support.figures import note
from support.stopwatch import processor_seconds

import fusbench

FUSBENCH = Path(sys.executable).with_name("fusbench")


@pytest.mark.skipif(not FUSBENCH.exists(), reason="the command is not beside this interpreter")
def test_startup(benchmark):
    compileall.compile_dir(Path(fusbench.__file__).parent, quiet=1)  # as an installer does
    commands = {
        "bare": [sys.executable, "-c", "pass"],
        "help": [FUSBENCH, "--help"],
        "model list": [FUSBENCH, "model", "list"],
    }
    benchmark.pedantic(
        processor_seconds, args=({"help": commands["help"]},), kwargs={"repeats": 1}, rounds=3
    )
    times = processor_seconds(commands, repeats=40)
    ratios = {name: times[name] / times["bare"] for name in ("help", "model list")}
    for name, goal in (("help", 2.5), ("model list", 5)):
        what, spread = f"start-up for {name}, times a bare Python", times.spread(name, "bare")
        note(benchmark, what, ratios[name], spread=spread, at_most=goal)
    assert ratios["help"] <= 2.5
    assert ratios["model list"] <= 6
