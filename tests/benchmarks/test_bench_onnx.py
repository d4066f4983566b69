"""ONNX Runtime on one thread: beside Torch, and beside what the core's products alone would need.

Times are of the processor, so that other programs do not count.
"""

import pytest
from support.apart import measured
from support.figures import note


def test_onnx(benchmark, tmp_path):
    for name in ("fusbench_onnx", "fusbench_torch"):
        pytest.importorskip(name)
    found = benchmark.pedantic(measured, ("onnx_speed", tmp_path), rounds=1)
    floor = found["floor a frame"]
    report = {
        "clip, times the floor": round(found["onnx"] / floor, 2),
        "clip, Torch's time in ours": round(found["torch"] / found["onnx"], 2),
        "step, times the floor": round(found["onnx step"] / floor, 2),
        "step, Torch's time in ours": round(found["torch step"] / found["onnx step"], 2),
        "steps, 99th percentile in medians": round(found["late"], 2),
    }
    print(report)
    goals = {"clip, times the floor": 2.0, "step, times the floor": 2.5}
    for name, goal in goals.items():
        note(benchmark, f"cLSTMU-Net in ONNX Runtime, {name}", report[name], at_most=goal)
    for name in ("clip, Torch's time in ours", "step, Torch's time in ours"):
        note(benchmark, f"cLSTMU-Net in ONNX Runtime, {name}", report[name], at_least=1.5)
    late = "steps, 99th percentile in medians"
    note(benchmark, f"cLSTMU-Net in ONNX Runtime, {late}", report[late], at_most=1.5)
    assert found["apart"] <= 1e-5
    assert report["clip, times the floor"] <= 2.0
    assert report["step, times the floor"] <= 2.5
    assert report["step, Torch's time in ours"] >= 1.5
