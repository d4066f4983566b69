"""The example data set plug-in, really installed into a virtual environment."""

import json
import subprocess
from pathlib import Path

import pytest
from support.environments import sees_all, variables

import fusbench
from fusbench.data.dataset import open_dataset
from fusbench.errors import PluginError

PLUGINS = Path(fusbench.__file__).parents[1] / "plugins"


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    commands = sees_all(folder / "venv")
    env = variables(commands, FUSBENCH_CACHE=folder / "cache")

    def run(*arguments):
        done = subprocess.run(
            list(map(str, arguments)), capture_output=True, text=True, env=env, cwd=folder,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    run("pip", "install", "--quiet", PLUGINS / "fusbench-rings")
    return run


def test_it_is_listed_checked_and_scored(shell):
    rows = {row["name"]: row for row in json.loads(shell("fusbench", "dataset", "list", "--json"))}
    assert rows["rings"]["from"] == "fusbench-rings 0.1.0"
    assert {"phantom", "phantom-tiny"} <= set(rows)
    result = json.loads(
        shell("fusbench", "evaluate", "--model", "mean-map", "--dataset", "rings", "--json")
    )
    assert result["dataset"]["name"] == "rings"
    assert (result["n_frames"], result["n_scans"], result["n_skipped"]) == (40, 2, 0)
    assert result["dataset"]["synthetic"] is True
    counts = json.loads(shell("fusbench", "dataset", "show", "rings", "--json"))["splits"]
    assert counts["train"]["points"] == 40


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        ("raise RuntimeError('no licence')", "its provider raised RuntimeError: no licence. Look"),
        ("return 'nowhere'", "its provider returned 'nowhere', which is no folder. Return the"),
    ],
)
def test_a_broken_provider_is_one_line(tmp_path, monkeypatch, provider, words):
    (tmp_path / "odd-1.0.dist-info").mkdir()
    (tmp_path / "odd-1.0.dist-info" / "entry_points.txt").write_text(
        "[fusbench.datasets]\nodd = odd:card\n"
    )
    (tmp_path / "odd.py").write_text(
        "from fusbench import DatasetCard\n"
        "card = DatasetCard(name='odd', title='Odd', provider='odd:provide')\n"
        f"def provide(card, splits, report):\n    {provider}\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "odd", raising=False)
    with pytest.raises(PluginError, match=words):
        open_dataset("odd")
