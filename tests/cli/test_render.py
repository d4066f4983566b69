"""Tables in a terminal: whatever its width, no number loses its end."""

import pytest
from rich.console import Console

from fusbench.cli.render import table

COLUMNS = ("model", "KLD ↓", "SIM ↑", "NSS ↑", "ms/frame")
ROWS = (
    ("uniform", "4.039 [4.038, 4.041]", "0.039 [0.039, 0.039]", "0.000 [0.000, 0.000]", "0.5"),
    ("clstmunet", "1.779 [1.523, 2.063]", "0.297 [0.252, 0.340]", "5.445 [4.418, 6.437]", "8.9"),
)


def printed(grid, width):
    console = Console(width=width)
    with console.capture() as caught:
        for part in grid.fitting(width):
            console.print(part, markup=False)
    return caught.get()


@pytest.mark.parametrize("width", [36, 60, 80, 100, 200])
def test_every_cell_is_whole(width):
    text = printed(table(COLUMNS, ROWS, title="scores"), width)
    assert all(cell in text for cell in (*COLUMNS, *sum(ROWS, ())))
    assert max(map(len, text.splitlines())) <= width


def test_a_narrow_terminal_has_parts_that_each_name_the_row():
    # 9 for the names, 3 + 20 a metric, 2 at the edges: 57 for two metrics, and 80 for three
    def heads(width):
        return [part.columns for part in table(COLUMNS, ROWS).fitting(width)]

    assert heads(79) == [COLUMNS[:3], ("model", *COLUMNS[3:])]
    assert heads(80) == [COLUMNS[:4], ("model", "ms/frame")]
    assert heads(91) == [COLUMNS]  # 3 + 8 more


def test_short_texts_beside_the_name_are_repeated():
    rows = [("mean-map", "KLD", "0.902 [0.612, 1.189]", "< 0.0001")]
    grid = table(("run", "metric", "difference", "p"), rows, text=2)
    first, second = grid.fitting(50)
    assert first.rows == (("mean-map", "KLD", "0.902 [0.612, 1.189]"),)
    assert second.rows == (("mean-map", "KLD", "< 0.0001"),)
    assert (second.title, second.text) == ("continued", 2)


def test_texts_fold_before_a_table_parts():
    cells = [("uniform", "the same probability for every pixel of the frame", "4.039")]
    grid = table(("model", "title", "KLD"), cells, text=2)
    (part,) = grid.fitting(40)
    assert part == grid
    text = printed(grid, 40)
    assert "4.039" in text
    assert "probability" in text
