"""A changed model never shows old scores; an unchanged one is shown again without being loaded."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.broken_plugins import install
from support.command import run

import fusbench
from fusbench.isolation import witness
from fusbench.isolation.guest import beside

NET = """
import os
import cv2
import numpy as np
from fusbench import ModelCard
card = ModelCard(name="net", title="T", loader="net:load")
HERE = os.path.dirname(os.path.abspath(__file__))
def load(card):
    import parts, sys
    open({loads!r}, "a").write("x")
    sys.path.append(os.path.join(HERE, "weights"))  # which looks as if something was installed
    weight = float(open(os.path.join(HERE, "w.txt")).read())
    weight *= float(np.load(os.path.join(HERE, "weights", "w.npy")))
    weight *= 1.0 + cv2.imread(os.path.join(HERE, "w.png"))[0, 0, 0]
    weight *= float(max(os.listdir(os.path.join(HERE, "versions"))))
    return parts.Model(weight)
"""
PARTS = """
import numpy as np
class Model:
    def __init__(self, weight):
        self.weight = weight
    def predict(self, frames):
        import late
        d = frames[:, -1] * self.weight * late.WEIGHT + 1.0
        return d / d.sum((1, 2), keepdims=True)
"""


@pytest.fixture
def net(tmp_path):
    """A model file whose weight is the product of what it reads in six ways."""
    place = tmp_path / "net"
    for name in ("weights", "versions"):
        (place / name).mkdir(parents=True)
    (place / "net.py").write_text(NET.format(loads=str(tmp_path / "loads")))
    (place / "parts.py").write_text(PARTS)
    (place / "late.py").write_text("WEIGHT = 0.01\n")
    (place / "w.txt").write_text("1.0")
    np.save(place / "weights" / "w.npy", 1.0)
    cv2.imwrite(str(place / "w.png"), np.zeros((2, 2), np.uint8))
    (place / "versions" / "1.0").write_text("")
    (place / "weights" / "odd-1.0.dist-info").mkdir()
    return place


# what is changed: a lazy module, a module of the first prediction, a text, an array, what only
# compiled code opens, and what is found in a folder
CHANGES = (
    lambda net: (net / "parts.py").write_text(PARTS.replace("1.0", "1.5")),
    lambda net: (net / "late.py").write_text("WEIGHT = 0.02\n"),
    lambda net: (net / "w.txt").write_text("2.0"),
    lambda net: np.save(net / "weights" / "w.npy", 2.0),
    lambda net: cv2.imwrite(str(net / "w.png"), np.ones((2, 2), np.uint8)),
    lambda net: (net / "versions" / "2.0").write_text(""),
)


def test_what_a_model_reads_makes_its_run(net, folder, tmp_path, monkeypatch):
    def score():
        return fusbench.evaluate(net / "net.py", folder, runs=tmp_path / "runs")

    runs = [score()]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    again = score()
    assert (again.key, again.again, runs[0].again) == (runs[0].key, True, False)
    assert "shown again, finished 2" in repr(again)
    assert (tmp_path / "loads").read_text() == "x"
    for change in CHANGES:
        change(net)
        runs.append(score())
    assert not any(run.again for run in runs)
    assert len({run.key for run in runs}) == len(runs)
    assert len({run.summary.loc["kld", "mean"] for run in runs}) == len(runs)
    shutil.copytree(net, tmp_path / "copy")
    (tmp_path / "copy" / "notes.txt").write_text("of no concern")
    copied = fusbench.evaluate(tmp_path / "copy" / "net.py", folder, runs=tmp_path / "runs")
    assert (copied.key, copied.again) == (runs[-1].key, True)


PLUGIN = """
import numpy as np
from fusbench import ModelCard
card = ModelCard(name="two-modules", title="T", loader="two_modules:Model")
class Model:
    calls = 0
    def __init__(self, card):
        pass
    def predict(self, frames):
        import second_module as second
        self.calls += 1
        if self.calls > 1:
            import third_module as second
        d = frames[:, -1] * second.WEIGHT + 1.0
        return d / d.sum((1, 2), keepdims=True)
