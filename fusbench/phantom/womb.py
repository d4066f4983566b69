"""What lies around the fetus: amniotic fluid, decidual rim, uterine wall, placenta, interfaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusbench.phantom.shapes import (
    Ellipse,
    cloud_noise,
    ellipse_distance,
    inside,
    ridge,
    speckle_noise,
)

RASTER_SHAPE = (520, 640)
GRAIN_PX = 0.7
SAC_WIDTH, SAC_HEIGHT = (0.66, 0.78), (0.40, 0.48)
SAC_SHIFT_SD_PX = (8.0, 6.0)
SAC_TILT_SD_RAD = 0.12
ROUGHNESS_PX = 6.0
FLUID_ECHO, WALL_ECHO, RIM_ECHO = 0.002, 0.08, 0.18
AMNION_ECHO, AMNION_GAP_PX = 0.012, 12.0
INTERFACES, INTERFACE_GAP_PX = 5, (13.0, 22.0)
TEXTURE = ((0.35, (40, 40)), (0.3, (7, 60)), (0.22, (10, 10)))
"""Deviation of the log echo and size of its lumps (rows, columns): the second are strata."""
WALL_ABSORPTION = 0.0022


@dataclass(frozen=True, kw_only=True)
class WombLayers:
    """Rasters of the surroundings, in image pixels, the fetus's middle at their centre.

    Parameters
    ----------
    speckle : ndarray of float32, shape (520, 640, 4)
        Scattering of two planes one decorrelation apart: real, imaginary, real, imaginary.
    absorption : ndarray of float32, shape (520, 640)
        Loss per range sample.
    """

    speckle: np.ndarray
    absorption: np.ndarray


def draw_womb(rng: np.random.Generator, crl_px: float) -> WombLayers:
    """Draw the surroundings of a fetus of this length."""
    height, width = RASTER_SHAPE
    row, column = np.indices(RASTER_SHAPE, dtype=np.float32)
    x, y = column - width / 2, row - height / 2
    rough = ROUGHNESS_PX * cloud_noise(rng, RASTER_SHAPE, (48, 48))
    sac = Ellipse(0.0, 4.0, crl_px * rng.uniform(*SAC_WIDTH), crl_px * rng.uniform(*SAC_HEIGHT))
    sac = sac.moved(rng.normal(0, SAC_SHIFT_SD_PX), rng.normal(0, SAC_TILT_SD_RAD))
    depth = ellipse_distance((x, y), sac) + rough  # px into the wall
    wall = inside(-depth, 5.0)
    clouds = sum(size * cloud_noise(rng, RASTER_SHAPE, lump) for size, lump in TEXTURE)
    echo = FLUID_ECHO + WALL_ECHO * wall * np.exp(clouds) + RIM_ECHO * ridge(depth, 2.5)
    side = 1 if rng.random() < 0.5 else -1
    echo *= 1 + 0.5 * wall * ridge(side * y - 0.55 * crl_px, 38.0)
    above = -0.62 * crl_px
    for _ in range(INTERFACES):
        curve = y - above - 1.2 * rough - 0.0006 * rng.uniform(-1, 1) * x * x
        echo += 0.10 * wall * ridge(curve, 2.2)
        above -= rng.uniform(*INTERFACE_GAP_PX)
    echo += AMNION_ECHO * ridge(depth + AMNION_GAP_PX + 0.8 * rough, 0.8)
    noise = speckle_noise(rng, RASTER_SHAPE, GRAIN_PX, 4)
    return WombLayers(
        speckle=noise * echo[..., None].astype(np.float32),
        absorption=(WALL_ABSORPTION * wall).astype(np.float32),
    )
