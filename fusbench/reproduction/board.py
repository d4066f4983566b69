"""The scores of all rows on the frames that every row's windows cover, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusbench.data.dataset import Dataset
from fusbench.data.scan import DatasetInfo
from fusbench.data.window import within_margin
from fusbench.errors import ConfigError, DatasetError
from fusbench.evaluation.results import Result, read_landmarks, read_result, read_scores
from fusbench.reproduction.rows import MARGIN, METRICS, ROWS
from fusbench.reproduction.runs import Runs, other_training, other_weights
from fusbench.training.validation import UNUSED

KEYS = ["scan_id", "clip_id", "frame"]


@dataclass(frozen=True, kw_only=True)
class Board:
    """Aligned scores.

    Parameters
    ----------
    info : DatasetInfo
    split, signature : str
    frames : DataFrame
        `scan_id`, `clip_id` and `frame` of the N common frames, in order.
    scores : mapping of str to list of ndarray
        For each row, one array (N, 4) a seed; the columns are KLD, SIM, NSS, CC.
    weights : mapping of str to list of str
        Hash of each seed's weights, in the same order; rows of the same weights agree in it.
    margin : int
    history : mapping of str to list of float or None
        Use of history of each seed, in nats; None where a run does not tell it.
    landmarks : mapping of str to list of ndarray
        For each row one array (N, landmarks) a seed: how much of each density lies on each of the
        data set's landmarks. Rows of which a run does not tell it are not there.
    trainings : mapping of str to list of mapping
        What each seed's weights tell of their training; empty where they tell nothing.
    """

    info: DatasetInfo
    split: str
    signature: str
    frames: pd.DataFrame
    scores: Mapping[str, Sequence[np.ndarray]]
    weights: Mapping[str, Sequence[str]]
    margin: int
    history: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    landmarks: Mapping[str, Sequence[np.ndarray]] = field(default_factory=dict)
    trainings: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    def is_dead(self, key: str) -> bool:
        """Whether a row of several frames was found to say the same without them, in any seed."""
        return any(use is not None and use < UNUSED for use in self.history.get(key, ()))

    @property
    def scan_index(self) -> np.ndarray:
        """Scan of each frame, counted from 0, int (N,)."""
        return pd.factorize(self.frames["scan_id"], sort=True)[0]

    def column(self, key: str, metric: str) -> list[np.ndarray]:
        """A row's scores on one metric, one array (N,) a seed."""
        at = METRICS.index(metric)
        return [scores[:, at] for scores in self.scores[key]]


def common_frames(scores: pd.DataFrame, lengths: Mapping[str, int], margin: int) -> pd.DataFrame:
    """The rows of `scores` that lie at least `margin` frames from either end of their clip.

    Parameters
    ----------
    scores : DataFrame
        With the columns `clip_id` and `frame`.
    lengths : mapping of str to int
        Frames of each clip.
    margin : int

    Examples
    --------
    >>> scores = pd.DataFrame({"clip_id": "c", "frame": [0, 2, 3, 7, 8]})
    >>> common_frames(scores, {"c": 10}, 2)["frame"].tolist()
    [2, 3, 7]
    """
    n_frames = scores["clip_id"].map(lengths).to_numpy()
    return scores[within_margin(scores["frame"].to_numpy(), n_frames, margin)]