"""


def test_a_plugins_second_module_counts_and_one_that_comes_late(folder, tmp_path, monkeypatch):
    """What is imported at the second clip is not in the key: the finished run is done again."""
    site = tmp_path / "site"
    site.mkdir()
    install(site, "two-modules", PLUGIN)
    second, third = site / "second_module.py", site / "third_module.py"
    for path in (second, third):
        path.write_text("WEIGHT = 0.01\n")
    monkeypatch.syspath_prepend(str(site))

    def score(runs="runs"):
        return fusbench.evaluate("two-modules", folder, runs=tmp_path / runs)

    first = score()
    assert score().again
    third.write_text("WEIGHT = 0.02\n")
    later = score()
    assert (later.key, later.again) == (first.key, False)
    assert later.scores.equals(score("new").scores)
    second.write_text("WEIGHT = 0.02\n")
    assert score().key != first.key


def test_the_command_tells_when_scores_are_shown_again(net, folder, tmp_path):
    base = ("evaluate", "--model", net / "net.py", "--dataset", folder, "--out", tmp_path / "r")
    first = run(*base, "--json")
    again = run(*base, "--json", cwd=net)
    assert (first.stderr, again.stdout) == ("", first.stdout)
    assert again.stderr.startswith("net: shown again, as scored on 2")
    assert again.stderr.endswith("; --force scores it anew.\n")
    other = shutil.copytree(folder, tmp_path / "other")
    facts = (other / "dataset.toml").read_text()
    known = fusbench.open_dataset(folder).info.name
    (other / "dataset.toml").write_text(facts.replace(f'"{known}"', '"renamed"', 1))
    again = run("evaluate", "--model", net / "net.py", "--dataset", other, "--out", tmp_path / "r")
    assert f" on '{known}', whose data are those of 'renamed'; --force" in again.stderr


PEEKING = """
import numpy as np
from pathlib import Path
def predict(frames):
    Path({gaze!r}).read_text()
    d = frames[:, -1] + 1.0
    return d / d.sum((1, 2), keepdims=True)
"""
FITTED = """
import numpy as np
from fusbench import ModelCard
card = ModelCard(name="fitted", title="T", loader="fitted:Model", sees="train-gaze")
class Model:
    def __init__(self, card, dataset):
        frames = [clip.frames for clip in dataset.train_clips]
        self.bright = float(np.mean([f.mean() for f in frames]))
    def predict(self, frames):
        d = frames[:, -1] + self.bright
        return d / d.sum((1, 2), keepdims=True)
"""


def test_a_model_that_reads_the_gaze_is_marked(folder, tmp_path):
    (tmp_path / "peeking.py").write_text(PEEKING.format(gaze=str(folder / "gaze.csv")))
    with pytest.warns(UserWarning, match="peeking opened files of a data set by itself: gaze.csv"):
        row = fusbench.evaluate(tmp_path / "peeking.py", folder, runs=tmp_path / "runs")
    assert row.result.config["opened"] == ["gaze.csv"]


SLOWLY = """
import time
def predict(frames):
    time.sleep(0.3)
    d = frames[:, -1] + 1.0
    return d / d.sum((1, 2), keepdims=True)
"""
STARTING = """
import subprocess
def predict(frames):
    subprocess.run(["cat", "copy/gaze.csv"], check=True, stdout=subprocess.DEVNULL)
    d = frames[:, -1] + 1.0
    return d / d.sum((1, 2), keepdims=True)
