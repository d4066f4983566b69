"""Scores that were read before: the same numbers, and never those of other files."""

from dataclasses import replace

import numpy as np
import pytest
from support.fake_board import add_fake, fake_board

from fusbench.board import rows
from fusbench.board.build import outputs
from fusbench.board.scores import read_scores
from fusbench.board.standings import read_table
from fusbench.errors import DatasetError


@pytest.fixture
def board(tmp_path, monkeypatch):
    monkeypatch.setenv("FUSBENCH_CACHE", str(tmp_path / "cache"))
    board = fake_board(tmp_path / "board")
    for k in range(3):
        add_fake(board, f"row{k}", seed=k, worse=0.1 * k)
    return board


@pytest.fixture
def read(monkeypatch):
    """An item for each row whose text is read."""
    seen, read = [], rows.read_scores
    monkeypatch.setattr(rows, "read_scores", lambda *args: seen.append(1) or read(*args))
    return seen


def entries(tmp_path):
    return sorted((tmp_path / "cache" / "rows").iterdir())


def test_a_row_is_read_once(board, read):
    first = outputs(read_table(board))
    assert len(read) == 3
    assert outputs(read_table(board)) == first
    assert len(read) == 3
    assert outputs(read_table(board, anew=True)) == first
    assert len(read) == 6
    add_fake(board, "row3", seed=3, worse=0.3)
    before = len(read)
    assert outputs(read_table(board)) != first
    assert len(read) == before + 1


@pytest.mark.parametrize("name", ["result.json", "scores.csv.gz", "row.json"])
def test_a_changed_byte_of_a_row_is_seen(board, name):
    read_table(board)
    path = board.root / "results" / "row1" / name
    content = bytearray(path.read_bytes())
    content[-8 if name.endswith("gz") else content.index(b'": ') + 4] ^= 1
    path.write_bytes(content)
    assert [item.name for item in read_table(board).refused] == ["row1"]


def test_other_rules_read_anew(board, read, tmp_path):
    read_table(board)
    other = fake_board(tmp_path / "other", fingerprint="e" * 64, signature=board.rules.signature)
    (board.root / "results").rename(other.root / "results")
    assert len(read_table(other).refused) == 3
    longer = fake_board(tmp_path / "longer", scans=7)
    (other.root / "results").rename(longer.root / "results")
    assert {item.reasons[0] for item in read_table(longer).refused} == {
        "7 of 49 frames are missing"
    }


@pytest.mark.parametrize("harm", [b"", b"\0" * 200, None])
def test_a_damaged_entry_is_read_anew(board, read, tmp_path, harm):
    first = outputs(read_table(board))
    for path in entries(tmp_path):
        content = bytearray(path.read_bytes())
        content[40] ^= 1
        path.write_bytes(content if harm is None else harm)
    assert outputs(read_table(board)) == first
    assert len(read) == 6
    assert outputs(read_table(board)) == first
    assert len(read) == 6


def test_without_a_cache_a_board_is_built(board, tmp_path, monkeypatch):
    first = outputs(read_table(board))
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FUSBENCH_CACHE", str(tmp_path / "file"))
    assert outputs(read_table(board)) == first


def test_the_oldest_entries_go(board, tmp_path, monkeypatch):
    read_table(board)
    (size,) = {path.stat().st_size for path in entries(tmp_path)}
    monkeypatch.setattr(rows, "KEPT", replace(rows.KEPT, most=2 * size))
    oldest = min(entries(tmp_path), key=lambda path: path.stat().st_mtime_ns)
    read_table(board)
    assert len(entries(tmp_path)) == 2
    assert oldest not in entries(tmp_path)


def test_numbers_are_those_that_python_reads(tmp_path):
    """Against `float`, cell by cell; what JSON does not write is read the longer way or refused."""
    board = fake_board(tmp_path / "board")
    rng = np.random.default_rng(0)
    digits = rng.integers(0, 10, (len(board.line_starts), 4, 40)).astype(str)
    cells = [[f"0.{''.join(cell)}" for cell in line] for line in digits]

    def read(lines):
        pairs = zip(board.line_starts, lines, strict=True)
        rows = [start + ",".join(line) for start, line in pairs]
        return read_scores("\n".join(["scan_id,clip_id,frame,kld,sim,nss,cc", *rows, ""]), board)

    want = np.array([[float(cell) for cell in line] for line in cells])
    np.testing.assert_array_equal(read(cells).values, want)
    cells[3][0] = f"+{cells[3][0]}"
    np.testing.assert_array_equal(read(cells).values, want)
    cells[3][0] = "0.1_0"
    with pytest.raises(DatasetError, match="does not hold a number a frame"):
        read(cells)
