"""Whole commands by the clock: what is beside the network, two jobs, and a core that is busy.

They run as users run them, with the threads that fusbench chooses, on the phantom's test split.
"""

import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.figures import note

from fusbench.data.dataset import open_dataset
from fusbench.threads import COUNTS, SETTINGS

FUSBENCH = [sys.executable, "-m", "fusbench"]
ONE = ("--threads", 1)
NETWORK, FREE = "clstmunet-torch", "centre-bias"
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
TWO_CORES = pytest.mark.skipif(CORES < 2, reason="another core is needed")
BESIDE = (
    "A third is the import of Torch and the start of its process, a third scoring, which waits for "
    "a clip's densities, a fifth the table and the picture at the end; a longer data set has less."
)
STARTED = (
    "Each job starts a process of its own and imports Torch there, a fifth of a run of this size, "
    "and one process scores the ceiling and draws the picture; a longer data set has less of it."
)
SHARED = "Half of the machine is the other program's: where two threads compute, one has to wait."


@pytest.fixture(scope="module", autouse=True)
def phantom():
    open_dataset("phantom", ("test",))  # made once


def plain():
    """The environment without what the page of benchmarks sets for computing on one thread."""
    return {k: v for k, v in os.environ.items() if k not in {*COUNTS, *SETTINGS}}


@contextmanager
def busy():
    """A core on which another program computes without end."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:
        try:
            yield
        finally:
            other.kill()


def clock(*line):
    """Seconds of a command, and what it told on stderr."""
    start = time.perf_counter()
    done = subprocess.run([*FUSBENCH, *map(str, line)], env=plain(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return time.perf_counter() - start, done.stderr


def scored(name, out, *more):
    return clock(
        "evaluate", "--model", name, "--dataset", "phantom", "--out", out, "--force", *more
    )


def one_row(name, out):
    """Seconds of a command on one thread; of its row, and its model, as ``--stages`` tells them."""
    seconds, stages = scored(name, out, *ONE, "--stages", "--json")
    whole = float(re.search(rf"{name}: ([0-9.]+) s, ", stages)[1])
    frames = int(re.search(r" s, ([0-9]+) frames", stages)[1])
    return (
        seconds,
        whole,
        float(re.search(r"([0-9]+) .*  model$", stages, re.MULTILINE)[1]) * frames / 1e6,
    )


def beside_busy(benchmark, what, quiet, again):
    """Note how many times as long it takes `again`, beside a busy core, as it took alone."""
    with busy():
        slow = again()
    what = f"{what} beside a busy core, times alone"
    note(benchmark, what, slow / quiet, at_most=1.5, holds=3, why=SHARED)


def test_a_network(benchmark, tmp_path):
    """Its run beside its forward passes, in two jobs, and beside a busy core."""
    pytest.importorskip("fusbench_torch")
    seconds, whole, model = benchmark.pedantic(one_row, (NETWORK, tmp_path / "r"), rounds=1)
    what = f"evaluate {NETWORK}, beyond its model, share of that"
    note(benchmark, what, whole / model - 1, at_most=0.1, holds=2, why=BESIDE)
    if CORES < 2:
        return
    jobs, _ = scored(NETWORK, tmp_path / "j", *ONE, "--jobs", 2)
    what = f"evaluate {NETWORK}, two jobs, times faster than one"
    note(benchmark, what, seconds / jobs, at_least=1.7, holds=0.6, why=STARTED)
    quiet, _ = scored(NETWORK, tmp_path / "q")
    beside_busy(
        benchmark, f"evaluate {NETWORK},", quiet, lambda: scored(NETWORK, tmp_path / "b")[0]
    )


@TWO_CORES
def test_a_free_model_beside_a_busy_core(benchmark, tmp_path):
    quiet = benchmark.pedantic(scored, (FREE, tmp_path / "q"), rounds=1)[0]
    beside_busy(benchmark, f"evaluate {FREE},", quiet, lambda: scored(FREE, tmp_path / "b")[0])


@TWO_CORES
def test_training_beside_a_busy_core(benchmark, tmp_path):
    pytest.importorskip("fusbench_torch")

    def trained(out):
        return clock(
            "train", "--model", NETWORK, "--dataset", "phantom-tiny", "--max-steps", 60,
            "--out", tmp_path / out, "--input-size", 56, 72,
        )[0]  # fmt: skip

    quiet = benchmark.pedantic(trained, ("q.safetensors",), rounds=1)
    beside_busy(benchmark, "60 steps of training", quiet, lambda: trained("b.safetensors"))


@TWO_CORES
def test_live_beside_a_busy_core(benchmark):
    pytest.importorskip("fusbench_torch")

    def late():
        line = [sys.executable, "-m", "support.live_speed", NETWORK]
        folder = Path(__file__).parents[1]
        done = subprocess.run(line, cwd=folder, env=plain(), capture_output=True, check=True)
        return json.loads(done.stdout)["late_ms"]

    with busy():
        found = benchmark.pedantic(late, rounds=1)
    what = f"live, {NETWORK}, beside a busy core, 99th percentile in ms"
    note(benchmark, what, found, at_most=9, held=False, why=SHARED)
