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
from fusbench.phantom.fan import IMAGE_SHAPE, N_BEAMS, N_RANGES, sample_positions, scan_conversion
from fusbench.phantom.fetus import FetusLayers, draw_fetus
from fusbench.phantom.motion import Motion, to_fetus, to_mother
from fusbench.phantom.womb import WombLayers, draw_womb

DECORRELATION_RAD = 1.1
"""Turn of the speckle per plane thickness of elevation."""
NT_DARKNESS = 0.95
AXIAL_SD, LATERAL_SD = 0.8, 1.05
"""Deviation of the point spread function, in range samples and in beams."""
SHADOW_STRENGTH = 0.9
SHADOW_BLUR_BEAMS = 5
GAIN_DB, RANGE_DB, TGC_SD_DB, TGC_DB = (-3.0, 3.0), (44.0, 54.0), 3.0, 5.0
HEADROOM_DB = 3.5
NEAR_LOSS, NEAR_DEPTH = 0.35, 1 / 22
BEAM_EDGE_LOSS, BEAM_EDGE = 0.75, 0.05
DROPOUTS, DROPOUT_LOSS, DROPOUT_WIDTH = (1, 4), (0.3, 0.8), (0.02, 0.07)
NOISE_FLOOR, NOISE_IMAGES, NOISE_SEED = 0.0016, 8, 7
SMOOTHING = np.array([0.2, 0.6, 0.2], dtype=np.float32)
"""Speckle reduction of the compressed picture, in range samples and in beams."""
PERSISTENCE = 0.2
BLACK, WHITE = 6.0, 251.0


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
    depth = np.linspace(0, 1, N_RANGES)[:, None]
    beam = np.linspace(-1, 1, N_BEAMS)
    tgc_db = rng.normal(0, TGC_SD_DB) * (depth - 0.5) + TGC_DB * depth
    contact = 1 - BEAM_EDGE_LOSS * np.exp(-(1 - np.abs(beam)) / BEAM_EDGE)
    for _ in range(rng.integers(*DROPOUTS)):
        dip = np.exp(-0.5 * ((beam - rng.uniform(-1, 1)) / rng.uniform(*DROPOUT_WIDTH)) ** 2)
        contact *= 1 - rng.uniform(*DROPOUT_LOSS) * dip
    gain = 10 ** (tgc_db / 20) * (1 - NEAR_LOSS * np.exp(-depth / NEAR_DEPTH)) * contact
    return Scene(
        fetus=draw_fetus(rng, anatomy),
        womb=draw_womb(rng, anatomy.crl_px),
        gain=gain.astype(np.float32),
        offset_db=rng.uniform(*GAIN_DB),
        range_db=rng.uniform(*RANGE_DB),
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
    column, row, in_fan = scan_conversion()
    frames = np.zeros((len(samples), *IMAGE_SHAPE), dtype=np.uint8)
    seen = visibility(motion.elevation[samples]).astype(np.float32)
    shown: np.ndarray | None = None
    for frame, sample, marks_seen in zip(frames, samples, seen, strict=True):
        echo, absorption = _echoes(scene, anatomy, motion, sample, marks_seen)
        bright = _compress(scene, _receive(rng, scene, echo, absorption))
        shown = bright if shown is None else (1 - PERSISTENCE) * bright + PERSISTENCE * shown
        image = cv2.remap(BLACK + (WHITE - BLACK) * shown, column, row, cv2.INTER_LINEAR)
        frame[in_fan] = np.rint(image[in_fan])
    return frames


def _echoes(
    scene: Scene, anatomy: Anatomy, motion: Motion, sample: int, seen: np.ndarray
) -> tuple[list[np.ndarray], np.ndarray]:
    """Real and imaginary echo and absorption of every polar sample."""
    mother = to_mother(anatomy, motion, sample, *sample_positions())
    x, y = to_fetus(anatomy, motion, sample, *mother)
    angle = DECORRELATION_RAD * motion.elevation[sample]
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))

    height, width = womb_raster.RASTER_SHAPE
    womb_x, womb_y = mother[0] + np.float32(width / 2), mother[1] + np.float32(height / 2)
    around = [
        cv2.remap(layer, womb_x, womb_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        for layer in (scene.womb.speckle, scene.womb.absorption)
    ]
    height, width = fetus_raster.RASTER_SHAPE
    scale = np.float32(fetus_raster.RASTER_PX_PER_CRL)
    fetus_x, fetus_y = x * scale + np.float32(width / 2), np.float32(height / 2) - y * scale
    speckle, body, marks = (
        cv2.remap(layer, fetus_x, fetus_y, cv2.INTER_LINEAR)
        for layer in (scene.fetus.speckle, scene.fetus.body, scene.fetus.marks)
    )
    covered, absorbed, nape, reflection = cv2.split(body)
    nasal_bone, palate, membrane, uneven = cv2.split(marks)
    clear = 1 - np.float32(NT_DARKNESS) * seen[2] * nape
    mirror = reflection * clear + seen[0] * nasal_bone + seen[1] * palate + seen[2] * membrane
    outer = 1 - covered
    re, im = (outer * (cos * first + sin * second) for first, second in _planes(around[0]))
    inner_re, inner_im = (
        clear * (cos * first + sin * second) for first, second in _planes(speckle)
    )
    echo = [re + inner_re + mirror * uneven, im + inner_im]
    return echo, outer * around[1] + absorbed


def _planes(speckle: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    first_re, first_im, second_re, second_im = cv2.split(speckle)
    return (first_re, second_re), (first_im, second_im)


def _receive(
    rng: np.random.Generator, scene: Scene, echo: list[np.ndarray], absorption: np.ndarray
) -> np.ndarray:
    """Envelope of the echoes after point spread, shadow, amplification and electronic noise."""
    axial = cv2.getGaussianKernel(5, AXIAL_SD).astype(np.float32)
    lateral = cv2.getGaussianKernel(7, LATERAL_SD).astype(np.float32)
    lost = cv2.blur(np.cumsum(absorption, axis=0), (SHADOW_BLUR_BEAMS, 1))
    gain = scene.gain * np.exp(-np.float32(SHADOW_STRENGTH) * lost)
    noise = _noise_bank()[rng.integers(NOISE_IMAGES)]
    shift = rng.integers(N_BEAMS)
    parts = []
    for part, hiss in zip(echo, noise, strict=True):
        heard = gain * cv2.sepFilter2D(part, -1, lateral, axial)
        heard += np.roll(hiss, shift, axis=1)
        parts.append(heard)
    return cv2.magnitude(*parts)


def _compress(scene: Scene, envelope: np.ndarray) -> np.ndarray:
    """Brightness 0..1 by logarithmic compression."""
    level_db = np.float32(20 / np.log(10)) * cv2.log(envelope + np.float32(1e-4))
    offset = np.float32((scene.range_db - HEADROOM_DB + scene.offset_db) / scene.range_db)
    level = level_db / np.float32(scene.range_db) + offset
    return np.clip(cv2.sepFilter2D(level, -1, SMOOTHING, SMOOTHING), 0, 1)


@cache
def _noise_bank() -> np.ndarray:
    """Electronic noise, growing with depth: float32 (NOISE_IMAGES, 2, N_RANGES, N_BEAMS)."""
    rng = np.random.default_rng(NOISE_SEED)
    noise = rng.standard_normal((NOISE_IMAGES, 2, N_RANGES, N_BEAMS), dtype=np.float32)
    depth = np.linspace(0, 1, N_RANGES, dtype=np.float32)[:, None]
    return noise * np.float32(NOISE_FLOOR) * (np.float32(0.5) + depth)
