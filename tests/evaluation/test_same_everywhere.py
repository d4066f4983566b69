"""The same scores under other threads, batches, instruction sets and backends.

What is bitwise equal is said in docs/explanation/why-numbers-differ.md, and held here.
"""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from support.scored import BASELINES, BATCHES, METRICS
from support.small_dataset import small_clips, small_info

from fusbench.board.rules import read_board
from fusbench.board.standings import read_table
from fusbench.data.window import Window
from fusbench.data.writer import write_dataset
from fusbench.zoo.checkpoint import describe, initial_weights, write_checkpoint
from fusbench.zoo.entries import build

try:
    from numpy._core import _multiarray_umath as umath
except ImportError:  # NumPy 1
    from numpy.core import _multiarray_umath as umath

BOARDS = Path(__file__).parents[2] / "leaderboards"
TESTS = str(Path(__file__).parents[1])
DISPATCHED = " ".join(name for name in umath.__cpu_dispatch__ if umath.__cpu_features__[name])
ONE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
TWO = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
PLAIN = {"OPENCV_CPU_DISABLE": "AVX2,FMA3,AVX512_SKX,AVX,FP16", "OPENCV_IPP": "disabled"}
NETWORK = ("clstmunet-torch",) if find_spec("torch") else ()
SETTINGS = {
    "here": (ONE, (*BASELINES, *NETWORK)),
    "threads, IPP": (TWO | {"OPENCV_IPP": "sse42"}, (*BASELINES, *NETWORK)),
    "NumPy": (ONE | {"NPY_DISABLE_CPU_FEATURES": DISPATCHED}, (*BASELINES, *NETWORK)),
    "BLAS, OpenCV": (ONE | PLAIN | {"OPENBLAS_CORETYPE": "Prescott", "OPTIMISED": "no"}, BASELINES),
}


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("same")
    write_dataset(folder / "data", small_info(), small_clips())
    window, rng = Window(length=3), np.random.default_rng(0)
    network = build("clstmunet", window=window, input_shape=(16, 24), base=4, levels=2)
    weights = {
        key: value + rng.normal(0, 0.15, value.shape).astype(np.float32)
        for key, value in initial_weights(network, rng).items()
    }
    facts = describe(network, "clstmunet", window)
    write_checkpoint(folder / "clstmunet.safetensors", weights, facts)
    found = {}
    for number, (name, (variables, names)) in enumerate(SETTINGS.items()):
        out = folder / f"{number}.npz"
        subprocess.run(
            [sys.executable, "-m", "support.scored", str(folder), str(out), *names],
            env={**os.environ, **variables, "PYTHONPATH": TESTS},
            check=True,
        )
        with np.load(out) as arrays:
            found[name] = dict(arrays)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", BASELINES)
def test_scores_that_are_the_same_to_the_bit(scored, name):
    want = scored["here"][f"{name} {BATCHES[0]}"]
    assert len(np.unique(want[:, METRICS.index("kld")])) == len(want) == 16
    for size in BATCHES:
        for setting in ("here", "threads, IPP"):
            np.testing.assert_array_equal(scored[setting][f"{name} {size}"], want)
        for setting in ("NumPy", "BLAS, OpenCV"):
            found = scored[setting][f"{name} {size}"]
            np.testing.assert_allclose(found, want, rtol=0, atol=1e-13)


@pytest.mark.slow
def test_a_boards_verdicts_are_the_same_to_the_bit(scored):
    want = scored["here"]
    assert 10 < (want["pairs"] <= 0.05).sum() < 890
    for other in scored.values():
        np.testing.assert_array_equal(other["pairs"], want["pairs"])
        np.testing.assert_allclose(other["ends"], want["ends"], rtol=0, atol=1e-12)


@pytest.mark.slow
@pytest.mark.skipif(not NETWORK, reason="torch is not installed")
def test_a_networks_scores_are_the_same_to_1e_6(scored):
    """In one way of running to the bit in batches of any size; a board's number to 1e-6."""
    (name,) = NETWORK
    want = scored["here"][f"{name} {BATCHES[0]}"]
    for setting in ("here", "threads, IPP", "NumPy"):
        for size in BATCHES:
            found = scored[setting][f"{name} {size}"]
            np.testing.assert_allclose(found, want, rtol=0, atol=1e-5)
            np.testing.assert_allclose(found.mean(axis=0), want.mean(axis=0), rtol=0, atol=1e-6)


COMMITTED = ["phantom", "phantom-full-isbi2022", "related-work", "where-next"]


@pytest.mark.parametrize("name", COMMITTED)
def test_backends_give_a_board_the_same_numbers(name):
    """Bundled weights in Torch and Keras, as they were scored for the committed boards."""
    twins = [s.competitor.rows for s in read_table(read_board(BOARDS / name)).standings]
    twins = [rows for rows in twins if len(rows) > 1]
    assert twins
    for rows in twins:
        apart = rows[1].values - rows[0].values
        assert np.abs(apart.mean(axis=0)).max() <= 1e-6
        assert np.abs(apart).max() <= 3e-5
