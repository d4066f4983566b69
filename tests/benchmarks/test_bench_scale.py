"""What grows with the data: a step of its cost a clip, a row, a frame, at two sizes."""

import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from simulations.scale import OPTIONS, make
from support.figures import note
from support.stopwatch import best

from fusbench.data.dataset import open_dataset
from fusbench.evaluation.results import read_scores
from fusbench.phantom.clip import make_clip
from fusbench.phantom.presets import PRESETS
from fusbench.training.job import _order

FEW, MANY, FILES = 1000, 4000, 1024
SHORT, LONG = 160_000, 640_000  # lines: some pieces of a table, which is read piece by piece
WINDOWS = 18_000_000
CHECK = """
import resource, sys
from fusbench.cli import main
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
sys.argv = ["fusbench", "dataset", "check", sys.argv[1]]
main()
"""
NOISE = "The smaller one stays in the processor's caches."


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    """Data sets of small clips; their sizes are told by `OPTIONS` of the simulation."""
    found = {}
    for clips in (FEW, MANY):
        sizes = {name.replace("-", "_"): value for name, value in OPTIONS.items()}
        root = tmp_path_factory.mktemp("scale") / str(clips)
        make(root, SimpleNamespace(**sizes | {"clips": clips, "scans": clips // 5, "gaze_rows": 2}))
        open_dataset(root)  # its gaze is parsed and kept
        found[clips] = root
    return found


def test_opening_is_linear(benchmark, roots):
    benchmark.pedantic(open_dataset, (roots[FEW],), rounds=1)
    functions = {n: lambda root=root: open_dataset(root) for n, root in roots.items()}
    times = best(functions, repeats=7, clock=time.process_time)
    ratio = times[MANY] / times[FEW] / (MANY / FEW)
    what = f"opening a clip of {MANY:,}, times one of {FEW}"
    note(benchmark, what, ratio, at_most=1.25, holds=2, why=NOISE)


def test_sound_clips_are_found_sound(benchmark, roots):
    """More clips than files may be open."""
    line = [sys.executable, "-c", CHECK, str(roots[MANY])]
    done = benchmark.pedantic(
        lambda: subprocess.run(line, capture_output=True, text=True), rounds=1
    )
    wrong = len(done.stdout.splitlines()) - 1 if done.returncode else 0
    what = f"{MANY:,} sound clips checked with {FILES} open files, share found sound"
    note(benchmark, what, 1 - wrong / MANY, at_least=1)


def test_reading_scores_is_linear(benchmark, tmp_path):
    for rows in (SHORT, LONG):
        (tmp_path / str(rows)).mkdir()
        with (tmp_path / str(rows) / "scores.csv").open("w") as table:
            table.write("scan_id,clip_id,frame,kld,sim,nss,cc\n")
            table.writelines(
                f"s{k // 900},c{k // 90},{k % 90},{k / 7 % 3!r},{k / 9 % 1!r},0.25,{k / 11 % 1!r}\n"
                for k in range(rows)
            )
    benchmark.pedantic(read_scores, (tmp_path / str(SHORT),), rounds=1)
    functions = {n: lambda n=n: read_scores(tmp_path / str(n)) for n in (SHORT, LONG)}
    times = best(functions, repeats=3, clock=time.process_time)
    what = f"reading a line of {LONG:,} in scores.csv, times one of {SHORT:,}"
    ratio = times[LONG] / times[SHORT] / (LONG / SHORT)
    note(benchmark, what, ratio, at_most=1.25, holds=2, why=NOISE)


def test_an_epochs_order(benchmark):
    """The first step of an epoch draws it, all others look it up."""
    benchmark.pedantic(_order, (0, 0, WINDOWS), rounds=1)
    times = best({"looked up": lambda: _order(0, 0, WINDOWS)}, clock=time.process_time, calls=100)
    what = f"the order of {WINDOWS / 1e6:.0f} million windows, milliseconds a step"
    note(benchmark, what, 1000 * times["looked up"], at_most=1, held=False)


def test_a_phantom_clip(benchmark):
    phantom = PRESETS["phantom"]
    benchmark.pedantic(make_clip, (phantom, phantom.plans[0]), rounds=1)
    times = best(
        {"clip": lambda: make_clip(phantom, phantom.plans[1])},
        repeats=3, clock=time.process_time,
    )  # fmt: skip
    note(
        benchmark, "a clip of the phantom, seconds", times["clip"], at_most=0.3, held=False,
        why="Half of it is the warp of the tissue into the fan, which is the same to the bit "
        "on every processor.",
    )  # fmt: skip
