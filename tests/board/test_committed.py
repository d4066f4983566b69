"""The boards that come with fusbench: whole, and of data that every machine can make again."""

from pathlib import Path

import pytest

from fusbench.board.check import check_table
from fusbench.board.rules import read_board
from fusbench.board.standings import read_table
from fusbench.phantom.golden import GOLDEN, VERSION

BOARDS = Path(__file__).parents[2] / "leaderboards"
OLD = {"phantom-full-1.1"}  # of 1.1, which nobody can make again to the bit


def committed():
    return sorted(path.parent.name for path in BOARDS.glob("*/board.toml"))


def test_every_board_says_of_which_version_it_is():
    versions = {name: read_board(BOARDS / name).rules.dataset_version for name in committed()}
    assert {name for name, version in versions.items() if version == "1.1"} == OLD
    assert set(versions.values()) == {"1.1", f"1.{VERSION}"}


@pytest.mark.parametrize("name", committed())
def test_a_board_is_of_the_golden_data_of_its_version(name):
    rules = read_board(BOARDS / name).rules
    golden = GOLDEN[rules.dataset][rules.split]
    assert (rules.fingerprint == golden) == (name not in OLD)


@pytest.mark.parametrize("name", committed())
def test_a_board_has_no_findings(name):
    table = read_table(read_board(BOARDS / name))
    assert list(check_table(table)) == []
    fingerprints = {row.result.dataset.fingerprint for row in table.rows}
    assert fingerprints == {table.board.rules.fingerprint}
