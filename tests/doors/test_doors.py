"""Python files, other environments, and what a process of its own promises."""

import ast
import errno
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from support.broken_plugins import CARD, MODEL, install, module_of
from support.command import error_of, run
from support.environments import sees_numpy

import fusbench
import fusbench.isolation.guest
import fusbench.isolation.introduced
from fusbench.data.dataset import open_dataset
from fusbench.data.window import Window
from fusbench.doors.open import entrant
from fusbench.errors import MemoryFull, PluginError
from fusbench.evaluation.job import Evaluation
from fusbench.evaluation.run import evaluate
from fusbench.files import output_errors
from fusbench.isolation.crossing import write_over
from fusbench.isolation.parent import Guest, Limits
from fusbench.locks import sweep
from fusbench.pools import processes
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


GUEST = ("guest", "introduced", "witness", "watch", "crossing")


def test_the_guest_runs_on_python_3_8():
    place = Path(fusbench.isolation.guest.__file__)
    texts = [place.with_name(f"{name}.py").read_text() for name in GUEST]
    trees = [ast.parse(text, feature_version=(3, 8)) for text in texts]
    imported = {
        name.split(".")[0]
        for tree in trees
        for node in ast.walk(tree)
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names] if isinstance(node, ast.Import)
            else []
        )
    }  # fmt: skip
    assert imported - sys.stdlib_module_names == {"numpy", "fusbench"}


@pytest.mark.parametrize("placement", ["before", "around", "after"])
def test_the_guests_window_is_the_real_one(placement):
    for length, stride, horizon in ((1, 1, 0), (5, 2, 0), (6, 1, 0), (4, 3, 2)):
        if horizon and placement != "before":
            continue
        facts = {"length": length, "placement": placement, "stride": stride, "horizon": horizon}
        real, stand_in = Window(**facts), fusbench.isolation.introduced.Window(**facts)
        at = np.arange(12)
        np.testing.assert_array_equal(stand_in.indices(at, 12), real.indices(at, 12))


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


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no disk that is always full")
@pytest.mark.parametrize("file", ["frames.npy", "densities.npy"])
def test_full_memory_is_not_blamed_on_the_model(file, folder, tmp_path):
    """The shared folder fills while a model runs, so that nothing it says can be written either."""
    path = tmp_path / "sound.py"
    path.write_text(
        "import os\n"
        "shared = os.path.dirname(os.readlink('/proc/self/fd/1'))\n"
        f"os.symlink('/dev/full', os.path.join(shared, {file!r}))\n"
        "os.dup2(os.open('/dev/full', os.O_WRONLY), 2)\n"
        "def predict(frames):\n"
        "    return frames[:, -1] * 0. + 1 / frames[0, -1].size\n"
    )
    runs = tmp_path / "runs"
    line = error_of("evaluate", "--model", path, "--dataset", folder, "--out", runs)
    assert "the shared memory is full. Free some space there, or give it less work" in line
    rows = fusbench.evaluate([path, "uniform"], folder, runs=runs)
    assert [row.name for row in rows.runs] == ["uniform"]
    assert isinstance(rows.failures[0].error, MemoryFull)


def test_locks_that_find_no_room_are_not_blamed_on_another_disk(tmp_path, monkeypatch):
    """A pool's locks lie in the shared memory, whatever its processes write to."""

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("multiprocessing.synchronize.SemLock.__init__", full)
    with (
        pytest.raises(MemoryFull, match="/dev/shm: the shared memory is full"),
        output_errors(tmp_path),
        processes(1),
    ):
        pass


def test_an_array_that_finds_no_room_tells_why(tmp_path):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        with pytest.raises(OSError, match="File too large") as told:
            write_over(str(tmp_path / "a.npy"), np.zeros(1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert told.value.errno == errno.EFBIG


@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
def test_an_array_crosses_as_it_is_and_takes_the_place_of_a_longer_one(shape, tmp_path):
    path = tmp_path / "a.npy"
    write_over(str(path), np.ones(99))
    array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape).T
    write_over(str(path), array)
    np.testing.assert_array_equal(np.load(path), array)
    np.save(tmp_path / "b.npy", np.ascontiguousarray(array).reshape(array.shape))
    assert path.read_bytes() == (tmp_path / "b.npy").read_bytes()


def test_nothing_is_left_of_a_process(tmp_path):
    path = tmp_path / "parent.py"
    path.write_text(
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\n"
        "def predict(frames): ...\n"
    )
    with entrant(str(path)) as found:
        assert found.card.name == "parent"
        pid = int((tmp_path / "pid").read_text())
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        for _ in range(200):
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                raise ProcessLookupError
            time.sleep(0.02)


def test_a_killed_run_leaves_nothing_in_memory_for_long():
    code = (
        "import os, signal\nfrom fusbench.isolation.parent import Guest\n"
        "with Guest('x') as guest:\n"
        "    print(guest.folder, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    left = Path(done.stdout.strip())
    assert left.is_dir()
    sweep.cache_clear()  # as in the next process
    with Guest("x") as guest, Guest("y") as other:
        assert not left.exists()
        places = guest.folder, other.folder
        assert all(place.is_dir() for place in places)
    assert not any(place.exists() for place in places)


def test_a_hanging_card_is_stopped(tmp_path):
    path = tmp_path / "slow.py"
    path.write_text("import time; time.sleep(60)")
    with (
        pytest.raises(
            PluginError, match="gave no answer within 1 s and was stopped. If it is slow"
        ),
        entrant(str(path), limits=Limits(timeout_s=1)),
    ):
        pass


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
