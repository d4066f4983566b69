"""The fetus's tissue: what it scatters, reflects and absorbs, drawn once per scan.

All positions are in the fetal frame (unit CRL, x to the crown, y to the front).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from fusbench.phantom.anatomy import Anatomy
from fusbench.phantom.shapes import (
    Ellipse,
    Points,
    cloud_noise,
    ellipse_distance,
    inside,
    line_distance,
    ridge,
    smooth_union,
    speckle_noise,
)

RASTER_SHAPE = (300, 400)
RASTER_PX_PER_CRL = 280.0
GRAIN_PX = 1.0

OUTLINE = (
    # part, shape, blend with the shapes before it
    ("trunk", Ellipse(-0.16, -0.01, 0.31, 0.155, -0.05), 0.05),
    ("rump", Ellipse(-0.36, -0.03, 0.125, 0.12), 0.05),
    ("neck", Ellipse(0.07, -0.02, 0.13, 0.11), 0.05),
    ("head", Ellipse(0.29, 0.015, 0.195, 0.165, 0.15), 0.035),
    ("head", Ellipse(0.27, 0.13, 0.085, 0.075, -0.2), 0.03),
    ("head", Ellipse(0.19, 0.135, 0.04, 0.035), 0.02),
    ("head", Ellipse(0.335, 0.195, 0.028, 0.022, 0.6), 0.015),
)
LIMBS = (
    Ellipse(-0.02, 0.19, 0.075, 0.035, 1.07),
    Ellipse(0.05, 0.235, 0.05, 0.028, 0.5),
    Ellipse(-0.38, 0.13, 0.10, 0.05, 2.07),
    Ellipse(-0.31, 0.215, 0.075, 0.03, 0.3),
)
LIMB_BLEND = 0.02
SKULL = Ellipse(0.29, 0.015, 0.173, 0.143, 0.15)
ORGANS = (
    # shape, share of the echo taken away, edge width, echo of the wall
    (Ellipse(-0.01, 0.01, 0.10, 0.095), 0.40, 0.03, 0.0),  # thorax
    (Ellipse(-0.005, 0.035, 0.045, 0.038, 0.5), 0.93, 0.008, 0.10),  # heart
    (Ellipse(-0.17, -0.015, 0.048, 0.030, 0.3), 0.97, 0.008, 0.03),  # stomach
    (Ellipse(-0.35, 0.015, 0.038, 0.030), 0.96, 0.008, 0.03),  # bladder
)
SEPTUM = ((-0.035, 0.025), (0.025, 0.045))
LIVER = Ellipse(-0.13, 0.055, 0.065, 0.055, -0.2)
CORD_Y = np.linspace(0.10, 0.42, 17)
CORD_X = -0.165 + 0.022 * np.sin(60 * CORD_Y) - 0.5 * (CORD_Y - 0.1) ** 2
CORD_RADIUS = 0.017
PLEXUS = (Ellipse(0.335, 0.06, 0.065, 0.03, 0.25), Ellipse(0.31, -0.04, 0.07, 0.03, 0.1))
FALX = ((0.19, 0.0), (0.42, 0.035))
RIBS = np.linspace(0.08, 0.5, 7)
VERTEBRAE = np.linspace(0, 1, 13)

NASAL_BONE = (
    # corners, width, echo: the bone, the skin above it, the tip of the nose
    (((0.325, 0.160), (0.368, 0.176)), 0.006, 1.1),
    (((0.315, 0.195), (0.350, 0.203)), 0.0055, 0.5),
    (((0.324, 0.205), (0.326, 0.205)), 0.010, 0.4),
)
PALATE = (
    (((0.225, 0.088), (0.300, 0.125)), 0.0065, 0.6),
    (((0.185, 0.100), (0.215, 0.125)), 0.006, 0.35),
)
NAPE_X = np.linspace(0.0, 0.22, 12)
NAPE_Y = -0.105 - 0.035 * np.cos((NAPE_X - 0.1) / 0.13)
MEMBRANE_ECHO, MEMBRANE_WIDTH = 0.3, 0.0045
NAPE_SKIN = 0.018

TISSUE_ECHO = 0.06
TEXTURE = ((0.25, 16), (0.15, 6))
"""Deviation of the log echo and size of its lumps in raster pixels."""
ABSORPTION = {"tissue": 0.003, "skull": 0.13, "spine": 0.06}


@dataclass(frozen=True, kw_only=True)
class FetusLayers:
    """Rasters of a fetus, float32 (300, 400, 4) each; channels in this order.

    Parameters
    ----------
    speckle : ndarray
        Scattering of two planes one decorrelation apart: real, imaginary, real, imaginary.
    body : ndarray
        Coverage, absorption, share of echo that the nuchal translucency takes away, reflection.
    marks : ndarray
        Reflection of nasal bone, palate and nuchal membrane; unevenness of all reflections.
    """

    speckle: np.ndarray
    body: np.ndarray
    marks: np.ndarray


def raster_points() -> Points:
    """Fetal coordinates of the raster's pixels, float32."""
    height, width = RASTER_SHAPE
    row, column = np.indices(RASTER_SHAPE, dtype=np.float32)
    return (column - width / 2) / RASTER_PX_PER_CRL, (height / 2 - row) / RASTER_PX_PER_CRL


