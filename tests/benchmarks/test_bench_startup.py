"""Start-up of the command line against that of a bare interpreter."""

import subprocess
import sys

from stopwatch import best


def run(*arguments):
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def test_startup(benchmark):
    benchmark.pedantic(run, args=("-m", "fusbench", "--help"), rounds=3)
    times = best(
        {
            "bare": lambda: run("-c", "pass"),
            "help": lambda: run("-m", "fusbench", "--help"),
            "list": lambda: run("-m", "fusbench", "model", "list"),
        },
        repeats=9,
    )
    ratios = {name: times[name] / times["bare"] for name in ("help", "list")}
    benchmark.extra_info |= {f"{name}, times bare": round(r, 2) for name, r in ratios.items()}
    assert ratios["help"] <= 2.5
    assert ratios["list"] <= 6
