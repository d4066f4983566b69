"""Where a simulated sonographer looks: the density of gaze over time, and gaze drawn from it.

Gaze rests on one of the landmarks, on a point ahead of the moving probe, or idly near the centre.
All of it is a causal function of what the picture showed `lag_s` ago. The choice among them has no
memory, so its distribution over time has a closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusbench.phantom.anatomy import Anatomy, visibility
from fusbench.phantom.fan import IMAGE_SHAPE, inside_fan
from fusbench.phantom.motion import (
    SAMPLE_RATE_HZ,
    SAMPLES_PER_FRAME,
    VIEW_CENTRE_PX,
    WARM_UP,
    Motion,
    leaky_sum,
    project,
)

PRIOR = np.array([0.42, 0.16, 0.16, 0.18, 0.08])
PREFERENCE_SD = 0.25
SEEN_AT_LEAST = 0.07
FLOW_POINT = np.array([[-0.02, 0.0]])
FLOW_SAMPLES = 18
MOVING_PX_S, MOVING_WIDTH_PX_S = 28.0, 7.0
CENTRE_REACH_PX = 62.0
HEADING_PULL, HEADING_REACH_PX = 2.6, 60.0
NASAL_BONE_PULL, NASAL_BONE_TIME_S = 1.0, 0.5
AHEAD_WEIGHT, AHEAD_S, AHEAD_MAX_PX_S, AHEAD_SD_PX = 0.22, 0.55, 90.0, 12.0
IDLE_WEIGHT, IDLE_SD_PX = 0.05, 34.0

FIXATION_S = 0.30
FIXATION_SD_PX = 5.0
TREMOR_SD_PX, TREMOR_KEEP = 1.0, 0.8
TRACKER_SD_PX = 2.0
SACCADE_SAMPLES = 3
BLINK_EVERY_S, BLINK_S = 4.0, (0.1, 0.3)
LOST_SHARE = 0.03
GAZE_DECIMALS = 2
RESELECT = 1 / (FIXATION_S * SAMPLE_RATE_HZ)

TARGET_SD_PX = np.array([*[FIXATION_SD_PX] * len(PRIOR), AHEAD_SD_PX, IDLE_SD_PX])


@dataclass(frozen=True, kw_only=True)
class Attention:
    """The law of gaze over n samples and K targets.

    Parameters
    ----------
    choice : ndarray, shape (n, K)
        Probability of each target when a new one is chosen.
    target_px : ndarray, shape (n, K, 2)
        Where each target is looked for: its place in the picture `lag_s` ago.
    moving : ndarray, shape (n,)
        0..1: whether the picture moves.
    speed_px_s : ndarray, shape (n,)
        Speed of the picture over the last 200 ms.
    """

    choice: np.ndarray
    target_px: np.ndarray
    moving: np.ndarray
    speed_px_s: np.ndarray


def draw_preference(rng: np.random.Generator) -> np.ndarray:
    """A sonographer's own liking for each landmark, as log weights, shape (N,)."""
    return rng.normal(0, PREFERENCE_SD, len(PRIOR))


def attend(anatomy: Anatomy, motion: Motion, preference: np.ndarray, lag_s: float) -> Attention:
    """The law of gaze that follows this motion after `lag_s` seconds."""
    n = len(motion.elevation)
    landmarks = project(anatomy, motion, anatomy.landmarks)
    seen = visibility(motion.elevation) * (1 - SEEN_AT_LEAST) + SEEN_AT_LEAST
    seen *= inside_fan(landmarks[..., 0], landmarks[..., 1])
    speed, heading = _flow(project(anatomy, motion, FLOW_POINT)[:, 0])
    moving = 1 / (1 + np.exp(-(speed - MOVING_PX_S) / MOVING_WIDTH_PX_S))
    still = 1 - moving
    dwell_s = leaky_sum(still / SAMPLE_RATE_HZ, still)

    offset = landmarks - VIEW_CENTRE_PX
    along = (offset * heading[:, None]).sum(-1) / HEADING_REACH_PX
    logit = np.log(PRIOR) + preference + np.log(seen + 1e-4)
    logit -= still[:, None] * (offset**2).sum(-1) / CENTRE_REACH_PX**2
    logit += moving[:, None] * HEADING_PULL * along
    logit[:, 0] += NASAL_BONE_PULL * still * (1 - np.exp(-dwell_s / NASAL_BONE_TIME_S))
    weight = np.exp(logit - logit.max(1, keepdims=True))
    weight /= weight.sum(1, keepdims=True)

    ahead_px = heading * np.minimum(speed, AHEAD_MAX_PX_S)[:, None] * AHEAD_S
    elsewhere = np.stack([AHEAD_WEIGHT * moving, np.full(n, IDLE_WEIGHT)], axis=1)
    choice = np.hstack([weight * (1 - elsewhere.sum(1, keepdims=True)), elsewhere])
    centre = np.broadcast_to(VIEW_CENTRE_PX, (n, 1, 2))
    target = np.concatenate([landmarks, centre + ahead_px[:, None], centre], axis=1)

    past = np.maximum(np.arange(n) - round(lag_s * SAMPLE_RATE_HZ), 0)
    return Attention(choice=choice[past], target_px=target[past], moving=moving, speed_px_s=speed)


