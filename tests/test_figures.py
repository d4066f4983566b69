"""Figures of benchmarks: how they are noted, and the committed page, that of its history."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.figures import note
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
