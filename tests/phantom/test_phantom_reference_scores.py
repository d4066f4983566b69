"""How hard the phantom is: what an ignorant, a fixed and an all-knowing prediction score.

KLD hardly depends on the resolution when sigma is given in full-size pixels, so a quarter is used.
"""

import numpy as np
import pytest
from scipy.special import rel_entr

from fusbench.data.gaze import saliency_map
from fusbench.phantom.clip import make_clip
from fusbench.phantom.observer import ideal_density
from fusbench.phantom.presets import PRESETS

SIGMA_PX = 8.0
SCALE = 4
SHAPE = (224 // SCALE, 288 // SCALE)


def smaller(position_px):
    """Full-size pixel positions on the reduced grid."""
    return (position_px - (SCALE - 1) / 2) / SCALE


def empirical(clip, frame):
    x, y = clip.gaze.at(frame)
    return saliency_map(smaller(x), smaller(y), SHAPE, SIGMA_PX / SCALE)


def ideal(clip, frame):
    mixture = clip.density[frame].astype(np.float64)
    mixture[:, 1:3] = smaller(mixture[:, 1:3])
    mixture[:, 3] /= SCALE
    return ideal_density(mixture, SHAPE, SIGMA_PX / SCALE)


def kld(predicted, wanted):
    return rel_entr(wanted, predicted + 1e-16).sum()


@pytest.fixture(scope="module")
def scores():
    """KLD of (uniform, train mean map, ideal) and whether it sweeps, one row a test frame."""
    phantom = PRESETS["phantom"]
    clips = [(plan.split, make_clip(phantom, plan, frames=False)) for plan in phantom.plans]
    train = [clip for split, clip in clips if split == "train"]
    mean = np.mean([empirical(clip, t) for clip in train for t in clip.gaze.frames()[::3]], axis=0)
    uniform = np.full(SHAPE, 1 / np.prod(SHAPE))
    rows = []
    for split, clip in clips:
        for t in clip.gaze.frames()[::2] if split == "test" else ():
            wanted = empirical(clip, t)
            predicted = (uniform, mean, ideal(clip, t))
            rows.append([*(kld(p, wanted) for p in predicted), clip.sweep[t]])
    return np.array(rows)


@pytest.mark.parametrize(
    ("column", "reference", "tolerance"),
    [
        # The standard error over 23 test scans is 0.001, 0.08 and 0.08, and the reference, from 16
        # other scans, has one of about 0.09 itself: two standard errors of the difference.
        pytest.param(0, 4.039, 0.01, id="uniform"),
        pytest.param(1, 2.652, 0.24, id="mean map"),
        pytest.param(2, 1.476, 0.24, id="ideal"),
    ],
)
def test_reference_scores(scores, column, reference, tolerance):
    assert scores[:, column].mean() == pytest.approx(reference, abs=tolerance)


def test_order_is_the_same_in_dwells_and_sweeps(scores):
    for sweep in (0, 1):
        uniform, mean, ideal = scores[scores[:, 3] == sweep, :3].mean(0)
        assert uniform - 1 > mean > ideal + 0.8
