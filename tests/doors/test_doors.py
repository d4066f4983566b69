"""Python files and other environments as doors to a model."""

import json
import subprocess
import sys

import numpy as np
import pytest
from support.broken_plugins import CARD, MODEL, install, module_of
from support.command import error_of, run
from support.environments import sees_numpy

from fusbench.data.dataset import open_dataset
from fusbench.doors.open import entrant
from fusbench.errors import PluginError
from fusbench.evaluation.job import Evaluation
from fusbench.evaluation.run import evaluate
from fusbench.testing import check_model

BARE = '''"""The brightness of the last frame."""
import neighbour

def predict(frames):
    density = frames[:, -1] + neighbour.FLOOR
    return density / density.sum((1, 2), keepdims=True)
'''


WHOLE = MODEL.format(body="        return good(frames)") + CARD.format(
    name="whole", module="whole", more=""
)


@pytest.fixture
def bare(tmp_path):
    (tmp_path / "neighbour.py").write_text("FLOOR = 1.0\n")
    path = tmp_path / "My_Net.py"
    path.write_text(BARE)
    return path


def scored(name, data, runs, **options):
    with entrant(str(name), **options) as found:
        job = Evaluation(
            card=found.card,
            dataset=data,
            source=found.source,
            guest=found.environment,
            owner=found.owner,
            version=found.version,
        )
        return evaluate(job, runs, load=lambda: found.load(data), witness=found.witness)


def test_a_file_with_predict_alone_is_a_model(bare, folder, tmp_path):
    done = run("evaluate", "--model", bare, "--dataset", folder, "--json", "--out", tmp_path / "r")
    result = json.loads(done.stdout)
    assert done.stderr == ""
    assert result["model"]["name"] == "my-net"
    assert result["model"]["title"] == "The brightness of the last frame."
    assert result["model"]["distribution"] == "My_Net.py"
    assert result["n_frames"] == 16
    assert sorted(p.name for p in (tmp_path / "r" / result["key"]).iterdir()) == [
        "frames.png",
        "result.json",
        "scores.csv",
        "timing.json",
        "used.json",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1", "holds neither a card nor a function predict(frames). Define predict(frames)"),
        ("def predict(:", "raised SyntaxError: invalid syntax"),
        ("import skimage", "Install it with: python -m pip install scikit-image."),
    ],
)
def test_what_is_no_model_file(tmp_path, text, words):
    path = tmp_path / "odd.py"
    path.write_text(text)
    with pytest.raises(PluginError) as error, entrant(str(path)):
        pass
    assert words in str(error.value)
    assert error.value.last_words is not None


@pytest.mark.parametrize("name", ["net.keras", "net.pt2", "w.safetensors", "./net.txt"])
def test_weights_are_told_to_be_no_model(name, tmp_path, folder):
    (tmp_path / name).write_text("")
    words = "this is no Python file. Name a model, with its weights as --checkpoint; or a Python"
    for verb in (("evaluate", "--dataset", folder, "--model"), ("model", "show")):
        assert words in error_of(*verb, name, cwd=tmp_path)


def test_a_single_failing_model_is_one_line_and_stdout_is_clean(tmp_path, folder):
    path = tmp_path / "loud.py"
    path.write_text("import os\ndef predict(frames):\n    os.write(1, b'noise'); os._exit(7)\n")
    base = ("evaluate", "--model", path, "--dataset", folder, "--out", tmp_path / "r", "--json")
    assert "loud.py': ended its process with exit code 7." in error_of(*base)
    assert run(*base, code=1).stdout == ""


def test_prints_are_dropped_where_that_is_allowed(tmp_path, folder):
    path = tmp_path / "loud.py"
    path.write_text(
        BARE.replace("import neighbour", "print('noise')").replace("neighbour.FLOOR", "1.0")
    )
    done = run(
        "evaluate", "--model", path, "--dataset", folder, "--out", tmp_path / "r", "--json",
        "--allow-prints",
    )  # fmt: skip
    assert json.loads(done.stdout)["n_frames"] == 16


def test_a_model_without_standard_streams_is_scored(tmp_path, folder):
    path = tmp_path / "mute.py"
    body = BARE.replace("import neighbour", "").replace("neighbour.FLOOR", "1.0")
    path.write_text(f"import sys\nsys.stdout = None\nsys.stderr.close()\n{body}")
    result, _ = scored(path, open_dataset(folder), tmp_path / "r")
    assert result.n_frames == 16


def test_a_crashed_run_continues_to_the_same_bytes(tmp_path, folder):
    """The model crashes at its second clip, and not the next time."""
    flag = tmp_path / "crashed"
    path = tmp_path / "frail.py"
    path.write_text(
        f"import os\ncalls = []\ndef predict(frames):\n    calls.append(1)\n"
        f"    if len(calls) == 2 and not os.path.exists({str(flag)!r}):\n"
        f"        open({str(flag)!r}, 'w').close(); os.abort()\n"
        "    density = frames[:, -1] + 1.0\n"
        "    return density / density.sum((1, 2), keepdims=True)\n"
    )
    base = ("evaluate", "--model", path, "--dataset", folder)
    assert "crashed with SIGABRT" in error_of(*base, "--out", tmp_path / "r")
    (broken,) = (tmp_path / "r").iterdir()
    assert (broken / "failure.txt").read_text().startswith(f"model '{path}': crashed with SIGABRT")
    assert len(list((broken / "scans").glob("*.npz"))) == 1
    for out in ("r", "whole"):
        run(*base, "--json", "--out", tmp_path / out)
    (whole,) = (p for p in (tmp_path / "whole").iterdir())
    assert whole.name == broken.name
    assert not (broken / "failure.txt").exists()
    for name in ("result.json", "scores.csv"):
        assert (whole / name).read_bytes() == (broken / name).read_bytes()


