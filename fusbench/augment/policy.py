"""Policies: RA(n, m) draws n of 16 operations at magnitude m; Mix.RA(n, m) mixes windows first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fusbench.augment.draw import Draw
from fusbench.augment.mix import Mix, mix_frames
from fusbench.augment.operations import MAX_MAGNITUDE, OPERATIONS
from fusbench.data.gaze import fixation_map, saliency_map
from fusbench.data.samples import Batch, Samples
from fusbench.errors import ConfigError, UnknownName

LEAST_MASS = 0.05


@dataclass(frozen=True, kw_only=True)
class Policy:
    """An augmentation policy.

    Parameters
    ----------
    n : int
        Operations drawn for a window, with replacement; 0..16.
    m : float
        Their magnitude, 0..10.
    mix : bool
        Whether two windows are mixed before.

    Raises
    ------
    ConfigError
        If n or m is out of range.

    Notes
    -----
    After RandAugment (Cubuk et al. 2020) as Savochkina et al. use it: the draw is shared by all
    frames of a window and by its gaze.

    Examples
    --------
    >>> draw = Policy(n=2, m=9).draw(np.random.default_rng(0))
    >>> [step.name for step in draw.steps]
    ['depth-attenuation', 'auto-contrast']
    """

    n: int
    m: float
    mix: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.n <= len(OPERATIONS):
            what = f"n = {self.n} operations are outside 0..{len(OPERATIONS)}"
            raise ConfigError(what, fix=f"There are {len(OPERATIONS)} to draw from.")
        if not 0 <= self.m <= MAX_MAGNITUDE:
            what = f"magnitude m = {self.m:g} is outside 0..{MAX_MAGNITUDE}"
            raise ConfigError(what, fix="Use 0 for no change, 10 for the strongest.")

    def draw(self, rng: np.random.Generator) -> Draw:
        """Draw the operations for one window.

        Parameters
        ----------
        rng : numpy.random.Generator
            Moved on by what is drawn.

        Returns
        -------
        Draw
        """
        names = list(OPERATIONS)
        chosen = rng.integers(len(names), size=self.n)
        return Draw(tuple(OPERATIONS[names[i]].draw(names[i], self.m, rng) for i in chosen))


def policy(name: str) -> Policy | None:
    """The policy of a name.

    Parameters
    ----------
    name : str
        "none", "ra-N-M" or "mixra-N-M": N operations, 0 to 16, of magnitude M, 0 to 10.

    Returns
    -------
    Policy or None
        None is no augmentation.

    Raises
    ------
    UnknownName
        If the name is none of these.
    ConfigError
        If N or M is out of range.

    Examples
    --------
    >>> policy("ra-7-9")
    Policy(n=7, m=9.0, mix=False)
    """
    if name == "none":
        return None
    found = re.fullmatch(r"(ra|mixra)-([0-9]{1,9})-([0-9]+(?:\.[0-9]+)?)", name)
    if not found:
        fix = "Use none, ra-N-M or mixra-N-M, such as ra-7-9."
        raise UnknownName(f"no augmentation policy is called '{name}'", fix=fix)
    return Policy(n=int(found[2]), m=float(found[3]), mix=found[1] == "mixra")


Points = tuple[np.ndarray, np.ndarray]


def augmented(
    frames: np.ndarray, points: Points, draw: Draw, sigma_px: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """A window and its target under a draw.

    Parameters
    ----------
    frames : ndarray of uint8, shape (L, H, W)
    points : (ndarray, ndarray)
        x_px, y_px of the target frame's gaze.
    draw : Draw
        If it moved every gaze point out of the picture, its geometry is left out.
    sigma_px : (float, float)
        Of the saliency map, along rows and columns.

    Returns
    -------
    frames, density : ndarray of uint8 (L, H, W), ndarray of float64 (H, W)
    """
    shape = (frames.shape[1], frames.shape[2])
    draw = keeping_gaze(draw, points, shape)
    moved = moved_points(draw, points, shape)
    return draw.apply_frames(frames), saliency_map(*moved, shape, sigma_px)


def keeping_gaze(draw: Draw, points: Points, shape: tuple[int, int]) -> Draw:
    """The draw, or, if it moved every gaze point out of the picture, the draw without geometry."""
    return draw if len(moved_points(draw, points, shape)[0]) else draw.without_geometry()


def moved_points(draw: Draw, points: Points, shape: tuple[int, int]) -> Points:
    """Gaze points moved as the picture is, those that leave it dropped."""
    return _inside(draw.apply_points(*points, shape), shape)


def _inside(points: Points, shape: tuple[int, int]) -> Points:
    x, y = points
    kept = (x >= -0.5) & (x < shape[1] - 0.5) & (y >= -0.5) & (y < shape[0] - 0.5)
    return x[kept], y[kept]


def mixed(
    windows: Sequence[np.ndarray],
    points: Sequence[Points],
    mask: np.ndarray,
    draw: Draw,
    sigma_px: tuple[float, float],
) -> tuple[np.ndarray, np.ndarray]:
    """Two windows mixed by a mask, then transformed by a draw; their targets by the same.

    The targets' sum is normalised. If the mask hides nearly all gaze, the first window stays alone;
    if the geometry moves nearly all of it out of the picture, the geometry is left out.
    """
    found = _kept_mix(draw, points, mask, sigma_px)
    if found is None:
        return augmented(windows[0], points[0], draw, sigma_px)
    kept, density = found
    frames = kept.apply_frames(mix_frames(windows[0], windows[1], mask))
    return frames, density / density.sum()


def keeping_mixed_gaze(
    draw: Draw, points: Sequence[Points], mask: np.ndarray, sigma_px: tuple[float, float]
) -> Draw | None:
    """The draw, or the draw without geometry, whichever leaves gaze to see; None if neither."""
    found = _kept_mix(draw, points, mask, sigma_px)
    return found and found[0]


def _kept_mix(
    draw: Draw, points: Sequence[Points], mask: np.ndarray, sigma_px: tuple[float, float]
) -> tuple[Draw, np.ndarray] | None:
    """What `keeping_mixed_gaze` keeps, and the density under it."""
    for tried in (draw, draw.without_geometry()):
        density = _mixed_density(points, mask, tried, sigma_px)
        if density.sum() >= LEAST_MASS:
            return tried, density
    return None


def _mixed_density(
    points: Sequence[Points], mask: np.ndarray, draw: Draw, sigma_px: tuple[float, float]
) -> np.ndarray:
    shape = (mask.shape[0], mask.shape[1])
    seen = draw.apply_map(mask).astype(np.float64)
    density = np.zeros(shape)
    for point, share in zip(points, (seen, 1 - seen), strict=True):
        moved = moved_points(draw, point, shape)
        if len(moved[0]):
            made = saliency_map(*moved, shape, sigma_px)
            density += np.multiply(share, made, out=made)
    return density


def fixated(
    points: Sequence[Points],
    mask: np.ndarray | None,
    draw: Draw,
    sigma_px: tuple[float, float],
    shape: tuple[int, int],
) -> np.ndarray:
    """Gaze points in each pixel, float32 (H, W), of what `augmented` or, by a mask, `mixed` makes.

    A point of mixed windows counts as much as its window shows in its pixel.
    """
    kept = None if mask is None else keeping_mixed_gaze(draw, points, mask, sigma_px)
    if mask is None or kept is None:
        alone = moved_points(keeping_gaze(draw, points[0], shape), points[0], shape)
        return fixation_map(*alone, shape).astype(np.float32)
    seen = kept.apply_map(mask)
    found = np.zeros(shape, np.float32)
    for each, share in zip(points, (seen, 1 - seen), strict=True):
        found += share * fixation_map(*moved_points(kept, each, shape), shape)
    return found


def _drawn(
    samples: Samples,
    indices: Sequence[int] | np.ndarray,
    policy: Policy,
    rng: np.random.Generator,
) -> Iterator[tuple[int, Draw, int, Mix | None]]:
    """Each index with its draw, and the window that it is mixed with and how, if it is."""
    for index in indices:
        draw = policy.draw(rng)
        other = int(rng.integers(len(samples))) if policy.mix else 0
        yield int(index), draw, other, Mix.drawn(rng) if policy.mix else None


def augmented_batch(
    samples: Samples,
    indices: Sequence[int] | np.ndarray,
    policy: Policy,
    rng: np.random.Generator,
    *,
    with_fixations: bool = False,
    share: slice = slice(None),
) -> Batch:
    """Samples of these indices, each under a draw of its own.

    With a `share` of them, all draws are made, and no more than these samples.
    """
    frames, densities, fixations = [], [], []
    for index, draw, other, mix in list(_drawn(samples, indices, policy, rng))[share]:
        windows, points = [samples.frames_of(int(index))], [samples.points_of(int(index))]
        mask = None
        if mix is not None:
            mask = mix.mask(samples.shape)
            windows.append(samples.frames_of(other))
            points.append(samples.points_of(other))
            made = mixed(windows, points, mask, draw, samples.sigma_px)
        else:
            made = augmented(windows[0], points[0], draw, samples.sigma_px)
        frames.append(made[0])
        densities.append(made[1])
        if with_fixations:
            fixations.append(fixated(points, mask, draw, samples.sigma_px, samples.shape))
    return Batch(
        frames=np.stack(frames),
        densities=np.stack(densities).astype(np.float32),
        fixations=np.stack(fixations) if with_fixations else None,
    )
