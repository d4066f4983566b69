"""The boards that come with fusbench: whole, and of data that every machine can make again."""

from pathlib import Path

import pytest

from fusbench.board.check import check_table
from fusbench.board.rules import read_board
from fusbench.board.standings import read_table
from fusbench.phantom.golden import GOLDEN, VERSION

BOARDS = Path(__file__).parents[2] / "leaderboards"


def committed():
    return sorted(path.parent.name for path in BOARDS.glob("*/board.toml"))


@pytest.mark.parametrize("name", committed())
def test_a_board_is_of_the_golden_data_of_its_version(name):
    rules = read_board(BOARDS / name).rules
    assert rules.dataset_version == f"1.{VERSION}"
    assert rules.fingerprint == GOLDEN[rules.dataset][rules.split]


@pytest.mark.parametrize("name", committed())
def test_a_board_has_no_findings(name):
    table = read_table(read_board(BOARDS / name))
    assert list(check_table(table)) == []
    fingerprints = {row.result.dataset.fingerprint for row in table.rows}
    assert fingerprints == {table.board.rules.fingerprint}