def draw_fetus(rng: np.random.Generator, anatomy: Anatomy) -> FetusLayers:
    """Draw the rasters of one fetus."""
    points = raster_points()
    shifts = {"head": anatomy.head, "trunk": (0.0, anatomy.flex), "neck": anatomy.head / 2}
    body = _outline(points, anatomy, shifts)
    covered = inside(body, 0.012)
    skull_distance = ellipse_distance(points, SKULL.moved(anatomy.head))
    skull = ridge(skull_distance, 0.0085) * inside(0.05 - points[0], 0.05)
    spine = _spine(points, anatomy)
    nape = line_distance(points, *zip(NAPE_X, NAPE_Y + anatomy.head[1] / 2, strict=True))
    half = anatomy.nt_thickness / 2

    echo = _scattering(rng, points, anatomy, covered, skull_distance)
    cord = line_distance(points, *zip(CORD_X, CORD_Y + anatomy.flex, strict=True))
    in_cord = inside(cord - CORD_RADIUS, 0.008) * (1 - covered)
    covered = covered + in_cord
    echo += 0.1 * ridge(body, 0.006) + 0.2 * skull
    echo += 0.1 * in_cord * ridge(cord - 0.7 * CORD_RADIUS, 0.005)
    reflection = 0.10 * ridge(body, 0.005) + spine
    rim = 0.55 + 0.45 * np.abs(points[1] - SKULL.y - anatomy.head[1]) / SKULL.b
    reflection += 0.5 * skull * rim
    falx = [np.add(corner, anatomy.head) for corner in FALX]
    reflection += 0.14 * ridge(line_distance(points, *falx), 0.005)
    for limb in _limbs(anatomy):
        bone = line_distance(points, limb.along(-0.65), limb.along(0.65))
        reflection += 0.4 * ridge(bone, 0.006)
    absorption = ABSORPTION["tissue"] * covered + ABSORPTION["skull"] * skull
    column = line_distance(points, (0.12, -0.09), (-0.40, -0.12))
    absorption += ABSORPTION["spine"] * ridge(column, 0.015)

    noise = speckle_noise(rng, RASTER_SHAPE, GRAIN_PX)
    uneven = speckle_noise(rng, RASTER_SHAPE, GRAIN_PX, channels=2)[..., 0]
    covered = np.maximum(covered, inside(nape - half - NAPE_SKIN, 0.01))
    membrane = MEMBRANE_ECHO * ridge(np.abs(nape - half - 0.005), MEMBRANE_WIDTH)
    return FetusLayers(
        speckle=_stack(*np.moveaxis(noise * echo[..., None], -1, 0)),
        body=_stack(covered, absorption, inside(nape - half, 0.007), reflection),
        marks=_stack(
            _strokes(points, NASAL_BONE, anatomy.head),
            _strokes(points, PALATE, anatomy.head),
            membrane,
            0.8 + 0.25 * uneven,
        ),
    )


def _stack(*channels: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.stack(channels, axis=-1), dtype=np.float32)


def _limbs(anatomy: Anatomy) -> list[Ellipse]:
    pairs = zip(LIMBS, anatomy.limb_turn_rad, strict=True)
    return [limb.moved((0.0, 0.0), turn) for limb, turn in pairs]


def _outline(points: Points, anatomy: Anatomy, shifts: dict) -> np.ndarray:
    """Distance to the whole fetus."""
    none = (0.0, 0.0)
    parts = [(shape.moved(shifts.get(part, none)), blend) for part, shape, blend in OUTLINE]
    distance = ellipse_distance(points, parts[0][0])
    for shape, blend in parts[1:]:
        distance = smooth_union(distance, ellipse_distance(points, shape), blend)
    limbs = reduce(np.minimum, (ellipse_distance(points, limb) for limb in _limbs(anatomy)))
    return smooth_union(distance, limbs, LIMB_BLEND)


def _scattering(
    rng: np.random.Generator,
    points: Points,
    anatomy: Anatomy,
    covered: np.ndarray,
    skull_distance: np.ndarray,
) -> np.ndarray:
    """Amplitude of the speckle: soft tissue, brain, organs."""
    texture = sum(size * cloud_noise(rng, RASTER_SHAPE, (lump, lump)) for size, lump in TEXTURE)
    echo = TISSUE_ECHO * np.exp(texture) * covered
    echo *= 1 - 0.86 * inside(skull_distance + 0.012, 0.012)
    for plexus in PLEXUS:
        echo += 0.08 * inside(ellipse_distance(points, plexus.moved(anatomy.head)), 0.02)
    shift = (0.0, anatomy.flex)
    echo *= 1 + 0.5 * inside(ellipse_distance(points, LIVER.moved(shift)), 0.04)
    for shape, taken, width, wall in ORGANS:
        distance = ellipse_distance(points, shape.moved(shift))
        echo *= 1 - taken * inside(distance, width)
        echo += wall * ridge(distance, 0.005)
    septum = (np.add(corner, shift) for corner in SEPTUM)
    echo += 0.08 * ridge(line_distance(points, *septum), 0.005)
    for x in 0.10 - 0.52 * RIBS:
        echo += 0.1 * ridge(line_distance(points, (x, -0.07), (x - 0.02, 0.06)), 0.004)
    return echo


def _spine(points: Points, anatomy: Anatomy) -> np.ndarray:
    """Reflection of the row of vertebrae."""
    x, y = points
    arch = np.sin(np.pi * np.minimum(1.05 * VERTEBRAE, 1))
    centre_x = 0.12 - 0.52 * VERTEBRAE
    centre_y = -0.085 - 0.055 * arch + 0.8 * anatomy.flex * np.sin(np.pi * VERTEBRAE)
    profile_x = ridge(x[0] - centre_x[:, None], 0.0075)  # (V, W)
    profile_y = ridge(y[:, 0] - centre_y[:, None], 0.009)  # (V, H)
    return 0.9 * profile_y.T @ profile_x


def _strokes(points: Points, strokes: tuple, shift: np.ndarray) -> np.ndarray:
    total = np.zeros(RASTER_SHAPE)
    for corners, width, echo in strokes:
        distance = line_distance(points, *(np.add(corner, shift) for corner in corners))
        total += echo * ridge(distance, width)
    return total
