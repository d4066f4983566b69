"""Where the maps of a page come from: a finished run, or a folder of predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fusbench import metrics
from fusbench.data.dataset import Dataset
from fusbench.data.scan import Clip
from fusbench.errors import CheckpointError, ConfigError, DatasetError
from fusbench.evaluation.results import KEY_COLUMNS, read_result, read_scores, summarise
from fusbench.files import file_sha256
from fusbench.models.card import ModelCard
from fusbench.models.predictions import Predictions


@dataclass(frozen=True, kw_only=True)
class Source:
    """A model on the page: its scores, and how its densities are had.

    Parameters
    ----------
    name, title : str
    scores : DataFrame
        One row a frame, as in ``scores.csv``.
    summary : mapping
        Mean, low and high of each metric, as in ``result.json``.
    card : ModelCard or None
        The run's model; None where the densities are `stored`.
    checkpoint : Path or None
    device : str or None
    freeze_history : bool
        How the run was made.
    stored : Predictions or None
        A folder that holds the densities.
    """

    name: str
    title: str
    scores: pd.DataFrame
    summary: Mapping[str, Mapping[str, float | None]]
    card: ModelCard | None = None
    checkpoint: Path | None = None
    device: str | None = None
    freeze_history: bool = False
    stored: Predictions | None = None

    @property
    def framework(self) -> str:
        """The framework that computing the densities imports; "" where none is needed."""
        return "" if self.card is None or self.card.backend == "numpy" else self.card.backend

    def densities(self, dataset: Dataset, clips: tuple[Clip, ...]) -> Iterator[Iterator]:
        """For each clip, its densities (H, W) frame by frame."""
        if self.card is None:
            assert self.stored is not None
            for clip in clips:
                yield _each_density(self.stored, clip, np.arange(clip.n_frames))
            return
        from fusbench.doors.registry import load_model
        from fusbench.models.densities import densities

        model = load_model(
            self.card, checkpoint=self.checkpoint, device=self.device, dataset=dataset
        )
        for clip in clips:
            every = np.arange(clip.n_frames)
            freeze = self.freeze_history
            yield densities(model, self.card, clip, every, freeze_history=freeze)


def run_source(
    folder: Path,
    dataset: Dataset,
    split: str,
    *,
    checkpoints: tuple[Path, ...] = (),
    device: str | None = None,
) -> tuple[Source, str]:
    """A finished run as a source, and its signature.

    Raises
    ------
    DatasetError
        If the run is not finished, or was made on other data.
    CheckpointError
        If the run's weights are not at hand.
    UnknownName
        If the run's model is not installed.
    """
    from fusbench.doors.registry import model_card
    from fusbench.zoo.weights import card_of_weights

    result = read_result(folder)
    fingerprint = dataset.fingerprint(result.split)
    if result.split != split or result.dataset.get("fingerprint") != fingerprint:
        fold = f" of fold {result.dataset['fold']}" if "fold" in result.dataset else ""
        made_on = f"{result.dataset.get('name')}, {result.split} split{fold}"
        what = f"was made on other data ({made_on}) than {dataset.info.name}, {split} split"
        fix = "Name the data set, the split and the fold that the run was made on."
        raise DatasetError(what, str(folder), fix)
    card = model_card(result.model["name"])
    weights = _weights(result.model.get("weights_sha256"), card, checkpoints, folder, result.config)
    source = Source(
        name=card.name,
        title=card.title,
        scores=_checked_scores(folder, dataset, split),
        summary=_checked_summary(folder, result.summary),
        card=card_of_weights(card, weights),
        checkpoint=weights,
        device=device or result.config.get("device"),
        freeze_history=bool(result.config.get("freeze_history")),
    )
    return source, result.signature


def _checked_scores(folder: Path, dataset: Dataset, split: str) -> pd.DataFrame:
    """The run's scores, if they are numbers of frames that the split holds."""
    table, path = read_scores(folder), str(folder / "scores.csv")
    fix = "Run the evaluation again with --force."
    lacking = [name for name in (*KEY_COLUMNS, *metrics.METRICS) if name not in table]
    if lacking:
        raise DatasetError(f"has no column '{lacking[0]}'", path, fix)
    if table.empty or any(table[name].dtype.kind not in "if" for name in metrics.METRICS):
        raise DatasetError("holds no scores", path, fix)
    n_frames = {clip.clip_id: clip.n_frames for clip in dataset.split(split)}
    known = table["clip_id"].map(n_frames)
    if table["frame"].dtype.kind != "i" or not table["frame"].between(0, known - 1).all():
        raise DatasetError("names frames that the data set does not hold", path, fix)
    return table


