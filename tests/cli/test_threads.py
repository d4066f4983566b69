"""Threads that wait leave the core to those who work, in this process and in all that it starts."""

import json
import os
import subprocess
import sys

import pytest

SHOW = """
import json, os, sys
from fusbench.cli import CALM, main
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
