"""What predictions are compared with: maps, points and references of a split, as metrics need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from fusbench.data.dataset import Dataset
from fusbench.data.gaze import fixation_map
from fusbench.data.scan import Clip
from fusbench.errors import DatasetError
from fusbench.metrics import observers_of
from fusbench.metrics.lasting import settled
from fusbench.models.baselines import anywhere

MEAN_MAP, CENTRE_BIAS = "fitted-mean-map", "centre-bias"


def baseline_of(dataset: Dataset) -> str:
    """Where the baseline density of a data set comes from, as its signature says."""
    return MEAN_MAP if any(len(clip.gaze) for clip in dataset.train_clips) else CENTRE_BIAS


def describe_baseline(signature: str) -> list[str]:
    """The line that tells what IG is the gain over; none where no metric has a baseline."""
    words = {
        MEAN_MAP: "The baseline density is that of mean-map, fitted on the train split.",
        CENTRE_BIAS: "The baseline density is the centre bias: there is no gaze in a train split.",
    }
    return [line for name, line in words.items() if f"|baseline:{name}|" in signature]


def describe_observers(signature: str, names: Iterable[str]) -> list[str]:
    """The lines that tell how several observers are scored, and what their ceiling is."""
    each = observers_of(signature) == "each"
    lines = ["Scores are means over the observers of a frame, each with a map of their own."] * each
    if "inter-observer" in names:
        how = "each observer from all others" if each else "the pooled others from each observer"
        lines.append(f"inter-observer predicts {how}: what people have in common.")
    return lines


@dataclass(frozen=True, kw_only=True)
class Targets:
    """Targets of a split's frames, made when a metric needs them.

    Parameters
    ----------
    dataset : Dataset
    split : str
    needs : frozenset of str
        Names out of `fusbench.metrics.NEEDS`.
    """

    dataset: Dataset
    split: str
    needs: frozenset[str]
    _others: dict[str, np.ndarray] = field(default_factory=dict, repr=False)

    @cached_property
    def baseline(self) -> np.ndarray:
        """Density of the gaze whatever the picture shows, float64 (H, W), sum 1."""
        return settled(anywhere(self.dataset))

    @cached_property
    def _all_fixations(self) -> np.ndarray:
        return self._fixations(self.dataset.split(self.split))

    @cached_property
    def _scans(self) -> dict[str, tuple[Clip, ...]]:
        return dict(self.dataset.scans(self.split))

    def _fixations(self, clips: Iterable[Clip]) -> np.ndarray:
        gaze = [clip.gaze for clip in clips]
        x, y = (np.concatenate([getattr(g, name) for g in gaze]) for name in ("x_px", "y_px"))
        return fixation_map(x, y, self.dataset.info.image_shape, np.uint32)

    def other_fixations(self, scan_id: str) -> np.ndarray:
        """Gaze points a pixel of all scans of the split but this one, (H, W).

        Raises
        ------
        DatasetError
            If no other scan has gaze.
        """
        if scan_id not in self._others:
            rest = self._all_fixations - self._fixations(self._scans[scan_id])
            if not rest.any():
                what = f"no scan of the {self.split} split but '{scan_id}' has gaze"
                fix = "Leave out sauc: it compares with the gaze on other scans."
                raise DatasetError(what, self.dataset.where, fix)
            self._others.clear()  # scans come one after the other
            self._others[scan_id] = settled(rest)
        return self._others[scan_id]

    def at(self, clip: Clip, frame: int) -> dict[str, np.ndarray]:
        """What the metrics need of a frame with gaze, by name."""
        makers = {
            "empirical": lambda: clip.saliency_map(frame),
            "fixations": lambda: clip.fixation_map(frame),
            "gaze": lambda: np.stack(clip.gaze.at(frame), axis=1),
            "other_fixations": lambda: self.other_fixations(clip.scan_id),
            "baseline": lambda: self.baseline,
        }
        return {name: makers[name]() for name in self.needs}
