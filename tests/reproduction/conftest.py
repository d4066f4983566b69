from dataclasses import replace

import pytest
from support.small_dataset import small_clip, small_info

from fusbench.data.dataset import open_dataset
from fusbench.data.writer import write_dataset
from fusbench.reproduction.board import read_board


@pytest.fixture(scope="session")
def scans(tmp_path_factory):
    """A data set of twelve test scans, with sweeps and dwells."""
    halves = ((0, 14, "dwell"), (15, 29, "sweep"))
    clips = [replace(small_clip(n, "test", n_frames=30), segments=halves) for n in range(1, 13)]
    clips += [small_clip(20, "train", n_frames=20), small_clip(21, "val", n_frames=20)]
    root = tmp_path_factory.mktemp("scans") / "data"
    return open_dataset(write_dataset(root, small_info(), clips))


@pytest.fixture(scope="session")
def runs(scans, tmp_path_factory):
    """Invented runs of all rows; the two main ones have three seeds, that lie near each other."""
    from support.invented import invented_runs

    folder = tmp_path_factory.mktemp("runs")
    seeds = ("unet-ra-7-9", "clstmunet")
    return invented_runs(folder, scans, seeds=seeds, noise=0.05, seed_spread=0.001)


@pytest.fixture(scope="session")
def board(scans, runs):
    return read_board(runs, scans)


@pytest.fixture(scope="session")
def found(scans, board):
    """The claims as judged on the invented runs."""
    from fusbench.reproduction.found import find_claims
    from fusbench.reproduction.segments import segments

    return find_claims(board, segments(scans, board.frames))
