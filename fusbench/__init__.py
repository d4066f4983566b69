"""Where will a sonographer look? Data sets, benchmark and model zoo for gaze on ultrasound video.

A **dataset** of scans is cut into **windows**; a **model** turns each window into a density;
**metrics** compare it with the sonographer's gaze; the scores are a **run**; runs sorted are a
**board**. What a command does, a function of the same name does:

>>> import fusbench
>>> run = fusbench.evaluate("clstmunet-torch")  # doctest: +SKIP
>>> run.summary  # a pandas frame: mean and 95 % interval of each metric  # doctest: +SKIP
>>> run.plot("nss")  # a Matplotlib figure  # doctest: +SKIP
>>> fusbench.compare([run, "unet-torch"])  # doctest: +SKIP

Do
    evaluate, train, search, predict, compare, write_page, export_model
Results
    Run, Rows, Result, Comparison, Predicted, Trained, Searched, Page, read_run, read_result,
    read_scores
Leaderboards
    Board
The paper
    Reproduction
Data sets
    import_recordings, import_layout, make_dataset, split_dataset, withhold_gaze, check_dataset,
    check_privacy, list_datasets, show_dataset, export_dataset, Parts, Overview
Data
    open_dataset, write_dataset, Dataset, DatasetInfo, DatasetCard, Clip, NewClip, GazePoints,
    saliency_map, fixation_map, Window, Samples
Recordings
    read_gaze, ReadOptions, Study, Pairing, Quality
Models
    list_models, model_card, load_model, ModelCard, Stream, Options
Augmentation
    policy, Policy, Draw
Underneath
    Evaluation, Training, metrics, testing
Metrics
    list_metrics
Errors
    FusbenchError

Every name is resolved when it is first used, so importing fusbench costs nothing. Each has a
docstring: ``help(fusbench.evaluate)``. The documentation lies in ``docs/`` of the repository.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fusbench import metrics, testing
    from fusbench.augment.draw import Draw
    from fusbench.augment.policy import Policy, policy
    from fusbench.comparing.comparison import Comparison
    from fusbench.data.card import DatasetCard
    from fusbench.data.checking import check_dataset
    from fusbench.data.dataset import Dataset, open_dataset
    from fusbench.data.gaze import GazePoints, fixation_map, saliency_map
    from fusbench.data.samples import Samples
    from fusbench.data.scan import Clip, DatasetInfo
    from fusbench.data.window import Window
    from fusbench.data.withhold import withhold_gaze
    from fusbench.data.writer import NewClip, write_dataset
    from fusbench.doors.options import Options
    from fusbench.doors.registry import load_model, model_card
    from fusbench.errors import FusbenchError
    from fusbench.evaluation.finished import Run, read_run
    from fusbench.evaluation.job import Evaluation
    from fusbench.evaluation.results import Result, read_result, read_scores
    from fusbench.exporting.formats import export_dataset
    from fusbench.importing.described import Study
    from fusbench.importing.gaze_file import read_gaze
    from fusbench.importing.layouts import import_layout
    from fusbench.importing.pairing import Pairing
    from fusbench.importing.privacy import check_privacy
    from fusbench.importing.quality import Quality
    from fusbench.importing.recording import ReadOptions
    from fusbench.importing.study import import_recordings
    from fusbench.models.card import ModelCard
    from fusbench.predicting.stream import Stream
    from fusbench.training.job import Training
    from fusbench.verbs.board import Board
    from fusbench.verbs.compare import compare
    from fusbench.verbs.dataset import Parts, make_dataset, split_dataset
    from fusbench.verbs.evaluate import evaluate
    from fusbench.verbs.export import export_model
    from fusbench.verbs.listed import list_datasets, list_metrics, list_models
    from fusbench.verbs.overview import Overview, show_dataset
    from fusbench.verbs.predict import Predicted, predict
    from fusbench.verbs.reproduce import Reproduction
    from fusbench.verbs.rows import Rows
    from fusbench.verbs.search import Searched, search
    from fusbench.verbs.train import Trained, train
    from fusbench.verbs.view import Page, write_page

__version__ = "0.1.0"

PUBLIC = {
    "Board": "fusbench.verbs.board",
    "Clip": "fusbench.data.scan",
    "Comparison": "fusbench.comparing.comparison",
    "Dataset": "fusbench.data.dataset",
    "DatasetCard": "fusbench.data.card",
    "DatasetInfo": "fusbench.data.scan",
    "Draw": "fusbench.augment.draw",
    "Evaluation": "fusbench.evaluation.job",
    "FusbenchError": "fusbench.errors",
    "GazePoints": "fusbench.data.gaze",
    "ModelCard": "fusbench.models.card",
    "NewClip": "fusbench.data.writer",
    "Options": "fusbench.doors.options",
    "Overview": "fusbench.verbs.overview",
    "Page": "fusbench.verbs.view",
    "Pairing": "fusbench.importing.pairing",
    "Parts": "fusbench.verbs.dataset",
    "Policy": "fusbench.augment.policy",
    "Predicted": "fusbench.verbs.predict",
    "Quality": "fusbench.importing.quality",
    "ReadOptions": "fusbench.importing.recording",
    "Reproduction": "fusbench.verbs.reproduce",
    "Result": "fusbench.evaluation.results",
    "Rows": "fusbench.verbs.rows",
    "Run": "fusbench.evaluation.finished",
    "Samples": "fusbench.data.samples",
    "Searched": "fusbench.verbs.search",
    "Stream": "fusbench.predicting.stream",
    "Study": "fusbench.importing.described",
    "Trained": "fusbench.verbs.train",
    "Training": "fusbench.training.job",
    "Window": "fusbench.data.window",
    "check_dataset": "fusbench.data.checking",
    "check_privacy": "fusbench.importing.privacy",
    "compare": "fusbench.verbs.compare",
    "evaluate": "fusbench.verbs.evaluate",
    "export_dataset": "fusbench.exporting.formats",
    "export_model": "fusbench.verbs.export",
    "fixation_map": "fusbench.data.gaze",
    "import_layout": "fusbench.importing.layouts",
    "import_recordings": "fusbench.importing.study",
    "list_datasets": "fusbench.verbs.listed",
    "list_metrics": "fusbench.verbs.listed",
    "list_models": "fusbench.verbs.listed",
    "load_model": "fusbench.doors.registry",
    "make_dataset": "fusbench.verbs.dataset",
    "model_card": "fusbench.doors.registry",
    "open_dataset": "fusbench.data.dataset",
    "policy": "fusbench.augment.policy",
    "predict": "fusbench.verbs.predict",
    "read_gaze": "fusbench.importing.gaze_file",
    "read_result": "fusbench.evaluation.results",
    "read_run": "fusbench.evaluation.finished",
    "read_scores": "fusbench.evaluation.results",
    "saliency_map": "fusbench.data.gaze",
    "search": "fusbench.verbs.search",
    "show_dataset": "fusbench.verbs.overview",
    "split_dataset": "fusbench.verbs.dataset",
    "train": "fusbench.verbs.train",
    "withhold_gaze": "fusbench.data.withhold",
    "write_dataset": "fusbench.data.writer",
    "write_page": "fusbench.verbs.view",
}
MODULES = ("metrics", "testing")

__all__ = [
    "Board",
    "Clip",
    "Comparison",
    "Dataset",
    "DatasetCard",
    "DatasetInfo",
    "Draw",
    "Evaluation",
    "FusbenchError",
    "GazePoints",
    "ModelCard",
    "NewClip",
    "Options",
    "Overview",
    "Page",
    "Pairing",
    "Parts",
    "Policy",
    "Predicted",
    "Quality",
    "ReadOptions",
    "Reproduction",
    "Result",
    "Rows",
    "Run",
    "Samples",
    "Searched",
    "Stream",
    "Study",
    "Trained",
    "Training",
    "Window",
    "__version__",
    "check_dataset",
    "check_privacy",
    "compare",
    "evaluate",
    "export_dataset",
    "export_model",
    "fixation_map",
    "import_layout",
    "import_recordings",
    "list_datasets",
    "list_metrics",
    "list_models",
    "load_model",
    "make_dataset",
    "metrics",
    "model_card",
    "open_dataset",
    "policy",
    "predict",
    "read_gaze",
    "read_result",
    "read_run",
    "read_scores",
    "saliency_map",
    "search",
    "show_dataset",
    "split_dataset",
    "testing",
    "train",
    "withhold_gaze",
    "write_dataset",
    "write_page",
]


if not TYPE_CHECKING:  # a checker that saw it would take any name for a public one

    def __getattr__(name: str) -> Any:
        if name in PUBLIC:
            return getattr(import_module(PUBLIC[name]), name)
        if name in MODULES:
            return import_module(f"fusbench.{name}")
        raise AttributeError(f"module 'fusbench' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
