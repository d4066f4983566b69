"""Gaze points and the maps made from them.

Convention: pixel centres are integers, (0, 0) is the centre of the top-left pixel, x runs right, y
down; arrays are indexed [y, x]. Gaze is sub-pixel, and several points a frame are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from fusbench.errors import ConfigError, counted


@dataclass(frozen=True, kw_only=True)
class GazePoints:
    """Gaze points of one clip, a structure of arrays sorted by frame.

    Parameters
    ----------
    frame : ndarray of int32, shape (N,)
        Frame that each point belongs to.
    time_s : ndarray of float64, shape (N,)
        Seconds since the clip's first frame.
    x_px, y_px : ndarray of float64, shape (N,)
        Position in pixels of the stored frame.
    observer_id : ndarray of str, shape (N,), or None
        Who looked, where several people watched the same clip.

    Examples
    --------
    >>> gaze = GazePoints(
    ...     frame=np.array([0, 2, 2], np.int32), time_s=np.array([0.01, 0.07, 0.08]),
    ...     x_px=np.array([10.0, 11.0, 11.5]), y_px=np.array([5.0, 5.5, 6.0]))
    >>> gaze
    <GazePoints: 3 gaze points in 2 frames>
    >>> gaze.at(2)
    (array([11. , 11.5]), array([5.5, 6. ]))
    >>> gaze.observers
    ('',)
    """

    frame: np.ndarray
    time_s: np.ndarray
    x_px: np.ndarray
    y_px: np.ndarray
    observer_id: np.ndarray | None = None

    def __repr__(self) -> str:
        frames = counted(len(self.frames()), "frame")
        return f"<GazePoints: {counted(len(self), 'gaze point')} in {frames}>"

    def __len__(self) -> int:
        return len(self.frame)

    def at(self, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """Points of one frame.

        Parameters
        ----------
        frame : int
            From 0.

        Returns
        -------
        x_px, y_px : ndarray of float64, shape (K,)
            In pixels of the stored frame; both empty where the gaze was lost.
        """
        begin = self._begin
        known = 0 <= frame < len(begin) - 1
        points = slice(begin[frame], begin[frame + 1]) if known else slice(0)
        return self.x_px[points], self.y_px[points]

    @cached_property
    def _begin(self) -> list[int]:
        """The first point of each frame, and at the end how many points there are."""
        frames = np.arange(self.frame[-1] + 2 if len(self) else 0)
        found: list[int] = np.searchsorted(self.frame, frames.astype(self.frame.dtype)).tolist()
        return found

    def frames(self) -> np.ndarray:
        """Frames with at least one point, in order."""
        frames = np.sort(self.frame, kind="stable")  # np.unique would first import numpy.ma
        found: np.ndarray = frames[np.append(True, frames[1:] != frames[:-1])[: len(frames)]]
        return found

    @property
    def observers(self) -> tuple[str, ...]:
        """Who looked, in order of name; one without a name where the points do not tell."""
        if self.observer_id is None:
            return ("",) if len(self) else ()
        return tuple(np.unique(self.observer_id).tolist())

    def of(self, *observers: str) -> GazePoints:
        """The points of some observers alone.

        Parameters
        ----------
        *observers : str
            As `observers` names them; those that nobody bears give no points.

        Returns
        -------
        GazePoints
        """
        names = np.full(len(self), "") if self.observer_id is None else self.observer_id
        chosen = np.isin(names, observers)
        return GazePoints(
            frame=self.frame[chosen],
            time_s=self.time_s[chosen],
            x_px=self.x_px[chosen],
            y_px=self.y_px[chosen],
            observer_id=names[chosen],
        )

    def shared_frames(self) -> np.ndarray:
        """Frames with points of at least two observers, in order."""
        seen = np.concatenate([np.empty(0), *(self.of(who).frames() for who in self.observers)])
        frames, counts = np.unique(seen, return_counts=True)
        return frames[counts > 1].astype(self.frame.dtype)

    def grouping(self) -> np.ndarray:
        """Number of each point's observer, int (N,), counted as they appear: names do not tell."""
        if self.observer_id is None:
            return np.zeros(len(self), int)
        _, first, number = np.unique(self.observer_id, return_index=True, return_inverse=True)
        return np.argsort(np.argsort(first))[number]


def watched_by(gazes: Sequence[GazePoints]) -> GazePoints:
    """The gaze of several observers of one clip as one, sorted by frame.

    Examples
    --------
    >>> def gaze(frame, who):
    ...     at = np.array([1.0])
    ...     return GazePoints(
    ...         frame=np.array([frame], np.int32), time_s=at, x_px=at, y_px=at,
    ...         observer_id=np.array([who]))
    >>> watched_by([gaze(3, "a"), gaze(1, "b")]).observer_id.tolist()
    ['b', 'a']
    """
    if len(gazes) == 1:
        return gazes[0]
    frame = np.concatenate([gaze.frame for gaze in gazes])
    order = np.argsort(frame, kind="stable")
    unnamed = (np.full(len(gaze), "") for gaze in gazes)
    names = [
        blank if gaze.observer_id is None else gaze.observer_id
        for gaze, blank in zip(gazes, unnamed, strict=True)
    ]
    return GazePoints(
        frame=frame[order],
        time_s=np.concatenate([gaze.time_s for gaze in gazes])[order],
        x_px=np.concatenate([gaze.x_px for gaze in gazes])[order],
        y_px=np.concatenate([gaze.y_px for gaze in gazes])[order],
        observer_id=np.concatenate(names)[order],
    )