def read_board(
    runs: Runs, dataset: Dataset, split: str = "test", *, margin: int = MARGIN, backend: str = ""
) -> Board:
    """Read runs and restrict them to their common frames.

    Runs of the same weights count once; where both backends scored them, `backend` is preferred.

    Raises
    ------
    ConfigError
        If a run is of another data set, split or metric signature than the others, or the runs of a
        row are not trainings of one recipe that differ in their seed.
    DatasetError
        If a run cannot be read, or no frame is common.
    """
    lengths = {clip.clip_id: clip.n_frames for clip in dataset.clips}
    fingerprint = dataset.fingerprint(split)
    scores: dict[str, dict[str, np.ndarray]] = {}
    results: dict[str, Result] = {}
    masses: dict[str, list[np.ndarray | None]] = {}
    signature, frames = "", None
    for key in (key for key in ROWS if key in runs):
        seeds: dict[str, np.ndarray] = {}
        marks: dict[str, np.ndarray | None] = {}
        trainings: list[tuple[Path, Result]] = []
        for folder in sorted(runs[key], key=lambda path: (backend not in path.name, path.name)):
            result = read_result(folder)
            weights = result.model.weights_sha256 or ""
            if weights in seeds:
                continue
            if result.model.role not in ("model", ROWS[key].kind):
                what = f"is of '{result.model.name}', a {result.model.role}, not of row '{key}'"
                raise ConfigError(what, str(folder), "Name runs of models.")
            _check(folder, result.split, split, "the split")
            _check(folder, result.dataset.fingerprint, fingerprint, "the data set")
            signature = signature or result.signature
            _check(folder, result.signature, signature, "the metric signature")
            table = common_frames(read_scores(folder), lengths, margin).sort_values(KEYS)
            if frames is None:
                frames = table[KEYS].reset_index(drop=True)
            elif not frames.equals(table[KEYS].reset_index(drop=True)):
                fix = "Do the run again with --force."
                raise DatasetError("does not score the frames that the others do", str(folder), fix)
            if unlike := other_weights(result):
                what = f"its weights were trained with {unlike}, not as row '{key}' says"
                raise ConfigError(what, str(folder), "Leave this run out, or train the row's own.")
            for other, known in trainings:
                if why := other_training(result, known):
                    what = f"is no other seed of row '{key}' beside {other}: {why}"
                    fix = "Name the runs of one recipe in a runs.toml, and give it as --runs."
                    raise ConfigError(what, str(folder), fix)
            trainings.append((folder, result))
            seeds[weights] = table[list(METRICS)].to_numpy(float)
            results[weights] = result
            marks[weights] = _masses(folder, frames, dataset.info.landmarks)
        if seeds:
            order = sorted(seeds, key=lambda weights: (_seed(results[weights]), weights))
            scores[key] = {weights: seeds[weights] for weights in order}
            masses[key] = [marks[weights] for weights in scores[key]]
    if frames is None or frames.empty:
        fix = f"Score clips of more than {2 * margin} frames, or use a smaller --margin."
        raise DatasetError(
            f"no scored frame is {margin} frames from both ends of its clip", fix=fix
        )
    return Board(
        info=dataset.info,
        split=split,
        signature=signature,
        frames=frames,
        scores={key: list(seeds.values()) for key, seeds in scores.items()},
        weights={key: list(seeds) for key, seeds in scores.items()},
        history={key: [results[one].history for one in seeds] for key, seeds in scores.items()},
        trainings={
            key: [results[one].model.training for one in seeds] for key, seeds in scores.items()
        },
        landmarks={
            key: told
            for key, seeds in masses.items()
            if len(told := [one for one in seeds if one is not None]) == len(seeds)
        },
        margin=margin,
    )


def _seed(result: Result) -> int:
    """The seed of a training; -1 where weights tell of none."""
    seed = result.model.training.get("seed")
    return seed if isinstance(seed, int) else -1


def _masses(folder: Path, frames: pd.DataFrame, names: Sequence[str]) -> np.ndarray | None:
    """A run's mass on each landmark (N, landmarks) on these frames; None where it tells none."""
    table = read_landmarks(folder)
    if table is None:
        return None
    masses = frames.merge(table, "left", KEYS).reindex(columns=list(names)).to_numpy(float)
    if np.isnan(masses).any():
        what = "does not tell of all landmarks on all frames"
        fix = "Run the evaluation again with --force."
        raise DatasetError(what, str(folder / "landmarks.csv"), fix)
    return masses


def _check(folder: Path, have: str, want: str, what: str) -> None:
    if have != want:
        fix = "Leave this run out, or evaluate it again on the same terms as the others."
        raise ConfigError(f"{what} is another than the other runs'", str(folder), fix)
