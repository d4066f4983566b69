"""One clip of a phantom: frames, gaze, the density behind the gaze, and landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from fusbench.data.gaze import GazePoints
from fusbench.phantom.anatomy import LANDMARK_NAMES, Anatomy, draw_anatomy, visibility
from fusbench.phantom.attention import attend, draw_gaze, draw_preference, gaze_mixture
from fusbench.phantom.fan import inside_fan
from fusbench.phantom.imaging import Scene, draw_scene, render
from fusbench.phantom.motion import (
    SAMPLE_RATE_HZ,
    SAMPLES_PER_FRAME,
    WARM_UP,
    Motion,
    draw_motion,
    project,
)
from fusbench.phantom.presets import ClipPlan, Phantom

__all__ = ["LANDMARK_NAMES", "PhantomClip", "make_clip"]

STREAMS = ("anatomy", "preference", "tissue", "motion", "gaze", "noise")


@dataclass(frozen=True, kw_only=True)
class PhantomClip:
    """A synthetic clip of T frames.

    Parameters
    ----------
    frames : ndarray of uint8, shape (T, 224, 288), or None
        The pictures.
    gaze : GazePoints
        Valid points only, at 90 Hz; sample k of frame t belongs to frame t.
    density : ndarray of float32, shape (T, K, 4)
        The mixture of Gaussians that the frame's gaze was drawn from: weight, x_px, y_px, sd_px;
        weights sum to 1.
    landmark_names : tuple of str
        Names of the N landmarks.
    landmarks : ndarray of float32, shape (T, N, 3)
        x_px, y_px and visibility (0..1) of each landmark.
    sweep : ndarray of bool, shape (T,)
        Whether the probe moves.
    speed_px_s : ndarray of float32, shape (T,)
        Speed of the picture over the last 200 ms.
    """

    frames: np.ndarray | None
    gaze: GazePoints
    density: np.ndarray
    landmark_names: tuple[str, ...]
    landmarks: np.ndarray
    sweep: np.ndarray
    speed_px_s: np.ndarray


def make_clip(phantom: Phantom, plan: ClipPlan, frames: bool = True) -> PhantomClip:
    """Make one clip. It depends on the phantom's seed and lag, and on the plan's numbers alone.

    Parameters
    ----------
    phantom : Phantom
        Gives seed and lag.
    plan : ClipPlan
        Gives scan, clip and the number of frames.
    frames : bool
        Whether to render the pictures; everything else is the same without them, and fast.

    Returns
    -------
    PhantomClip

    Notes
    -----
    A clip is the same to the bit, whatever is made before it or beside it, on every processor and
    with every library: see `fusbench.phantom.exact`.

    Examples
    --------
    >>> from fusbench.phantom.presets import PRESETS
    >>> phantom = PRESETS["phantom-tiny"]
    >>> clip = make_clip(phantom, phantom.plans[0], frames=False)
    >>> clip.density.shape, clip.landmarks.shape
    ((30, 21, 4), (30, 5, 3))
    """
    anatomy = _anatomy(phantom.seed, plan.scan)
    motion = draw_motion(_stream("motion", phantom.seed, plan.scan, plan.clip), anatomy)
    preference = draw_preference(_stream("preference", phantom.seed, plan.scan))
    attention = attend(anatomy, motion, preference, phantom.lag_s)
    rng = _stream("gaze", phantom.seed, plan.scan, plan.clip)
    at_frame = WARM_UP + SAMPLES_PER_FRAME * np.arange(plan.n_frames)
    return PhantomClip(
        frames=_pictures(phantom.seed, plan, motion, at_frame) if frames else None,
        gaze=_gaze_points(*draw_gaze(rng, attention), plan.n_frames),
        density=gaze_mixture(attention)[: plan.n_frames].astype(np.float32),
        landmark_names=LANDMARK_NAMES,
        landmarks=_landmarks(anatomy, motion)[at_frame],
        sweep=attention.moving[at_frame] > 0.5,
        speed_px_s=attention.speed_px_s[at_frame].astype(np.float32),
    )


def _stream(purpose: str, seed: int, *numbers: int) -> np.random.Generator:
    """A random stream of its own for every purpose, scan and clip."""
    key = (STREAMS.index(purpose), *numbers)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _anatomy(seed: int, scan: int) -> Anatomy:
    return draw_anatomy(_stream("anatomy", seed, scan))


@lru_cache(maxsize=2)
def _scene(seed: int, scan: int) -> Scene:
    return draw_scene(_stream("tissue", seed, scan), _anatomy(seed, scan))


def _pictures(seed: int, plan: ClipPlan, motion: Motion, samples: np.ndarray) -> np.ndarray:
    rng = _stream("noise", seed, plan.scan, plan.clip)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # the images are small, and the clips are what runs in parallel
    try:
        scene, anatomy = _scene(seed, plan.scan), _anatomy(seed, plan.scan)
        return render(rng, scene, anatomy, motion, samples)
    finally:
        cv2.setNumThreads(threads)


def _gaze_points(gaze_px: np.ndarray, valid: np.ndarray, n_frames: int) -> GazePoints:
    stop = WARM_UP + SAMPLES_PER_FRAME * n_frames
    sample = np.flatnonzero(valid[WARM_UP:stop])
    return GazePoints(
        frame=(sample // SAMPLES_PER_FRAME).astype(np.int32),
        time_s=sample / SAMPLE_RATE_HZ,
        x_px=gaze_px[WARM_UP + sample, 0],
        y_px=gaze_px[WARM_UP + sample, 1],
    )


def _landmarks(anatomy: Anatomy, motion: Motion) -> np.ndarray:
    position = project(anatomy, motion, anatomy.landmarks)
    seen = visibility(motion.elevation) * inside_fan(position[..., 0], position[..., 1])
    return np.concatenate([position, seen[..., None]], axis=-1).astype(np.float32)
