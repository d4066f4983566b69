"""The paper's claims on landmarks: what is looked at is found, and the rest is left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fusbench.data.dataset import Dataset
from fusbench.evaluation.landmarks import REACH, landmark_mass
from fusbench.reproduction.advantages import seed_spread
from fusbench.reproduction.board import Board
from fusbench.reproduction.claims import Comparison, Finding
from fusbench.reproduction.rows import SPATIAL
from fusbench.reproduction.verdicts import overall, verdict
from fusbench.statistics.seeds import Difference, paired_difference
from fusbench.statistics.tests_of_scans import holm

FOUND, SPARED = ("nasal bone", "rump"), ("nuchal translucency",)
BETTER = "clstmunet"
LOOKED_AT, ELSEWHERE, SEEN = 0.5, 0.01, 0.5
LANDMARK_WORDS = f"""\
A landmark's mass is how much of a density lies within {REACH:g} sigmas of the landmark. It is
**looked at** in a frame whose saliency map has at least half of its mass there. It is **left
alone** in a frame whose saliency map has less than a hundredth there, though the landmark is in
view. In the first frames a density is the better the more mass it puts there, in the others the
less."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Frames of one kind: of which landmark, whether it is looked at, and which they are.

    Parameters
    ----------
    landmark : str
    looked_at : bool
        Else it is in view and left alone.
    frames : ndarray of bool, shape (N,)
        Which of the board's frames are of this kind.
    """

    landmark: str
    looked_at: bool
    frames: np.ndarray

    @property
    def name(self) -> str:
        """What a comparison on these frames is of."""
        return f"mass on {self.landmark}, {'looked at' if self.looked_at else 'left alone'}"


def kinds(dataset: Dataset, board: Board) -> tuple[Kind, ...]:
    """The frames that the claims are judged on; empty where the landmarks are not all known."""
    names = dataset.info.landmarks
    if not {*FOUND, *SPARED} <= set(names):
        return ()
    clips = {clip.clip_id: clip for clip in dataset.split(board.split)}
    radius_px = REACH * dataset.info.sigma_px
    rows = list(zip(board.frames["clip_id"], board.frames["frame"], strict=True))
    gazed, seen = np.zeros((2, len(rows), len(names)))
    for number, (clip_id, frame) in enumerate(rows):
        clip = clips[clip_id]
        if clip.landmarks is None:
            return ()
        places = clip.landmarks[frame]
        gazed[number] = landmark_mass(clip.saliency_map(frame), places, radius_px)
        seen[number] = places[:, 2]
    found = []
    for landmark in (*FOUND, *SPARED):
        at, looked_at = names.index(landmark), landmark in FOUND
        left = (gazed[:, at] < ELSEWHERE) & (seen[:, at] >= SEEN)
        frames = gazed[:, at] >= LOOKED_AT if looked_at else left
        found.append(Kind(landmark=landmark, looked_at=looked_at, frames=frames))
    return tuple(found)


def judge_landmarks(board: Board, found: Sequence[Kind]) -> tuple[Finding, ...]:
    """Claims (h) and (i): the cLSTMU-Net against every spatial row, landmark by landmark."""
    claims = (
        ("h", "cLSTMU-Net finds nasal bone and rump better than every spatial model", True),
        ("i", "cLSTMU-Net puts less false saliency on the nuchal translucency than they do", False),
    )
    return tuple(
        _judge(board, letter, text, [kind for kind in found if kind.looked_at == looked_at])
        for letter, text, looked_at in claims
    )


def _judge(board: Board, letter: str, text: str, asked: Sequence[Kind]) -> Finding:
    pairs = [(kind, worse, _advantage(board, kind, worse)) for kind in asked for worse in SPATIAL]
    adjusted = iter(holm(np.array([one.p for _, _, one in pairs if one is not None])))
    comparisons = tuple(
        Comparison(
            better=BETTER,
            worse=worse,
            metric=kind.name,
            reported=None,
            found=one,
            verdict=verdict(board, BETTER, worse, one, next(adjusted) if one else 1.0),
        )
        for kind, worse, one in pairs
    )
    missing = {key for key in (BETTER, *SPATIAL) if key not in board.landmarks}
    return Finding(
        letter=letter,
        text=text,
        comparisons=comparisons,
        verdict=overall([one.verdict for one in comparisons]),
        missing=tuple(sorted(missing)),
    )


def _advantage(board: Board, kind: Kind, worse: str) -> Difference | None:
    """The mean paired difference in mass on frames of a kind, positive where the claim is right."""
    if not {BETTER, worse} <= set(board.landmarks) or not kind.frames.any():
        return None
    at = board.info.landmarks.index(kind.landmark)
    sign = 1 if kind.looked_at else -1
    first, second = (
        [sign * masses[kind.frames, at] for masses in board.landmarks[key]]
        for key in (BETTER, worse)
    )
    _, scan_index = np.unique(board.scan_index[kind.frames], return_inverse=True)
    spread = seed_spread(
        {
            key: [masses[kind.frames, at] for masses in seeds]
            for key, seeds in board.landmarks.items()
        }
    )
    return paired_difference(first, second, scan_index, spread=spread)


def means(board: Board, found: Sequence[Kind]) -> Mapping[str, list[float]]:
    """Mean mass on each kind's landmark of every row that tells it, over its seeds.

    NaN where no frame is of the kind.
    """
    names = board.info.landmarks

    def mean(seeds: Sequence[np.ndarray], kind: Kind) -> float:
        at = names.index(kind.landmark)
        if not kind.frames.any():
            return float("nan")
        return float(np.mean([one[kind.frames, at].mean() for one in seeds]))

    return {key: [mean(seeds, kind) for kind in found] for key, seeds in board.landmarks.items()}
