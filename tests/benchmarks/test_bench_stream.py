"""Live use of the cLSTMU-Net at its bundled size, on one core.

The limit is what the core's fastest matrix product would need for the same multiplications,
measured in the same process.
"""

import pytest
from support.apart import measured


@pytest.mark.parametrize("backend", ["torch", "keras", "onnx"])
def test_stream(benchmark, tmp_path, backend):
    pytest.importorskip(f"fusbench_{backend}")
    times = benchmark.pedantic(measured, ("stream_speed", backend, tmp_path), rounds=1)
    report = {
        "frames a second": round(1 / times["stream"]),
        "times the core's limit": round(times["stream"] / times["floor"], 1),
        "times faster than whole windows": round(times["window"] / times["stream"], 2),
        "million multiplications a frame": round(times["multiplications"] / 1e6),
    }
    benchmark.extra_info |= report
    assert report["frames a second"] >= 30
    assert report["times the core's limit"] <= 12
