"""Live use of the cLSTMU-Net at its bundled size, on one core.

The limit is what the core's fastest matrix product would need for the same multiplications,
measured in the same process.
"""

import pytest
from support.apart import measured
from support.figures import note


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
    of_limit, of_windows = (
        report["times the core's limit"],
        report["times faster than whole windows"],
    )
    what = f"live, {backend}, times"
    note(benchmark, f"{what} the core's limit", of_limit, at_most=1.8)
    note(benchmark, f"{what} faster than whole windows", of_windows, at_least=2)
    assert report["frames a second"] >= 30
    assert report["times the core's limit"] <= 12