def _flow(point_px: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Speed of the picture over the last `FLOW_SAMPLES`, and the probe's direction against it."""
    velocity = np.diff(point_px, axis=0, prepend=point_px[:1]) * SAMPLE_RATE_HZ
    past = np.pad(velocity, ((FLOW_SAMPLES, 0), (0, 0)), mode="edge").cumsum(0)
    velocity = (past[FLOW_SAMPLES:] - past[:-FLOW_SAMPLES]) / FLOW_SAMPLES
    speed = np.hypot(*velocity.T)
    return speed, -velocity / np.maximum(speed, 1e-6)[:, None]


def gaze_mixture(attention: Attention) -> np.ndarray:
    """Density of valid gaze in every frame, as a mixture of Gaussians.

    Returns
    -------
    ndarray of float64, shape (T, 3 K, 4)
        Columns weight, x_px, y_px, sd_px: the mean over the frame's three samples. Weights sum to
        1.

    Notes
    -----
    With a chance r of choosing anew at every sample, the target looked at has the distribution
    ``q[t] = (1 - r) q[t-1] + r choice[t]``. A sample is valid only if nothing was chosen in the
    last `SACCADE_SAMPLES` samples, so that valid gaze at t sits on a target distributed as q at
    ``t - SACCADE_SAMPLES``.
    """
    drive = RESELECT * attention.choice
    drive[0] = attention.choice[0]
    looked_at = leaky_sum(drive, 1 - RESELECT)
    weight = looked_at[WARM_UP - SACCADE_SAMPLES : -SACCADE_SAMPLES] / SAMPLES_PER_FRAME
    centre = attention.target_px[WARM_UP:]
    sd = np.sqrt(TARGET_SD_PX**2 + TREMOR_SD_PX**2 + TRACKER_SD_PX**2)
    columns = [weight[..., None], centre, np.broadcast_to(sd[:, None], (*weight.shape, 1))]
    return np.concatenate(columns, axis=-1).reshape(-1, SAMPLES_PER_FRAME * len(sd), 4)


def draw_gaze(rng: np.random.Generator, attention: Attention) -> tuple[np.ndarray, np.ndarray]:
    """Draw one observer's gaze.

    Returns
    -------
    gaze_px : ndarray of float64, shape (n, 2)
        x_px, y_px at every sample, to 0.01 px.
    valid : ndarray of bool, shape (n,)
        False in saccades and blinks, where the tracker lost the eye, and outside the image.
    """
    n = len(attention.choice)
    chosen_anew = rng.random(n) < RESELECT
    chosen_anew[0] = True
    chosen_at = np.maximum.accumulate(np.where(chosen_anew, np.arange(n), 0))
    share = attention.choice.cumsum(1) / attention.choice.sum(1, keepdims=True)
    target = (rng.random((n, 1)) > share[:, :-1]).sum(1)[chosen_at]
    offset = rng.normal(0, 1, (n, 2))[chosen_at] * TARGET_SD_PX[target, None]
    push = rng.normal(0, TREMOR_SD_PX, (n, 2))
    push[1:] *= np.sqrt(1 - TREMOR_KEEP**2)
    gaze = attention.target_px[np.arange(n), target] + offset + leaky_sum(push, TREMOR_KEEP)
    gaze = np.round(gaze + rng.normal(0, TRACKER_SD_PX, (n, 2)), GAZE_DECIMALS)

    height, width = IMAGE_SHAPE
    valid = np.arange(n) - chosen_at >= SACCADE_SAMPLES
    valid &= rng.random(n) >= LOST_SHARE
    valid &= ((gaze >= 0) & (gaze <= (width - 1, height - 1))).all(1)
    return gaze, valid & ~_blinking(rng, n)


def _blinking(rng: np.random.Generator, n: int) -> np.ndarray:
    blinking = np.zeros(n, dtype=bool)
    start = 0
    while start < n:
        start += int(rng.exponential(BLINK_EVERY_S) * SAMPLE_RATE_HZ)
        stop = start + int(rng.uniform(*BLINK_S) * SAMPLE_RATE_HZ)
        blinking[start:stop] = True
        start = stop
    return blinking
