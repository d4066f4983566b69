"""Day and addresses of a row: said by its submitter, kept, shown as links, and never trusted."""

import csv
import json

import pytest
from support.fake_board import add_fake, fake_board, fake_result, fake_run, fake_scores

from fusbench.board.build import outputs
from fusbench.board.origin import Origin
from fusbench.board.rows import Refused, read_row
from fusbench.board.rules import read_board
from fusbench.board.standings import read_table
from fusbench.errors import ConfigError
from fusbench.verbs.board import Board

CITE = "Me et al., 2026, doi:10.1000/182"


@pytest.fixture
def board(tmp_path):
    board = fake_board(tmp_path / "board", scans=6)
    scores = fake_scores(board, 1)
    run = fake_run(tmp_path / "run", fake_result(board, scores, "mine", cite=CITE), scores)
    Board(board.root).add(run, date="2026-11-26", code="https://example.org/a_b?c=1&d=%20#e")
    add_fake(board, "plain", seed=2, worse=0.1)
    return board


def test_it_is_shown_by_every_output(board):
    content = {name: text.decode() for name, text in outputs(read_table(board)).items()}
    link = "https://example.org/a_b?c=1&d=%20#e"
    assert f"<br>[paper](https://doi.org/10.1000/182), [code]({link})" in content["README.md"]
    assert "| 2026-11-26 |" in content["README.md"]
    rows = {row["name"]: row for row in csv.DictReader(content["leaderboard.csv"].splitlines())}
    told = [rows["mine"][key] for key in ("date", "paper", "code", "weights")]
    assert told == ["2026-11-26", "https://doi.org/10.1000/182", link, ""]
    assert rows["plain"]["date"] == rows["plain"]["code"] == ""
    (mine, _) = json.loads(content["leaderboard.json"])["rows"]
    paper = "https://doi.org/10.1000/182"
    assert mine["origin"] == {"date": "2026-11-26", "paper": paper, "code": link}
    page = content["index.html"]
    assert '<a href="https://example.org/a_b?c=1&amp;d=%20#e" rel="nofollow">code</a>' in page
    assert 'data-sort="date"' in page


def test_without_any_day_there_is_no_column(tmp_path):
    board = fake_board(tmp_path / "board", scans=6)
    add_fake(board, "plain")
    content = outputs(read_table(board))
    assert 'data-sort="date"' not in content["index.html"].decode()
    assert "| date |" not in content["README.md"].decode()
    assert "origin" not in json.loads((board.root / "results/plain/row.json").read_text())


def test_the_same_run_again_keeps_it_and_may_change_it(board, tmp_path):
    shown = Board(board.root)
    row = board.root / "results" / "mine"
    before = (row / "row.json").read_bytes()
    assert shown.add(tmp_path / "run") == []
    assert (row / "row.json").read_bytes() == before
    assert shown.add(tmp_path / "run", date="2026-11-27") == []
    assert read_row(row, board).facts.origin == Origin(date="2026-11-27")
    assert shown.check() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "javascript:alert(1)"),
        ("code", "https://a.b/' onclick='x"),
        ("paper", "https://a.b/)](javascript:x)"),
        ("weights", "//example.org"),
        ("weights", f"https://example.org/{'x' * 300}"),
        ("date", "2026-13-01"),
        ("date", "26.11.2026"),
        ("date", "20261126"),
    ],
)
def test_what_is_no_day_or_address_is_refused(board, tmp_path, field, value):
    """By who adds it, and in a row that a stranger has written and sealed."""
    with pytest.raises(ConfigError, match=rf"{field} = '.*' is no (day|address of the web)\."):
        Board(board.root).add(tmp_path / "run", **{field: value})
    path = board.root / "results" / "mine" / "row.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "origin": {field: value}}))
    refused = read_row(path.parent, read_board(board.root))
    assert isinstance(refused, Refused)
    assert "is no" in refused.reasons[0]
