"""Submissions of predictions: scored where the gaze is, by the same straight line as any model."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from fusbench.data.dataset import Dataset
from fusbench.data.folder import IDENTIFIER
from fusbench.data.predictions import read_predictions
from fusbench.data.scan import Clip
from fusbench.data.window import Window
from fusbench.errors import ConfigError, DatasetError, FusbenchError, unknown
from fusbench.evaluation import Evaluation
from fusbench.models.card import ModelCard

FILE = "submission.toml"
TEXTS = ("name", "title", "backend", "licence", "cite")


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A folder of predictions and what ``submission.toml`` says of the model behind them."""

    folder: Path
    name: str
    title: str = ""
    backend: str = "predictions"
    licence: str = ""
    cite: str = ""
    parameters: int | None = None
    window: Window = field(default_factory=Window)


def read_submission(folder: Path, name: str | None = None) -> Submission:
    """Read a submission; `name` overrides the file's.

    Raises
    ------
    ConfigError
        If the file says something impossible, or no name is known.
    """
    path = folder / FILE
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        content = {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", str(path), "Correct it.") from None
    known = (*TEXTS, "parameters", "window")
    for key, value in content.items():
        if key not in known:
            raise ConfigError(str(unknown("key", key, known)).rstrip("."), str(path))
        good = {"parameters": type(value) is int and value >= 0, "window": isinstance(value, dict)}
        if not good.get(key, isinstance(value, str)):
            raise ConfigError(f"{key} = {value!r} is impossible", str(path), "Correct it.")
    try:
        content["window"] = Window(**content.pop("window", {}))
    except (TypeError, FusbenchError) as error:
        fix = "A window has length, placement, stride and horizon."
        raise ConfigError(f"window: {error}".rstrip("."), str(path), fix) from None
    content["name"] = name or content.get("name", "")
    if not IDENTIFIER.fullmatch(content["name"]) or content["name"] != content["name"].lower():
        fix = f'Write name = "my-model" into {FILE}, in lower case, or give --name.'
        raise ConfigError(f"'{content['name']}' is no name for a row", str(path), fix)
    return Submission(folder=folder, **content)


@dataclass(frozen=True, kw_only=True)
class SubmittedEvaluation(Evaluation):
    """An evaluation whose model is a folder of predictions; its hash stands for the weights'."""

    submission: Submission

    def weights_sha256(self) -> str | None:
        return read_predictions(self.submission.folder).sha256()

    def parameters(self) -> int | None:
        return self.submission.parameters

    def key(self) -> str:
        """As any run's; the place of the folder does not count."""
        return Evaluation.key(replace(self, card=replace(self.card, options={})))


def submitted(
    submission: Submission, dataset: Dataset, *, split: str, profile: str, metrics: tuple[str, ...]
) -> SubmittedEvaluation:
    """The evaluation of a submission, ready to be passed to `fusbench.evaluation.evaluate`."""
    card = ModelCard(
        name=submission.name,
        title=submission.title,
        loader="fusbench.board.submission:StoredPredictions",
        window=submission.window,
        backend=submission.backend,
        sees="clip",
        options={"folder": submission.folder},
        licence=submission.licence,
        cite=submission.cite,
    )
    return SubmittedEvaluation(
        card=card, dataset=dataset, split=split, profile=profile, metrics=metrics,
        submission=submission,
    )  # fmt: skip


class StoredPredictions:
    """The model that has predicted already."""

    def __init__(self, card: ModelCard, dataset: Dataset) -> None:
        self.card = card
        self.arrays = read_predictions(Path(card.options["folder"]))

    def predict_gaze(self, clip: Clip, frames: np.ndarray) -> np.ndarray:
        """Stored densities (B, H, W) for target frames (B,) of a clip."""
        where = str(self.card.options["folder"])
        if clip.clip_id not in self.arrays:
            what = f"no prediction for the clip '{clip.clip_id}'"
            raise DatasetError(what, where, "Predict every frame of every clip of the split.")
        array = self.arrays[clip.clip_id]
        if array.shape != (clip.n_frames, *clip.info.image_shape):
            have, want = (
                " x ".join(map(str, shape))
                for shape in (array.shape, (clip.n_frames, *clip.info.image_shape))
            )
            what = f"clip '{clip.clip_id}' is predicted as {have} where it is {want}"
            raise DatasetError(what, where, "Predict every frame at the size of the frames.")
        return array[frames]
