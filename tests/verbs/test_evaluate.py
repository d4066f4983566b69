"""``fusbench.evaluate`` and the command give the same: owner, version, key, scores, failures."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from importlib import metadata

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from support import broken_plugins
from support.command import run as command

import fusbench
from fusbench import installed
from fusbench.data.dataset import Dataset
from fusbench.evaluation import job

FILE = '''"""Brighter places draw the eye."""

import numpy as np


def predict(frames):
    density = frames[:, -1].astype(float) + 1.0
    return density / density.sum((1, 2), keepdims=True)
'''


@pytest.fixture
def bright(tmp_path):
    path = tmp_path / "bright.py"
    path.write_text(FILE)
    return path


def of_command(folder, runs, *arguments):
    line = ("evaluate", *arguments, "--dataset", folder, "--out", runs, "--json")
    return json.loads(command(*line).stdout)


def check_same(run, told, scores):
    assert json.loads((run.folder / "result.json").read_text()) == told
    assert run.key == told["key"]
    pd.testing.assert_frame_equal(run.scores, fusbench.read_scores(scores / told["key"]))


@pytest.mark.parametrize("name", ["uniform", "mean-map"])
def test_a_name_and_its_card_are_one_run(name, folder, tmp_path):
    told = of_command(folder, tmp_path / "a", "--model", name)
    assert told["model"]["version"] == metadata.version("fusbench")
    for source in (name, fusbench.model_card(name)):
        runs = tmp_path / f"b{type(source).__name__}"
        check_same(fusbench.evaluate(source, folder, runs=runs), told, tmp_path / "a")


def test_a_python_file(folder, bright, tmp_path):
    told = of_command(folder, tmp_path / "a", "--model", bright)
    for source in (bright, str(bright)):
        runs = tmp_path / f"b{type(source).__name__}"
        check_same(fusbench.evaluate(source, folder, runs=runs), told, tmp_path / "a")


def test_predictions(folder, maps, tmp_path):
    told = of_command(folder, tmp_path / "a", "--predictions", maps)
    check_same(fusbench.evaluate(maps, folder, runs=tmp_path / "b"), told, tmp_path / "a")


@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_the_zoo_by_name_card_and_loaded(backend, folder, tmp_path):
    pytest.importorskip(f"fusbench_{backend}")
    name = f"unet-{backend}"
    told = of_command(folder, tmp_path / "a", "--model", name)
    assert told["model"]["distribution"] == f"fusbench-{backend}"
    code = f"""
