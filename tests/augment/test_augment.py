"""Policies: gaze and picture move together, one draw serves a window and can be replayed."""

import json

import cv2
import numpy as np
import pytest

from fusbench.augment.draw import Draw
from fusbench.augment.mix import Mix, mix_frames
from fusbench.augment.operations import OPERATIONS, Step
from fusbench.augment.policy import Policy, augmented, mixed, policy
from fusbench.data.gaze import saliency_map
from fusbench.errors import ConfigError, UnknownName

SHAPE = (224, 288)
GEOMETRY = [name for name, operation in OPERATIONS.items() if operation.kind == "geometry"]


def blob(x, y, sigma=4.0):
    """A bright spot painted at a point, on a dark picture."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    spot = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))
    return (255 * spot).astype(np.uint8)


def centre_of(frame):
    rows, columns = np.mgrid[: frame.shape[0], : frame.shape[1]]
    weight = frame.astype(float)
    return (weight * columns).sum() / weight.sum(), (weight * rows).sum() / weight.sum()


def picture(seed=0):
    rng = np.random.default_rng(seed)
    smooth = cv2.GaussianBlur(rng.uniform(0, 255, (*SHAPE, 6)), (0, 0), 3)
    return np.clip((smooth.transpose(2, 0, 1) - 127) * 6 + 120, 15, 250).astype(np.uint8)


def test_the_table_has_sixteen_and_no_random_warp():
    assert len(OPERATIONS) == 16
    assert not {"elastic", "grid", "grid-distortion"} & set(OPERATIONS)
    assert "speckle" in OPERATIONS


@pytest.mark.parametrize("name", GEOMETRY)
@pytest.mark.parametrize("magnitude", [2, 9, 10])
def test_a_spot_at_the_gaze_stays_under_it(name, magnitude):
    rng = np.random.default_rng(5)
    for x, y in ((143.0, 111.0), (100.3, 90.7), (180.5, 130.2)):
        draw = Draw((OPERATIONS[name].draw(name, magnitude, rng),))
        moved = draw.apply_frames(blob(x, y)[None])[0]
        (px,), (py,) = draw.apply_points(np.array([x]), np.array([y]), SHAPE)
        assert np.hypot(*np.subtract(centre_of(moved), (px, py))) < 0.5


@pytest.mark.parametrize("seed", range(8))
def test_a_spot_stays_under_the_gaze_through_whole_policies(seed):
    draw = Policy(n=7, m=9).draw(np.random.default_rng(seed))
    geometry = Draw(tuple(s for s in draw.steps if s.name in GEOMETRY))
    x, y = 140.0, 112.0
    (px,), (py,) = geometry.apply_points(np.array([x]), np.array([y]), SHAPE)
    moved = geometry.apply_frames(blob(x, y)[None])[0]
    assert np.hypot(*np.subtract(centre_of(moved), (px, py))) < 0.5


def test_a_draw_is_shared_by_all_frames():
    frames = np.repeat(picture()[:1], 6, axis=0)
    for seed in range(6):
        out = Policy(n=7, m=9).draw(np.random.default_rng(seed)).apply_frames(frames)
        assert all((frame == out[0]).all() for frame in out)


def test_n_is_the_number_of_operations():
    for n in (0, 1, 7, 16):
        assert len(Policy(n=n, m=5).draw(np.random.default_rng(0)).steps) == n
    draws = [Policy(n=3, m=5).draw(np.random.default_rng(seed)) for seed in range(400)]
    names = [step.name for draw in draws for step in draw.steps]
    counts = np.array([names.count(name) for name in OPERATIONS])
    assert counts.min() > 0
    assert ((counts - 75) ** 2 / 75).sum() < 37.7  # chi-squared, 15 degrees of freedom, p = 0.001


@pytest.mark.parametrize("name", OPERATIONS)
def test_m_is_the_strength(name):
    """Nothing changes at 0, and the change grows with m."""
    frames = picture()
    changes = []
    for m in (0, 3, 6, 9):
        draw = Draw((OPERATIONS[name].draw(name, m, np.random.default_rng(1)),))
        out = draw.apply_frames(frames)
        changes.append(np.abs(out.astype(float) - frames).mean())
    assert changes[0] < 0.6  # rounding at most
    assert changes[1] < changes[2] < changes[3]


@pytest.mark.parametrize("seed", range(5))
def test_a_stored_draw_is_replayed_to_the_bit(seed):
    draw = Policy(n=9, m=8).draw(np.random.default_rng(seed))
    stored = json.loads(json.dumps(draw.to_json()))
    again = Draw.from_json(stored)
    assert again == draw
    frames = picture(seed)
    before = frames.copy()
    np.testing.assert_array_equal(again.apply_frames(frames), draw.apply_frames(frames))
    np.testing.assert_array_equal(frames, before)


def test_signed_operations_go_both_ways():
    rng = np.random.default_rng(0)
    signs = {np.sign(OPERATIONS["rotate"].draw("rotate", 5, rng).value) for _ in range(50)}
    assert signs == {-1.0, 1.0}
    assert abs(OPERATIONS["rotate"].draw("rotate", 5, rng).value) == 7.5


def test_speckle_leaves_the_target_alone():
    frames, points = picture(), (np.array([100.0]), np.array([90.0]))
    draw = Draw((Step("speckle", 0.4, 7),))
    out, density = augmented(frames, points, draw, (8.0, 8.0))
    assert (out != frames).any()
    np.testing.assert_allclose(density, saliency_map(*points, SHAPE, 8.0))


def test_geometry_that_loses_all_gaze_is_left_out():
    frames, points = picture(), (np.array([2.0]), np.array([2.0]))
    draw = Draw((Step("translate-x", -0.1), Step("gamma", 0.5)))
    out, density = augmented(frames, points, draw, (8.0, 8.0))
    np.testing.assert_array_equal(out, Draw((Step("gamma", 0.5),)).apply_frames(frames))
    np.testing.assert_allclose(density, saliency_map(*points, SHAPE, 8.0))


def test_points_that_leave_are_dropped():
    points = (np.array([2.0, 200.0]), np.array([100.0, 100.0]))
    _, density = augmented(picture(), points, Draw((Step("translate-x", -0.1),)), (8.0, 8.0))
    want = saliency_map(np.array([200 - 28.8]), np.array([100.0]), SHAPE, 8.0)
    np.testing.assert_allclose(density, want)


@pytest.mark.parametrize("seed", range(12))
def test_pictures_and_targets_are_mixed_by_the_same_mask(seed):
    rng = np.random.default_rng(seed)
    mask = Mix.drawn(rng).mask(SHAPE)
    assert mask.min() >= 0
    assert mask.max() <= 1
    assert mask.mean() >= 0.5
    first, second = np.full((2, *SHAPE), 200, np.uint8), np.full((2, *SHAPE), 100, np.uint8)
    share = (mix_frames(first, second, mask)[0] - 100.0) / 100
    np.testing.assert_allclose(share, mask, atol=0.006)
    points = [(np.array([90.0]), np.array([80.0])), (np.array([200.0]), np.array([150.0]))]
    _, density = mixed([first, second], points, mask, Draw(), (8.0, 8.0))
    maps = [saliency_map(*point, SHAPE, 8.0) for point in points]
    want = mask * maps[0] + (1 - mask) * maps[1]
    assert density.sum() == pytest.approx(1)
    if want.sum() > 0.1:
        np.testing.assert_allclose(density, want / want.sum(), atol=1e-9)


def test_mixing_knows_linear_and_other_kinds():
    rng = np.random.default_rng(0)
    masks = [Mix.drawn(rng).mask(SHAPE) for _ in range(60)]
    flat = [np.ptp(mask) == 0 for mask in masks]
    assert 0.05 < np.mean(flat) < 0.6
    assert any(set(np.unique(mask)) == {0.0, 1.0} for mask in masks)
    assert any(len(np.unique(mask)) == 4 for mask in masks)


@pytest.mark.parametrize("seed", range(6))
def test_mixed_targets_move_with_the_picture(seed):
    """A spot painted at either gaze stays under the target's two peaks."""
    rng = np.random.default_rng(seed)
    draw = Draw((OPERATIONS["rotate"].draw("rotate", 9, rng), Step("translate-y", 0.05)))
    points = [(np.array([100.0]), np.array([90.0])), (np.array([185.0]), np.array([130.0]))]
    windows = [blob(float(x[0]), float(y[0]))[None] for x, y in points]
    mask = np.full(SHAPE, 0.6, np.float32)
    frames, density = mixed(windows, points, mask, draw, (4.0, 4.0))
    assert np.hypot(*np.subtract(centre_of(frames[0]), centre_of(density))) < 1.0


