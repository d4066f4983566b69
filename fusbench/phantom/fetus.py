"""The fetus's tissue: what it scatters, reflects and absorbs, drawn once per scan.

Positions are in the fetal frame (unit CRL, x to the crown, y to the front), echoes in the scale of
the compression: 1 is 0 dB.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from fusbench.phantom.anatomy import Anatomy
from fusbench.phantom.exact import RASTER_WIDTH, coarse, exp, on_grid
from fusbench.phantom.shapes import (
    Ellipse,
    Points,
    ellipse_distance,
    inside,
    line_distance,
    ridge,
    smooth_union,
    speckle_noise,
    texture_noise,
)

RASTER_SHAPE = (300, 400)
RASTER_PX_PER_CRL = 280.0
GRAIN = 4
ECHO_BITS = 12
"""Rasters hold multiples of 2^-12."""
ABSORPTION_STEP = 0.125
MARKS_AT = np.s_[66:221, 158:327]

OUTLINE = (
    # part that it moves with, shape, blend with the shapes before it
    ("trunk", Ellipse(-0.16, -0.01, 0.31, 0.155, -0.05), 0.05),
    ("rump", Ellipse(-0.36, -0.03, 0.125, 0.12), 0.05),
    ("neck", Ellipse(0.07, -0.02, 0.13, 0.11), 0.05),
    ("head", Ellipse(0.29, 0.015, 0.195, 0.165, 0.15), 0.035),
    ("head", Ellipse(0.27, 0.13, 0.085, 0.075, -0.2), 0.03),  # face
    ("head", Ellipse(0.19, 0.135, 0.04, 0.035), 0.02),  # chin
    ("head", Ellipse(0.335, 0.195, 0.028, 0.022, 0.6), 0.015),  # nose
)
LIMBS = (
    Ellipse(-0.02, 0.19, 0.075, 0.035, 1.07),
    Ellipse(0.05, 0.235, 0.05, 0.028, 0.5),
    Ellipse(-0.38, 0.13, 0.10, 0.05, 2.07),
    Ellipse(-0.31, 0.215, 0.075, 0.03, 0.3),
)
LIMB_BLEND, BONE_SHARE = 0.02, 0.65
SKIN_EDGE = 0.012
SKULL, SKULL_FROM_X = Ellipse(0.29, 0.015, 0.173, 0.143, 0.15), 0.05
PLEXUS = (Ellipse(0.335, 0.06, 0.065, 0.03, 0.25), Ellipse(0.31, -0.04, 0.07, 0.03, 0.1))
FALX = ((0.19, 0.0), (0.42, 0.035))
LIVER = Ellipse(-0.13, 0.055, 0.065, 0.055, -0.2)
ORGANS = (
    # shape, share of the echo taken away, edge width, echo of the wall
    (Ellipse(-0.01, 0.01, 0.10, 0.095), 0.40, 0.03, 0.0),  # thorax
    (Ellipse(-0.005, 0.035, 0.045, 0.038, 0.5), 0.93, 0.008, 0.10),  # heart
    (Ellipse(-0.17, -0.015, 0.048, 0.030, 0.3), 0.97, 0.008, 0.03),  # stomach
    (Ellipse(-0.35, 0.015, 0.038, 0.030), 0.96, 0.008, 0.03),  # bladder
)
SEPTUM = ((-0.035, 0.025), (0.025, 0.045))
CORD_Y = np.linspace(0.10, 0.42, 17)
CORD_X = -0.165 + 0.022 * coarse(np.sin(60 * CORD_Y)) - 0.5 * (CORD_Y - 0.1) ** 2
CORD_RADIUS = 0.017
ALONG_SPINE = np.linspace(0, 1, 13)
VERTEBRA_SD = (0.0075, 0.009)
RIBS_X = 0.10 - 0.52 * np.linspace(0.08, 0.5, 7)
COLUMN = ((0.12, -0.09), (-0.40, -0.12))

Stroke = tuple[tuple[tuple[float, float], tuple[float, float]], float, float]  # ends, width, echo
NASAL_BONE = (
    (((0.325, 0.160), (0.368, 0.176)), 0.0060, 1.10),  # the bone
    (((0.315, 0.195), (0.350, 0.203)), 0.0055, 0.50),  # the skin above it
    (((0.324, 0.205), (0.326, 0.205)), 0.0100, 0.40),  # the tip of the nose
)
PALATE = (
    (((0.225, 0.088), (0.300, 0.125)), 0.0065, 0.60),
    (((0.185, 0.100), (0.215, 0.125)), 0.0060, 0.35),
)
NAPE_X = np.linspace(0.0, 0.22, 12)
NAPE_Y = -0.105 - 0.035 * coarse(np.cos((NAPE_X - 0.1) / 0.13))
NAPE_SKIN, MEMBRANE_GAP, MEMBRANE_WIDTH = 0.018, 0.005, 0.0045

SPECKLE = {"tissue": 0.06, "skin": 0.10, "skull": 0.20, "plexus": 0.08, "rib": 0.10, "cord": 0.10}
REFLECTION = {"skin": 0.10, "skull": 0.50, "vertebra": 0.90, "limb": 0.40, "falx": 0.14}
MEMBRANE_REFLECTION = 0.30
ABSORPTION = {"tissue": 0.003, "skull": 0.13, "spine": 0.06}
BRAIN_TAKEN, LIVER_ADDED = 0.86, 0.5
TEXTURE = ((0.25, (16, 16)), (0.15, (6, 6)))
"""Deviation of the log echo and size of its lumps (rows, columns)."""
UNEVENNESS = (0.8, 0.25)
"""Mean and deviation of the factor that breaks up all reflections."""


@dataclass(frozen=True, kw_only=True)
class FetusLayers:
    """Rasters of a fetus, float32.

    Parameters
    ----------
    speckle : ndarray, shape (300, 400, 4)
        Scattering of two planes one decorrelation apart: real, imaginary, real, imaginary.
    body : ndarray, shape (300, 400, 4)
        Coverage, absorption (in `ABSORPTION_STEP` per range sample), echo-free nuchal translucency,
        reflection.
    marks : ndarray, shape (3, h, w)
        Reflection of nasal bone, palate and nuchal membrane in the part `MARKS_AT` of the raster.
    """

    speckle: np.ndarray
    body: np.ndarray
    marks: np.ndarray


def raster_points() -> Points:
    """Fetal coordinates of the raster's columns and rows."""
    height, width = RASTER_SHAPE
    row, column = np.arange(height, dtype=np.float32), np.arange(width, dtype=np.float32)
    x, y = (column - width / 2) / RASTER_PX_PER_CRL, (height / 2 - row) / RASTER_PX_PER_CRL
    return x[None], y[:, None]