def _checked_summary(
    folder: Path, summary: Mapping[str, Mapping[str, float | None]]
) -> dict[str, dict[str, float | None]]:
    try:
        ends = ("mean", "low", "high")
        found = {key: {end: summary[key][end] for end in ends} for key in metrics.METRICS}
        if all(isinstance(row["mean"], int | float) for row in found.values()):
            return found
    except (KeyError, TypeError):
        pass
    fix = "Run the evaluation again with --force."
    raise DatasetError("its summary lacks a mean", str(folder / "result.json"), fix)


def _weights(
    sha256: str | None,
    card: ModelCard,
    checkpoints: tuple[Path, ...],
    folder: Path,
    config: Mapping[str, object],
) -> Path | None:
    """The file with these weights, among those given and the bundled one."""
    from fusbench.zoo.weights import checkpoint_path

    if sha256 is None:
        return None
    for path in checkpoints:
        given = checkpoint_path(card, path)
        if given and file_sha256(given) == sha256:
            return given
    try:
        bundled = checkpoint_path(card)
    except CheckpointError:
        bundled = None
    if bundled and file_sha256(bundled) == sha256:
        return bundled
    name = config.get("checkpoint") or "the bundled ones of another version"
    what = f"the weights of this run ({name}, SHA-256 {sha256[:12]}...) are not at hand"
    raise CheckpointError(what, str(folder), "Name their file with --checkpoint.")


def folder_source(
    folder: Path, dataset: Dataset, split: str, profile: str, *, integers: bool = False
) -> Source:
    """A folder of predictions as a source; those it holds are scored here.

    Raises
    ------
    DatasetError
        If the folder holds no predictions for the split's clips.
    PredictionError
        If a file is unfit, or a frame is no density.
    """
    stored = Predictions(folder=folder, integers=integers)
    clips = [clip for clip in dataset.split(split) if stored.path(clip.clip_id)]
    if not clips:
        what = f"holds no predictions for the clips of {dataset.info.name}, {split} split"
        raise DatasetError(what, str(folder), "Give the folder that 'fusbench predict' wrote to.")
    rows = []
    for clip in clips:
        frames = clip.gaze.frames().astype(int)
        for frame, density in zip(frames, _each_density(stored, clip, frames), strict=True):
            maps = clip.saliency_map(frame), clip.fixation_map(frame)
            scores = metrics.score_frame(density, *maps, profile)
            rows.append((clip.scan_id, clip.clip_id, frame, *scores.values()))
    table = pd.DataFrame(rows, columns=[*KEY_COLUMNS, *metrics.METRICS])
    if table.empty:
        what = "no frame of the predicted clips has gaze"
        raise DatasetError(what, str(folder), "Predict clips with gaze.")
    name = folder.resolve().name
    return Source(name=name, title=name, scores=table, summary=summarise(table), stored=stored)


def _each_density(stored: Predictions, clip: Clip, frames: np.ndarray) -> Iterator[np.ndarray]:
    return (stored.predict_gaze(clip, frames[at : at + 1])[0] for at in range(len(frames)))


def one_signature(signatures: list[str]) -> str:
    """The signature of all runs; `ConfigError` where they differ."""
    different = sorted(set(signatures))
    if len(different) > 1:
        what = f"the runs were scored in two ways: {different[0]} and {different[1]}"
        raise ConfigError(what, fix="Give runs of one signature.")
    return different[0]
