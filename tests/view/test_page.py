"""The page in a browser: it opens, plays, seeks, draws what the data say, and bears any name."""

import json

import numpy as np
import pytest
from support.browser import CHROMIUM, browser
from support.small_dataset import small_clips, small_info
from support.viewed import HOSTILE, frame

from fusbench import metrics, open_dataset
from fusbench.data.frames import fit_density
from fusbench.data.writer import NewClip, write_dataset
from fusbench.drawing.outline import mass_level
from fusbench.view.content import content
from fusbench.view.page import write_page
from fusbench.view.source import folder_source

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
SETTLED = "ready !== null && byId('cursor') !== null"


def densities(folder, data, seed):
    """A folder of predictions: one blob a frame, somewhere."""
    folder.mkdir()
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:24, :32]
    for clip in data.split("test"):
        centres = rng.uniform(4, 20, (clip.n_frames, 2, 1, 1))
        blobs = np.exp(-((y - centres[:, 0]) ** 2 + (x - centres[:, 1]) ** 2) / 30) + 0.01
        blobs /= blobs.sum((1, 2), keepdims=True)
        np.save(folder / f"{clip.clip_id}.npy", blobs.astype(np.float32))
    return folder


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """An open page of two hostile models on a hostile data set, what it was made of, and itself."""
    root = tmp_path_factory.mktemp("page")
    clips = [
        NewClip(**vars(clip) | {"segments": ((0, 4, HOSTILE), (5, clip.n_frames - 1, "sweep"))})
        for clip in small_clips()
    ]
    info = small_info(name=HOSTILE, version=HOSTILE, citation=HOSTILE, licence="<i>")
    data = open_dataset(write_dataset(root / "set", info, clips))
    # a folder's name holds no slash; the rest of the name is as hostile as it can be
    names = ("one", HOSTILE.replace("/", ""))
    folders = [densities(root / name, data, seed) for seed, name in enumerate(names)]
    sources = [
        folder_source(folder, data, "test", metrics.signature("tuebingen", 2.0))
        for folder in folders
    ]
    signed = metrics.signature("tuebingen", info.sigma_px)
    shown = content(
        data, "test", data.split("test"), sources, signature=signed, n_frames=900, side=320
    )  # fmt: skip
    write_page(root / "page.html", shown)
    with browser() as tab:
        tab.resize(1200, 900)
        tab.open((root / "page.html").as_uri())
        tab.until(SETTLED)
        yield tab, sources, data
        assert tab.problems == []


@pytest.fixture(autouse=True)
def no_problem(page):
    yield
    assert page[0].problems == []


def test_it_opens_at_the_worst_frame(page):
    tab, sources, _ = page
    tab.run("location.hash = ''")
    worst = sources[0].scores.sort_values("kld").iloc[-1]
    assert tab.run("clipNow().id") == worst["clip_id"]
    assert frame(tab) == worst["frame"]
    shown = tab.run("document.querySelector('.caption .chosen').textContent")
    assert shown == f"KLD{worst['kld']:.3f}"
    first = tab.run("byId('worst').querySelector('button').textContent")
    assert first == f"{worst['clip_id']}frame {worst['frame']}{worst['kld']:.3f}"
    best = sources[0].scores.sort_values("kld").iloc[0]
    assert f"{best['kld']:.3f}" in tab.run("byId('best').querySelector('button').textContent")
    assert tab.run("document.title").startswith(HOSTILE)


def test_names_are_text(page):
    tab, sources, _ = page
    assert tab.run("window.hacked") is None
    assert tab.run("document.querySelectorAll('img, b b, script').length") == 2  # the page's own
    assert tab.run("byId('name').textContent") == f"{HOSTILE} {HOSTILE}"
    assert tab.run("[...document.querySelectorAll('.caption h3')].at(-1).textContent") == (
        sources[1].name
    )
    assert HOSTILE in tab.run("byId('chart').textContent + byId('segment').textContent")