def draw_fetus(rng: np.random.Generator, anatomy: Anatomy) -> FetusLayers:
    """Draw the rasters of one fetus."""
    points = raster_points()
    skin = _outline(points, anatomy)
    body = inside(skin, SKIN_EDGE)
    cord = line_distance(points, *_moved(zip(CORD_X, CORD_Y, strict=True), (0, anatomy.flex)))
    cord_inside = inside(cord - CORD_RADIUS, 0.008) * (1 - body)
    skull_distance = ellipse_distance(points, SKULL.moved(anatomy.head))
    skull = ridge(skull_distance, 0.0085) * inside(SKULL_FROM_X - points[0], 0.05)
    nape_line = _moved(zip(NAPE_X, NAPE_Y, strict=True), (0, anatomy.head[1] / 2))
    nape = line_distance(points, *nape_line) - anatomy.nt_thickness / 2

    echo = _scattering(rng, points, anatomy, body, skull_distance)
    echo += SPECKLE["skin"] * ridge(skin, 0.006) + SPECKLE["skull"] * skull
    lumen = SPECKLE["tissue"] + SPECKLE["cord"] * ridge(cord - 0.7 * CORD_RADIUS, 0.005)
    echo += cord_inside * lumen
    absorption = ABSORPTION["tissue"] * (body + cord_inside) + ABSORPTION["skull"] * skull
    absorption += ABSORPTION["spine"] * ridge(line_distance(points, *COLUMN), 0.015)
    noise = speckle_noise(rng, RASTER_SHAPE, GRAIN, 4)
    mean, deviation = UNEVENNESS
    uneven = mean + deviation * speckle_noise(rng, RASTER_SHAPE, GRAIN, 1)[..., 0]
    marks = (
        _strokes(points, NASAL_BONE, anatomy.head),
        _strokes(points, PALATE, anatomy.head),
        MEMBRANE_REFLECTION * ridge(np.abs(nape - MEMBRANE_GAP), MEMBRANE_WIDTH),
    )
    return FetusLayers(
        speckle=on_grid(noise * echo[..., None], ECHO_BITS, RASTER_WIDTH),
        body=_stack(
            np.maximum(body + cord_inside, inside(nape - NAPE_SKIN, 0.01)),
            absorption / ABSORPTION_STEP,
            inside(nape, 0.007),
            uneven * (REFLECTION["skin"] * ridge(skin, 0.005) + _bones(points, anatomy, skull)),
        ),
        marks=np.stack([(uneven * mark)[MARKS_AT] for mark in marks]),
    )


