"""Pages of a data set alone, in a browser."""

from dataclasses import replace

import numpy as np
import pytest
from support.browser import CHROMIUM, browser
from support.small_dataset import small_clips, small_info
from support.viewed import HOSTILE, frame

from fusbench import open_dataset
from fusbench.data.writer import write_dataset
from fusbench.view.content import content
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
