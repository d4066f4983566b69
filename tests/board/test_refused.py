"""Rows and files of a board that are refused, and what is borne."""

import os

import pytest
from support.fake_board import add_fake, fake_scores
from support.forged import findings

from fusbench.board.build import outputs, write_outputs
from fusbench.board.rules import read_board
from fusbench.board.standings import read_table
from fusbench.errors import ConfigError


@pytest.mark.parametrize("name", ["=1+1", "<b>x", "unet\u0430", "a" * 101, ".hidden"])
def test_a_row_of_a_name_that_is_no_identifier_is_refused(board, name):
    folder = board.root / "results" / "forged"
    folder.rename(folder.with_name(name))
    table = read_table(board)
    assert name not in [standing.name for standing in table.standings]
    reasons = [row.reasons for row in table.refused]
    hidden = name.startswith(".")
    assert reasons == ([] if hidden else [("the row's name is no identifier",)])
    text = b"".join(outputs(table).values()).decode()
    assert hidden or name not in text


def test_refused_rows_stand_below_the_line_with_the_reason(board):
    scores = fake_scores(board).iloc[:-5]
    assert add_fake(board, "partial", scores=scores) == ["5 of 42 frames are missing"]
    table = read_table(board)
    assert "partial" not in [s.name for s in table.standings]
    write_outputs(table, board.root)
    readme = (board.root / "README.md").read_text()
    assert "**partial**: 5 of 42 frames are missing" in readme.split("## Below the line")[1]
    assert "5 of 42 frames are missing" in (board.root / "index.html").read_text()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("patient000-c1,8", "patient000-c1,99999999999"),
        ("1-7", "1-999999999"),
        ("patient000-c1,8", "patient000-c1,-8"),
        ("1-7", "7-1"),
    ],
)
def test_impossible_clips_are_refused_at_once(board, old, new):
    path = board.root / "clips.csv"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ConfigError, match="is no clip of a board"):
        read_board(board.root)


@pytest.mark.parametrize("name", ["board.toml", "clips.csv", "published.toml"])
def test_devices_and_pipes_in_place_of_a_boards_files_are_refused(board, name):
    (board.root / name).unlink(missing_ok=True)
    (board.root / name).symlink_to("/dev/zero")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_table(read_board(board.root))
    (board.root / name).unlink()
    os.mkfifo(board.root / name)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_table(read_board(board.root))


def test_what_a_system_leaves_behind_hurts_nobody(board):
    """A Mac's hidden files, and a name that is no UTF-8."""
    (board.root / "results" / "forged" / ".DS_Store").write_bytes(b"\0")
    (board.root / "results" / ".DS_Store").write_bytes(b"\0")
    assert findings(board) == []
    os.mkdir(os.fsencode(board.root / "results") + b"/caf\xe9")
    table = read_table(read_board(board.root))
    assert [item.name for item in table.refused] == ["caf?"]
    assert len(table.rows) == 2
    write_outputs(table, board.root)
    assert findings(board) == ["results/caf?: the row's name is no identifier"]


def test_a_title_may_change_while_the_rows_stay(board):
    path = board.root / "board.toml"
    path.write_text(path.read_text().replace('"Fake"', '"Renamed"'))
    write_outputs(read_table(read_board(board.root)), board.root)
    assert findings(board) == []


def test_a_row_is_not_overwritten_in_silence(board, tmp_path):
    """Neither by another run of its name nor by a name that looks like it."""
    with pytest.raises(ConfigError, match="the board has another row of this name"):
        add_fake(board, "forged", seed=7)
    with pytest.raises(ConfigError, match="could be taken for that of 'honest'"):
        add_fake(board, "h0nest", seed=7)
    assert add_fake(board, "forged", seed=2, worse=0.3, cite="Fake et al., 2027") == []
    assert findings(board)[0].startswith("README.md: is not what a build")
