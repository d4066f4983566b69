"""Threads that wait leave the core to those who work, in this process and in all that it starts."""

import json
import os
import platform
import subprocess
import sys

import pytest

from fusbench.threads import environment

SHOW = """
import json, os, sys
from fusbench.cli import main
from fusbench.threads import CALM
assert "numpy" not in sys.modules
try:
    main(["--version"])
except SystemExit:
    print(json.dumps({name: os.environ.get(name) for name in CALM}))
"""
CALM = {"OMP_WAIT_POLICY": "PASSIVE", "OPENBLAS_NUM_THREADS": "1"}


@pytest.mark.parametrize("own", [{}, {"OMP_WAIT_POLICY": "ACTIVE"}, {"OPENBLAS_NUM_THREADS": "3"}])
def test_waiting_threads_do_not_spin_unless_the_user_says_so(own):
    clean = {name: value for name, value in os.environ.items() if name not in CALM}
    done = subprocess.run(
        [sys.executable, "-c", SHOW], env={**clean, **own}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {**CALM, **own}


@pytest.mark.parametrize("count", [None, 3])
def test_what_is_started_waits_calmly_too(monkeypatch, count):
    """Also where the command line was not there to see to it, as from a notebook."""
    for name in CALM:
        monkeypatch.delenv(name, raising=False)
    found = environment(count)
    assert found["OMP_WAIT_POLICY"] == "PASSIVE"
    assert found["OPENBLAS_NUM_THREADS"] == str(count or 1)
    assert found.get("MKL_NUM_THREADS") == (
        str(count) if count else os.environ.get("MKL_NUM_THREADS")
    )
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert environment(count)["OMP_WAIT_POLICY"] == "ACTIVE"


MANY_MAPS = """
import resource
import numpy as np
from fusbench.data.gaze import saliency_map
x, y = np.array([140.0, 88.0]), np.array([110.0, 99.5])
def faults():
    for _ in range(100):
        first = saliency_map(x, y, (224, 288), 8.0)
        second = first + 1
        del first, second
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
before = faults()
print((faults() - before) / 100)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the settings are glibc's")
def test_what_is_started_does_not_ask_for_the_same_memory_again():
    """Two maps of 516 kB are 252 pages, which were asked for and given back map by map."""
    done = subprocess.run(
        [sys.executable, "-c", MANY_MAPS], env=environment(), capture_output=True, text=True
    )
    assert float(done.stdout) < 25, done.stderr


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the settings are glibc's")
def test_a_command_does_not_ask_for_the_same_memory_again():
    """Its process has begun without the settings, and takes them when it is to compute."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC")}
    begin = "from fusbench.cli import cli\ncli.get_command(None, 'train')\n"
    done = subprocess.run(
        [sys.executable, "-c", begin + MANY_MAPS], env=clean, capture_output=True, text=True
    )
    assert float(done.stdout) < 25, done.stderr


LOADED = """
import os
from fusbench import load_model
load_model("uniform")
print(os.environ["OMP_WAIT_POLICY"], os.environ.get("OPENBLAS_NUM_THREADS"))
"""


@pytest.mark.parametrize(
    ("own", "told"), [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")]
)
def test_a_framework_that_a_script_has_loaded_waits_calmly(own, told):
    """And the script's own libraries keep the threads that they have."""
    clean = {name: value for name, value in os.environ.items() if name not in CALM}
    done = subprocess.run(
        [sys.executable, "-c", LOADED], env={**clean, **own}, capture_output=True, text=True
    )
    assert done.stdout.split() == [told, "None"], done.stderr


@pytest.mark.parametrize("odd", ["1k", "", "\u0663"])
def test_an_odd_setting_of_the_c_library_ends_no_command(odd):
    done = subprocess.run(
        [sys.executable, "-m", "fusbench", "dataset", "list", "--json"],
        env={**os.environ, "MALLOC_MMAP_THRESHOLD_": odd},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
