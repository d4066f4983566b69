from collections import Counter
from dataclasses import replace

import pytest

from fusbench.errors import ConfigError
from fusbench.phantom import golden
from fusbench.phantom.presets import PRESETS, VERSION, ClipPlan


@pytest.mark.parametrize(
    ("name", "split", "scans", "clips", "frames"),
    [
        ("phantom-tiny", "train", 4, 4, 120),
        ("phantom-tiny", "val", 1, 1, 30),
        ("phantom-tiny", "test", 1, 1, 30),
        ("phantom", "train", 69, 69, 69 * 90),
        ("phantom", "val", 23, 23, 23 * 90),
        ("phantom", "test", 23, 23, 23 * 90),
        ("phantom-power", "train", 69, 69, 69 * 90),
        ("phantom-power", "test", 200, 200, 200 * 90),
        ("phantom-full", "train", 69, 325, 29_250),
        ("phantom-full", "val", 23, 81, 7_290),
        ("phantom-full", "test", 23, 102, 9_126),
    ],
)
def test_counts(name, split, scans, clips, frames):
    plans = [plan for plan in PRESETS[name].plans if plan.split == split]
    assert len({plan.scan for plan in plans}) == scans
    assert len(plans) == clips
    assert sum(plan.n_frames for plan in plans) == frames


def test_full_has_one_short_clip_and_the_papers_total():
    lengths = Counter(plan.n_frames for plan in PRESETS["phantom-full"].plans)
    assert lengths == {90: 507, 36: 1}
    assert sum(length * count for length, count in lengths.items()) == 45_666


@pytest.mark.parametrize("phantom", PRESETS.values(), ids=lambda phantom: phantom.name)
def test_scans_lie_in_one_split_and_clips_are_named_once(phantom):
    assert len({plan.clip_id for plan in phantom.plans}) == len(phantom.plans)
    assert len({(plan.scan, plan.split) for plan in phantom.plans}) == len(
        {plan.scan_id for plan in phantom.plans}
    )


def test_default_is_the_first_clip_of_each_scan_of_the_full_one():
    first = tuple(plan for plan in PRESETS["phantom-full"].plans if plan.clip == 0)
    assert PRESETS["phantom"].plans == first


def test_other_lags_differ_in_nothing_else():
    full = PRESETS["phantom-full"]
    assert full.lag_s == 0.2
    for milliseconds in (0, 100):
        other = PRESETS[f"phantom-full-lag-{milliseconds}"]
        assert other == replace(full, name=other.name, lag_s=milliseconds / 1000)


def test_scans_that_give_power_are_in_no_other_set():
    power = PRESETS["phantom-power"]
    others = {plan.scan for name in PRESETS if name != power.name for plan in PRESETS[name].plans}
    assert not others & {plan.scan for plan in power.plans if plan.split == "test"}
    rest = tuple(plan for plan in power.plans if plan.split != "test")
    assert rest == tuple(plan for plan in PRESETS["phantom"].plans if plan.split != "test")


def test_golden_fingerprints_are_of_every_set_and_split_of_this_version():
    assert f"1.{golden.VERSION}" == VERSION
    assert set(golden.GOLDEN) == set(PRESETS)
    for prints in golden.GOLDEN.values():
        assert set(prints) == {"train", "val", "test"}
        assert all(len(found) == 64 for found in prints.values())
    assert golden.GOLDEN["phantom-power"]["val"] == golden.GOLDEN["phantom"]["val"]
    assert golden.recognised(golden.GOLDEN["phantom"]["test"]) == "phantom"


def test_clips_of_a_scan_are_numbered_from_1():
    plans = [plan for plan in PRESETS["phantom-full"].plans if plan.scan == 114]
    assert [plan.clip_id for plan in plans] == [
        "s115-c1",
        "s115-c2",
        "s115-c3",
        "s115-c4",
        "s115-c5",
    ]


@pytest.mark.parametrize("numbers", [{"n_frames": 0}, {"n_frames": 91}, {"scan": -1}, {"clip": -1}])
def test_impossible_clips(numbers):
    with pytest.raises(ConfigError, match="make no phantom clip"):
        ClipPlan(**({"scan": 0, "clip": 0, "n_frames": 90, "split": "train"} | numbers))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seed": -1}, "seed -1 is negative"),
        ({"lag_s": 1.5}, "lag_s 1.5"),
        ({"lag_s": -0.1}, "lag"),
    ],
)
def test_impossible_phantoms(settings, message):
    with pytest.raises(ConfigError, match=message):
        replace(PRESETS["phantom-tiny"], **settings)