def _stack(*channels: np.ndarray) -> np.ndarray:
    return on_grid(np.stack(channels, axis=-1), ECHO_BITS, RASTER_WIDTH)


def _moved(
    corners: Iterable[tuple[float, float]], shift: Sequence[float] | np.ndarray
) -> list[tuple[float, float]]:
    return [(float(x + shift[0]), float(y + shift[1])) for x, y in corners]


def _limbs(anatomy: Anatomy) -> list[Ellipse]:
    pairs = zip(LIMBS, anatomy.limb_turn_rad, strict=True)
    return [limb.moved((0.0, 0.0), turn) for limb, turn in pairs]


def _outline(points: Points, anatomy: Anatomy) -> np.ndarray:
    """Distance to the whole fetus."""
    shifts: dict[str, np.ndarray | tuple[float, float]] = {
        "trunk": (0.0, anatomy.flex),
        "rump": (0.0, 0.0),
        "neck": anatomy.head / 2,
        "head": anatomy.head,
    }
    parts = [(shape.moved(shifts[part]), blend) for part, shape, blend in OUTLINE]
    distance = ellipse_distance(points, parts[0][0])
    for shape, blend in parts[1:]:
        distance = smooth_union(distance, ellipse_distance(points, shape), blend)
    limbs = reduce(np.minimum, (ellipse_distance(points, limb) for limb in _limbs(anatomy)))
    return smooth_union(distance, limbs, LIMB_BLEND)


def _scattering(
    rng: np.random.Generator,
    points: Points,
    anatomy: Anatomy,
    body: np.ndarray,
    skull_distance: np.ndarray,
) -> np.ndarray:
    """Amplitude of the speckle: soft tissue, brain, organs, ribs."""
    flex = (0.0, anatomy.flex)
    texture = texture_noise(rng, RASTER_SHAPE, TEXTURE)
    echo: np.ndarray = SPECKLE["tissue"] * exp(texture) * body
    echo *= 1 - BRAIN_TAKEN * inside(skull_distance + 0.012, 0.012)
    for plexus in PLEXUS:
        distance = ellipse_distance(points, plexus.moved(anatomy.head))
        echo += SPECKLE["plexus"] * inside(distance, 0.02)
    echo *= 1 + LIVER_ADDED * inside(ellipse_distance(points, LIVER.moved(flex)), 0.04)
    for shape, taken, width, wall in ORGANS:
        distance = ellipse_distance(points, shape.moved(flex))
        echo = echo * (1 - taken * inside(distance, width)) + wall * ridge(distance, 0.005)
    echo += SPECKLE["plexus"] * ridge(line_distance(points, *_moved(SEPTUM, flex)), 0.005)
    for x in RIBS_X:
        rib = line_distance(points, (x, -0.07), (x - 0.02, 0.06))
        echo += SPECKLE["rib"] * ridge(rib, 0.004)
    return echo


def _bones(points: Points, anatomy: Anatomy, skull: np.ndarray) -> np.ndarray:
    """Reflection of skull, falx, limb bones and the row of vertebrae."""
    x, y = points
    flat = (
        np.abs(y - SKULL.y - float(anatomy.head[1])) / SKULL.b
    )  # the beam meets it front and back
    total = REFLECTION["skull"] * skull * (0.55 + 0.45 * flat)
    falx = line_distance(points, *_moved(FALX, anatomy.head))
    total += REFLECTION["falx"] * ridge(falx, 0.005)
    for limb in _limbs(anatomy):
        bone = line_distance(points, limb.along(-BONE_SHARE), limb.along(BONE_SHARE))
        total += REFLECTION["limb"] * ridge(bone, 0.006)
    arch = 0.055 * coarse(np.sin(np.pi * np.minimum(1.05 * ALONG_SPINE, 1)))
    centre_x = 0.12 - 0.52 * ALONG_SPINE
    centre_y = -0.085 - arch + 0.8 * anatomy.flex * coarse(np.sin(np.pi * ALONG_SPINE))
    for place_x, place_y in zip(centre_x.tolist(), centre_y.tolist(), strict=True):
        across, along = ridge(x - place_x, VERTEBRA_SD[0]), ridge(y - place_y, VERTEBRA_SD[1])
        total += REFLECTION["vertebra"] * along * across
    return total


def _strokes(points: Points, strokes: Sequence[Stroke], shift: np.ndarray) -> np.ndarray:
    total = np.zeros(RASTER_SHAPE, dtype=np.float32)
    for ends, width, echo in strokes:
        total += echo * ridge(line_distance(points, *_moved(ends, shift)), width)
    return total
