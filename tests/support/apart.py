"""What a process of its own measures, on one thread of every library."""

import json
import os
import subprocess
import sys
from pathlib import Path

ONE = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}


def measured(module, *words):
    """What ``python -m support.MODULE WORDS`` prints, as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", f"support.{module}", *map(str, words)],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True,
        env=os.environ | ONE,
    )  # fmt: skip
    return json.loads(done.stdout)
