"""Metrics as plug-ins: one that is really installed, and some that are broken."""

import json
import shutil
import subprocess
import sys
import textwrap
import venv
from pathlib import Path

import numpy as np
import pytest
from support.fake_models import card

from fusbench import metrics
from fusbench.data.dataset import open_dataset
from fusbench.doors.registry import load_model, model_card
from fusbench.errors import PluginError, UnknownName
from fusbench.evaluation.job import Evaluation
from fusbench.evaluation.run import evaluate
from fusbench.models.densities import densities

PLUGIN = Path(__file__).parents[2] / "plugins" / "fusbench-example-metric"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Python of a new virtual environment on top of this one, with the example installed."""
    root = tmp_path_factory.mktemp("environment")
    venv.create(root, with_pip=False, symlinks=True)
    python = root / "bin" / "python"
    site = next(root.glob("lib/python*/site-packages"))
    below = [folder for folder in sys.path if folder.endswith("-packages")]
    below.append(str(Path(metrics.__file__).parents[2]))
    lines = [f"import site; site.addsitedir({folder!r})\n" for folder in below]
    (site / "below.pth").write_text("".join(lines))
    source = shutil.copytree(
        PLUGIN, root / "source", ignore=shutil.ignore_patterns("build", "*.egg-info")
    )
    subprocess.run(
        [
            sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps",
            "--no-build-isolation", "--no-index", "--disable-pip-version-check", source,
        ],
        check=True,
    )  # fmt: skip
    return python


def test_the_example_is_installed_and_scores(environment, folder, tmp_path):
    def fusbench(*arguments):
        command = [environment, "-m", "fusbench", *map(str, arguments), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    listed = {row["name"]: row for row in fusbench("metric", "list")}
    assert list(listed)[-1] == "peak-distance"
    assert listed["peak-distance"]["from"] == "fusbench-example-metric 0.1.0"
    result = fusbench(
        "evaluate", "--model", "centre-bias", "--dataset", folder, "--out", tmp_path,
        "--metrics", "peak-distance,kld",
    )  # fmt: skip
    assert result["signature"].startswith("kld+peak-distance|profile:tuebingen|")
    middle = np.array([31 / 2, 23 / 2])
    want = [
        min(np.linalg.norm(np.stack(clip.gaze.at(frame), axis=1) - middle, axis=1))
        for clip in open_dataset(folder).split("test")
        for frame in clip.gaze.frames()
    ]
    assert result["summary"]["peak-distance"]["mean"] == pytest.approx(np.mean(want), rel=1e-12)
    assert set(result["summary"]) == {"kld", "peak-distance"}


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder on the path, to which packages with metrics can be added."""
    root = tmp_path / "site"
    root.mkdir()
    monkeypatch.syspath_prepend(str(root))

    def install(name, entries, module, version="1.0"):
        made = root / f"{name}-{version}.dist-info"
        made.mkdir()
        (made / "entry_points.txt").write_text(f"[fusbench.metrics]\n{entries}\n")
        (root / f"{name}.py").write_text(textwrap.dedent(module))
        return made

    yield install
    for path in root.glob("*.py"):
        sys.modules.pop(path.stem, None)


SOUND = """
    import numpy as np
    from fusbench.metrics import Metric

    def peak(predicted, empirical, profile):
        return predicted.max() - empirical.max()

    height = Metric(
        key="height", symbol="H", title="Height", function=peak, needs=("empirical",),
        higher_is_better=True,
    )
"""


def job(folder, **changes):
    return Evaluation(card=model_card("centre-bias"), dataset=open_dataset(folder), **changes)


def test_a_metric_of_a_plugin_is_scored_between_the_others(site, folder, tmp_path):
    site("sound", "height = sound:height", SOUND)
    asked = job(folder, metrics=("height", "cc", "ig"))
    result, _ = evaluate(asked, tmp_path / "runs")
    assert list(result.summary) == ["cc", "ig", "height"]
    clip = asked.dataset.split("test")[0]
    model = load_model(asked.card)
    predicted = next(densities(model, asked.card, clip, clip.gaze.frames()[:1]))
    scores = metrics.score(predicted, asked.targets.at(clip, clip.gaze.frames()[0]), asked.chosen)
    assert scores["height"] == predicted.max() - clip.saliency_map(clip.gaze.frames()[0]).max()


def test_a_run_is_of_the_plugins_version(site, folder):
    made = site("sound", "height = sound:height", SOUND)
    before, four = job(folder, metrics=("height",)).key(), job(folder).key()
    made.rename(made.with_name("sound-2.0.dist-info"))
    assert job(folder, metrics=("height",)).key() != before
    assert job(folder).key() == four


def test_broken_plugins_stop_nothing(site, folder, tmp_path):
    from click.testing import CliRunner

    from fusbench.cli import cli

    site("sound", "height = sound:height", SOUND)
    site("missing", "absent = missing:absent", "import no_such_package")
    site("wrong", "wrong = wrong:wrong", "wrong = 3")
    site("misnamed", "other = sound:height", "")
    site("thief", "kld = sound:height", "")
    site("garbled", "a = x:y\na = z:w", "")
    rows = json.loads(CliRunner().invoke(cli, ["metric", "list", "--json"]).output)
    faults = {row["name"]: row["fault"] for row in rows if "fault" in row}
    assert "No module named 'no_such_package'" in faults["absent"]
    assert faults["wrong"] == "the entry point names a int, not a Metric"
    assert faults["other"] == "the card is named 'height'"
    assert faults["kld"] == "the name 'kld' is that of fusbench 0.1.0"
    assert "malformed entry_points.txt" in faults["garbled"]
    assert {"sim", "nss", "cc", "auc-judd", "ig", "height"} <= {row["name"] for row in rows}
    result, _ = evaluate(job(folder), tmp_path / "runs")  # fusbench's own kld is still the one
    assert list(result.summary) == ["kld", "sim", "nss", "cc"]
    shown = CliRunner().invoke(cli, ["metric", "show", "kld"])
    assert "Kullback-Leibler" in shown.output
    with pytest.raises(PluginError, match="metric 'absent' of missing 1.0: cannot be imported"):
        metrics.metric("absent")
    with pytest.raises(UnknownName, match="Did you mean 'height'.*'fusbench metric list' shows"):
        metrics.metric("heigth")
    with pytest.raises(UnknownName, match=r"Did you mean 'auc-judd'.* shows all 1[0-9]"):
        metrics.metric("auc-jud")


def test_a_failing_metric_is_told_with_clip_and_frame(site, folder, tmp_path):
    site("sound", "height = sound:height", SOUND.replace("predicted.max() -", "float('nan') *"))
    words = r"metric 'height', clip 's3-c1', frame 1: the score is nan. Scores are finite numbers"
    with pytest.raises(PluginError, match=words):
        evaluate(job(folder, metrics=("height",)), tmp_path / "runs")
    assert not list((tmp_path / "runs").rglob("result.json"))


def test_a_metric_of_a_plugin_sees_what_a_model_predicted(site, folder, tmp_path):
    site("sound", "height = sound:height", SOUND)
    asked = Evaluation(
        card=card("Brightness"), dataset=open_dataset(folder), metrics=("height", "kld")
    )
    result, _ = evaluate(asked, tmp_path / "runs")
    assert result.summary["height"]["mean"] < 0
