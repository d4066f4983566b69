import pytest
from support.fake_board import add_fake, fake_board

from fusbench.board.build import write_outputs
from fusbench.board.standings import read_table


@pytest.fixture
def board(tmp_path):
    """A built one of two rows."""
    board = fake_board(tmp_path / "board")
    add_fake(board, "honest", seed=1)
    add_fake(board, "forged", seed=2, worse=0.3)
    write_outputs(read_table(board), board.root)
    return board
