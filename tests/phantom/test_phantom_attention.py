"""The closed form of gaze against simulated observers, and what their gaze is like."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import chi2

from fusbench.phantom.anatomy import draw_anatomy
from fusbench.phantom.attention import attend, draw_gaze, draw_preference, gaze_mixture
from fusbench.phantom.clip import make_clip
from fusbench.phantom.motion import SAMPLES_PER_FRAME, WARM_UP, draw_motion
from fusbench.phantom.presets import PRESETS

HEIGHT, WIDTH = 224, 288
CELL_PX = 16
OBSERVERS = 2000
FRAMES = range(4, 90, 9)


@pytest.fixture(scope="module")
def watched():
    """One clip's mixture, and the valid gaze of many observers: (observers, n, 2), NaN if lost."""
    rng = np.random.default_rng(11)
    anatomy = draw_anatomy(rng)
    attention = attend(anatomy, draw_motion(rng, anatomy), draw_preference(rng), 0.2)
    gaze = []
    for seed in range(OBSERVERS):
        points, valid = draw_gaze(np.random.default_rng(seed), attention)
        gaze.append(np.where(valid[:, None], points, np.nan))
    return gaze_mixture(attention), np.stack(gaze)


def _cell_chances(mixture):
    """Share of a mixture's mass in every cell of the image, given that it falls in the image."""
    weight, x, y, sd = mixture.T

    def masses(centre, length):
        edges = np.append(np.arange(0, length, CELL_PX), length - 1)
        return np.diff(ndtr((edges - centre[:, None]) / sd[:, None]), axis=1)

    cells = np.einsum("k,ky,kx->yx", weight, masses(y, HEIGHT), masses(x, WIDTH))
    return cells / cells.sum()


def _misfit(mixture, points):
    """Pearson's chi-square and its degrees of freedom; rare cells are pooled."""
    expected = _cell_chances(mixture) * len(points)
    rows, columns = (np.append(np.arange(0, n, CELL_PX), n) for n in (HEIGHT, WIDTH))
    seen, _, _ = np.histogram2d(points[:, 1], points[:, 0], bins=(rows, columns))
    common = expected >= 8
    expected = np.append(expected[common], expected[~common].sum())
    seen = np.append(seen[common], seen[~common].sum())
    return ((seen - expected) ** 2 / expected).sum(), len(expected) - 1


def test_closed_form_fits_simulated_observers(watched):
    mixture, gaze = watched
    n_targets = mixture.shape[1] // SAMPLES_PER_FRAME

    def total(frame_shift):
        pairs = []
        for frame in FRAMES:
            points = gaze[:, WARM_UP + SAMPLES_PER_FRAME * frame]
            first = mixture[frame - frame_shift, :n_targets] * (SAMPLES_PER_FRAME, 1, 1, 1)
            pairs.append(_misfit(first, points[np.isfinite(points[:, 0])]))
        return np.sum(pairs, axis=0)

    misfit, freedom = total(0)
    assert misfit < chi2.ppf(0.999, freedom)
    assert total(2)[0] > 3 * freedom  # the test would notice a shift of 67 ms


def test_mixture_has_the_moments_of_simulated_gaze(watched):
    mixture, gaze = watched
    np.testing.assert_allclose(mixture[..., 0].sum(1), 1)
    for frame in FRAMES:
        samples = WARM_UP + SAMPLES_PER_FRAME * frame + np.arange(SAMPLES_PER_FRAME)
        weight, centre = mixture[frame, :, 0], mixture[frame, :, 1:3]
        mean = weight @ centre
        spread = weight @ (centre**2 + mixture[frame, :, 3:] ** 2) - mean**2
        # gaze outside the image (below 2 %) is not in the sample: hence 5 px and 15 %
        points = gaze[:, samples].reshape(-1, 2)
        np.testing.assert_allclose(np.nanmean(points, axis=0), mean, atol=5)
        np.testing.assert_allclose(np.nanvar(points, axis=0), spread, rtol=0.15)


@pytest.fixture(scope="module")
def clips():
    phantom = PRESETS["phantom"]
    return [make_clip(phantom, plan, frames=False) for plan in phantom.plans]


def test_statistics_of_gaze(clips):
    """Tolerances are about four standard errors of the mean over 115 clips."""
    points = np.stack([np.bincount(clip.gaze.frame, minlength=90) for clip in clips])
    assert points.max() == SAMPLES_PER_FRAME
    assert points.mean() / SAMPLES_PER_FRAME == pytest.approx(0.82, abs=0.025)
    assert (points == 0).mean() == pytest.approx(0.085, abs=0.02)
    assert (points == 3).mean() == pytest.approx(0.71, abs=0.03)
    assert np.mean([clip.sweep for clip in clips]) == pytest.approx(0.33, abs=0.04)
    sweep = np.concatenate([clip.sweep for clip in clips])
    speed = np.concatenate([clip.speed_px_s for clip in clips])
    assert speed[sweep].min() > speed[~sweep].max() > 0


def test_gaze_points_are_on_the_image_and_on_their_frames(clips):
    for clip in clips:
        gaze = clip.gaze
        assert (gaze.x_px >= 0).all()
        assert (gaze.x_px <= WIDTH - 1).all()
        assert (gaze.y_px >= 0).all()
        assert (gaze.y_px <= HEIGHT - 1).all()
        assert (np.diff(gaze.time_s) > 0).all()
        np.testing.assert_array_equal(gaze.frame, np.floor(gaze.time_s * 30 + 1e-9))
        for values in (gaze.x_px, gaze.y_px):
            assert [float(f"{value:.2f}") for value in values] == values.tolist()


@pytest.mark.parametrize(("lag_s", "lag_frames"), [(0.0, 0), (0.1, 3), (0.2, 6)])
def test_gaze_trails_the_picture_by_the_lag(lag_s, lag_frames):
    """Steps of gaze within fixations correlate best with the landmarks' steps `lag_s` earlier."""
    phantom = replace(PRESETS["phantom"], lag_s=lag_s)
    pairs = [[] for _ in range(12)]
    for plan in phantom.plans:
        clip = make_clip(phantom, plan, frames=False)
        count = np.bincount(clip.gaze.frame, minlength=90)
        with np.errstate(invalid="ignore"):
            gaze = np.stack(
                [
                    np.bincount(clip.gaze.frame, v, 90) / count
                    for v in (clip.gaze.x_px, clip.gaze.y_px)
                ],
                axis=1,
            )
        gaze[count < SAMPLES_PER_FRAME] = np.nan
        step = np.diff(gaze, axis=0)
        picture = np.diff(clip.landmarks[:, :, :2].mean(1), axis=0)
        held = np.isfinite(step).all(1) & (np.abs(step) < 12).all(1)
        for shift, pair in enumerate(pairs):
            fixed = np.flatnonzero(held[shift:]) + shift
            pair.append(np.stack([step[fixed], picture[fixed - shift]]))
    likeness = [np.corrcoef(*np.concatenate(pair, axis=1).reshape(2, -1))[0, 1] for pair in pairs]
    assert int(np.argmax(likeness)) == lag_frames
    assert likeness[lag_frames] > 0.35