import json, fusbench
card = fusbench.model_card("{name}")
for source in ("{name}", card, fusbench.load_model(card)):
    run = fusbench.evaluate(source, "{folder}", runs=r"{tmp_path}/" + type(source).__name__)
    print(json.dumps([run.key, (run.folder / "result.json").read_text()]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines()[-3:]:
        key, text = json.loads(line)
        assert key == told["key"]
        assert json.loads(text) == told


class Brightness:
    """Brighter places."""

    def predict(self, frames):
        density = frames[:, -1].astype(float) + 1.0
        return density / density.sum((1, 2), keepdims=True)


def test_an_object_with_predict_scores_as_the_file_does(folder, bright, tmp_path):
    here = fusbench.evaluate(Brightness(), folder, runs=tmp_path)
    file = fusbench.evaluate(bright, folder, runs=tmp_path)
    assert here.name == "brightness"
    assert here.result.model.weights_sha256 is None
    pd.testing.assert_frame_equal(here.scores, file.scores)
    assert here.key != file.key


def test_a_changed_card_runs_in_a_process_of_its_own(folder, tmp_path, monkeypatch):
    text = broken_plugins.module_of("healthy", "return good(frames)")
    broken_plugins.install(tmp_path, "healthy", text)
    monkeypatch.syspath_prepend(str(tmp_path))
    card = fusbench.model_card("healthy")
    named = fusbench.evaluate("healthy", folder, runs=tmp_path / "runs")
    again = fusbench.evaluate(card, folder, runs=tmp_path / "runs")
    longer = replace(card, window=fusbench.Window(length=3))
    changed = fusbench.evaluate(longer, folder, runs=tmp_path / "runs")
    assert again.key == named.key
    assert changed.key != named.key
    assert changed.result.model.window["length"] == 3
    shown = {run.result.model.source_sha256 for run in (named, changed)}
    assert len(shown) == 1


def test_one_that_fails_gets_a_row_and_the_others_finish(folder, bright, tmp_path, monkeypatch):
    for name in ("raises", "segfaults", "dies-on-import"):
        body = broken_plugins.FAIL_WHEN_SCORED.get(name)
        text = (
            broken_plugins.module_of(name, body[0])
            if body
            else broken_plugins.FAIL_WHEN_READ[name][0]
        )
        broken_plugins.install(tmp_path, name, text)
    monkeypatch.syspath_prepend(str(tmp_path))
    names = ["uniform", "raises", "segfaults", "dies-on-import", bright]
    rows = fusbench.evaluate(names, folder, runs=tmp_path / "runs")
    assert [run.name for run in rows.runs] == ["uniform", "bright"]
    said = {failure.name: str(failure.error) for failure in rows.failures}
    assert "raised ValueError: bad luck" in said["raises"]
    assert "crashed with SIGSEGV" in said["segfaults"]
    assert "ended its process with exit code 4" in said["dies-on-import"]
    assert "bad luck" in rows.failures[0].file.read_text()
    html = rows._repr_html_()
    assert "bad luck" in html
    assert "<td>bright</td>" in html
    with pytest.raises(fusbench.FusbenchError, match="bad luck"):
        fusbench.evaluate("raises", folder, runs=tmp_path / "runs")


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        (object(), {}, "a object is no model. Give a name, a Python file, a card"),
        (Brightness(), {"checkpoint": "x"}, "a loaded model takes no checkpoint"),
        (
            fusbench.ModelCard(name="x", title="X", loader="__main__:load"),
            {},
            "is in __main__, which",
        ),
        ("uniform", {"name": "x"}, "a name goes with a board and a single model"),
        ("unifrom", {}, "no model is called 'unifrom'. Did you mean 'uniform'?"),
        ("uniform", {"split": "tets"}, "no split is called 'tets'. Did you mean 'test'?"),
        ("uniform", {"profile": "tub"}, "profile"),
        ("uniform", {"metrics": ["kdl"]}, "no metric is called 'kdl'"),
        ("none.py", {}, "none.py: no file is here. Name a Python file"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(folder, tmp_path, model, options, words):
    with pytest.raises(fusbench.FusbenchError) as error:
        fusbench.evaluate(model, folder, runs=tmp_path, **options)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_frames_and_figures(folder, tmp_path):
    run = fusbench.evaluate("centre-bias", folder, runs=tmp_path)
    kept = pd.read_csv(run.folder / "scores.csv")
    assert run.scores["kld"].tolist() == kept["kld"].tolist()
    assert run.summary.loc["kld", "mean"] == pytest.approx(kept["kld"].mean(), rel=1e-12)
    by_scan = kept.groupby("scan_id")["nss"].mean().mean()
    assert run.summary.loc["nss", "scan_mean"] == pytest.approx(by_scan, rel=1e-12)
    assert f"{kept['sim'].mean():.3f}" in run._repr_html_()
    axis = run.plot("nss").axes[0]
    dots = [c.get_offsets()[:, 1] for c in axis.collections if isinstance(c, PathCollection)]
    np.testing.assert_allclose(np.sort(np.concatenate(dots)), np.sort(kept["nss"]), rtol=1e-9)
    with pytest.raises(fusbench.FusbenchError, match="no metric of this run is called 'ncc'"):
        run.plot("ncc")


def test_baselines_named_beside_another_python_are_what_they_are_without(folder, bright, tmp_path):
    runs = tmp_path / "runs"
    plain = fusbench.evaluate("mean-map", folder, runs=runs)
    given = {"dataset": folder, "folder": runs, "python": sys.executable, "by": ()}
    found = fusbench.compare(["mean-map", bright], **given)
    assert found.runs[0].key == plain.key
    assert found.runs[1].result.environment["guest"]["numpy"] == np.__version__
    assert fusbench.Stream("uniform", python=sys.executable).card.name == "uniform"


def test_what_five_rows_share_is_worked_out_once(tmp_path, monkeypatch):
    """Folders of the path are read, and a run's key is made, once; the data are hashed once."""
    done = Counter()

    def counting(owner, name):
        real = getattr(owner, name)

        def counted(*arguments):
            done[name, *(str(a) for a in arguments if isinstance(a, str))] += 1
            return real(*arguments)

        monkeypatch.setattr(owner, name, counted)

    data = fusbench.open_dataset("phantom-tiny")
    installed._of_folder.cache_clear()
    counting(installed, "_records")
    counting(Dataset, "_fingerprint")
    counting(Dataset, "_gaze_fingerprint")
    counting(job, "asdict")  # of a card, for a run's key
    names = ["uniform", "centre-bias", "mean-map", "previous-gaze", "ideal-observer"]
    rows = fusbench.evaluate(names, data, runs=tmp_path)
    assert len(rows.runs) == 5
    assert done["_fingerprint", "test"] == 1
    assert done["_gaze_fingerprint", "train"] == 1
    assert done["asdict",] == 5
    assert set(done.values()) == {1, 5}, done  # each folder of the path once
