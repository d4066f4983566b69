from dataclasses import replace

import cv2
import numpy as np
import pytest

from fusbench.phantom.anatomy import draw_anatomy
from fusbench.phantom.fan import N_BEAMS, N_RANGES, sample_positions, scan_conversion
from fusbench.phantom.fetus import FetusLayers
from fusbench.phantom.imaging import draw_scene, render
from fusbench.phantom.motion import VIEW_CENTRE_PX, Motion, project
from fusbench.phantom.womb import WombLayers


@pytest.fixture(scope="module")
def anatomy():
    return replace(draw_anatomy(np.random.default_rng(3)), facing=np.array([1.0, -1.0]))


@pytest.fixture(scope="module")
def scene(anatomy):
    return draw_scene(np.random.default_rng(3), anatomy)


def still(view_px=(0.0, 0.0), elevation=0.0, turn_rad=0.0):
    return Motion(
        view_px=np.array([view_px]),
        turn_rad=np.array([turn_rad]),
        elevation=np.array([elevation]),
        shift_px=np.zeros((1, 2)),
        bend=np.zeros(1),
    )


def picture(scene, anatomy, motion):
    return render(np.random.default_rng(0), scene, anatomy, motion, np.array([0]))[0]


def trunk_of(anatomy, motion):
    """Pixels well inside the trunk."""
    angles = np.linspace(0, 2 * np.pi, 40)
    rim = np.stack([-0.15 + 0.20 * np.cos(angles), 0.08 * np.sin(angles)], axis=1)
    polygon = project(anatomy, motion, rim)[0].astype(np.int32)
    return cv2.fillPoly(np.zeros((224, 288), np.uint8), [polygon], 1).astype(bool)


def speckle_likeness(one, other, where):
    fine = [x - cv2.GaussianBlur(x, (0, 0), 4) for x in (one.astype(float), other.astype(float))]
    return np.corrcoef(fine[0][where], fine[1][where])[0, 1]


def test_speckle_moves_with_tissue(scene, anatomy):
    first, second = still(), still(view_px=(3.0, 2.5), turn_rad=0.03)
    one, other = picture(scene, anatomy, first), picture(scene, anatomy, second)
    corners = np.array([(-0.3, 0.0), (0.0, 0.1), (0.0, -0.1)])
    ends = [project(anatomy, motion, corners)[0].astype(np.float32) for motion in (first, second)]
    back = cv2.getAffineTransform(ends[1], ends[0])
    registered = cv2.warpAffine(other, back, (288, 224))
    where = trunk_of(anatomy, first)
    assert speckle_likeness(one, registered, where) > 0.8
    assert speckle_likeness(one, other, where) < 0.4


def test_speckle_fades_as_the_plane_leaves(scene, anatomy):
    where = trunk_of(anatomy, still())
    one, near, far = (picture(scene, anatomy, still(elevation=z)) for z in (0.0, 0.1, 1.4))
    assert speckle_likeness(one, near, where) > 0.9
    assert speckle_likeness(one, far, where) < 0.6  # organs and bones stay


def test_black_outside_the_fan_and_never_inside(scene, anatomy):
    frame = picture(scene, anatomy, still())
    in_fan = scan_conversion()[0] >= 0
    assert (frame[~in_fan] == 0).all()
    assert (frame[in_fan] > 0).all()


def test_noise_makes_no_rings():
    """Electronic noise is drawn per sample: along an arc it averages out."""
    empty = np.zeros((300, 400, 4), np.float32)
    womb = WombLayers(
        speckle=np.zeros((520, 640, 4), np.float32), absorption=np.zeros((520, 640), np.float32)
    )
    scene = replace(
        draw_scene(np.random.default_rng(0), draw_anatomy(np.random.default_rng(0))),
        fetus=FetusLayers(speckle=empty, body=empty, marks=np.zeros((3, 155, 169), np.float32)),
        womb=womb,
        gain=np.ones((N_RANGES, N_BEAMS), np.float32),
        offset_db=30.0,
    )
    frame = picture(scene, draw_anatomy(np.random.default_rng(0)), still()).astype(np.float32)
    x, y = sample_positions()
    polar = cv2.remap(frame, x, y, cv2.INTER_LINEAR)[20:-20, 20:-20]
    arcs = polar - cv2.GaussianBlur(polar, (0, 0), 10)
    assert arcs.std() > 5
    assert arcs.mean(1).std() < 0.2 * arcs.std()


def test_nasal_bone_is_bright_in_plane_and_gone_off_plane(scene, anatomy):
    x, y = np.rint(project(anatomy, still(), anatomy.landmarks[:1])[0, 0]).astype(int)
    patch = np.s_[y - 2 : y + 3, x - 3 : x + 4]
    in_plane = picture(scene, anatomy, still())[patch].astype(float)
    off_plane = picture(scene, anatomy, still(elevation=1.5))[patch].astype(float)
    assert in_plane.max() > 200
    assert in_plane.max() > off_plane.max() + 30


def test_fluid_is_black_and_tissue_grey(scene, anatomy):
    """Straight behind the trunk, opposite the limbs, lies fluid."""
    motion = still()
    frame = picture(scene, anatomy, motion)
    x, y = np.rint(project(anatomy, motion, np.array([[-0.1, -0.27]]))[0, 0]).astype(int)
    fluid = frame[y - 4 : y + 5, x - 6 : x + 7]
    trunk = frame[trunk_of(anatomy, motion)]
    assert fluid.mean() < 30
    assert trunk.mean() > 3 * fluid.mean()


def test_skull_casts_a_shadow(scene, anatomy):
    """Without its absorption the picture is brighter below the head, and the same above it."""
    body = scene.fetus.body.copy()
    body[..., 1] = 0
    clear = replace(scene, fetus=replace(scene.fetus, body=body))
    motion = still()
    shadowed, lit = (picture(s, anatomy, motion).astype(float) for s in (scene, clear))
    head = project(anatomy, motion, np.array([[0.29, 0.015]]))[0, 0]
    away = head - np.array([143.5, -58.0])
    below = head + away / np.hypot(*away) * 45
    above = head - away / np.hypot(*away) * 45

    def brightness(frame, place):
        x, y = np.rint(place).astype(int)
        return frame[y - 6 : y + 7, x - 6 : x + 7].mean()

    assert brightness(lit, below) > 1.1 * brightness(shadowed, below)
    assert brightness(lit, above) == pytest.approx(brightness(shadowed, above), rel=0.02)
    assert np.hypot(*(VIEW_CENTRE_PX - head)) < 80