def test_names():
    assert policy("none") is None
    assert policy("ra-7-9") == Policy(n=7, m=9)
    assert policy("mixra-3-7") == Policy(n=3, m=7, mix=True)
    for name in ("ra", "ra-7", "cutmix-3-7", "RA(7,9)"):
        with pytest.raises(UnknownName, match="no augmentation policy is called"):
            policy(name)
    with pytest.raises(ConfigError, match=r"n = 17 operations are outside 0..16"):
        policy("ra-17-5")
    with pytest.raises(ConfigError, match=r"magnitude m = 11 is outside 0..10"):
        policy("ra-3-11")
    with pytest.raises(ConfigError, match="the operation 'swirl' is unknown"):
        Draw.from_json([["swirl", 1.0, 0]])
    with pytest.raises(ConfigError, match="is no stored draw"):
        Draw.from_json([["rotate"]])
    with pytest.raises(ConfigError, match="the value of 'rotate' is not finite"):
        Draw.from_json([["rotate", float("nan"), 0]])


@pytest.mark.parametrize("seed", range(4))
def test_a_stored_mix_is_replayed_to_the_bit(seed):
    mix = Mix.drawn(np.random.default_rng(seed))
    again = Mix.from_json(json.loads(json.dumps(mix.to_json())))
    assert again == mix
    mask = Mix.drawn(np.random.default_rng(seed)).mask(SHAPE)
    np.testing.assert_array_equal(again.mask(SHAPE), mask)


def test_vh_mixing_by_hand():
    """Rows 0-2 and columns 0-2 show the first window alone; see figure 1 of arXiv:1805.11272."""
    mask = Mix("vh", (0.75, 0.75, 0.25)).mask((4, 4))
    want = np.full((4, 4), 1.0)
    want[:3, 3], want[3, :3], want[3, 3] = 0.25, 0.75, 0.0
    np.testing.assert_allclose(mask, want)
    # where the second window shows more, the two change places
    np.testing.assert_allclose(Mix("rows", (0.25, 0, 0)).mask((4, 1)).ravel(), [0, 1, 1, 1])


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ({"kind": "swirl", "shares": [0, 0, 0]}, "the mix 'swirl' is unknown. Use linear"),
        ({"kind": "vh", "shares": [0, 0, 2]}, "are no shares of a mix"),
        ({"kind": "vh", "shares": [0, 0]}, "is no stored mix"),
        ([], "is no stored mix"),
    ],
)
def test_what_is_no_mix(stored, words):
    with pytest.raises(ConfigError, match=words):
        Mix.from_json(stored)
