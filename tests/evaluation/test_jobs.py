"""Several processes for one model give what one gives: the bytes, the failures, what is kept."""

import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from support.command import run
from support.small_dataset import small_clip, small_info

import fusbench
from fusbench.data.writer import write_dataset
from fusbench.doors.open import entrant
from fusbench.errors import ConfigError, PluginError
from fusbench.evaluation.job import Evaluation
from fusbench.evaluation.jobs import Jobs, hired
from fusbench.evaluation.parts import parts, score_part
from fusbench.files import replacing
from fusbench.isolation.guest import beside
from fusbench.isolation.witness import Witness
from fusbench.locks import locked

SCANS = ("s1", "s2", "s3", "s4", "s5")
NET = """
import os, time
calls = []
def predict(frames):
    calls.append(1)
    time.sleep(300 * (len(calls) > 1 and bool(os.environ.get("FUSBENCH_SLOW_NET"))))
    if os.environ.get("FUSBENCH_COUNT_NET"):
        print("x", file=open(os.environ["FUSBENCH_COUNT_NET"], "a"))
    density = frames[:, -1] + 1.0
    return density / density.sum((1, 2), keepdims=True)
"""
FRAIL = """
import numpy as np
def predict(frames):
    raise ValueError(f"of {len(frames)} frames, the mean is {frames.mean():.3f}")
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Five test scans of one clip each, of several lengths."""
    clips = [small_clip(1 + k, "test", n_frames=n) for k, n in enumerate((7, 12, 6, 9, 8))]
    return write_dataset(tmp_path_factory.mktemp("study") / "d", small_info(), clips)


@pytest.fixture
def model(tmp_path):
    def made(text):
        path = tmp_path / "net.py"
        path.write_text(text)
        return path

    return made


@pytest.fixture(scope="module")
def alone(study, tmp_path_factory):
    """The run of one process with one thread."""
    root = tmp_path_factory.mktemp("alone")
    (root / "net.py").write_text(NET)
    return fusbench.evaluate(root / "net.py", study, runs=root / "r", threads=1)


def files(run):
    return [(run.folder / name).read_bytes() for name in ("result.json", "scores.csv")]


def test_parts_are_alike_and_the_first_begins_as_the_whole_does(study):
    data = fusbench.open_dataset(study)
    for count in (1, 2, 3, 9):
        found = parts(data.scans("test"), count)
        names = [[scan for scan, _ in part] for part in found]
        assert sorted(scan for part in names for scan in part) == list(SCANS)
        assert len(found) == min(count, 5)
        assert names[0][0] == "s1"
        assert all(part == sorted(part) for part in names)
    loads = [sum(clip.n_frames for _, clips in part for clip in clips) for part in parts(
        data.scans("test"), 2)]  # fmt: skip
    assert sorted(loads) == [19, 23]


def test_a_cluster_gives_the_bytes_of_one_process(study, model, alone, tmp_path):
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    net = model(NET)
    settings = {"n_workers": 2, "threads_per_worker": 1, "processes": False, "protocol": "tcp"}
    with distributed.LocalCluster(**settings, dashboard_address=None) as cluster:
        address = cluster.scheduler_address
        assert address.startswith("tcp://127.0.0.1")
        with hired(None, address) as crew:
            assert (crew.count, crew.threads) == (2, 1)
        made = fusbench.evaluate(net, study, runs=tmp_path / "cluster", scheduler=address)
    assert files(made) == files(alone)


def test_what_parts_have_kept_is_not_scored_again(
    study, model, alone, tmp_path, tmp_path_factory, monkeypatch
):
    """The whole run of two parts asks the model for nothing."""
    calls = tmp_path_factory.mktemp("counts") / "calls"
    monkeypatch.setenv("FUSBENCH_COUNT_NET", str(calls))
    net, runs = model(NET), tmp_path / "r"
    line = ("--model", net, "--dataset", study, "--out", runs, "--json")
    told = json.loads(run("evaluate", *line, "--part", "2/2").stdout)
    assert (told["part"], told["scans"]) == ([2, 2], ["s3", "s4", "s5"])
    data = fusbench.open_dataset(study)
    with entrant(str(net)) as found:
        job = Evaluation(card=found.card, dataset=data, owner=found.owner, version=found.version)
        key, scans = score_part(
            job, runs, (1, 2), load=lambda: found.load(data), witness=found.witness
        )
    assert (key, scans) == (told["key"], ["s1", "s2"])
    assert len(calls.read_text().splitlines()) == len(SCANS)
    whole = fusbench.evaluate(net, study, runs=runs, threads=1)
    assert len(calls.read_text().splitlines()) == len(SCANS)
    assert whole.key == key
    assert files(whole) == files(alone)


