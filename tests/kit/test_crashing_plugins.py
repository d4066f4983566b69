"""A metric's or data set's plug-in that exits or crashes on import costs its own row only."""

import json
import os

import pytest
from support.broken_plugins import install
from support.command import error_of, run

CRASHES = {
    "leaves": ("import os; os._exit(5)", "ended its process with exit code 5"),
    "exits": ("import sys; sys.exit(3)", "cannot be imported: SystemExit: 3"),
    "crashes": ("import ctypes; ctypes.string_at(8)", "crashed with SIGSEGV"),
    "raises": ("1 / 0", "cannot be imported: ZeroDivisionError: division by zero"),
}
HEALTHY = {
    "metrics": """
from fusbench.metrics import Metric
def zero(predicted, empirical):
    return 0.0
card = Metric(key="healthy", symbol="H", title="Zero", unit="", higher_is_better=False,
    needs=("empirical",), function=zero, definitions={"tuebingen": "0", "mit": "0"}, version="1")
""",
    "datasets": """
from fusbench import DatasetCard
card = DatasetCard(name="healthy", title="Mine", provider="m:f")
""",
}


@pytest.fixture(params=["metrics", "datasets"])
def site(request, tmp_path):
    """A folder with plug-ins of one group, and the group's name."""
    group = request.param
    texts = {name: text for name, (text, _) in CRASHES.items()} | {"healthy": HEALTHY[group]}
    for name, text in texts.items():
        module = f"{name}_{group}"
        entry = f"[fusbench.{group}]\n{name} = {module}:card\n"
        install(tmp_path, module, text, entry)
    return tmp_path, group


def test_each_costs_its_own_row(site):
    folder, group = site
    command = {"metrics": "metric", "datasets": "dataset"}[group]
    variables = {**os.environ, "PYTHONPATH": str(folder)}
    rows = json.loads(run(command, "list", "--json", env=variables).stdout)
    found = {row["name"]: row for row in rows}
    for name, (_, words) in CRASHES.items():
        assert words in found[name]["fault"]
    assert "fault" not in found["healthy"]
    assert "fault" not in found[{"metrics": "kld", "datasets": "phantom"}[group]]


@pytest.mark.parametrize("name", CRASHES)
def test_asking_for_it_is_one_line(site, name, folder):
    plugins, group = site
    variables = {**os.environ, "PYTHONPATH": str(plugins)}
    asked = {
        "metrics": ("--dataset", folder, "--metrics", f"kld,{name}"),
        "datasets": ("--dataset", name),
    }[group]
    line = error_of("evaluate", "--model", "uniform", *asked, "--out", plugins / "r", env=variables)
    assert CRASHES[name][1] in line


VERBS = (
    ("predict", "--model", "uniform", "--dataset", "leaves", "--out", "out"),
    ("view", "leaves", "--out", "page.html"),
    ("train", "--model", "unet-torch", "--dataset", "leaves", "--out", "w.safetensors"),
    ("compare", "uniform", "mean-map", "--dataset", "leaves"),
    ("leaderboard", "new", "board", "--dataset", "leaves"),
    ("dataset", "show", "leaves"),
    ("dataset", "check", "leaves"),
    ("dataset", "export", "leaves", "--format", "bids", "--out", "bids"),
    ("augment", "show", "--policy", "ra-2-5", "--dataset", "leaves", "--out", "p.png"),
)


@pytest.mark.parametrize("line", VERBS, ids=" ".join)
def test_every_verb_says_that_a_data_set_ends_its_process(line, tmp_path):
    if line[0] == "train":
        pytest.importorskip("fusbench_torch")
    text, words = CRASHES["leaves"]
    install(tmp_path, "leaving", text, "[fusbench.datasets]\nleaves = leaving:card\n")
    variables = {**os.environ, "PYTHONPATH": str(tmp_path)}
    assert words in error_of(*line, env=variables, cwd=tmp_path)
