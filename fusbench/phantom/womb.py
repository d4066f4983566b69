"""What lies around the fetus: amniotic fluid, decidual rim, uterine wall, placenta, interfaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusbench.phantom.exact import RASTER_WIDTH, coarse, exp, on_grid
from fusbench.phantom.shapes import (
    Ellipse,
    cloud_noise,
    ellipse_distance,
    inside,
    ridge,
    speckle_noise,
    texture_noise,
)

RASTER_SHAPE = (520, 640)
GRAIN = 2
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
ECHO_BITS, ABSORPTION_BITS = 12, 15
"""Rasters hold multiples of 2^-bits."""


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
    x = np.arange(width, dtype=np.float32)[None] - width / 2
    y = np.arange(height, dtype=np.float32)[:, None] - height / 2

    def drawn(low: float, high: float) -> float:
        return coarse(rng.uniform(low, high))

    rough = ROUGHNESS_PX * cloud_noise(rng, RASTER_SHAPE, (48, 48))
    sac = Ellipse(0.0, 4.0, crl_px * drawn(*SAC_WIDTH), crl_px * drawn(*SAC_HEIGHT))
    sac = sac.moved(coarse(rng.normal(0, SAC_SHIFT_SD_PX)), coarse(rng.normal(0, SAC_TILT_SD_RAD)))
    depth = ellipse_distance((x, y), sac) + rough  # px into the wall
    wall = inside(-depth, 5.0)
    clouds = texture_noise(rng, RASTER_SHAPE, TEXTURE)
    echo = FLUID_ECHO + WALL_ECHO * wall * exp(clouds) + RIM_ECHO * ridge(depth, 2.5)
    side = 1 if rng.random() < 0.5 else -1
    echo *= 1 + 0.5 * wall * ridge(side * y - 0.55 * crl_px, 38.0)
    above = -0.62 * crl_px
    for _ in range(INTERFACES):
        curve = y - above - 1.2 * rough - 0.0006 * drawn(-1, 1) * (x * x)
        echo += 0.10 * wall * ridge(curve, 2.2)
        above -= drawn(*INTERFACE_GAP_PX)
    echo += AMNION_ECHO * ridge(depth + AMNION_GAP_PX + 0.8 * rough, 0.8)
    noise = speckle_noise(rng, RASTER_SHAPE, GRAIN, 4)
    return WombLayers(
        speckle=on_grid(noise * echo[..., None], ECHO_BITS, RASTER_WIDTH),
        absorption=on_grid(WALL_ABSORPTION * wall, ABSORPTION_BITS, RASTER_WIDTH),
    )