def test_a_failing_model_fails_as_in_one_process(study, model, tmp_path):
    net, told = model(FRAIL), []
    for jobs in (1, 2):
        with pytest.raises(PluginError, match="raised ValueError: of 6 frames") as error:
            fusbench.evaluate(net, study, runs=tmp_path / "r", jobs=jobs)
        told.append((str(error.value), error.value.last_words))
    assert told[0] == told[1]


def test_a_job_that_dies_costs_time_alone(study, model, alone, tmp_path, monkeypatch):
    """What it did not keep is scored by the process that asked, which says so."""
    net = model(NET)
    monkeypatch.setattr(Jobs, "score", lambda self, line, tick: ["a job was killed"])
    with pytest.warns(UserWarning, match="a job failed, its scans were scored afterwards: a job"):
        made = fusbench.evaluate(net, study, runs=tmp_path / "r", jobs=2)
    assert files(made)[1] == files(alone)[1]


def test_an_interrupt_ends_the_jobs_and_the_next_call_goes_on_to_the_same_bytes(
    study, model, alone, tmp_path, tmp_path_factory
):
    net = model(NET)
    line = [sys.executable, "-m", "fusbench", "evaluate", "--model", net, "--dataset", study]
    line += ["--out", tmp_path / "r", "--jobs", "2"]
    slow = {**os.environ, "FUSBENCH_SLOW_NET": "yes"}
    process = subprocess.Popen(list(map(str, line)), stderr=subprocess.PIPE, text=True, env=slow)
    end = time.monotonic() + 180
    while len(kept(tmp_path)) < 2 and time.monotonic() < end:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 130, told
    assert "interrupted" in told
    assert kept(tmp_path) == ["s1", "s3"]  # the first of each part
    assert not [name for name in os.listdir("/proc") if name.isdigit() and _runs(name, tmp_path)]
    calls = tmp_path_factory.mktemp("counts") / "calls"  # not near the model, which two jobs watch
    counting = {**os.environ, "FUSBENCH_COUNT_NET": str(calls)}
    run("evaluate", *line[4:], "--threads", "1", env=counting)
    assert len(calls.read_text().splitlines()) == 3
    (folder,) = (tmp_path / "r").glob("net-*")
    assert folder.name == alone.key
    whole = SimpleNamespace(folder=folder)
    assert files(whole) == files(alone)
    assert sorted(os.listdir(whole.folder)) == sorted(os.listdir(alone.folder))
    record = json.loads((whole.folder / "used.json").read_text())["record"]
    assert [path.rpartition("/")[2] for path in record["files"]] == ["net.py"]


def kept(root):
    return sorted(path.stem for path in root.glob("r/*/scans/*.npz"))


def _runs(number, root):
    try:
        with open(f"/proc/{number}/cmdline", "rb") as stream:
            return os.fsencode(root) in stream.read()
    except OSError:
        return False


def test_what_no_other_process_can_call(study, tmp_path):
    loaded = SimpleNamespace(predict=lambda frames: np.ones(frames[:, 0].shape))
    with pytest.raises(ConfigError, match="no other process can call this model"):
        fusbench.evaluate(loaded, study, runs=tmp_path, jobs=2)


def test_what_other_jobs_look_at_is_no_part_of_a_model(tmp_path):
    """The system tells of all files that are opened near a model, by whichever process."""
    pieces = ("r/net-1/scans/s1.npz", "r/net-1/scans/used-0123456789abcdef.json")
    pieces += ("r/other-0123456789abcdef/result.json", "r/other-0123456789abcdef/timing.json")
    with replacing(tmp_path / "r/net-1/scans/used-0.json") as part, locked(tmp_path, 0):
        pieces += (str(part.relative_to(tmp_path)), ".fusbench.lock")
        assert all((tmp_path / name).exists() for name in pieces[-2:])
    names = (*pieces, ".hidden.npz", "weights.bin", "result.json")
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    taken = [str(tmp_path / name) for name in names]
    watch = SimpleNamespace(taken=lambda: taken, near=lambda *_: None)
    witness = Witness(str(tmp_path / "scratch"), beside)
    witness.watch = watch
    witness.after()
    assert list(witness.read) == [str(tmp_path / name) for name in names[-3:]]