def _nearest(name: str, points: np.ndarray, size: int) -> np.ndarray:
    """The pixel nearest to each point; `ConfigError` unless all lie within -0.5 and size - 0.5."""
    if len(points) and not (points.min() >= -0.5 and points.max() <= size - 0.5):  # NaN is neither
        odd = points[~((points >= -0.5) & (points <= size - 0.5))]
        fix = "Leave such points out."
        raise ConfigError(f"{name} is {odd[0]:g}, outside 0 to {size - 1}", "a gaze point", fix)
    pixel: np.ndarray = np.minimum(np.rint(points).astype(np.intp), size - 1)
    return pixel


def fixation_map(
    x_px: np.ndarray, y_px: np.ndarray, shape: tuple[int, int], dtype: type = np.uint16
) -> np.ndarray:
    """Points per pixel; each point counts at its nearest pixel.

    Parameters
    ----------
    x_px, y_px : ndarray, shape (N,)
        Gaze points within the image, in pixels.
    shape : (int, int)
        Rows and columns, H x W.
    dtype : type
        Of the counts; wider for the points of many frames.

    Returns
    -------
    ndarray of `dtype`, shape (H, W)

    Raises
    ------
    ConfigError
        If a point is no number, or lies outside.

    Examples
    --------
    >>> fixation_map(np.array([0.2, 1.4, 1.0]), np.array([0.0, 1.0, 1.0]), (2, 3)).tolist()
    [[1, 0, 0], [0, 2, 0]]
    """
    row, column = (
        _nearest(name, np.asarray(points), size)
        for name, points, size in zip(("y_px", "x_px"), (y_px, x_px), shape, strict=True)
    )
    count: np.ndarray = np.zeros(shape, dtype)
    np.add.at(count, (row, column), 1)  # of few points: far less than a pass over the map
    return count


def saliency_map(
    x_px: np.ndarray,
    y_px: np.ndarray,
    shape: tuple[int, int],
    sigma_px: float | tuple[float, float],
    weight: np.ndarray | None = None,
) -> np.ndarray:
    """Empirical saliency map: a sum of Gaussians at the gaze points, normalised to sum 1.

    Parameters
    ----------
    x_px, y_px : ndarray, shape (N,), N >= 1
        Gaze points, in pixels.
    shape : (int, int)
        Rows and columns, H x W.
    sigma_px : float or (float, float)
        Standard deviation of the Gaussian; two numbers are the row and the column direction.
    weight : ndarray, shape (N,), optional
        Weight of each point; equal by default.

    Returns
    -------
    ndarray of float64, shape (H, W)
        Not negative, sums to 1.

    Notes
    -----
    A Gaussian is separable, so N of them summed over the grid are one matrix product of the
    one-dimensional profiles, ``gy.T @ gx``: exact, sub-pixel and without truncation. The sum over
    the grid separates too, so normalising needs no pass over the map. The target follows
    Savochkina et al., ISBI 2022, section 2.3.

    Examples
    --------
    >>> peak = saliency_map(np.array([2.0]), np.array([1.0]), (4, 5), sigma_px=0.5)
    >>> np.unravel_index(peak.argmax(), peak.shape) == (1, 2), round(float(peak.sum()), 12)
    (True, 1.0)
    """
    if isinstance(sigma_px, (int, float, np.number)):
        sigma_px = sigma_px, sigma_px
    sigma_y, sigma_x = sigma_px
    height, width = shape
    y = np.asarray(y_px, dtype=np.float64)[:, None]
    x = np.asarray(x_px, dtype=np.float64)[:, None]
    profiles = np.empty((len(x), height + width))  # both in one go: rows (N, H), columns (N, W)
    profile_y, profile_x = profiles[:, :height], profiles[:, height:]
    for profile, at, sigma in ((profile_y, y, sigma_y), (profile_x, x, sigma_x)):
        np.subtract(_whole_numbers(profile.shape[1]), at, out=profile)
        np.divide(profile, sigma, out=profile)
    np.square(profiles, out=profiles)
    np.multiply(-0.5, profiles, out=profiles)
    np.exp(profiles, out=profiles)
    if weight is not None:
        profile_y *= np.asarray(weight, dtype=np.float64)[:, None]
    profile_y /= profile_y.sum(1) @ profile_x.sum(1)
    product = np.dot if len(x) == 1 else np.matmul  # which makes no BLAS call of a single point
    total: np.ndarray = product(profile_y.T, profile_x)
    return total


@cache
def _whole_numbers(count: int) -> np.ndarray:
    """0, 1 and so on, as float64."""
    return np.arange(count, dtype=np.float64)
