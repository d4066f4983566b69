"""The HTML page in headless Chromium: it sorts, filters, opens rows, and runs nobody's script."""

import re
import zlib
from pathlib import Path

import pytest
from support.browser import CHROMIUM, browser
from support.fake_board import add_fake, fake_board

from fusbench.board.build import write_outputs
from fusbench.board.published import bundled
from fusbench.board.standings import read_table
from fusbench.board.times import write_times

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
BOARDS = Path(__file__).parents[2] / "leaderboards"
HOSTILE = '"><img src=x onerror="window.owned=1"></script><script>window.owned=1</script>'


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    root = tmp_path_factory.mktemp("page")
    board = fake_board(root / "board", scans=9, title=f"Board {HOSTILE}")
    add_fake(board, "second", seed=1, worse=0.2, backend="torch")
    add_fake(board, "best", seed=2, backend="keras")
    add_fake(board, "floor", seed=3, worse=1.5, role="floor", parameters=None)
    add_fake(board, "evil", seed=4, worse=0.9, title=HOSTILE, cite=HOSTILE, licence=HOSTILE)
    (board.root / "published.toml").write_bytes(bundled())
    seconds = {"second": 0.004, "best": 0.02, "floor": 0.02, "evil": 0.02}
    rows = {row.facts.name: row.seal for row in read_table(board).rows}
    timed = {n: {"seal": rows[n], "seconds": s, "ratio": 9 * s} for n, s in seconds.items()}
    write_times(board.root, "a machine", timed)
    write_outputs(read_table(board), board.root)
    return board.root / "index.html"


@pytest.fixture(scope="module")
def tab():
    with browser() as tab:
        yield tab
        assert tab.problems == []


def drive(tab, page, script, *size, dark=False):
    """What a script's function returns in the page, in a window of this size."""
    tab.resize(*size, dark=dark)
    tab.open(page.as_uri())
    return tab.run(f"(() => {{{script}}})()")


def test_it_sorts_filters_and_opens(tab, page):
    script = """
    const names = () => [...document.querySelectorAll("#rows tr.row:not([hidden]) td.model button")]
      .map((node) => node.textContent);
    const type = (words) => {
      const box = document.getElementById("filter");
      box.value = words;
      box.dispatchEvent(new Event("input"));
    };
    const press = (id, value) => document.querySelector(`#${id} button[value="${value}"]`).click();
    const seen = {start: names()};
    document.querySelector('th[data-sort="seconds"] button').click();
    seen.fastest = names();
    document.querySelector('th[data-sort="seconds"] button').click();
    seen.slowest = names();
    seen.sorted = document.querySelector('th[data-sort="seconds"]').getAttribute("aria-sort");
    document.querySelector('th[data-sort="nss"] button').click();
    seen.nss = names();
    type("torch");
    seen.torch = names();
    type("nothing like it");
    seen.none = [names(), document.getElementById("empty").hidden];
    type("");
    press("role", "model");
    seen.models = names().length;
    press("role", "all");
    seen.sized = document.querySelectorAll("#scatter circle").length;
    seen.without = document.getElementById("without").textContent;
    const high = (name) => [...document.querySelectorAll("#scatter g")]
      .find((mark) => mark.textContent.startsWith(name)).querySelector("circle").cy.baseVal.value;
    seen.up = high("best") < high("second");
    press("axis", "seconds");
    seen.timed = document.querySelectorAll("#scatter .model circle").length;
    seen.address = location.hash;
    seen.ranks = document.querySelectorAll("#ranks .whisker").length;
    seen.intervals = document.querySelectorAll("#intervals .whisker").length;
    document.querySelector("#rows tr.row").click();
    seen.strip = document.querySelectorAll("svg.strip circle.dot").length;
    seen.opened = document.querySelector("#rows button").getAttribute("aria-expanded");
    press("metric", "2");
    seen.ranked = document.querySelector('th[data-sort="nss"]').getAttribute("aria-sort");
    seen.label = document.querySelector("svg.strip").getAttribute("aria-label");
    document.querySelector("#rows tr.row").click();
    seen.closed = document.querySelectorAll("svg.strip").length;
    for (const row of document.querySelectorAll("#rows tr.row")) row.click();
    seen.owned = window.owned === undefined;
    seen.images = document.images.length;
    seen.requests = performance.getEntriesByType("resource").length;
    seen.published = document.querySelectorAll("#published tbody tr").length;
    seen.mixed = document.querySelector("#table").textContent.includes("ISBI 2022, Table");
    seen.title = document.title;
    seen.colour = getComputedStyle(document.body).backgroundColor;
    return seen;
    """
    seen = drive(tab, page, script, 1300, 900)
    assert seen["start"] == ["best", "second", "evil", "floor"]
    assert seen["fastest"][0] == "second"
    assert seen["slowest"][-1] == "second"
    assert seen["sorted"] == "descending"
    assert seen["nss"] == ["best", "second", "evil", "floor"]
    assert seen["torch"] == ["second"]
    assert seen["none"] == [[], False]
    assert seen["models"] == 3
    assert (seen["sized"], seen["timed"], seen["intervals"], seen["ranks"]) == (3, 3, 4, 3)
    assert seen["up"], "better is not up"
    assert seen["address"] == "#x=seconds&sort=nss&down=true"
    assert seen["ranked"] == "descending"
    assert "1 row without parameters is not drawn" in seen["without"]
    assert (seen["strip"], seen["opened"], seen["closed"]) == (9, "true", 0)
    assert seen["label"] == "NSS of each scan"
    assert seen["owned"], "a stranger's text ran as a script"
    assert (seen["images"], seen["requests"]) == (0, 0)
    assert (seen["published"], seen["mixed"]) == (11, False)
    assert seen["title"] == f"Board {HOSTILE}"
    assert seen["colour"] == "rgb(246, 246, 243)"


