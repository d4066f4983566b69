import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.special import erfcx

from fusbench.phantom.anatomy import draw_anatomy
from fusbench.phantom.motion import (
    SAMPLE_RATE_HZ,
    SMOOTHING_SAMPLES,
    VIEW_CENTRE_PX,
    draw_motion,
    leaky_sum,
    project,
    to_fetus,
    to_mother,
    wander,
)


def test_rendering_undoes_what_projection_does():
    """Where a fetal point is drawn is where the landmark is said to be."""
    for seed in range(8):
        rng = np.random.default_rng(seed)
        anatomy = draw_anatomy(rng)
        motion = draw_motion(rng, anatomy)
        points = rng.uniform(-0.5, 0.5, (20, 2))
        sample = 137 + seed
        x, y = project(anatomy, motion, points)[sample].T
        mother = to_mother(anatomy, motion, sample, x - VIEW_CENTRE_PX[0], y - VIEW_CENTRE_PX[1])
        back = to_fetus(anatomy, motion, sample, *mother)
        np.testing.assert_allclose(np.stack(back, axis=1), points, atol=2e-5)


def test_leaky_sum_is_a_first_order_filter():
    drive = np.random.default_rng(0).normal(size=(50, 2))
    np.testing.assert_allclose(leaky_sum(drive, 0.7), lfilter([1], [1, -0.7], drive, axis=0))


def test_wander_has_the_stated_spread():
    paths = np.concatenate([wander(np.random.default_rng(k), (2.0,), 0.5) for k in range(300)])
    kept = erfcx(SMOOTHING_SAMPLES / (0.5 * SAMPLE_RATE_HZ))  # share of the variance, an integral
    assert paths.std() == pytest.approx(2.0 * np.sqrt(kept), rel=0.03)


def test_probe_dwells_and_sweeps():
    speeds = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        motion = draw_motion(rng, draw_anatomy(rng))
        speeds.append(np.hypot(*np.diff(motion.view_px, axis=0).T) * SAMPLE_RATE_HZ)
    speed = np.concatenate(speeds)
    assert 0.45 < (speed < 20).mean() < 0.75
    assert 0.15 < (speed > 60).mean() < 0.40
    assert speed.max() < 350
