"""Two processes that train together take the steps of one, and end together."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support import group_member
from support.group_member import RECIPES_OF, job_of
from support.ports import free_port

from fusbench.errors import ConfigError
from fusbench.training.group import Alone, LostError, require_shared, together
from fusbench.training.place import Place, place_of

TORCHRUN = {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """What the first of two processes found, and where they wrote."""
    pytest.importorskip("fusbench_torch")
    out = tmp_path_factory.mktemp("pair") / "w.safetensors"
    settings = {**TORCHRUN, "MASTER_PORT": free_port(), "GLOO_SOCKET_IFNAME": "lo"}
    support = Path(group_member.__file__).parents[1]
    other = subprocess.Popen(
        [sys.executable, "-m", "support.group_member", "member", "torch", str(out)],
        env={**os.environ, **settings, "PYTHONPATH": str(support)},
        stderr=subprocess.PIPE,
    )
    found = {"out": out}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**settings, "RANK": "0"}.items():
            patch.setenv(name, value)
        with together("torch", os.environ) as group:
            for name in RECIPES_OF:
                found[name] = group_member.steps("torch", name, group)
            found["whole"] = group_member.whole("torch", out, group)
            with pytest.raises(LostError) as lost:
                group_member.whole("torch", f"{out}.broken", group)
            found["lost"] = str(lost.value)
            found["tells"] = group.tells(), group.tells()
    other.communicate()
    return found


def apart(one, other):
    """How far arrays are apart, by their length; a constant on all pixels is idle."""
    names = [name for name in one if name != "head.bias"]
    a, b = (np.concatenate([each[name].ravel() for name in names]) for each in (one, other))
    return np.linalg.norm(a - b) / np.linalg.norm(a)


@pytest.mark.parametrize("name", RECIPES_OF)
def test_two_processes_take_the_steps_of_one(pair, name):
    """Over 20 steps of a normalised network: losses, weights, averages and statistics."""
    (losses, one), (found, two) = group_member.steps("torch", name), pair[name]
    np.testing.assert_allclose(found, losses, rtol=1e-5)
    for kind in ("weights", "averages"):
        assert apart(one[kind], two[kind]) <= 1e-5, kind
    assert len(set(losses)) == len(losses)


def test_a_whole_training_is_that_of_one_process(pair, tmp_path):
    alone = group_member.whole("torch", tmp_path / "w.safetensors")
    assert alone.step == pair["whole"].step == 20
    for one, two in zip(alone.history, pair["whole"].history, strict=True):
        assert one == pytest.approx(two, rel=1e-5, abs=1e-6)
    written = {path.name for path in pair["out"].parent.iterdir()}
    assert written == {"w.safetensors", "w.csv", "w.png", "w.safetensors.broken.state"}


def test_the_end_of_one_process_ends_all_and_is_resumed(pair, tmp_path):
    """By one process, to what an unbroken training of two came to."""
    assert "another process of this training has ended" in pair["lost"]
    assert "\n" not in pair["lost"]
    assert "--resume goes on from here" in pair["lost"]
    assert pair["tells"] == (True, False)  # one of the processes says so, once
    state = group_member.whole("torch", f"{pair['out']}.broken", resume=True)
    assert apart(state.best, pair["whole"].best) <= 1e-5
    assert [row["step"] for row in state.history] == [5, 10, 15, 20]


def test_torchrun_trains_in_two_processes_and_one_tells(tmp_path):
    """The command of the page, and the checkpoint of one process."""
    pytest.importorskip("fusbench_torch")
    from safetensors.numpy import load_file

    line = (
        "-m", "fusbench", "train", "--model", "clstmunet-torch", "--dataset", "phantom-tiny",
        "--base", "2", "--levels", "1", "--input-size", "12", "16", "--length", "2", "--batch-size",
        "4", "--max-steps", "20", "--validate-every", "10", "--out",
    )  # fmt: skip
    found = {}
    for name, launcher in (
        ("one", ()),
        ("two", ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")),
    ):
        out = tmp_path / f"{name}.safetensors"
        done = subprocess.run(
            [sys.executable, *launcher, *line, str(out)], check=True, capture_output=True, text=True
        )
        assert done.stdout.count("best at step") == 1
        found[name] = load_file(out)
    assert apart(found["one"], found["two"]) <= 1e-5


@pytest.mark.parametrize("name", RECIPES_OF)
def test_shares_are_parts_of_the_same_batch(name):
    whole = job_of(name).batch(3)
    parts = [job_of(name, Place(rank=rank, size=2)).batch(3) for rank in (0, 1)]
    for field in ("frames", "densities", "fixations"):
        if getattr(whole, field) is not None:
            both = np.concatenate([getattr(part, field) for part in parts])
            np.testing.assert_array_equal(both, getattr(whole, field))


def test_a_batch_has_equal_shares():
    with pytest.raises(ConfigError, match="4 windows has no equal shares for 3 processes. Use a"):
        job_of("adamw", Place(rank=0, size=3)).batch(0)


CLUSTER = '{"cluster": {"chief": ["a:1"], "worker": ["b:1", "b:2"]}}'


@pytest.mark.parametrize(
    ("backend", "environ", "told"),
    [
        ("torch", {**TORCHRUN, "RANK": "two"}, "RANK='two' is no number from 0 on"),
        ("torch", {**TORCHRUN, "RANK": "2"}, "RANK=2 is not below WORLD_SIZE=2"),
        ("torch", {"RANK": "0"}, "WORLD_SIZE is missing"),
        ("torch", {**TORCHRUN, "MASTER_ADDR": ""}, "MASTER_ADDR is missing"),
        ("numpy", TORCHRUN, "WORLD_SIZE asks for 2 processes, and backend 'numpy' trains in one"),
        ("keras", TORCHRUN, "and backend 'keras' is told of others by TF_CONFIG. Start it as"),
        ("keras", {"TF_CONFIG": CLUSTER}, "TF_CONFIG: its task, None None, is none of its cluster"),
        ("keras", {"TF_CONFIG": "{"}, "TF_CONFIG: describes no cluster"),
        ("keras", {"TF_CONFIG": "[]"}, "TF_CONFIG: describes no cluster"),
        ("keras", {"TF_CONFIG": '{"cluster": {"ps": ["a:1"]}}'}, "names tasks of the kind 'ps'"),
    ],
)
def test_an_impossible_environment_is_one_line(backend, environ, told):
    with pytest.raises(ConfigError) as error, together(backend, environ):
        raise AssertionError("joined")
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_what_other_programs_tell_of_clusters_does_not_matter():
    assert place_of("torch", {"TF_CONFIG": CLUSTER}) == place_of("keras", {}) == Place()


def test_processes_that_have_not_met_fail_with_one_line_a_machine(monkeypatch):
    """Each fails alike then: the others leave in silence."""
    environ = {**TORCHRUN, "LOCAL_RANK": "1"}
    monkeypatch.setattr("fusbench.training.group.load_target", lambda *_: 1 / 0)
    with pytest.raises(SystemExit) as end, together("torch", environ):
        pass
    assert end.value.code == 1
    with pytest.raises(ZeroDivisionError), together("torch", {**TORCHRUN, "RANK": "0"}):
        pass


def test_a_learner_that_shares_nothing_is_refused():
    with pytest.raises(ConfigError, match="its learner trains in one process only"):
        require_shared(object(), Alone(Place(rank=0, size=2)))


def test_a_compiled_network_is_not_shared():
    learner = pytest.importorskip("fusbench_torch.learner")
    made = learner.ModuleLearner(learner.nn.Identity())
    made.compiles = True  # to compile takes seconds
    with pytest.raises(ConfigError, match="--compile is for one process"):
        made.join(Alone(Place(rank=0, size=2)))


def test_batch_normalisation_of_a_module_is_not_shared_between_processors():
    torch = pytest.importorskip("torch")
    learner = pytest.importorskip("fusbench_torch.learner")
    made = learner.ModuleLearner(torch.nn.Sequential(torch.nn.BatchNorm2d(1)))
    with pytest.raises(ConfigError, match="BatchNorm2d cannot share its batch between processors"):
        made.join(Alone(Place(rank=0, size=2)))
