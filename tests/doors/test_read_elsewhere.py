"""What a model reads by compiled code, by other programs, or from libraries makes its run, too."""

import sys

import numpy as np
import pytest
from safetensors.numpy import save_file
from support.broken_plugins import install

import fusbench

OTHERS = """
import os, subprocess, sys
from safetensors.numpy import load_file
HERE = os.path.dirname(os.path.abspath(__file__))
ELSEWHERE = os.path.join(os.path.dirname(HERE), "elsewhere")
NAMED = {named!r}
WHAT = {what!r}
def weight():
    if WHAT == "worker":
        line = [sys.executable, "worker.py"]
        return float(subprocess.run(line, cwd=HERE, capture_output=True, text=True).stdout)
    if WHAT == "shell":
        return float(os.popen("cat " + os.path.join(ELSEWHERE, "w.txt")).read())
    if WHAT == "beside a configuration":
        open(os.path.join(ELSEWHERE, "model", "config.json")).close()
    where = (HERE, ".weights") if WHAT == "hidden" else (ELSEWHERE, "model")
    return float(load_file(os.path.join(*where, "w.st"))["w"])
def predict(frames):
    d = frames[:, -1] * weight() + 1.0
    return d / d.sum((1, 2), keepdims=True)
"""


def others(net, elsewhere, weight):
    """Weights where only compiled code or another program reads them."""
    for place in (net / ".weights", elsewhere, elsewhere / "model"):
        place.mkdir(parents=True, exist_ok=True)
        save_file({"w": np.array(weight, np.float32)}, place / "w.st")
    (elsewhere / "w.txt").write_text(str(weight))
    (elsewhere / "model" / "config.json").write_text("{}")
    (net / "worker.py").write_text("import second\nprint(second.WEIGHT)")
    (net / "second.py").write_text(f"WEIGHT = {weight}")


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells what compiled code opens")
@pytest.mark.parametrize(
    ("what", "named"),
    [
        ("worker", ""),
        ("shell", ""),
        ("hidden", ""),
        ("beside a configuration", ""),
        ("named", "elsewhere/model/w.st"),
        ("below a named folder", "elsewhere"),
    ],
)
def test_what_compiled_code_and_other_programs_read_makes_the_run(what, named, folder, tmp_path):
    """The old scores were shown for new weights, wherever these were not beside the code."""
    net, elsewhere = tmp_path / "net", tmp_path / "elsewhere"
    others(net, elsewhere, 0.5)
    place = str(tmp_path / named) if named else ""
    (net / "net.py").write_text(OTHERS.format(named=place, what=what))

    def score():
        return fusbench.evaluate(net / "net.py", folder, runs=tmp_path / "runs", metrics=["kld"])

    first, again = score(), score()
    assert (again.key, again.again) == (first.key, True)
    others(net, elsewhere, 0.1)
    later = score()
    assert (later.key == first.key, later.again) == (False, False)
    assert later.summary.loc["kld", "mean"] != first.summary.loc["kld", "mean"]


TOPS = """
from fusbench import ModelCard
card = ModelCard(name="tops", title="T", loader="tops:Model")
class Model:
    def __init__(self, card):
        pass
    def predict(self, frames):
        import other_top, a_library
        d = frames[:, -1] * other_top.WEIGHT * a_library.WEIGHT + 1.0
        return d / d.sum((1, 2), keepdims=True)
"""


def record(site, name, version, *modules):
    """The metadata of a distribution, as pip writes it."""
    for old in site.glob(f"{name}-*.dist-info"):
        old.rename(site / f"{name}-{version}.dist-info")
    place = site / f"{name}-{version}.dist-info"
    place.mkdir(exist_ok=True)
    (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (place / "RECORD").write_text("".join(f"{module}.py,,\n" for module in modules))


def test_all_of_a_plugins_distribution_counts_and_versions_that_only_metadata_tell(
    folder, tmp_path, monkeypatch
):
    """Its second top-level module, and a library without ``__version__``, could change unseen."""
    site = tmp_path / "lib" / "site-packages"
    site.mkdir(parents=True)
    install(site, "tops", TOPS)
    record(site, "tops", "1.0", "tops", "other_top")
    record(site, "a_library", "1.0", "a_library")
    for module in ("other_top", "a_library"):
        (site / f"{module}.py").write_text("WEIGHT = 0.5\n")
    monkeypatch.syspath_prepend(str(site))

    def score():
        return fusbench.evaluate("tops", folder, runs=tmp_path / "runs", metrics=["kld"])

    runs = [score()]
    assert score().again
    (site / "other_top.py").write_text("WEIGHT = 0.1\n")
    runs.append(score())
    record(site, "a_library", "1.1", "a_library")
    (site / "a_library.py").write_text("WEIGHT = 3.0\n")
    runs.append(score())
    assert not any(run.again for run in runs)
    assert len({run.key for run in runs}) == 3
    assert len({run.summary.loc["kld", "mean"] for run in runs}) == 3
    told = [run.result.environment["libraries"]["a_library"] for run in runs]
    assert told == ["1.0", "1.0", "1.1"]
