"""How probe and fetus move at 90 Hz, and where a point of the fetus lies in the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusbench.phantom.anatomy import Anatomy
from fusbench.phantom.exact import coarse, unit
from fusbench.phantom.presets import FRAME_RATE_HZ, FULL_CLIP_FRAMES

SAMPLES_PER_FRAME = 3
SAMPLE_RATE_HZ = SAMPLES_PER_FRAME * FRAME_RATE_HZ
WARM_UP = 135
"""Samples before the first frame, 1.5 s: gaze at the first frame already follows a past."""
N_SAMPLES = WARM_UP + SAMPLES_PER_FRAME * FULL_CLIP_FRAMES

VIEW_CENTRE_PX = np.array([143.5, 122.0])
PX_BITS = 12
"""The picture knows places to 2^-12 px; gaze knows them in full."""

GOALS = (0, 0, 0, 2, 3, 3, 4)
"""Landmarks that a sweep heads for, in the frequency of their choice."""
RUMP, NASAL_BONE = 3, 0
GOAL_REACH = 0.62
GOAL_SIDEWAYS = 0.4
GOAL_SCATTER_PX = 7.0
SWEEP_SPEED_PX_S = (55.0, 120.0)
SWEEP_MIN_SAMPLES = 30
SWEEP_ELEVATION_SD, START_ELEVATION_SD = 0.5, 0.6
SWEEP_TURN_SD_RAD = 0.10
DWELL_S = (0.7, 2.0)
DWELL_ELEVATION_KEPT = 0.6

HAND_SD_PX, HAND_TIME_S = 2.5, 1.0
HAND_TURN_SD_RAD = 0.02
FETUS_SD_PX, FETUS_TIME_S = 2.0, 0.6
BEND_SD, BEND_TIME_S = 0.05, 0.8
SMOOTHING_SAMPLES = 6.0
JUMP_SHARE, JUMP_SD_PX, JUMP_BEND_SD, JUMP_SAMPLES = 0.35, 5.0, 0.15, 9.0


@dataclass(frozen=True, kw_only=True)
class Motion:
    """Probe and fetus over n samples of 1/90 s.

    Parameters
    ----------
    view_px : ndarray, shape (n, 2)
        Point at the picture's centre, in the fetal frame.
    turn_rad : ndarray, shape (n,)
        Rotation of the picture.
    elevation : ndarray, shape (n,)
        Distance of the plane from the midsagittal one, in plane thicknesses.
    shift_px : ndarray, shape (n, 2)
        The fetus's own movement, in the fetal frame.
    bend : ndarray, shape (n,)
        Flexion: y rises by bend times x squared, in CRL.
    """

    view_px: np.ndarray
    turn_rad: np.ndarray
    elevation: np.ndarray
    shift_px: np.ndarray
    bend: np.ndarray


def minimum_jerk(share: np.ndarray) -> np.ndarray:
    """Way covered after a share of the time, both 0..1, of a smooth reach (Flash and Hogan, 1985).

    Examples
    --------
    >>> minimum_jerk(np.array([0.0, 0.5, 1.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    ease: np.ndarray = share**3 * (10 - 15 * share + 6 * share**2)
    return ease


def leaky_sum(drive: np.ndarray, keep: np.ndarray | float) -> np.ndarray:
    """``x[t] = keep[t] * x[t-1] + drive[t]`` from ``x[0] = drive[0]``, along the first axis.

    Examples
    --------
    >>> leaky_sum(np.array([4.0, 0.0, 1.0]), 0.5).tolist()
    [4.0, 2.0, 2.0]
    """
    total = np.array(drive, dtype=np.float64)
    keep = np.broadcast_to(keep, len(total))
    for t in range(1, len(total)):
        total[t] += keep[t] * total[t - 1]
    return total


def wander(
    rng: np.random.Generator, sd: tuple[float, ...], time_s: float, n: int = N_SAMPLES
) -> np.ndarray:
    """Smoothed Ornstein-Uhlenbeck paths of the given deviations and memory, shape (n, len(sd))."""
    keep = np.exp(-1 / (time_s * SAMPLE_RATE_HZ))
    drive = rng.normal(0, sd, (n, len(sd)))
    drive[1:] *= np.sqrt(1 - keep**2)
    reach = int(3 * SMOOTHING_SAMPLES)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / SMOOTHING_SAMPLES) ** 2)
    padded = np.pad(leaky_sum(drive, keep), ((reach, reach), (0, 0)), mode="reflect")
    smooth = [np.convolve(column, kernel / kernel.sum(), mode="valid") for column in padded.T]
    return np.stack(smooth, axis=1)


def draw_motion(rng: np.random.Generator, anatomy: Anatomy) -> Motion:
    """Draw the probe's path, alternating dwells and sweeps, and the fetus's own movement."""
    path = _probe_path(rng, anatomy, N_SAMPLES)
    path += wander(rng, (HAND_SD_PX, HAND_SD_PX, 0.0, HAND_TURN_SD_RAD), HAND_TIME_S)
    shift = wander(rng, (FETUS_SD_PX, FETUS_SD_PX), FETUS_TIME_S)
    bend = wander(rng, (BEND_SD,), BEND_TIME_S)[:, 0]
    if rng.random() < JUMP_SHARE:
        after = np.maximum(np.arange(N_SAMPLES) - rng.integers(N_SAMPLES), 0) / JUMP_SAMPLES
        course = after * np.exp(1 - after)
        shift += course[:, None] * rng.normal(0, JUMP_SD_PX, 2)
        bend += course * rng.normal(0, JUMP_BEND_SD)
    return Motion(
        view_px=path[:, :2], elevation=path[:, 2], turn_rad=path[:, 3], shift_px=shift, bend=bend
    )


def _probe_path(rng: np.random.Generator, anatomy: Anatomy, n: int) -> np.ndarray:
    """Columns view x, view y, elevation and turn, shape (n, 4)."""
    views = anatomy.landmarks * (1, GOAL_SIDEWAYS) * GOAL_REACH * anatomy.crl_px

    def near(goal: int) -> np.ndarray:
        goal_px: np.ndarray = views[goal] + rng.normal(0, GOAL_SCATTER_PX, 2)
        return goal_px

    goal = GOALS[rng.integers(len(GOALS))]
    here = np.array([*near(goal), rng.normal(0, START_ELEVATION_SD), 0.0])
    sweeping = rng.random() < 0.5
    pieces: list[np.ndarray] = []
    while sum(map(len, pieces)) < n:
        if sweeping:
            last, goal = goal, GOALS[rng.integers(len(GOALS))]
            if goal == last:
                goal = NASAL_BONE if last == RUMP else RUMP
            off_plane = rng.normal(0, (SWEEP_ELEVATION_SD, SWEEP_TURN_SD_RAD))
            there = np.array([*near(goal), *off_plane])
            seconds = np.hypot(*(there - here)[:2]) / rng.uniform(*SWEEP_SPEED_PX_S)
            samples = max(int(seconds * SAMPLE_RATE_HZ), SWEEP_MIN_SAMPLES)
        else:
            there = here * (1, 1, rng.uniform(0, DWELL_ELEVATION_KEPT), 1)
            samples = int(rng.uniform(*DWELL_S) * SAMPLE_RATE_HZ)
        pieces.append(here + (there - here) * minimum_jerk(np.linspace(0, 1, samples))[:, None])
        here, sweeping = there, not sweeping
    return np.concatenate(pieces)[:n]


def project(anatomy: Anatomy, motion: Motion, points: np.ndarray) -> np.ndarray:
    """Image positions of points of the fetus.

    Parameters
    ----------
    points : ndarray, shape (K, 2)
        Points in the fetal frame, in CRL.

    Returns
    -------
    ndarray of float64, shape (n, K, 2)
        x_px, y_px at every sample.
    """
    x, y = np.asarray(points).T * anatomy.crl_px
    x, y = np.broadcast_arrays(x, y + motion.bend[:, None] * x**2 / anatomy.crl_px)
    fetal = np.stack([x, y], axis=-1) + (motion.shift_px - motion.view_px)[:, None]
    u, v = np.moveaxis(fetal * anatomy.facing, -1, 0)
    angle = (anatomy.tilt_rad + motion.turn_rad)[:, None]
    cos, sin = np.cos(angle), np.sin(angle)
    moved: np.ndarray = VIEW_CENTRE_PX + np.stack([cos * u - sin * v, sin * u + cos * v], axis=-1)
    return moved


def to_mother(
    anatomy: Anatomy, motion: Motion, sample: int, x_px: np.ndarray, y_px: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Image positions in the mother's frame (image pixels, origin behind the fetus's middle).

    Parameters
    ----------
    x_px, y_px : ndarray of float32
        Positions from the view's centre.
    """
    cos, sin = unit(anatomy.tilt_rad + motion.turn_rad[sample])
    view_x, view_y = (coarse(motion.view_px[sample], PX_BITS) * anatomy.facing).tolist()
    return cos * x_px + sin * y_px + view_x, cos * y_px - sin * x_px + view_y


def to_fetus(
    anatomy: Anatomy, motion: Motion, sample: int, x_px: np.ndarray, y_px: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Positions in the mother's frame in the fetal frame, in CRL: the inverse of `project`."""
    crl_px = coarse(anatomy.crl_px, PX_BITS)
    scale_x, scale_y = (anatomy.facing / crl_px).tolist()
    shift_x, shift_y = (coarse(motion.shift_px[sample], PX_BITS) / crl_px).tolist()
    x = x_px * scale_x - shift_x
    y = y_px * scale_y - shift_y
    return x, y - coarse(motion.bend[sample]) * (x * x)
