"""Who is predicted from what, where several people watched a clip."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fusbench.data.gaze import GazePoints
from fusbench.data.scan import Clip


@dataclass(frozen=True, kw_only=True)
class Viewing:
    """A clip as a model may see it, the clips whose gaze is its target, and the frames it scores.

    Clips differ in the gaze that they hold. A frame's score is the mean over the viewings that have
    it, and over their targets with gaze on it.
    """

    seen: Clip
    targets: tuple[Clip, ...]
    frames: np.ndarray

    def targets_at(self, frame: int) -> list[Clip]:
        """The targets with gaze on a frame."""
        return [target for target in self.targets if len(target.gaze.at(frame)[0])]


def viewings(clip: Clip, observers: str, sees: str) -> tuple[Viewing, ...]:
    """How a clip is scored.

    Parameters
    ----------
    clip : Clip
    observers : {"pooled", "each"}
        Whether the gaze of all makes one target, or that of each observer one of its own.
    sees : str
        What the model's card says; "others" is predicted by leaving one observer out. With "each",
        the one left out is the target and the others are seen, with "pooled" the others are the
        target and the one is seen: the target is as in all other rows, and never part of what is
        seen.

    Returns
    -------
    tuple of Viewing
        Together they have every frame with gaze. Where nobody else looked, nothing is seen.
    """
    alone = {who: _with(clip, clip.gaze.of(who)) for who in clip.gaze.observers}
    whole = (clip,) if observers == "pooled" else tuple(alone.values())
    frames = clip.gaze.frames().astype(np.intp)
    if sees != "others":
        return (Viewing(seen=clip, targets=whole, frames=frames),)
    found = []
    for who, one in alone.items():
        rest = _with(clip, clip.gaze.of(*(set(alone) - {who})))
        seen, target = (rest, one) if observers == "each" else (one, rest)
        both = np.intersect1d(seen.gaze.frames(), target.gaze.frames()).astype(np.intp)
        found.append(Viewing(seen=seen, targets=(target,), frames=both))
    shared = np.concatenate([np.empty(0), *(viewing.frames for viewing in found)])
    unseen = np.setdiff1d(frames, shared).astype(np.intp)
    nothing = Viewing(seen=_with(clip, clip.gaze.of()), targets=whole, frames=unseen)
    return tuple(viewing for viewing in (*found, nothing) if len(viewing.frames))


def _with(clip: Clip, gaze: GazePoints) -> Clip:
    return replace(clip, gaze=gaze)
