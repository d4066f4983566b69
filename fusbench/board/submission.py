"""Submissions of predictions: scored where the gaze is, by the same straight line as any model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from fusbench.data.dataset import Dataset
from fusbench.data.folder import IDENTIFIER
from fusbench.data.window import Window
from fusbench.errors import ConfigError, FusbenchError, unknown
from fusbench.evaluation.job import Evaluation
from fusbench.models.entrant import Entrant
from fusbench.models.predictions import predictions
from fusbench.reading import read_toml

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
    content = read_toml(path, ConfigError) if path.exists() else {}
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
    """An evaluation of predictions whose submitter says how large the model is."""

    submission: Submission

    def parameters(self) -> int | None:
        return self.submission.parameters


def submitted(
    submission: Submission,
    dataset: Dataset,
    *,
    split: str,
    profile: str,
    metrics: tuple[str, ...],
    observers: str = "pooled",
) -> tuple[SubmittedEvaluation, Entrant]:
    """A submission's evaluation and its model, to be passed to `fusbench.evaluation.run.evaluate`.

    Raises
    ------
    PredictionError
        If the predictions of a clip are missing or unfit.
    """
    entrant = predictions(submission.folder, dataset, split, name=submission.name)
    card = replace(
        entrant.card,
        title=submission.title,
        window=submission.window,
        backend=submission.backend,
        licence=submission.licence,
        cite=submission.cite,
    )
    job = SubmittedEvaluation(
        card=card,
        dataset=dataset,
        split=split,
        profile=profile,
        metrics=metrics,
        observers=observers,
        owner=entrant.owner,
        source=entrant.source,
        submission=submission,
    )
    return job, entrant