def test_plugins_that_see_gaze_are_given_the_data_set(tmp_path, folder, monkeypatch):
    """A mean map of a stranger's own scores like fusbench's."""
    text = (
        "from fusbench import ModelCard\n"
        "from fusbench.models.baselines import IdealObserver, MeanMap\n"
        "card = ModelCard(name='{0}', title='T', loader='{0}:MeanMap', sees='train-gaze')\n"
    )
    install(tmp_path, "mine", text.format("mine"))
    monkeypatch.syspath_prepend(str(tmp_path))
    data = open_dataset(folder)
    means = [scored(n, data, tmp_path / "r")[0].summary for n in ("mine", "mean-map")]
    assert means[0] == means[1]


def test_another_environment_without_fusbench_gives_the_same_scores(tmp_path, folder):
    commands = sees_numpy(tmp_path / "old")
    python = commands / "python"
    missing = subprocess.run(
        [python, "-c", "import fusbench"], capture_output=True, check=False, cwd=tmp_path
    )
    assert b"No module named 'fusbench'" in missing.stderr
    path = tmp_path / "whole.py"
    path.write_text(WHOLE)
    data = open_dataset(folder)
    here, there = (scored(path, data, tmp_path / "r", python=p) for p in (None, python))
    assert here[0].key != there[0].key
    assert there[0].environment["guest"] == {
        "python": ".".join(map(str, sys.version_info[:3])),
        "numpy": np.__version__,
    }
    assert (here[1] / "scores.csv").read_bytes() == (there[1] / "scores.csv").read_bytes()


def test_a_name_is_resolved_in_the_other_environment(tmp_path, folder):
    commands = sees_numpy(tmp_path / "old")
    (site,) = (tmp_path / "old" / "lib").glob("python*/site-packages")
    install(site, "there", module_of("there", "return good(frames)"))
    (site / "there-1.0.dist-info" / "METADATA").write_text("Name: there\nVersion: 1.0\n")
    (site / "bad-1.0.dist-info").mkdir()
    (site / "bad-1.0.dist-info" / "entry_points.txt").write_text("[fusbench.models]\nnonsense\n")
    done = run(
        "evaluate", "--model", "there", "--python", commands / "python", "--dataset", folder,
        "--json", "--out", tmp_path / "r",
    )  # fmt: skip
    model = json.loads(done.stdout)["model"]
    assert (model["distribution"], model["version"]) == ("there", "1.0")
    base = ("--dataset", folder, "--out", tmp_path / "r", "--python")
    assert "no model of that name is registered in" in error_of(
        "evaluate", "--model", "elsewhere", *base, commands / "python"
    )
    assert "cannot be started: No such file or directory. Name an environment's" in error_of(
        "evaluate", "--model", "there", *base, tmp_path / "none"
    )


def test_a_python_that_is_too_old_is_told(tmp_path, folder):
    """Python 2 and 3.6 end with a syntax error, or with the script's own refusal."""
    python = tmp_path / "python2"
    python.write_text("#!/bin/sh\necho 'SyntaxError: invalid syntax' >&2\nexit 1\n")
    python.chmod(0o755)
    line = error_of(
        "evaluate", "--model", "x", "--dataset", folder, "--out", tmp_path, "--python", python
    )
    assert "its Python stopped before it read the model" in line
    assert f"{python} must be Python 3.8 or newer." in line
    assert "SyntaxError" in (tmp_path / "x-failed" / "failure.txt").read_text()


def test_a_loader_that_takes_no_checkpoint_says_so(bare, tmp_path, folder):
    path = tmp_path / "plain.py"
    path.write_text(
        "from fusbench import ModelCard\n"
        "card = ModelCard(name='plain', title='P', loader='plain:Model')\n"
        "class Model:\n    def __init__(self, card): ...\n    def predict(self, frames): ...\n"
    )
    (tmp_path / "weights").write_text("")
    data = open_dataset(folder)
    with (
        pytest.raises(PluginError, match="keyword argument 'checkpoint'. Its loader takes"),
        entrant(str(path), checkpoint=tmp_path / "weights") as found,
    ):
        found.load(data)


def test_a_module_with_a_relative_file_stops_nothing(bare, folder, monkeypatch, tmp_path):
    """Torch has some; a file that imports a framework first is no heavy card either."""
    odd = "import sys, types\nsys.modules['odd'] = m = types.ModuleType('odd')\n"
    bare.write_text(f"{odd}m.__file__ = '_classes.py'\nimport torch\n{BARE}")
    (tmp_path / "torch.py").write_text("")
    monkeypatch.chdir(folder)
    result, _ = scored(bare, open_dataset(folder), tmp_path / "r")
    assert result.n_frames == 16
    report = check_model(str(bare))
    assert report.passed
    assert {f.rule: f.passed for f in report.findings}["light"] is None


def test_showing_a_file_tells_its_card(tmp_path):
    path = tmp_path / "My [red] Net.py"
    path.write_text(f'"""A title \x1b[31m that paints."""\n{BARE[BARE.index("def") :]}')
    shown = json.loads(run("model", "show", path, "--json").stdout)
    assert (shown["name"], shown["from"]) == ("my-red-net", path.name)
    text = run("model", "show", path).stdout
    assert "A title \ufffd[31m that paints." in text
    assert "\x1b" not in text
    assert "no file is here" in error_of("model", "show", tmp_path / "none.py")
