"""Tables in pieces: the rows of the whole, and what is kept is never out of date."""

import csv
import io
import os
import stat

import numpy as np
import pytest
from support.small_dataset import small_clip, small_info

from fusbench.data import long_table
from fusbench.data.checking import check_dataset
from fusbench.data.dataset import open_dataset
from fusbench.data.long_table import iter_table
from fusbench.data.writer import write_dataset
from fusbench.errors import DatasetError

TEXTS, NUMBERS = ("who", "clip"), ("x", "y")


@pytest.fixture(autouse=True)
def small_pieces(tmp_path, monkeypatch):
    monkeypatch.setenv("FUSBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(long_table, "PIECE_BYTES", 256)


@pytest.fixture
def parsed(monkeypatch):
    """First rows of the pieces that are parsed."""
    seen, cells = [], long_table.cells

    def watched(text, path, header, row, line):
        seen.append(row)
        return cells(text, path, header, row, line)

    monkeypatch.setattr(long_table, "cells", watched)
    return seen


def text_of(rows, end="\n"):
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end).writerows([["x", "who", "other", "clip", "y"], *rows])
    return out.getvalue()


def rows_of(count):
    rng = np.random.default_rng(count)
    names = ["a", "Ärztin, 2", 'she said "no"', "two\nlines", "NA"]
    return [
        [repr(x), names[k % 5], "-" * (k % 7), f"c{k // 9}", repr(y) if k % 11 else ""]
        for k, (x, y) in enumerate(rng.normal(size=(count, 2)).tolist())
    ]


def columns(path):
    """The rows of all pieces, and the number of the first row of each."""
    pieces = list(iter_table(path, TEXTS, NUMBERS, missing=""))
    found = {
        name: [p.texts[name].names[k] for p in pieces for k in p.texts[name].at] for name in TEXTS
    }
    found |= {name: [float(v) for p in pieces for v in p.numbers[name]] for name in NUMBERS}
    return found, [piece.first_row for piece in pieces]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
@pytest.mark.parametrize("again", [False, True])
def test_pieces_are_the_rows_of_the_whole(tmp_path, end, again):
    path = tmp_path / "table.csv"
    text = "\ufeff" + text_of(rows_of(200), end)
    path.write_text(text, encoding="utf-8", newline="")
    if again:
        columns(path)
    found, first = columns(path)
    whole = list(csv.DictReader(io.StringIO(text[1:], newline="")))
    assert len(first) > 20
    for name in TEXTS:
        assert found[name] == [row[name] for row in whole]
    for name in NUMBERS:
        np.testing.assert_array_equal(
            found[name], [float(row[name]) if row[name] else np.nan for row in whole]
        )


def test_a_table_that_grew_is_parsed_from_where_it_grew(tmp_path, parsed):
    path, rows = tmp_path / "table.csv", rows_of(230)
    path.write_text(text_of(rows[:200]), encoding="utf-8", newline="")
    _, first = columns(path)
    assert parsed == first
    last = first[-1]
    parsed.clear()
    columns(path)
    assert set(parsed) <= {2, last}  # the header's piece is read each time, and the end
    parsed.clear()
    path.write_text(text_of(rows), encoding="utf-8", newline="")
    found, _ = columns(path)
    assert min(row for row in parsed if row > 2) >= last
    assert found["x"] == [float(row[0]) for row in rows]


def test_what_is_kept_is_for_this_user_alone(tmp_path):
    """Gaze may lie in a folder that nobody else can open."""
    place = tmp_path / "cache" / "tables"
    place.mkdir(parents=True, mode=0o755)
    path = tmp_path / "table.csv"
    path.write_text(text_of(rows_of(200)), encoding="utf-8", newline="")
    columns(path)
    assert list(place.iterdir())
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


@pytest.mark.parametrize("harm", ["table", "entry"])
def test_a_changed_byte_is_seen(tmp_path, harm):
    path = tmp_path / "table.csv"
    path.write_text(text_of(rows_of(200)), encoding="utf-8", newline="")
    before, _ = columns(path)
    stamp = path.stat()
    if harm == "table":
        content = path.read_bytes()
        at = content.index(b".", len(content) // 2) + 1
        digit = b"1" if content[at : at + 1] != b"1" else b"2"
        path.write_bytes(content[:at] + digit + content[at + 1 :])
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        assert path.stat().st_size == stamp.st_size
    else:
        for entry in (tmp_path / "cache" / "tables").iterdir():
            content = bytearray(entry.read_bytes())
            content[len(content) // 2] ^= 1
            entry.write_bytes(content)
    found, _ = columns(path)
    changed = sum(a != b for a, b in zip(found["x"], before["x"], strict=True))
    changed += sum(a != b for a, b in zip(found["y"], before["y"], strict=True) if a == a)
    assert changed == (harm == "table")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("1,2\n", "row 152: has 2 cells where the header has 5"),
        (f"1,{'w' * 301},,c,2\n", "row 152: has a cell of more than 300 characters"),
        ('1,a,,c,"2" 3\n', "expected after '\"' in line 152"),
        ("1,a,,c\xff,2\n", "is no UTF-8 text"),
    ],
)
def test_a_fault_is_told_with_its_row_in_the_whole(tmp_path, row, told):
    path = tmp_path / "table.csv"
    lines = ["x,who,other,clip,y\n", *(f"{k},a,,c,{k}\n" for k in range(200))]
    lines.insert(151, row)
    path.write_text("".join(lines), encoding="latin-1")
    with pytest.raises(DatasetError, match=told):
        columns(path)


def test_gaze_of_many_pieces_is_dealt_out_and_its_faults_counted(tmp_path):
    clips = [small_clip(n, split) for n, split in enumerate(("train", "val", "test"))]
    root = write_dataset(tmp_path / "set", small_info(), clips)
    want = {c.clip_id: c.gaze for c in open_dataset(root).clips}
    header, *rows = (root / "gaze.csv").read_text().splitlines(keepends=True)
    mixed = [rows[k] for k in np.random.default_rng(0).permutation(len(rows))]
    (root / "gaze.csv").write_text("".join([header, *mixed]))
    found = {c.clip_id: c.gaze for c in open_dataset(root).clips}
    for name, gaze in want.items():
        for key in ("frame", "time_s", "x_px", "y_px"):
            np.testing.assert_array_equal(getattr(found[name], key), getattr(gaze, key))
    bad = "c-none,0,0.0,1.0,1.0\n"
    (root / "gaze.csv").write_text("".join([header, *rows, bad, bad]))
    [finding] = check_dataset(root)
    assert f"row {len(rows) + 2}, clip 'c-none'" in str(finding)
    assert "(2 rows in all)" in str(finding)
