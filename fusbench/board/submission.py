"""Submissions of predictions: scored where the gaze is, by the same straight line as any model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from fusbench.board.origin import Origin
from fusbench.data.dataset import Dataset
from fusbench.data.folder import IDENTIFIER
from fusbench.data.window import Window
from fusbench.errors import ConfigError
from fusbench.evaluation.job import Evaluation
from fusbench.models.entrant import Entrant
from fusbench.models.predictions import predictions
from fusbench.reading import read_toml
from fusbench.records import read_record

FILE = "submission.toml"


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What ``submission.toml`` says of the model behind a folder of predictions."""

    name: str
    title: str = ""
    backend: str = "predictions"
    licence: str = ""
    cite: str = ""
    parameters: int | None = None
    date: str = ""
    paper: str = ""
    code: str = ""
    weights: str = ""
    window: Window = field(default_factory=Window)

    def __post_init__(self) -> None:
        if self.parameters is not None and self.parameters < 0:
            raise ConfigError(f"parameters = {self.parameters} is negative", fix="Correct it.")
        _ = self.origin

    @property
    def origin(self) -> Origin:
        """Its day and addresses."""
        return Origin(date=self.date, paper=self.paper, code=self.code, weights=self.weights)


def read_submission(folder: Path, name: str | None = None) -> Submission:
    """Read a submission; `name` overrides the file's.

    Raises
    ------
    ConfigError
        If the file says something impossible, or no name is known.
    """
    path = folder / FILE
    content = read_toml(path, ConfigError) if path.exists() else {}
    content["name"] = name or content.get("name", "")
    submission = read_record(Submission, content, str(path), ConfigError)
    if not IDENTIFIER.fullmatch(submission.name) or submission.name != submission.name.lower():
        fix = f'Write name = "my-model" into {FILE}, in lower case, or give --name.'
        raise ConfigError(f"'{submission.name}' is no name for a row", str(path), fix)
    return submission


@dataclass(frozen=True, kw_only=True)
class SubmittedEvaluation(Evaluation):
    """An evaluation of predictions whose submitter says how large the model is."""

    submission: Submission

    def parameters(self) -> int | None:
        return self.submission.parameters


def submitted(
    folder: Path,
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
    entrant = predictions(folder, dataset, split, name=submission.name)
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
