"""Two processes that train together in Keras take the steps of one, and end together.

TensorFlow must not have been used before they meet, so both are processes of their own.
"""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support import group_member
from support.group_member import RECIPES_OF
from support.ports import free_port

from fusbench.errors import ConfigError
from fusbench.training.group import Alone
from fusbench.training.place import Place, place_of

pytest.importorskip("fusbench_keras")


def cluster_of(ports, index):
    """What tells a process of two which one it is."""
    workers = [f"127.0.0.1:{port}" for port in ports]
    told = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
    return {"TF_CONFIG": json.dumps(told)}


def together(*commands, timeout=500):
    """Run one command for each process of a cluster; what the first one gave back."""
    ports = [free_port() for _ in commands]
    support = str(Path(group_member.__file__).parents[1])
    running = [
        subprocess.Popen(
            [sys.executable, "-m", *command],
            env={**os.environ, "PYTHONPATH": support, **cluster_of(ports, index)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for index, command in enumerate(commands)
    ]  # fmt: skip
    told = [process.communicate(timeout=timeout) for process in running]
    return [(process.returncode, *texts) for process, texts in zip(running, told, strict=True)]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """What the first of two processes found."""
    out = tmp_path_factory.mktemp("pair") / "w.safetensors"
    first, _ = together(
        ("support.group_member", "lead", str(out)),
        ("support.group_member", "member", "keras", str(out)),
    )
    assert first[0] == 0, first
    return {**pickle.loads(Path(f"{out}.found").read_bytes()), "out": out}


def apart(one, other):
    """How far arrays are apart, by their length; a constant on all pixels is idle."""
    names = [name for name in one if name != "head.bias"]
    a, b = (np.concatenate([each[name].ravel() for name in names]) for each in (one, other))
    return np.linalg.norm(a - b) / np.linalg.norm(a)


@pytest.mark.parametrize("name", RECIPES_OF)
def test_two_processes_take_the_steps_of_one(pair, name):
    """Over 20 steps of a normalised network: losses, weights, averages and statistics."""
    losses, one = group_member.steps("keras", name)
    found = pair[name]
    np.testing.assert_allclose(found["losses"], losses, rtol=1e-5)
    for kind in ("weights", "averages"):
        assert apart(one[kind], found[kind]) <= 1e-5, kind
    assert len(set(losses)) == len(losses)


def test_a_whole_training_is_that_of_one_process_and_one_that_broke_off_goes_on(pair, tmp_path):
    alone = group_member.whole("keras", tmp_path / "w.safetensors")
    for one, two in zip(alone.history, pair["history"], strict=True):
        assert one == pytest.approx(two, rel=1e-5, abs=1e-6)
    assert "another process of this training has ended" in pair["lost"]
    assert "\n" not in pair["lost"]
    assert pair["tells"] == (True, False)
    state = group_member.whole("keras", f"{pair['out']}.broken", resume=True)
    assert apart(state.best, alone.best) <= 1e-5


def test_the_command_trains_in_two_processes_and_one_tells(tmp_path):
    from safetensors.numpy import load_file

    line = (
        "fusbench", "train", "--model", "clstmunet-keras", "--dataset", "phantom-tiny",
        "--base", "2", "--levels", "1", "--input-size", "12", "16", "--length", "2",
        "--batch-size", "4", "--max-steps", "20", "--validate-every", "10", "--out",
    )  # fmt: skip
    (code, first, errors), (other, second, more) = together(
        *[(*line, str(tmp_path / "two.safetensors"))] * 2
    )
    assert (code, other) == (0, 0), (errors, more)
    assert "best at step" in first
    assert second == ""
    subprocess.run(
        [sys.executable, "-m", *line, str(tmp_path / "one.safetensors")], check=True,
        capture_output=True,
    )  # fmt: skip
    one, two = (load_file(tmp_path / f"{name}.safetensors") for name in ("one", "two"))
    assert apart(one, two) <= 1e-5


WORKERS = {"chief": ["a:1"], "worker": ["b:1", "b:2"]}


@pytest.mark.parametrize(
    ("task", "place"),
    [
        (("chief", 0), Place(rank=0, size=3, local_rank=0, local_size=1)),
        (("worker", 0), Place(rank=1, size=3, local_rank=0, local_size=2)),
        (("worker", 1), Place(rank=2, size=3, local_rank=1, local_size=2)),
    ],
)
def test_ranks_begin_with_the_chief_and_machines_are_told_by_addresses(task, place):
    told = {"cluster": WORKERS, "task": dict(zip(("type", "index"), task, strict=True))}
    assert place_of("keras", {"TF_CONFIG": json.dumps(told)}) == place


def test_batch_normalisation_of_a_share_is_refused():
    import keras
    from fusbench_keras.learner import ModelLearner

    def made(**settings):
        frames = keras.Input((1, 4, 4))
        return keras.Model(frames, keras.layers.BatchNormalization(**settings)(frames))

    group = Alone(Place(rank=0, size=2))
    with pytest.raises(ConfigError, match="over each process's share of a batch. Make it Batch"):
        ModelLearner(made()).join(group)
    ModelLearner(made(synchronized=True)).join(group)
    with pytest.raises(ConfigError, match="--compile is for one process"):
        ModelLearner(made(synchronized=True), compile=True).join(group)