def test_no_other_script_can_run(page):
    """The content security policy stops what an escape would let through; that is no problem."""
    tab, _, _ = page
    tab.run("document.body.insertAdjacentHTML('beforeend', `<img src=x onerror='hacked=1'>`)")
    tab.run("fetch('https://example.invalid/').catch(() => 0)")
    tab.run("new Promise((done) => setTimeout(done, 200))")
    assert tab.run("window.hacked") is None
    said = [str(problem) for problem in tab.problems]
    assert said
    assert all("Content Security Policy" in words for words in said)
    tab.problems.clear()
    tab.run("document.body.lastElementChild.remove()")


def test_keys_seek(page):
    tab, _, _ = page
    tab.run("goClip(0)")
    tab.until(SETTLED)
    last = tab.run("clipNow().n") - 1
    for key, modifiers, want in (
        ("End", 0, last), ("ArrowLeft", 0, last - 1), ("Home", 0, 0), ("ArrowLeft", 0, 0),
        ("ArrowRight", 0, 1), ("ArrowRight", 0, 2), ("ArrowRight", 8, last),
    ):  # fmt: skip
        tab.key(key, modifiers=modifiers)
        assert frame(tab) == want, key
    clip = tab.run("clipNow().id")
    order = tab.run("clipOrder(state.metric, state.rank).map((at) => DATA.clips[at].id)")
    tab.key("ArrowDown" if order[0] == clip else "ArrowUp")
    tab.until(f"ready !== null && clipNow().id !== {json.dumps(clip)}")
    assert tab.run("location.hash").endswith("/0")
    tab.key("m", "m")
    assert tab.run("document.querySelector('#metrics [aria-pressed=true]').textContent") == "SIM"
    tab.run("setMetric('kld')")


def test_keys_of_the_slider_step_once(page):
    tab, _, _ = page
    tab.run("goFrame(0); byId('slider').focus()")
    tab.key("ArrowRight")
    assert frame(tab) == 1
    tab.run("document.activeElement.blur()")


def test_it_plays(page):
    tab, _, _ = page
    tab.run("goFrame(0)")
    tab.key(" ", " ")
    assert tab.run("byId('play').getAttribute('aria-label')") == "Pause"
    tab.until("state.frame > 1")
    tab.key(" ", " ")
    assert tab.run("byId('play').getAttribute('aria-label')") == "Play"
    stopped = frame(tab)
    tab.run("new Promise((done) => setTimeout(done, 200))")
    assert frame(tab) == stopped


def test_a_click_on_the_curves_seeks(page):
    tab, _, _ = page
    script = "const r = byId('chart').getBoundingClientRect(); [r.left + scale.x({}), r.top + 40]"
    tab.run("goFrame(0); byId('chart').scrollIntoView()")
    x, y = tab.run(f"(() => {{ {script.format(6).replace('[r', 'return [r')} }})()")
    tab.click(x, y)
    assert frame(tab) == 6
    cursor = tab.run("byId('cursor').querySelectorAll('circle').length")
    assert cursor == 2  # a dot on each model's curve


def test_maps_are_those_of_the_data(page):
    """What the browser decodes, against the densities that Python had."""
    tab, sources, data = page
    at = tab.run("state.clip")
    clip = data.split("test")[at]
    predicted = np.load(sources[1].stored.folder / f"{clip.clip_id}.npy")[7]
    got = np.array(tab.run("load(clipNow()).then((r) => [...predictedMap(r, 1, 7)])"))
    want = fit_density(predicted, tuple(tab.run("TILES.map")))
    np.testing.assert_allclose((got.reshape(want.shape) / 255) ** 2, want / want.max(), atol=0.005)
    level = tab.run(f"massLevel({(want / want.max()).ravel().round(9).tolist()}, 0.5)")
    assert level == pytest.approx(mass_level(want) / want.max(), abs=1e-6)
    empirical = np.array(tab.run("[...empiricalMap(clipNow().gaze[7])]")).reshape(want.shape)
    np.testing.assert_allclose(empirical / empirical.sum(), clip.saliency_map(7), atol=2e-4)


