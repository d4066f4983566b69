"""Costs: counted from the network, and times of one sitting, beside a reference."""

import csv
import json
import time
from types import SimpleNamespace

import numpy as np
import pytest
from support.fake_board import add_fake, fake_board
from support.fake_models import card

from fusbench.board import times
from fusbench.board.build import outputs, write_outputs
from fusbench.board.check import check_table
from fusbench.board.standings import read_table
from fusbench.board.words import NONE
from fusbench.data.dataset import open_dataset
from fusbench.errors import ConfigError


@pytest.fixture
def board(tmp_path):
    board = fake_board(tmp_path / "board")
    add_fake(board, "here", seed=1, macs=1_470_000)
    add_fake(board, "there", seed=2, worse=0.3)
    return board


def sit(board, **seconds):
    rows = read_table(board).rows
    measured = {name: (value, 9 * value) for name, value in seconds.items()}
    times.write_times(board.root, "a machine, 1 thread", times.told(rows, measured))


def csv_rows(board):
    text = outputs(read_table(board))["leaderboard.csv"].decode()
    return {row["name"]: row for row in csv.DictReader(text.splitlines())}


def test_times_of_different_sittings_never_share_a_column(board):
    """A table shows the times of one sitting alone."""
    table = outputs(read_table(board))
    assert "time/frame" not in table["README.md"].decode()
    assert 'data-sort="seconds"' not in table["index.html"].decode()
    sit(board, here=0.25)
    table = outputs(read_table(board))
    (line,) = [r for r in table["README.md"].decode().splitlines() if "**here**" in r]
    assert "| 1.47 M | 250 ms |" in line
    (line,) = [r for r in table["README.md"].decode().splitlines() if "**there**" in r]
    assert f"| {NONE} | {NONE} |" in line
    assert "all rows in one sitting on a machine, 1 thread." in table["README.md"].decode()
    rows = csv_rows(board)
    assert (rows["here"]["seconds"], rows["here"]["ratio"]) == ("0.250000", "2.250000")
    assert (rows["there"]["seconds"], rows["there"]["ratio"]) == ("", "")
    assert rows["here"]["macs"] == "1470000"
    write_outputs(read_table(board), board.root)
    assert list(check_table(read_table(board))) == []


def test_a_row_that_is_replaced_has_no_time(board):
    sit(board, here=0.25, there=0.5)
    add_fake(board, "there", seed=2, worse=0.3, cite="Fake et al., 2027")
    rows = csv_rows(board)
    assert rows["here"]["seconds"]
    assert not rows["there"]["seconds"]


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.update(machine="<b>"),
        lambda t: t.update(machine=7),
        lambda t: t.pop("rows"),
        lambda t: t["rows"]["here"].update(seconds=-1.0),
        lambda t: t["rows"]["here"].update(seconds=1),
        lambda t: t["rows"]["here"].update(ratio="1"),
        lambda t: t["rows"]["here"].pop("seal"),
        lambda t: t["rows"].update(here=[]),
    ],
)
def test_damaged_times_are_refused(board, change):
    sit(board, here=0.25)
    path = board.root / "times.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match="holds no times of a board. Take it out, or measure"):
        read_table(board)


def test_a_measurement_is_the_median_pass_beside_the_reference(monkeypatch, folder):
    """A clock that only the model and the reference move on: their times are known."""
    now = [0.0]
    monkeypatch.setattr(times, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    passes = iter([9.0, 3.0, 1.0, 2.0])  # the first is not counted

    def reference():
        now[0] += 0.5
        return 0.5

    class Slow:
        def predict_clip(self, frames):
            now[0] += next(passes)
            return np.full(frames.shape, 1 / frames[0].size)

    monkeypatch.setattr(times, "reference", reference)
    clip = open_dataset(folder).split("test")[0]
    seconds, ratio = times.measure(Slow(), card("Brightness"), clip, repeats=3)
    assert seconds == pytest.approx(2.0 / 9)  # of 10 frames 9 have gaze
    assert ratio == pytest.approx(2.0 / 9 / 0.5)


def test_the_reference_takes_time():
    start = time.perf_counter()
    assert 0 < times.reference() <= time.perf_counter() - start
