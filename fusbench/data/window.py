"""Windows: which frames a model sees for which target frame.

A window's *current* frame t is the one whose gaze it predicts when `horizon` is 0; otherwise the
gaze of frame t + horizon is the target. Frame numbers count from 0 within a clip. Cards import this
module, so NumPy is imported only where arrays are made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fusbench.errors import WindowError, counted

if TYPE_CHECKING:
    import numpy as np

PLACEMENTS = ("before", "around", "after")


@dataclass(frozen=True, kw_only=True)
class Window:
    """Frames that a model sees at once.

    Parameters
    ----------
    length : int
        Number of frames, L >= 1.
    placement : {"before", "around", "after"}
        Where the other frames lie: t-L+1..t, half on each side (the extra one before), or t..t+L-1.
    stride : int
        Distance between neighbouring frames of the window, in frames.
    horizon : int
        Predict the gaze of frame t + horizon from frames up to t; needs placement "before".

    Raises
    ------
    WindowError
        If a number is out of range or a horizon is combined with frames after t.

    Notes
    -----
    A clip of T frames holds T - L + 1 complete windows of stride 1. The paper writes 90 - L for
    T = 90, one fewer; see the assumptions page.

    Examples
    --------
    >>> Window(length=6).offsets.tolist()
    [-5, -4, -3, -2, -1, 0]
    >>> Window(length=6, placement="around").offsets.tolist()
    [-3, -2, -1, 0, 1, 2]
    >>> Window(length=6).indices([2], n_frames=90).tolist()
    [[0, 0, 0, 0, 1, 2]]
    >>> len(Window(length=6).complete_targets(90))
    85
    """

    length: int = 1
    placement: str = "before"
    stride: int = 1
    horizon: int = 0

    def __post_init__(self) -> None:
        if self.length < 1 or self.stride < 1 or self.horizon < 0:
            numbers = f"length {self.length}, stride {self.stride}, horizon {self.horizon}"
            fix = "Use length >= 1, stride >= 1 and horizon >= 0."
            raise WindowError(f"these numbers make no window: {numbers}", fix=fix)
        if self.placement not in PLACEMENTS:
            fix = f"Use one of {', '.join(PLACEMENTS)}."
            raise WindowError(f"placement '{self.placement}' is unknown", fix=fix)
        if self.horizon and self.placement != "before":
            what = f"placement '{self.placement}' sees frames that a horizon has yet to predict"
            raise WindowError(what, fix="Use placement 'before' with a horizon.")

    @property
    def target_index(self) -> int:
        """Position of the current frame within the window, 0..L-1."""
        return {"before": self.length - 1, "around": self.length // 2, "after": 0}[self.placement]

    @property
    def span(self) -> int:
        """Frames from a window's first to its last, (L - 1) * stride + 1."""
        return (self.length - 1) * self.stride + 1

    @property
    def offsets(self) -> np.ndarray:
        """Frame offsets from the current frame, shape (L,)."""
        import numpy as np

        return (np.arange(self.length) - self.target_index) * self.stride

    def indices(self, targets: np.ndarray | list[int], n_frames: int) -> np.ndarray:
        """Frames of the windows for these target frames, the clip's edge frames repeated.

        Parameters
        ----------
        targets : array_like of int, shape (B,)
            Frames whose gaze is predicted.
        n_frames : int
            Length of the clip.

        Returns
        -------
        ndarray of int, shape (B, L)
        """
        import numpy as np

        current = np.asarray(targets, dtype=np.intp)[:, None] - self.horizon
        frames: np.ndarray = np.clip(current + self.offsets, 0, n_frames - 1)
        return frames

    def stretches(self, n_frames: int, at_most: int) -> Iterator[tuple[slice, np.ndarray]]:
        """Stretches of a clip whose windows end, or lie about, at most so many frames each.

        A horizon does not count: what is predicted is the gaze that a frame's window is for.

        Parameters
        ----------
        n_frames : int
            Length of the clip.
        at_most : int
            Windows of a stretch, 1 or more.

        Yields
        ------
        frames : slice
            Of the clip: what the stretch's windows see.
        windows : ndarray of int, shape (B, L)
            Frames of each window, counted within `frames`.

        Examples
        --------
        >>> [(frames, at.tolist()) for frames, at in Window(length=2).stretches(3, at_most=2)]
        [(slice(0, 2, None), [[0, 0], [0, 1]]), (slice(1, 3, None), [[0, 1]])]
        """
        import numpy as np

        for start in range(0, n_frames, at_most):
            current = np.arange(start, min(start + at_most, n_frames))
            at = self.indices(current + self.horizon, n_frames)
            first, last = int(at.min()), int(at.max())
            yield slice(first, last + 1), at - first

    def complete_targets(self, n_frames: int) -> np.ndarray:
        """Target frames of a clip whose window needs no repeated frame.

        Parameters
        ----------
        n_frames : int
            T, the length of the clip.

        Returns
        -------
        ndarray of int, shape (T - span + 1 - horizon,) or (0,)
            In order.
        """
        import numpy as np

        targets = np.arange(n_frames)
        first = targets - self.horizon + self.offsets[0]
        last = targets - self.horizon + self.offsets[-1]
        complete: np.ndarray = targets[(first >= 0) & (last < n_frames)]
        return complete

    def require(self, n_frames: int, where: str) -> None:
        """Make sure that a clip holds a complete window.

        Parameters
        ----------
        n_frames : int
            Length of the clip.
        where : str
            What the error calls it.

        Raises
        ------
        WindowError
            If it holds none.
        """
        if not len(self.complete_targets(n_frames)):
            need = self.span + self.horizon
            have = counted(n_frames, "frame", "holds", "hold")
            raise WindowError(
                f"{have} no complete window, which needs {need}",
                where,
                "Train a model with a shorter window, or leave the clip out.",
            )


def within_margin(
    frames: np.ndarray, n_frames: int | np.ndarray, margin: int, horizon: int = 0
) -> np.ndarray:
    """Which frames are far enough from both ends of their clip to count, bool (frames,).

    With margin m and horizon k these are the frames t with m + k <= t < n_frames - m. There, any
    window of stride 1 and up to m + 1 frames is complete, wherever the others lie: before, around
    or after.

    Parameters
    ----------
    frames : ndarray of int, shape (frames,)
    n_frames : int, or ndarray of int, shape (frames,)
        Frames of their clip.
    margin, horizon : int

    Examples
    --------
    >>> import numpy as np
    >>> within_margin(np.array([0, 2, 3, 7, 8]), 10, margin=2).tolist()
    [False, True, True, True, False]
    """
    return (frames >= margin + horizon) & (frames < n_frames - margin)
