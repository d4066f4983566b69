"""Pages of a data set alone, in a browser."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.browser import CHROMIUM, browser
from support.small_dataset import small_clips, small_info
from support.viewed import HOSTILE, frame

from fusbench import open_dataset
from fusbench.data.writer import write_dataset
from fusbench.verbs import view
from fusbench.view.content import content
from fusbench.view.leaf import divided
from fusbench.view.page import write_page

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


def test_a_data_set_alone(tmp_path, folder):
    data = open_dataset(folder)
    shown = content(data, "test", data.split("test"), [], signature="", n_frames=9, side=64)
    write_page(tmp_path / "page.html", shown)
    with browser() as tab:
        tab.open((tmp_path / "page.html").as_uri() + "#s4-c1/3")
        tab.until("ready !== null")
        assert tab.run("clipNow().id") == "s4-c1"
        assert frame(tab) == 3
        assert tab.run("byId('summary').hidden")
        assert tab.run("byId('segment').textContent") == "dwell"
        assert tab.problems == []


def test_several_observers_have_a_colour_each_and_a_small_window_opens_at_its_top(tmp_path):
    clips = small_clips()
    for at, clip in enumerate(clips):
        watched = np.where(np.arange(len(clip.gaze)) % 2, "b", HOSTILE)
        clips[at] = replace(clip, gaze=replace(clip.gaze, observer_id=watched))
    data = open_dataset(write_dataset(tmp_path / "set", small_info(), clips))
    shown = content(data, "test", data.split("test"), [], signature="", n_frames=9, side=64)
    names, who = shown["clips"][0]["observers"], shown["clips"][0]["who"]
    assert names == sorted([HOSTILE, "b"])
    assert [len(frame) for frame in who] == [0, 1, *[2] * 7]
    write_page(tmp_path / "page.html", shown)
    with browser() as tab:
        tab.resize(700, 400)
        tab.open((tmp_path / "page.html").as_uri() + "#s4-c1/3")
        tab.until("ready !== null")
        keys = tab.run("[...byId('clip-facts').children].map((key) => key.textContent)")
        assert keys == names
        drawn = tab.run("""(() => {
            const { canvas } = panels[0];
            const { width, height } = canvas;
            const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
            return pointsOf(clipNow(), 3, width, height).map(({ place: [x, y] }) => {
                const at = 4 * (Math.floor(y) * width + Math.floor(x));
                return [...data.slice(at, at + 3)];
            });
        })()""")
        colours = [tab.run(f"observerColour(clipNow(), {number})") for number in who[3]]
        assert [f"#{bytes(colour).hex()}" for colour in drawn] == colours
        assert len(set(colours)) == 2
        assert tab.run("scrollY") == 0
        assert tab.problems == []


def test_many_clips_go_to_several_pages_that_lead_to_one_another(tmp_path):
    """The first is written last, and a name that an address would read otherwise is none to it."""
    clips = [
        replace(clip, clip_id=f"{clip.clip_id}{letter}", split="test")
        for clip in small_clips()
        for letter in "abcdef"
    ]
    data = open_dataset(write_dataset(tmp_path / "set", small_info(), clips))
    ids = [clip.clip_id for clip in data.split("test")]
    page = view.write_page(data, tmp_path / "a #1.html", n_clips=0, per_page=3, side=64)
    names = ["a #1.html", *(f"a #1-{number}.html" for number in range(2, len(ids) // 3 + 1))]
    assert len(names) >= 6
    assert [file.name for file in page.files] == names
    assert page.n_bytes == sum(file.stat().st_size for file in page.files)
    assert list(page.clips) == ids
    times = [file.stat().st_mtime_ns for file in page.files]
    assert times == sorted(times, reverse=True)
    with browser() as tab:
        tab.open(page.files[2].as_uri())
        tab.until("ready !== null")
        assert tab.run("byId('pages').innerText").split() == [
            "page",
            "1",
            "2",
            "3",
            "4",
            "…",
            str(len(names)),
        ]
        assert tab.run("DATA.clips.map((clip) => clip.id)") == ids[6:9]
        assert tab.run("document.querySelector('#pages [aria-current]').textContent") == "3"
        address = tab.run("document.querySelector('#pages a').href")
        assert address == page.files[0].as_uri()
        tab.open(address)
        tab.until("ready !== null")
        assert tab.run("DATA.clips.map((clip) => clip.id)") == ids[:3]
        assert tab.problems == []


def test_the_worst_clips_come_first_over_all_pages_and_frames_are_ranked_on_each(tmp_path):
    clips = [replace(clip, split="test") for clip in small_clips()]
    data = open_dataset(write_dataset(tmp_path / "set", small_info(), clips))
    page = view.write_page(
        data, tmp_path / "a.html", models=["centre-bias"], n_clips=0, per_page=2, side=64,
        runs=tmp_path / "runs",
    )  # fmt: skip
    assert len(page.files) >= 2
    means = []
    with browser() as tab:
        for file in page.files:
            tab.open(file.as_uri())
            tab.until("ready !== null")
            means += tab.run("DATA.clips.map((clip) => clip.scores[0].mean.kld)")
            assert tab.run("byId('worst-by').textContent").endswith(", on this page")
    assert len(means) == len(clips)
    assert means == sorted(means, reverse=True)


@pytest.mark.parametrize(("n", "sizes"), [(1, [1]), (24, [24]), (25, [12, 13]), (50, [17, 16, 17])])
def test_pages_are_as_few_and_as_even_as_may_be(n, sizes):
    pages = divided(Path("view.html"), small_clips()[:1] * n, 24)
    assert [len(page.clips) for page in pages] == sizes
    assert pages[0].told() == {"file": "view.html", "first": "s1-c1", "last": "s1-c1"}