def test_an_outline_by_hand(page):
    """One high corner of four: the line crosses both edges where the level is."""
    tab, _, _ = page
    assert tab.run("outline([4, 0, 0, 0], 2, 2, 1)") == [[0, 0.75], [0.75, 0]]
    assert tab.run("outline([0, 0, 0, 0], 2, 2, 1)") == []
    assert len(tab.run("outline([4, 0, 0, 4], 2, 2, 1)")) == 4  # two lines


def test_layers_change_the_picture(page):
    tab, _, _ = page
    tab.run("goFrame(7)")
    picture = "panels[0].canvas.toDataURL()"
    seen = {tab.run(picture)}
    for key in ("g", "e", "p", "p", "p"):
        tab.key(key, key)
        seen.add(tab.run(picture))
    assert len(seen) == 6
    for key in ("g", "e", "p"):
        tab.key(key, key)


def test_light_dark_and_phone(page, tmp_path):
    tab, _, _ = page
    paper = "getComputedStyle(document.body).backgroundColor"
    tab.screenshot(tmp_path / "light.png", 1200, 900)
    light = tab.run(paper)
    tab.screenshot(tmp_path / "dark.png", 1200, 900, dark=True)
    dark = tab.run(paper)
    assert light != dark
    tab.key("t", "t")
    assert tab.run(paper) == light
    tab.key("t", "t")
    tab.screenshot(tmp_path / "phone.png", 390, 844)
    assert tab.run("document.documentElement.scrollWidth") <= 390  # nothing sticks out
    assert tab.run("getComputedStyle(byId('panels')).gridTemplateColumns.split(' ').length") == 1


def test_all_that_scrolls_takes_keys_and_has_a_name(page):
    """In a phone's window the table is wider than the page: it takes the focus, and the arrows."""
    tab, sources, _ = page
    tab.run("goClip(0)")
    tab.until(SETTLED)
    tab.resize(390, 844)
    scrolling = """[...document.querySelectorAll("body *")].filter((node) => {
      const style = getComputedStyle(node);
      return /auto|scroll/.test(style.overflowX + style.overflowY)
        && (node.scrollWidth > node.clientWidth || node.scrollHeight > node.clientHeight);
    }).map((node) => [node.tabIndex, node.getAttribute("aria-label")])"""
    assert [0, "Table of scores"] in tab.run(scrolling)
    assert all(index == 0 and name for index, name in tab.run(scrolling))
    tab.run("goFrame(3); document.querySelector('.scroll').focus()")
    press = """document.activeElement.dispatchEvent(new KeyboardEvent(
      "keydown", {key: "%s", bubbles: true, cancelable: true}))"""
    assert all(tab.run(press % key) for key in ("ArrowRight", "End", " "))  # left to the browser
    assert not tab.run(press % "w")
    tab.run("goFrame(3)")
    assert all(tab.run(press % key) for key in ("ArrowRight", "End", " "))
    assert frame(tab) == 3
    tab.run("document.activeElement.blur()")
    tab.key("ArrowRight")
    assert frame(tab) == 4
    tab.resize(1200, 900)
    named = tab.run("byId('clips').querySelector('[aria-current]').textContent")
    value = tab.run("score(clipNow().scores[0].mean.kld)")
    assert f", KLD of {sources[0].title} {value}" in named


def test_marks_of_the_curves_keep_off_their_numbers(page):
    tab, _, _ = page
    for kind in ("lost", "segment"):
        marks = f"[...document.querySelectorAll('.{kind}')].map((mark) => mark.x.baseVal.value)"
        assert min(tab.run(marks)) >= tab.run("CHART.gutter")


def test_few_scans_show_their_range(page):
    """Two test scans are too few for an interval: their means stand in its place."""
    tab, sources, _ = page
    means = sources[0].scores.groupby("scan_id")["kld"].mean()
    assert tab.run("byId('table').querySelector('td .soft').textContent") == (
        f"{means.min():.3f} to {means.max():.3f}"
    )
    assert "the range of 2 scans, too few for an interval" in tab.run(
        "byId('summary-note').textContent"
    )
