"""How ultrasound pictures arise: echoes along beams, point spread, shadow, noise, compression.

Everything happens on polar samples (range x beam); a frame is converted to the fan's image once.
Tissue is drawn once per scan and only warped afterwards, so that speckle moves with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from fusbench.phantom import fetus as fetus_raster
from fusbench.phantom import womb as womb_raster
from fusbench.phantom.anatomy import Anatomy, visibility
from fusbench.phantom.exact import (
    RASTER_WIDTH,
    WHITE_SD,
    binomial,
    coarse,
    exp,
    log2,
    on_grid,
    unit,
    white_noise,
)
from fusbench.phantom.fan import IMAGE_SHAPE, N_BEAMS, N_RANGES, sample_positions, scan_conversion
from fusbench.phantom.fetus import FetusLayers, draw_fetus
from fusbench.phantom.motion import VIEW_CENTRE_PX, Motion, to_fetus, to_mother
from fusbench.phantom.womb import WombLayers, draw_womb

DECORRELATION_RAD = 1.1
"""Turn of the speckle per plane thickness of elevation."""
NT_DARKNESS = 0.95
AXIAL = np.array([1, 7, 16, 7, 1], dtype=np.float32) / 32
LATERAL = binomial(4)
"""Point spread function: deviations of 0.83 range samples and of 1 beam."""
SHADOW_STRENGTH = 0.9
SHADOW_BLUR_BEAMS = 5
GAIN_DB, RANGE_DB, TGC_SD_DB, TGC_DB = (-3.0, 3.0), (44.0, 54.0), 3.0, 5.0
HEADROOM_DB = 3.5
NEAR_LOSS, NEAR_DEPTH = 0.35, 1 / 22
BEAM_EDGE_LOSS, BEAM_EDGE = 0.75, 0.05
DROPOUTS, DROPOUT_LOSS, DROPOUT_WIDTH = (1, 4), (0.3, 0.8), (0.02, 0.07)
POWER_FLOOR = 1e-8
DB_PER_DOUBLING, DB_PER_FACTOR_E = 3.0103, 8.6859
"""Of power, and of amplitude."""
NOISE_FLOOR, NOISE_IMAGES, NOISE_SEED = 0.0016, 8, 7
SMOOTHING = np.array([1, 3, 1], dtype=np.float32)
"""Speckle reduction of the compressed picture, in range samples and in beams; its sum is 5."""
PERSISTENCE = 0.2
BLACK, WHITE = 6.0, 251.0
ECHO_BITS, ECHO_WIDTH = 13, 15
LEVEL_BITS, LEVEL_WIDTH = 16, 19
GREY_BITS = 5
"""Before OpenCV sums them, values are rounded to multiples of 2^-bits, within 2^width of those:
with the bits of the weights (9 for the point spread, 5 for the smoothing) that makes 24 at most."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """All that stays the same over the pictures of one scan.

    Parameters
    ----------
    fetus : FetusLayers
    womb : WombLayers
    gain : ndarray of float32, shape (N_RANGES, N_BEAMS)
        Amplification of each polar sample: depth compensation times beam profile.
    offset_db, range_db : float
        Gain and dynamic range of the compression.
    """

    fetus: FetusLayers
    womb: WombLayers
    gain: np.ndarray
    offset_db: float
    range_db: float


def draw_scene(rng: np.random.Generator, anatomy: Anatomy) -> Scene:
    """Draw tissue and machine settings of one scan."""

    def drawn(low: float, high: float) -> float:
        return coarse(rng.uniform(low, high))

    anatomy = anatomy.rounded()
    depth = np.linspace(0, 1, N_RANGES, dtype=np.float32)[:, None]
    beam = np.linspace(-1, 1, N_BEAMS, dtype=np.float32)
    tgc_db = coarse(rng.normal(0, TGC_SD_DB)) * (depth - 0.5) + TGC_DB * depth
    contact = 1 - BEAM_EDGE_LOSS * exp((np.abs(beam) - 1) / BEAM_EDGE)
    for _ in range(rng.integers(*DROPOUTS)):
        away = (beam - drawn(-1, 1)) / drawn(*DROPOUT_WIDTH)
        contact *= 1 - drawn(*DROPOUT_LOSS) * exp(-0.5 * away * away)
    near = 1 - NEAR_LOSS * exp(-depth / NEAR_DEPTH)
    return Scene(
        fetus=draw_fetus(rng, anatomy),
        womb=draw_womb(rng, anatomy.crl_px),
        gain=exp(tgc_db / DB_PER_FACTOR_E) * near * contact,
        offset_db=drawn(*GAIN_DB),
        range_db=drawn(*RANGE_DB),
    )


def render(
    rng: np.random.Generator, scene: Scene, anatomy: Anatomy, motion: Motion, samples: np.ndarray
) -> np.ndarray:
    """Pictures at these samples of the motion.

    Returns
    -------
    ndarray of uint8, shape (len(samples), H, W)
        0 outside the fan.
    """
    frames = np.zeros((len(samples), *IMAGE_SHAPE), dtype=np.uint8)
    seen = coarse(visibility(motion.elevation[samples])).tolist()
    shown: np.ndarray | None = None
    body = scene.fetus.body.copy()
    for frame, sample, marks_seen in zip(frames, samples, seen, strict=True):
        _show_marks(body, scene.fetus, marks_seen)
        dark = NT_DARKNESS * marks_seen[2]
        echo, absorption = _echoes(scene, body, dark, anatomy, motion, sample)
        bright = _compress(scene, _receive(rng, scene, echo, absorption))
        shown = bright if shown is None else (1 - PERSISTENCE) * bright + PERSISTENCE * shown
        grey = on_grid(BLACK + (WHITE - BLACK) * shown, GREY_BITS)
        image = cv2.remap(grey, *scan_conversion(), cv2.INTER_LINEAR)
        frame[...] = np.rint(image, out=image)
    return frames


def _show_marks(body: np.ndarray, fetus: FetusLayers, seen: list[float]) -> None:
    """Write reflections into `body` as they are where the marks are seen this far."""
    nape, reflection = np.moveaxis(fetus.body[fetus_raster.MARKS_AT][..., 2:], -1, 0)
    total = reflection * (1 - NT_DARKNESS * seen[2] * nape)
    for share, mark in zip(seen, fetus.marks, strict=False):
        total += share * mark
    body[fetus_raster.MARKS_AT][..., 3] = on_grid(total, fetus_raster.ECHO_BITS, RASTER_WIDTH)


def _echoes(
    scene: Scene, body: np.ndarray, dark: float, anatomy: Anatomy, motion: Motion, sample: int
) -> tuple[list[np.ndarray], np.ndarray]:
    """Real and imaginary echo and absorption of every polar sample."""
    mother = to_mother(anatomy, motion, sample, *_samples_from_centre())
    x, y = to_fetus(anatomy, motion, sample, *mother)
    cos, sin = unit(DECORRELATION_RAD * float(motion.elevation[sample]))

    height, width = womb_raster.RASTER_SHAPE
    womb_x, womb_y = on_grid(mother[0] + width / 2, 5), on_grid(mother[1] + height / 2, 5)
    speckle, absorbed = (
        cv2.remap(layer, womb_x, womb_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        for layer in (scene.womb.speckle, scene.womb.absorption)
    )
    around = _in_plane(speckle, cos, sin)
    height, width = fetus_raster.RASTER_SHAPE
    scale = fetus_raster.RASTER_PX_PER_CRL
    fetus_x = on_grid(np.clip(width / 2 + scale * x, 0, width - 1), 5)
    fetus_y = on_grid(np.clip(height / 2 - scale * y, 0, height - 1), 5)
    speckle, body = (
        cv2.remap(layer, fetus_x, fetus_y, cv2.INTER_LINEAR)
        for layer in (scene.fetus.speckle, body)
    )
    tissue = _in_plane(speckle, cos, sin)
    covered, lost, nape, reflection = cv2.split(body)
    clear, outer = 1 - dark * nape, 1 - covered
    echo = [outer * part + clear * inner for part, inner in zip(around, tissue, strict=True)]
    echo[0] += reflection
    return echo, outer * absorbed + fetus_raster.ABSORPTION_STEP * lost


def _in_plane(speckle: np.ndarray, cos: float, sin: float) -> tuple[np.ndarray, np.ndarray]:
    """Real and imaginary scattering of the plane between the two that are drawn."""
    first_re, first_im, second_re, second_im = cv2.split(speckle)
    return cos * first_re + sin * second_re, cos * first_im + sin * second_im


def _receive(
    rng: np.random.Generator, scene: Scene, echo: list[np.ndarray], absorption: np.ndarray
) -> np.ndarray:
    """Power of the echoes after point spread, shadow, amplification and electronic noise."""
    lost = np.cumsum(on_grid(absorption, womb_raster.ABSORPTION_BITS, RASTER_WIDTH), axis=0)
    lost = cv2.sepFilter2D(lost, -1, np.ones(SHADOW_BLUR_BEAMS, np.float32), np.ones(1, np.float32))
    gain = scene.gain * exp(-SHADOW_STRENGTH / SHADOW_BLUR_BEAMS * lost)
    noise = _noise_bank()[rng.integers(NOISE_IMAGES)]
    shift = rng.integers(N_BEAMS)
    power = np.full(gain.shape, POWER_FLOOR, np.float32)
    for part, hiss in zip(echo, noise, strict=True):
        heard = cv2.sepFilter2D(on_grid(part, ECHO_BITS, ECHO_WIDTH), -1, LATERAL, AXIAL)
        heard = gain * heard + np.roll(hiss, shift, axis=1)
        power += heard * heard
    return power


def _compress(scene: Scene, power: np.ndarray) -> np.ndarray:
    """Brightness 0..1 by logarithmic compression."""
    offset = (scene.range_db - HEADROOM_DB + scene.offset_db) / scene.range_db
    level = DB_PER_DOUBLING / scene.range_db * log2(power) + offset
    smooth = cv2.sepFilter2D(on_grid(level, LEVEL_BITS, LEVEL_WIDTH), -1, SMOOTHING, SMOOTHING)
    light: np.ndarray = np.clip(1 / 25 * smooth, 0, 1)
    return light


@cache
def _samples_from_centre() -> tuple[np.ndarray, np.ndarray]:
    x, y = sample_positions()
    return x - np.float32(VIEW_CENTRE_PX[0]), y - np.float32(VIEW_CENTRE_PX[1])


@cache
def _noise_bank() -> np.ndarray:
    """Electronic noise, growing with depth: float32 (NOISE_IMAGES, 2, N_RANGES, N_BEAMS)."""
    rng = np.random.default_rng(NOISE_SEED)
    noise = white_noise(rng, (NOISE_IMAGES, 2, N_RANGES, N_BEAMS))
    depth = np.linspace(0, 1, N_RANGES, dtype=np.float32)[:, None]
    grain: np.ndarray = noise * (NOISE_FLOOR / WHITE_SD * (0.5 + depth))
    return grain
