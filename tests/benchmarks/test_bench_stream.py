"""Live use of the cLSTMU-Net at its bundled size, on one core.

The limit is what the core's fastest matrix product would need for the same multiplications,
measured in the same process.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ONE = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}


@pytest.mark.parametrize("backend", ["torch", "keras", "onnx"])
def test_stream(benchmark, tmp_path, backend):
    pytest.importorskip(f"fusbench_{backend}")
    command = [sys.executable, "-m", "support.stream_speed", backend, str(tmp_path)]

    def measured():
        done = subprocess.run(
            command,
            cwd=Path(__file__).parents[1],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | ONE,
        )
        return done.stdout

    times = json.loads(benchmark.pedantic(measured, rounds=1))
    report = {
        "frames a second": round(1 / times["stream"]),
        "times the core's limit": round(times["stream"] / times["floor"], 1),
        "times faster than whole windows": round(times["window"] / times["stream"], 2),
        "million multiplications a frame": round(times["multiplications"] / 1e6),
    }
    benchmark.extra_info |= report
    assert report["frames a second"] >= 30
    assert report["times the core's limit"] <= 12