"""


@contextmanager
def reading(*paths):
    """Another program that reads files now and then, while the block runs."""
    loop = "while True:\n    [open(path).read() for path in sys.argv[1:]]\n    time.sleep(.02)"
    code = f"import sys, time\n{loop}"
    with subprocess.Popen([sys.executable, "-c", code, *paths]) as other:
        yield
        other.kill()


def test_a_model_is_not_blamed_for_what_another_program_reads_beside_it(
    folder, tmp_path, monkeypatch, recwarn
):
    """A search through the working folder while a model predicts marked its row."""
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "note.txt").write_text("seen, by whomever")
    (tmp_path / "beside.py").write_text(SLOWLY)
    monkeypatch.chdir(tmp_path)
    with reading("copy/gaze.csv", "note.txt"):
        row = fusbench.evaluate("beside.py", folder, runs=tmp_path / "runs")
    assert "opened" not in row.result.config
    assert not [w for w in recwarn if "opened files" in str(w.message)]
    used = json.loads((row.folder / "used.json").read_text())
    names = {Path(path).name for path in used["record"]["files"]}
    assert "note.txt" in names  # the reading was seen
    assert "gaze.csv" not in names


def test_below_the_folder_of_temporary_files_others_read_as_they_like(folder, tmp_path):
    """Whoever worked there got another key each time, with what other programs read meanwhile."""
    common, net = tmp_path / "common", tmp_path / "net" / "net.py"
    for place in (common / "theirs", net.parent):
        place.mkdir(parents=True)
    (common / "theirs" / "note.txt").write_text("seen by another program")
    net.write_text(SLOWLY)
    line = ("evaluate", "--model", net, "--dataset", folder, "--out", tmp_path / "r", "--json")
    with reading(common / "theirs" / "note.txt"):
        run(*line, env={**os.environ, "TMPDIR": str(common)}, cwd=common)
    (used,) = tmp_path.glob("r/net-*/used.json")
    assert [*json.loads(used.read_text())["record"]["files"]] == [str(net)]


def test_a_model_is_blamed_for_what_it_lets_another_program_read(folder, tmp_path, monkeypatch):
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "starting.py").write_text(STARTING)
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match="starting opened files of a data set by itself: gaze.csv"):
        fusbench.evaluate("starting.py", folder, runs=tmp_path / "runs")


def test_a_model_fitted_to_the_train_gaze_has_the_frames_of_made_data(tmp_path):
    (tmp_path / "fitted.py").write_text(FITTED)
    row = fusbench.evaluate(tmp_path / "fitted.py", "phantom-tiny", runs=tmp_path / "runs")
    assert "opened" not in row.result.config
    assert row.result.n_frames > 0


class Told:
    """What a watch says, or how it ends."""

    def __init__(self, *paths, error=None):
        self.paths, self.error = paths, error

    def taken(self):
        if self.error is not None:
            raise self.error
        return self.paths

    def near(self, path, counts):
        pass


@pytest.mark.parametrize("asked", ["after", "used"])
def test_a_witness_goes_on_after_what_cannot_be_read(asked, tmp_path, monkeypatch):
    """An error on the way silenced it for the rest of the process."""
    weights, late = tmp_path / "w.bin", tmp_path / "late.txt"
    for path in (weights, late):
        path.write_text("1")
    seer = witness.Witness(str(tmp_path / "scratch"), beside)
    seer.watch = Told(str(weights))
    seer.packages = [str(tmp_path)]
    with monkeypatch.context() as patch:
        patch.setattr(seer.contents, "digest_of", refuse)
        getattr(seer, asked)()  # as of a file whose rights were taken away meanwhile
    assert str(weights) not in seer.read
    with monkeypatch.context() as patch:
        patch.setattr(seer, "watch", Told(error=RuntimeError("no watch")))
        patch.setattr(seer, "_package_files", refuse)
        with pytest.raises((RuntimeError, OSError)):
            getattr(seer, asked)()
    monkeypatch.setattr(witness, "_by_model", lambda counts: True)
    seer.see("open", (str(late), "r", 0))
    assert [*seer.read] == [str(late)]


def refuse(*_arguments):
    raise PermissionError(13, "Permission denied")
