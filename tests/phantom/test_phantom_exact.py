"""The same bits under every setting, and the arithmetic that this rests on."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest

from fusbench.phantom import exact, fan, fetus, imaging, womb
from fusbench.phantom.anatomy import draw_anatomy
from fusbench.phantom.clip import make_clip
from fusbench.phantom.presets import PRESETS

try:
    from numpy._core import _multiarray_umath as umath
except ImportError:  # NumPy 1
    from numpy.core import _multiarray_umath as umath

FULL = PRESETS["phantom-full"]
CLIPS = ((0, 0, 4), (57, 3, 2), (114, 1, 2))
"""Scan, clip and frames."""
MAKE = """
import hashlib, json, os
import cv2
cv2.setUseOptimized(os.environ.get("OPTIMISED") != "no")
cv2.setNumThreads(int(os.environ.get("OMP_NUM_THREADS", "1")))
from test_phantom_exact import hashes
print(json.dumps(hashes()))
"""
DISPATCHED = [name for name in umath.__cpu_dispatch__ if umath.__cpu_features__[name]]
PLAIN_NUMPY = {"NPY_DISABLE_CPU_FEATURES": " ".join(DISPATCHED)}
PLAIN_OPENCV = {"OPENCV_CPU_DISABLE": "AVX2,FMA3,AVX512_SKX,AVX,FP16", "OPENCV_IPP": "disabled"}
SETTINGS = {
    "ipp-avx2": {"OPENCV_IPP": "avx2"},
    "ipp-sse42": {"OPENCV_IPP": "sse42"},
    "ipp-disabled": {"OPENCV_IPP": "disabled"},
    "opencv-plain": PLAIN_OPENCV,
    "opencv-not-optimised": {"OPTIMISED": "no"},
    "numpy-plain": PLAIN_NUMPY,
    "blas": {"OPENBLAS_CORETYPE": "Prescott"},
    "one-thread": {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    "two-threads": {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
    "all-plain": PLAIN_NUMPY | PLAIN_OPENCV | {"OPTIMISED": "no"},
}


def hashes():
    """SHA-256 of the pictures and of all the rest of a few clips."""
    pictures, rest = hashlib.sha256(), hashlib.sha256()
    for scan, number, n_frames in CLIPS:
        (plan,) = (p for p in FULL.plans if (p.scan, p.clip) == (scan, number))
        clip = make_clip(FULL, replace(plan, n_frames=n_frames))
        pictures.update(clip.frames.tobytes())
        for array in (clip.gaze.x_px, clip.gaze.y_px, clip.density, clip.landmarks):
            rest.update(np.ascontiguousarray(array).tobytes())
    return [pictures.hexdigest(), rest.hexdigest()]


@pytest.fixture(scope="module")
def here():
    return hashes()


@pytest.mark.parametrize("name", SETTINGS)
def test_same_bytes_under_every_setting(here, name):
    environment = {**os.environ, **SETTINGS[name], "PYTHONPATH": os.path.dirname(__file__)}
    done = subprocess.run(
        [sys.executable, "-c", MAKE], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.splitlines()[-1]) == here


def test_same_bytes_as_on_other_machines(here):
    assert [digest[:16] for digest in here] == ["45b737df436be6ba", "ca5a0d060d45d82f"]


def test_on_grid_rounds_half_to_even_and_clips():
    steps = np.arange(-40, 41, dtype=np.float32) / 8  # quarters, and their halves
    np.testing.assert_array_equal(exact.on_grid(steps, 2), np.rint(steps * 4) / 4)
    wild = np.random.default_rng(0).normal(0, 3, 10_000).astype(np.float32)
    clipped = exact.on_grid(wild, 12, 13)
    np.testing.assert_array_equal(clipped, np.clip(np.rint(wild * 4096) / 4096, -2, 2))
    assert clipped.dtype == np.float32


def test_exp_and_log2_are_near_enough():
    x = np.linspace(-6, 6, 10_001, dtype=np.float32)
    np.testing.assert_allclose(exact.exp(x), np.exp(x.astype(float)), rtol=1e-2)
    x = np.exp(np.linspace(-18, 3, 10_001)).astype(np.float32)
    np.testing.assert_allclose(exact.log2(x), np.log2(x.astype(float)), atol=3e-4)


def test_white_noise_is_what_it_says():
    noise = exact.white_noise(np.random.default_rng(1), (300, 400))
    assert noise.dtype == np.float32
    assert (noise == np.rint(noise)).all()
    assert noise.mean() == pytest.approx(0, abs=5 * exact.WHITE_SD / np.sqrt(noise.size))
    assert noise.std() == pytest.approx(exact.WHITE_SD, rel=0.01)


def test_rasters_are_small_multiples_of_a_power_of_two():
    """What OpenCV interpolates: differences of two times 2^10 stay below 2^24."""
    scene = imaging.draw_scene(np.random.default_rng(2), draw_anatomy(np.random.default_rng(2)))
    for layer, bits in (
        (scene.fetus.speckle, fetus.ECHO_BITS),
        (scene.fetus.body, fetus.ECHO_BITS),
        (scene.womb.speckle, womb.ECHO_BITS),
        (scene.womb.absorption, womb.ABSORPTION_BITS),
    ):
        steps = layer * 2.0**bits
        assert layer.dtype == np.float32
        assert (steps == np.rint(steps)).all()
        assert np.abs(steps).max() <= 2**exact.RASTER_WIDTH
    edge = [scene.fetus.speckle, scene.fetus.body[..., :2]]
    for layer in edge:  # beyond the raster its edge goes on, so nothing may stand there
        assert not layer[[0, -1]].any()
        assert not layer[:, [0, -1]].any()


def test_weights_and_widths_leave_room_in_a_float32():
    psf = np.outer(imaging.AXIAL, imaging.LATERAL)
    steps = psf * 2**9
    assert (steps == np.rint(steps)).all()
    assert psf.sum() == 1
    assert imaging.ECHO_WIDTH + 9 <= 24
    assert 2**imaging.LEVEL_WIDTH * imaging.SMOOTHING.sum() ** 2 <= 2**24
    assert fan.N_RANGES * 2**exact.RASTER_WIDTH * imaging.SHADOW_BLUR_BEAMS <= 2**24
    assert imaging.WHITE * 2**imaging.GREY_BITS <= 2**exact.RASTER_WIDTH


def test_interpolation_of_such_rasters_is_exact():
    """Against whole numbers in 64 bits, at the ends of the range."""
    rng = np.random.default_rng(4)
    raster = rng.integers(-(2**13), 2**13 + 1, (40, 50))
    at = rng.integers(0, 32 * 38, (2, 60, 60))
    mapped = cv2.remap(
        raster.astype(np.float32), *(at / 32).astype(np.float32), cv2.INTER_LINEAR
    ).astype(np.float64)
    (x, y), (share_x, share_y) = at // 32, at % 32
    rows = [raster[y + k, x] * (32 - share_x) + raster[y + k, x + 1] * share_x for k in (0, 1)]
    np.testing.assert_array_equal(mapped * 1024, rows[0] * (32 - share_y) + rows[1] * share_y)


@pytest.mark.parametrize("name", ["sample_positions", "scan_conversion"])
def test_tables_are_far_from_a_border_of_rounding(monkeypatch, name):
    """Their sines and angles may differ in the last bit; the nearest border is far from that."""
    margins = []

    def coarse(values, bits=16):
        steps = np.abs(values) * 2.0**bits
        margins.append(np.abs(steps - np.floor(steps) - 0.5).min() / steps.max())
        return exact.coarse(values, bits)

    monkeypatch.setattr(fan, "coarse", coarse)
    getattr(fan, name).__wrapped__()
    assert min(margins) > 1e-11
