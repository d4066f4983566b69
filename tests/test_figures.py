"""Figures of benchmarks: how they are noted, and the committed page, that of its history."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.figures import fallen, note
from support.stopwatch import Times

FILE = Path(__file__).parent / "benchmarks" / "page.py"


@pytest.fixture(scope="module")
def writer():
    spec = spec_from_file_location("benchmarks_page", FILE)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_page_is_that_of_its_history(writer, tmp_path):
    history = writer.read_history()
    assert writer.PAGE.read_text(encoding="utf-8") == writer.page(history)
    writer.draw(history, tmp_path / "drawn.svg")
    drawn = (tmp_path / "drawn.svg").read_text(encoding="utf-8")
    assert all(row["what"].split(",")[0] in drawn for row in history)


def test_a_run_becomes_rows_of_the_page(writer):
    """Shortest times 4 and 2 make a ratio of 2; by quarters it lies between 3 / 2 and 6 / 2."""
    rounds = {"theirs": [6, 7, 4, 5, 6, 9, 9, 6], "ours": [2, 3, 2, 4, 4, 5, 2, 2]}
    times, bench = Times(rounds), SimpleNamespace(extra_info={})
    assert (dict(times), times.spread("theirs", "ours")) == ({"theirs": 4, "ours": 2}, (1.5, 3.0))
    note(bench, "a", 2.0, spread=times.spread("theirs", "ours"), at_least=4)
    note(bench, "b", 0.5, at_most=1)
    rows = writer.rows_of(bench.extra_info["figures"], "2026-01-02", "here", 0.5)
    assert writer.table(rows).splitlines()[2:] == [
        "| a | 2 | 1.5 to 3 | ≥ 4 | **missed** |",
        "| b | 0.5 | once | ≤ 1 | met |",
    ]
    later = [{**rows[0], "day": "2026-02-03", "value": "5"}]
    text = writer.page(rows + later)
    assert "**2 of 2** goals are met" in text
    assert "| a | 2 | 5 |\n| b | 0.5 |  |" in text


def test_a_time_is_shown_and_not_held(writer):
    """It says as much of the machine; a ratio is held at its goal, or at what is told beside it."""
    bench = SimpleNamespace(extra_info={})
    note(bench, "seconds", 9.0, at_most=1, held=False, why="All of it waits.")
    note(bench, "ratio", 3.0, at_most=1, holds=2, why="Half of it waits.")
    note(bench, "other", 1.5, at_most=1, holds=2, why="Half of it waits.")
    figures = bench.extra_info["figures"]
    assert fallen(figures) == ["ratio: 3, held at 2"]
    rows = writer.rows_of(figures, "2026-01-02", "here", 0.5)
    first, second, _ = writer.shortfalls(rows).splitlines()
    assert first == "- **seconds**, 9 in place of ≤ 1: All of it waits."
    assert second.endswith("Half of it waits. Held at ≤ 2.")
    with pytest.raises(AssertionError, match="says why"):
        note(bench, "silent", 3.0, at_most=1, holds=2)
