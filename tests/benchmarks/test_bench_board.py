"""A board of 1,000 rows against what unpacking and parsing their scores alone takes."""

import gzip
import io
import json
import shutil
import time

import pandas as pd
import pytest
from support.fake_board import add_fake, fake_board
from support.figures import note

from fusbench.board.build import outputs
from fusbench.board.rows import Facts, as_told, seal
from fusbench.board.standings import read_table

ROWS, DISTINCT = 1000, 20


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """23 scans of 84 frames with gaze, the size of the phantom; 20 score files, 50 times each."""
    board = fake_board(tmp_path_factory.mktemp("big") / "board", scans=23, frames=85)
    for k in range(DISTINCT):
        add_fake(board, f"row{k:04}", seed=k, worse=0.02 * k)
    results = board.root / "results"
    for k in range(DISTINCT, ROWS):
        source, folder = results / f"row{k % DISTINCT:04}", results / f"row{k:04}"
        shutil.copytree(source, folder)
        facts = as_told(Facts(name=folder.name))
        packed = (folder / "scores.csv.gz").read_bytes()
        texts = (folder / "result.json").read_text(), gzip.decompress(packed)
        content = {"schema": 1, **facts, "seal": seal(texts[0], texts[1].decode(), facts)}
        (folder / "row.json").write_text(json.dumps(content))
    return board


def parse(board):
    for path in (board.root / "results").glob("*/scores.csv.gz"):
        pd.read_csv(io.BytesIO(gzip.decompress(path.read_bytes())))


def test_build_of_1000_rows(benchmark, board):
    def build():
        table = read_table(board)
        assert len(table.rows) == ROWS
        assert len(table.standings) == DISTINCT  # copies are one competitor
        return outputs(table)

    start = time.perf_counter()
    parse(board)
    limit = time.perf_counter() - start
    benchmark.pedantic(build, rounds=1)
    seconds = benchmark.stats.stats.min
    start = time.perf_counter()
    parse(board)
    limit = min(limit, time.perf_counter() - start)
    note(benchmark, "a board of 1,000 rows, seconds", seconds, at_most=5, held=False)
    note(
        benchmark,
        "a board of 1,000 rows, times the parsing of its scores",
        seconds / limit,
        at_most=4,
    )
