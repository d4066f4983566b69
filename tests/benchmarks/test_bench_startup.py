"""Start-up of the command line against that of a bare interpreter, in processor time."""

from stopwatch import processor_seconds


def test_startup(benchmark):
    benchmark.pedantic(
        processor_seconds, args=("-m", "fusbench", "--help"), kwargs={"repeats": 1}, rounds=3
    )
    bare = processor_seconds("-c", "pass")
    ratios = {
        "help": processor_seconds("-m", "fusbench", "--help") / bare,
        "model list": processor_seconds("-m", "fusbench", "model", "list") / bare,
    }
    benchmark.extra_info |= {f"{name}, times bare": round(r, 2) for name, r in ratios.items()}
    assert ratios["help"] <= 2.5
    assert ratios["model list"] <= 6
