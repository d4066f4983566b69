"""Where the maps of a page come from: a finished run, or a folder of predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fusbench import metrics
from fusbench.data.dataset import Dataset
from fusbench.data.scan import Clip
from fusbench.doors.options import Options
from fusbench.errors import CheckpointError, ConfigError, DatasetError, UnknownName
from fusbench.evaluation.finished import Run
from fusbench.evaluation.results import KEY_COLUMNS, summarise
from fusbench.evaluation.viewing import viewings
from fusbench.files import file_sha256
from fusbench.models.card import ModelCard
from fusbench.models.predictions import Predictions

if TYPE_CHECKING:
    from fusbench.doors.door import Source as Model


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
    model : str, ModelCard, model or None
        What the model was asked for by, where the registered card is not enough to have it.
    options : Options
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
    model: Model | None = None
    options: Options = field(default_factory=Options)
    freeze_history: bool = False
    stored: Predictions | None = None

    @property
    def framework(self) -> str:
        """The framework that computing the densities imports; "" where none is needed."""
        apart = isinstance(self.model, str)  # it has a process of its own
        return (
            "" if self.card is None or self.card.backend == "numpy" or apart else self.card.backend
        )

    @property
    def stays(self) -> bool:
        """Whether the model is loaded in this process already, and cannot go to another."""
        return not isinstance(self.model, str | ModelCard | None)

    def densities(
        self, dataset: Dataset, clips: tuple[Clip, ...]
    ) -> Iterator[Iterator[np.ndarray]]:
        """For each clip, its densities (H, W) frame by frame."""
        if self.card is None:
            assert self.stored is not None
            for clip in clips:
                yield _each_density(self.stored, clip, np.arange(clip.n_frames))
            return
        from fusbench.doors.door import opened
        from fusbench.models.densities import densities

        with opened(self.card if self.model is None else self.model, self.options, dataset) as (
            model,
            card,
        ):
            for clip in clips:
                every = np.arange(clip.n_frames)
                freeze = self.freeze_history
                yield densities(model, card, clip, every, freeze_history=freeze)


def run_source(
    run: Run,
    dataset: Dataset,
    split: str,
    *,
    checkpoints: tuple[Path, ...] = (),
    device: str | None = None,
    model: Model | None = None,
    options: Options | None = None,
) -> Source:
    """A finished run as a source.

    Parameters
    ----------
    run : Run
    dataset : Dataset
    split : str
    checkpoints : tuple of Path
        Among which the run's weights are looked for, by their hash, beside the bundled ones.
    device : str, optional
        Default: the run's.
    model : str, ModelCard or model, optional
        What makes the densities again; default: the registered model of the run's name.
    options : Options, optional
        How `model` is run.

    Raises
    ------
    DatasetError
        If the run was made on other data, or is damaged.
    CheckpointError
        If the run's weights are not at hand.
    UnknownName
        If the run's model is not installed.
    """
    from fusbench.doors.open import is_file
    from fusbench.doors.registry import model_card
    from fusbench.zoo.weights import card_of_weights

    folder, result = run.folder, run.result
    fingerprint = dataset.fingerprint(result.split)
    if result.split != split or result.dataset.fingerprint != fingerprint:
        fold = "" if result.dataset.fold is None else f" of fold {result.dataset.fold}"
        made_on = f"{result.dataset.name}, {result.split} split{fold}"
        what = f"was made on other data ({made_on}) than {dataset.info.name}, {split} split"
        fix = "Name the data set, the split and the fold that the run was made on."
        raise DatasetError(what, str(folder), fix)
    keys = [metric.key for metric in metrics.of_signature(result.signature)]
    shown: dict[str, Any] = {
        "scores": _checked_scores(run, dataset, split, keys),
        "summary": _checked_summary(folder, result.summary, keys),
        "freeze_history": bool(result.config.get("freeze_history")),
    }
    if model is not None:
        card = ModelCard(
            name=run.name, title=result.model.title, loader="its:own",
            backend=result.model.backend,
        )  # fmt: skip
        given = options or Options()
        return Source(
            name=run.name, title=card.title, card=card, model=model, options=given, **shown
        )
    try:
        card = model_card(result.model.name)
    except UnknownName as error:
        if is_file(str(result.model.distribution)):
            error.fix = f"The run is of {result.model.distribution}: name it with --model."
        raise
    weights = _weights(result.model.weights_sha256, card, checkpoints, folder, result.config)
    kept = Options(checkpoint=weights, device=device or result.config.get("device"))
    card = card_of_weights(card, weights)
    return Source(name=card.name, title=card.title, card=card, options=kept, **shown)


def _checked_scores(run: Run, dataset: Dataset, split: str, keys: list[str]) -> pd.DataFrame:
    """The run's scores, if they are numbers of frames that the split holds."""
    table, path = run.scores, str(run.folder / "scores.csv")
    fix = "Run the evaluation again with --force."
    lacking = [name for name in (*KEY_COLUMNS, *keys) if name not in table]
    if lacking:
        raise DatasetError(f"has no column '{lacking[0]}'", path, fix)
    if table.empty or any(table[name].dtype.kind not in "if" for name in keys):
        raise DatasetError("holds no scores", path, fix)
    n_frames = {clip.clip_id: clip.n_frames for clip in dataset.split(split)}
    known = table["clip_id"].map(n_frames)
    if table["frame"].dtype.kind != "i" or not table["frame"].between(0, known - 1).all():
        raise DatasetError("names frames that the data set does not hold", path, fix)
    return table


def _checked_summary(
    folder: Path, summary: Mapping[str, Mapping[str, float | None]], keys: list[str]
) -> dict[str, dict[str, float | None]]:
    try:
        ends = ("mean", "low", "high")
        found = {key: {end: summary[key][end] for end in ends} for key in keys}
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
    folder: Path, dataset: Dataset, split: str, signature: str, *, integers: bool = False
) -> Source:
    """A folder of predictions as a source; those it holds are scored here, as the signature says.

    Raises
    ------
    DatasetError
        If the folder holds no predictions for the split's clips.
    PredictionError
        If a file is unfit, or a frame is no density.
    ConfigError
        If the signature asks for more than the metrics of every run.
    """
    keys = [metric.key for metric in metrics.of_signature(signature)]
    profile = signature.partition("|profile:")[2].partition("|")[0]
    if further := [key for key in keys if key not in metrics.METRICS]:
        what = f"predictions are not scored by {further[0]} on this page"
        raise ConfigError(what, str(folder), "Leave the run or the predictions out.")
    stored = Predictions(folder=folder, integers=integers)
    clips = [clip for clip in dataset.split(split) if stored.path(clip.clip_id)]
    if not clips:
        what = f"holds no predictions for the clips of {dataset.info.name}, {split} split"
        raise DatasetError(what, str(folder), "Give the folder that 'fusbench predict' wrote to.")
    rows = []
    for clip in clips:
        (view,) = viewings(clip, metrics.observers_of(signature), "nothing")
        frames = view.frames
        for frame, density in zip(frames, _each_density(stored, clip, frames), strict=True):
            each = [
                metrics.score_frame(density, t.saliency_map(frame), t.fixation_map(frame), profile)
                for t in view.targets_at(frame)
            ]
            means = (np.mean([scores[key] for scores in each]) for key in keys)
            rows.append((clip.scan_id, clip.clip_id, frame, *means))
    table = pd.DataFrame(rows, columns=[*KEY_COLUMNS, *keys])
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
