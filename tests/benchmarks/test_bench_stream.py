"""The cLSTMU-Net at its bundled size, live and of whole clips, by processor time on one core.

The limit is what the core's fastest matrix product would need for the same multiplications,
measured in the same process.
"""

import pytest
from support.apart import measured
from support.figures import note

SMALL = (
    "The layers are small at this size: beside the products it is what each call of a layer costs, "
    "and passes through memory between them."
)
ALLOWED = (
    "Its multiplications allow 2.07 times, were the six frames of a window as quick together as "
    "one by one: together they are quicker, as calls and weights are shared."
)
CLIPS = {"torch": (4.0, 6), "keras": (3.0, 4), "onnx": (2.0, 2.5)}  # held: a clip, live
WINDOWS = {"torch": 0.8, "keras": 1.0, "onnx": 1.2}


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
    what, (clip, live) = f"live, {backend}, times", CLIPS[backend]
    held = {"holds": clip, "why": SMALL}
    of_clip = times["clip"] / times["floor"]
    note(benchmark, f"a clip, {backend}, times the core's limit", of_clip, at_most=1.35, **held)
    held = {"holds": live, "why": SMALL}
    note(benchmark, f"{what} the core's limit", of_limit, at_most=1.8, **held)
    held = {"holds": WINDOWS[backend], "why": ALLOWED}
    note(benchmark, f"{what} faster than whole windows", of_windows, at_least=2, **held)
    note(
        benchmark, f"live, {backend}, 99th percentile in medians", times["late"], at_most=1.5,
        holds=3, why="It is the machine's own: other programs, and its caches.",
    )  # fmt: skip
    assert report["frames a second"] >= 30