def test_it_is_readable_on_a_phone_and_in_the_dark(tab, page):
    script = """
    document.querySelector("#rows tr.row").click();
    const width = document.documentElement;
    return {
      fits: width.scrollWidth <= width.clientWidth,
      cards: getComputedStyle(document.querySelector("#table thead")).display,
      sorter: getComputedStyle(document.getElementById("sorter")).display,
      paper: getComputedStyle(document.body).backgroundColor,
      ink: getComputedStyle(document.body).color,
    };
    """
    assert drive(tab, page, script, 500, 900, dark=True) == {
        "fits": True, "cards": "none", "sorter": "block", "paper": "rgb(16, 20, 24)",
        "ink": "rgb(232, 234, 235)",
    }  # fmt: skip


def test_it_prints(tab, page):
    tab.open(page.as_uri())
    content = tab.pdf()
    assert content.startswith(b"%PDF")
    pages = content.count(b"/Type /Page\n") + content.count(b"/Type /Page ")
    assert 1 <= pages <= 4


def sheets_with(colour, content):
    """How many sheets of a printed page, packed streams, something of this colour is drawn on."""
    packed = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    drawn = [zlib.decompress(stream) for stream in packed if stream[:1] == b"x"]
    return sum(re.search(colour, stream) is not None for stream in drawn)


def test_headings_are_printed_on_every_sheet_of_the_table(tab, page):
    """Each in a colour of its own, found on as many sheets as the colour of the names."""
    script = """
    const [row] = document.querySelectorAll("#rows tr.row"), colours = new CSSStyleSheet();
    for (let copy = 0; copy < 40; copy++) row.after(row.cloneNode(true));
    colours.replaceSync(`td.model button { color: rgb(0, 0, 255) }
      th button { color: rgb(0, 255, 0) }
      th[data-sort="model"] button { color: rgb(255, 0, 0) }`);
    document.adoptedStyleSheets = [colours];
    """
    drive(tab, page, script, 1300, 900)
    content = tab.pdf()
    colours = (rb"0 0 1 rg", rb"0 1 0 rg", rb"1 0 0 rg")
    names, heads, models = (sheets_with(colour, content) for colour in colours)
    assert names > 1
    assert (heads, models) == (names, names)


def test_without_a_script_the_table_is_there(page):
    html = page.read_text()
    body = html.split("<script")[0]
    for words in ("best", "second", "2.2", "Reported, private data", "How to read this"):
        assert words in body
    assert "http:" not in html.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"<(img|link|iframe|object|embed|form)\b|<[^>]+ (src|on\w+)=", body)


def test_columns_are_chosen_and_explained_without_a_mouse(tab, page):
    script = """
    const box = (key) => document.querySelector(`#columns input[value="${key}"]`);
    const shown = () => [...document.querySelectorAll("th[data-sort]")]
      .filter((head) => head.offsetParent).map((head) => head.dataset.sort);
    const seen = { before: shown() };
    document.querySelector("details.columns").open = true;
    seen.told = box("behind").parentElement.textContent;
    seen.explained = heads.filter((head) => head.querySelector("button").title).length;
    seen.listed = document.querySelectorAll("#columns label small").length;
    seen.metric = box("kld").parentElement.textContent;
    for (const key of ["behind", "licence"]) box(key).click();
    seen.after = shown();
    seen.cells = document.querySelector("#rows tr.row").querySelectorAll("td:not([hidden])").length;
    seen.address = location.hash;
    box("behind").click();
    seen.again = shown();
    return seen;
    """
    seen = drive(tab, page, script, 1300, 900)
    gone = {"behind", "licence"}
    assert gone < set(seen["before"])
    assert seen["after"] == [key for key in seen["before"] if key not in gone]
    assert seen["cells"] == len(seen["after"])
    assert seen["address"] == "#hide=behind%2Clicence"
    assert seen["again"] == [key for key in seen["before"] if key != "licence"]
    assert "How much worse than the best model" in seen["told"]
    assert seen["metric"].endswith("from the gaze; mean over frames, lower is better")
    assert seen["explained"] == seen["listed"] + 1 == len(seen["before"])  # all but the name's


def test_a_long_board_lists_its_first_rows_until_asked(tab, page):
    script = """
    const shown = () => [...document.querySelectorAll("#rows tr.row:not([hidden]) td.model button")]
      .map((node) => node.textContent);
    const press = (key) => document.querySelector(`th[data-sort="${key}"] button`).click();
    view.long = 2;
    refresh();
    const seen = { first: shown(), told: document.getElementById("longer").textContent };
    press("kld");
    press("kld");
    seen.worst = shown();
    dispatchEvent(new Event("beforeprint"));
    seen.printed = shown().length;
    seen.over = document.getElementById("longer").hidden;
    return seen;
    """
    assert drive(tab, page, script, 1300, 900) == {
        "first": ["best", "second"], "told": "List all 4 rows", "worst": ["floor", "evil"],
        "printed": 4, "over": True,
    }  # fmt: skip


def test_the_papers_tables_stay_within_a_phone(tab):
    for number in (1, 2):
        table = BOARDS / "isbi2022" / f"table{number}.html"
        script = "return document.documentElement.scrollWidth"
        assert drive(tab, table, script, 390, 900) == 390
